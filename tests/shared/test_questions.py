"""Questions of the web process: asked once, taken once, answered or withdrawn."""

import threading
from typing import Any

import pytest
from sqlalchemy import text, update

from shared import questions
from shared.db.bookkeeping import questions as table
from worker.reach import Reach

ASKED = {"provider": "kommo", "credentials": {"token": "s3cr3t"}}


def test_a_question_is_answered_once_and_then_forgotten(reach: Reach) -> None:
    id_ = questions.ask(reach.engine, reach.keys, questions.TEST_CONNECTION, ASKED)
    assert questions.take(reach.engine, reach.keys, id_) == (questions.TEST_CONNECTION, ASKED)
    assert questions.take(reach.engine, reach.keys, id_) is None
    questions.answer(reach.engine, id_, {"ok": True})
    assert questions.wait(reach.engine, id_, 1) == {"ok": True}
    assert kept(reach) == []


def test_credentials_in_a_question_are_never_stored_in_the_clear(reach: Reach) -> None:
    questions.ask(reach.engine, reach.keys, questions.TEST_CONNECTION, ASKED)
    (row,) = kept(reach)
    assert b"s3cr3t" not in bytes(row.question)


def test_a_question_that_nobody_answers_in_time_is_withdrawn(reach: Reach) -> None:
    id_ = questions.ask(reach.engine, reach.keys, questions.LOOK_LIVE, {})
    assert questions.wait(reach.engine, id_, 0) is None
    assert questions.take(reach.engine, reach.keys, id_) is None
    questions.answer(reach.engine, id_, {"ok": True})  # too late: it does no harm
    assert kept(reach) == []


def test_two_workers_never_take_the_same_question(reach: Reach) -> None:
    id_ = questions.ask(reach.engine, reach.keys, questions.LOOK_LIVE, {"page": 1})
    taken: list[Any] = []
    workers = [
        threading.Thread(target=lambda: taken.append(questions.take(reach.engine, reach.keys, id_)))
        for _ in range(6)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len([one for one in taken if one]) == 1


@pytest.mark.parametrize(("age", "left"), [("11 minutes", 0), ("9 minutes", 1)])
def test_old_questions_are_swept_away(reach: Reach, age: str, left: int) -> None:
    questions.ask(reach.engine, reach.keys, questions.LOOK_LIVE, {})
    with reach.engine.begin() as connection:
        connection.execute(update(table).values(asked_at=text(f"now() - interval '{age}'")))
    questions.forget(reach.engine)
    assert len(kept(reach)) == left


def kept(reach: Reach) -> list[Any]:
    with reach.engine.begin() as connection:
        return list(connection.execute(table.select()))
