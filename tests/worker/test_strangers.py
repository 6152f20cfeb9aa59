"""Ids that nobody has seen yet cost so many requests a minute; nothing waits behind them, nothing is lost."""

from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from sqlalchemy import text

from shared import deliveries
from shared.resources import BY_NAME
from tests.ground import Ground
from worker.drain import drain
from worker.strangers import WHY

LEADS, TALKS = BY_NAME["kommo.leads"], BY_NAME["kommo.talks"]
MOST = 3


@pytest.fixture
def inbox(ground: Ground) -> Ground:
    """Leads are mirrored; three looks a minute at ids that are not."""
    assert ground.sync(LEADS)["state"] == "done"
    # settings are frozen into the reach: this test's own
    object.__setattr__(
        ground.reach,
        "settings",
        ground.reach.settings.model_copy(update={"kommo_unknown_looks_a_minute": MOST}),
    )
    ground.box.reset_stats()
    return ground


def put(ground: Ground, *pairs: tuple[str, Any]) -> int:
    id_ = ground.integration("kommo").id
    kept: int = ground.keep(id_, urlencode(pairs).encode())
    return kept


def talks(ground: Ground, count: int, first: int = 1) -> None:
    """Made-up talks: each costs a request of its own."""
    for number in range(first, first + count):
        put(ground, ("talk[update][0][talk_id]", number))


def drained(ground: Ground) -> list[str | None]:
    drain(ground.reach, ground.integration("kommo").id, 20)
    return [row["outcome"] for row in ground.deliveries()]


def a_minute_later(ground: Ground) -> None:
    ground.run(
        lambda c: c.execute(text("update sync.stranger_looks set at = at - interval '61 s'"))
    )
    ground.run(lambda c: c.execute(text("update sync.deliveries set next_at = received_at")))


def test_made_up_ids_cost_so_many_requests_a_minute_and_all_are_looked_at_in_the_end(
    inbox: Ground,
) -> None:
    talks(inbox, 2 * MOST + 1)
    assert drained(inbox).count("done") == MOST
    assert sum(inbox.asked("kommo").values()) == MOST
    waiting = [row for row in inbox.deliveries() if row["settled_at"] is None]
    assert {(row["reason"], row["attempts"], row["owner"]) for row in waiting} == {(WHY, 0, None)}
    assert all(row["next_at"] > row["received_at"] for row in waiting)
    assert drained(inbox).count("done") == MOST, "not before their time"
    a_minute_later(inbox)
    assert drained(inbox).count("done") == 2 * MOST
    a_minute_later(inbox)
    assert drained(inbox) == ["done"] * (2 * MOST + 1)
    assert sum(inbox.asked("kommo").values()) == 2 * MOST + 1


def test_what_the_mirror_knows_does_not_wait_behind_them(inbox: Ground) -> None:
    talks(inbox, 50)
    drained(inbox)
    key = int(inbox.box.truth("kommo", "leads")[0]["id"])
    inbox.box.kommo.change("leads", [key], {"name": "Mudou"}, silent=True)
    put(inbox, ("leads[update][0][id]", key))
    assert drained(inbox)[-1] == "done"
    assert inbox.row(LEADS, key)["name"] == "Mudou"


def test_new_records_come_by_the_hundred_in_one_look(inbox: Ground) -> None:
    made = [inbox.box.kommo.create("leads", {"name": f"Novo {n}"}) for n in range(20)]
    for one in made:
        put(inbox, ("leads[add][0][id]", one["id"]))
    assert set(drained(inbox)) == {"done"}
    assert {row["id"] for row in inbox.rows(LEADS)} >= {int(one["id"]) for one in made}


def test_one_body_with_more_made_up_ids_than_a_minute_has_gets_through_piece_by_piece(
    inbox: Ground,
) -> None:
    key = int(inbox.box.truth("kommo", "leads")[0]["id"])
    inbox.box.kommo.change("leads", [key], {"name": "Mudou"}, silent=True)
    strangers = [(f"talk[update][{n}][talk_id]", n + 1) for n in range(MOST + 2)]
    put(inbox, ("leads[update][0][id]", key), *strangers)
    assert drained(inbox) == [None]
    assert inbox.row(LEADS, key)["name"] == "Mudou", "what is known in it was looked at"
    a_minute_later(inbox)
    assert drained(inbox) == ["done"]
    asked = inbox.asked("kommo")
    assert sum(count for path, count in asked.items() if "talks" in path) == MOST + 2


def test_an_id_that_was_looked_at_is_known_though_it_is_not_there(inbox: Ground) -> None:
    talks(inbox, MOST)
    drained(inbox)
    talks(inbox, MOST)
    assert drained(inbox) == ["done"] * 2 * MOST


def test_new_deliveries_are_taken_before_those_that_were_put_back(inbox: Ground) -> None:
    talks(inbox, MOST + 2)
    drained(inbox)
    ready = text("update sync.deliveries set next_at = received_at")
    inbox.run(lambda c: c.execute(ready))
    new = put(inbox, ("leads[update][0][id]", 1))
    id_ = inbox.integration("kommo").id
    (first,) = inbox.run(deliveries.claim, id_, uuid4(), 60, 1)
    assert first.id == new
