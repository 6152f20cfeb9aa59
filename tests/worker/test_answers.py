"""Answers to the web process: what a vendor or a user caused is an answer too."""

from typing import Any

import pytest
from pydantic import SecretStr

from shared import questions
from shared.errors import Misuse
from shared.resources import BY_NAME
from tests.ground import Ground, reaching
from worker import answers, tasks

TEST = questions.TEST_CONNECTION
LEADS = BY_NAME["kommo.leads"]


def ask(ground: Ground, kind: str, **question: Any) -> dict[str, Any]:
    return answers.answer(ground.reach, kind, question)


@pytest.mark.parametrize("provider", ["kommo", "gestao-click"])
def test_a_connection_that_works_shows_the_account_and_a_small_sample(
    ground: Ground, provider: str
) -> None:
    said = ask(ground, TEST, provider=provider)
    assert (said["ok"], said["status"]) == (True, "connected")
    assert 1 <= len(said["sample"]) <= answers.SAMPLE
    assert ground.requests(provider) == 2


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("401", "refused"),
        ("403_html", "blocked"),
        ("500_html", "unreachable"),
        ("drop", "unreachable"),
    ],
)
def test_what_went_wrong_is_told_by_a_word(ground: Ground, kind: str, status: str) -> None:
    ground.box.faults.add({"vendor": "kommo", "kind": kind})
    said = ask(ground, TEST, provider="kommo")
    assert (said["ok"], said["status"]) == (False, status)
    assert said["message"]


def test_the_token_is_in_no_answer(ground: Ground) -> None:
    said = ask(ground, TEST, provider="kommo")
    ground.box.faults.add({"vendor": "kommo", "kind": "401"})
    assert ground.box.kommo_token not in str(said) + str(ask(ground, TEST, provider="kommo"))


def test_without_any_credentials_it_says_what_to_set(ground: Ground) -> None:
    nobody = ground.reach.settings.model_copy(
        update={"kommo_jwt_token": None, "gestao_click_api_key": None}
    )
    with reaching(nobody) as (reach, _), pytest.raises(Misuse, match="KOMMO_JWT_TOKEN"):
        answers.test_all(reach)


def test_a_live_look_is_kept_and_says_which_records_it_saw(ground: Ground) -> None:
    said = ask(ground, questions.LOOK_LIVE, resource="kommo.leads", page=1, limit=5)
    assert said["ok"]
    assert sorted(said["keys"]) == sorted(str(row["id"]) for row in ground.rows(LEADS))
    assert len(said["keys"]) == 5
    assert all(row["deleted_at"] is row["missing_since"] is None for row in ground.rows(LEADS))


def test_a_live_look_at_one_record_costs_one_request_and_says_what_is_gone(ground: Ground) -> None:
    first, second = (lead["id"] for lead in ground.box.truth("kommo", "leads")[:2])
    look = {"resource": "kommo.leads", "integration": ground.integration("kommo").id}
    for id_ in (first, second):
        assert ask(ground, questions.LOOK_LIVE, ids=[str(id_)], **look)["keys"] == [str(id_)]
    assert [row["id"] for row in ground.rows(LEADS)] == sorted((first, second))
    ground.box.kommo.delete("leads", [first])
    asked = ground.requests("kommo")
    assert ask(ground, questions.LOOK_LIVE, ids=[str(first)], **look)["ok"]
    assert ground.requests("kommo") - asked <= 2  # the account is proved, the record is looked at
    assert ground.row(LEADS, first)["missing_since"]
    assert not ground.row(LEADS, second)["missing_since"]


def test_a_live_look_at_a_note_needs_where_it_stands(ground: Ground) -> None:
    look = {"resource": "kommo.notes", "ids": ["1"]}
    assert ask(ground, questions.LOOK_LIVE, **look)["status"] == "missing"
    assert ask(ground, questions.LOOK_LIVE, slice={"entity_type": "leads"}, **look)["ok"]


def test_a_live_look_for_an_account_without_credentials_here_is_refused(ground: Ground) -> None:
    said = ask(ground, questions.LOOK_LIVE, resource="kommo.leads", integration=77)
    assert (said["ok"], said["status"]) == (False, "missing")
    assert ground.requests("kommo") == 0


def test_a_live_look_at_a_list_whose_rows_need_what_was_asked_for_is_refused(
    ground: Ground,
) -> None:
    said = ask(ground, questions.LOOK_LIVE, resource="gestao_click.vendas")
    assert said["ok"] is False
    assert ground.requests("gestao-click") == 0


def test_a_token_is_never_sent_to_an_address_that_somebody_posts(ground: Ground) -> None:
    posted = {"token": "t", "apiUrl": "https://evil.example.com"}
    said = ask(ground, TEST, provider="kommo", credentials=posted)
    assert said["ok"] is False
    assert ground.requests("kommo") == 0


def test_a_question_is_answered_once_through_its_task(ground: Ground) -> None:
    id_ = questions.ask(ground.reach.engine, ground.reach.keys, TEST, {"provider": "kommo"})
    tasks.answer(ground.reach, str(id_))
    tasks.answer(ground.reach, str(id_))
    said = questions.wait(ground.reach.engine, id_, 1)
    assert said
    assert said["ok"]
    assert ground.requests("kommo") == 2


def test_an_expired_token_is_told_apart_without_a_request(ground: Ground) -> None:
    import jwt

    old = jwt.encode({"account_id": 1, "exp": 1}, "x" * 32, algorithm="HS256")
    expired = ground.reach.settings.model_copy(update={"kommo_jwt_token": SecretStr(old)})
    with reaching(expired) as (reach, _):
        said = answers.answer(reach, TEST, {"provider": "kommo"})
    assert said["status"] == "expired"
    assert ground.requests("kommo") == 0
