"""Deliveries that share a commit: each gets its own answer, and none pays for another."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import delete, event, select, text

from shared.db.bookkeeping import deliveries, integration_settings
from tests.webhook_app.conftest import Web
from webhook_app import inbox
from webhook_app.database import DatabaseAway
from webhook_app.inbox import Letter

SECONDS = 5.0


def letter(body: bytes, integration_id: int | None = None) -> Letter:
    return Letter(integration_id, body, "text/plain")


def kept(web: Web) -> list[tuple[int, bytes]]:
    rows = select(deliveries.c.integration_id, deliveries.c.body).order_by(deliveries.c.id)
    return [(id_, bytes(body)) for id_, body in web.run(lambda c: list(c.execute(rows)))]


@contextmanager
def held(web: Web) -> Iterator[None]:
    """The table is locked: what is kept meanwhile waits in the hands of one commit, or behind it."""
    with web.own.database.engine.begin() as other:
        other.execute(text("lock table sync.deliveries in access exclusive mode"))
        yield


def sent(web: Web, letters: list[Letter]) -> list[int]:
    """All at once: the integration of each."""
    with ThreadPoolExecutor(len(letters)) as senders:
        return list(senders.map(lambda one: web.own.inbox.keep(one, SECONDS), letters))


def cut(web: Web) -> None:
    """PostgreSQL ends the connections on which deliveries are kept."""
    ours = """select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'ponte-inbox' and datname = current_database()"""
    web.run(lambda c: c.execute(text(ours)))


@pytest.fixture
def commits(web: Web) -> list[int]:
    """How many deliveries each commit has brought."""
    counted: list[int] = []
    really = web.own.inbox._keep

    def keep(connection: Any, letters: Any) -> Any:
        event.listen(connection, "commit", lambda _: counted.append(len(letters)), once=True)
        return really(connection, letters)

    web.own.inbox._keep = keep  # type: ignore[method-assign]
    return counted


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is sent meanwhile is in the same commit, however slow the machine."""
    monkeypatch.setattr(inbox, "GATHER", 0.3)


def test_what_comes_together_is_committed_together(
    web: Web, commits: list[int], patient: None
) -> None:
    bodies = [b"%d" % number for number in range(20)]
    ids = sent(web, [letter(body) for body in bodies])
    assert ids == [web.integration("kommo").id] * 20
    assert sorted(body for _, body in kept(web)) == sorted(bodies)
    assert sum(commits) == 20
    assert len(commits) < 5


def test_a_commit_takes_so_many_bytes_and_leaves_the_rest_to_the_next(
    web: Web, commits: list[int], patient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "TOGETHER", 100)
    sent(web, [letter(b"x" * 60) for _ in range(6)])
    assert len(kept(web)) == 6
    assert max(commits) == 2


def test_each_is_kept_for_its_own_integration(web: Web, patient: None) -> None:
    own, other = web.integration("kommo").id, 4711
    ids = sent(web, [letter(b"a", own), letter(b"b", other), letter(b"c")])
    assert ids == [own, other, own]
    assert sorted(kept(web), key=lambda row: row[1]) == [(own, b"a"), (other, b"b"), (own, b"c")]


def test_what_was_given_up_before_its_turn_is_not_written(web: Web) -> None:
    with held(web):
        for body in (b"in the commit's hands", b"behind it", b"behind it, too"):
            with pytest.raises(DatabaseAway):
                web.own.inbox.keep(letter(body), 0.2)
    web.own.inbox.keep(letter(b"last"), SECONDS)
    assert {body for _, body in kept(web)} <= {b"in the commit's hands", b"last"}
    assert b"last" in {body for _, body in kept(web)}


def test_the_environments_integration_is_looked_up_again_in_another_database(web: Web) -> None:
    """A backup that is older than the integration was put in place: the connections are cut."""
    former = web.own.inbox.keep(letter(b"before"), SECONDS)
    web.run(lambda c: [c.execute(delete(table)) for table in (deliveries, integration_settings)])
    cut(web)
    now = web.own.inbox.keep(letter(b"after"), SECONDS)
    assert now != former
    assert kept(web) == [(now, b"after")]


def test_an_integration_that_was_made_in_a_commit_that_failed_is_not_remembered(web: Web) -> None:
    with held(web), pytest.raises(DatabaseAway):
        web.own.inbox.keep(letter(b"longer than a statement may take"), SECONDS)
    assert web.own.inbox.keep(letter(b"kept"), SECONDS) == web.integration("kommo").id
    assert [body for _, body in kept(web)] == [b"kept"]


def test_connections_that_were_cut_cost_no_delivery(web: Web) -> None:
    for number in range(3):
        web.own.inbox.keep(letter(b"%d" % number), SECONDS)
        cut(web)
    web.own.inbox.keep(letter(b"last"), SECONDS)
    assert [body for _, body in kept(web)] == [b"0", b"1", b"2", b"last"]
