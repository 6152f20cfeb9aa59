"""From deliveries to rows: every event is looked at once, none is lost, none blocks another."""

import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import psycopg
import pytest
import requests
from pydantic import SecretStr
from sqlalchemy import select, text, update

from sandbox.http import Request, Response, Server
from shared import deliveries
from shared.db.bookkeeping import deliveries as table
from shared.db.bookkeeping import usage
from shared.deliveries import Delivery
from shared.errors import CredentialsRefused, VendorUnavailable
from shared.resources import BY_NAME
from tests.contract.changes import remove
from tests.contract.worlds import world
from tests.ground import Ground, ground_on, reaching
from tests.worker.sources.vendors import NOW, fixture
from worker.drain import LONGEST_AGE, Pace, drain, fold
from worker.sync.hashing import without_links

LEADS, CONTACTS, COMPANIES = (BY_NAME[f"kommo.{n}"] for n in ("leads", "contacts", "companies"))
ENTITIES = [LEADS, CONTACTS, COMPANIES]
each_entity = pytest.mark.parametrize("resource", ENTITIES, ids=lambda r: r.name)


# --- the pace


def test_the_first_event_after_quiet_is_looked_at_at_once() -> None:
    pace = Pace(0.2)
    assert pace.age() == 0.0
    assert pace.quiet(100.0)


def test_after_a_batch_the_next_one_waits_for_the_least_age_and_longer_under_load() -> None:
    pace = Pace(0.2)
    pace.close(1, 100.0)
    assert pace.age() == pytest.approx(0.2)
    pace.close(10, 101.0)
    assert pace.age() == pytest.approx(1.0)
    pace.close(5000, 102.0)
    assert pace.age() == LONGEST_AGE
    pace.close(0, 103.0)
    assert pace.age() == pytest.approx(0.2)


def test_a_batch_is_full_at_250_and_at_more_while_it_storms() -> None:
    pace, seen = Pace(0.2), []
    for events in (1, 250, 500, 1000, 2000, 4000, 3999, 250):
        seen.append(pace.enough)
        pace.close(events, 100.0)
    assert seen == [250, 250, 500, 1000, 2000, 4000, 4000, 250]
    assert pace.enough == 500


def test_it_is_quiet_again_when_nothing_came_for_longer_than_the_least_age() -> None:
    pace = Pace(0.2)
    pace.close(1, 100.0)
    assert not pace.quiet(100.19)
    assert pace.quiet(100.21)


# --- folding


def delivery(
    id_: int, *pairs: tuple[str, Any], account: str | None = "1"
) -> tuple[Delivery, bytes]:
    sent = [*pairs, *([("account[id]", account)] if account else [])]
    return Delivery(id_, NOW, 1), urlencode(sent).encode()


def test_many_deliveries_of_one_lead_become_one_look() -> None:
    folded = fold([delivery(n, ("leads[update][0][id]", 7)) for n in range(50)], "1")
    assert folded.looks == {(LEADS, ()): {"7": False}}
    assert folded.outcomes == {("done", None): list(range(50))}


@pytest.mark.parametrize("order", [("delete", "restore"), ("restore", "delete")])
def test_once_said_to_be_deleted_it_is_looked_at_as_such(order: tuple[str, str]) -> None:
    claimed = [delivery(n, (f"leads[{what}][0][id]", 7)) for n, what in enumerate(order)]
    assert fold(claimed, "1").looks == {(LEADS, ()): {"7": True}}


def test_what_needs_no_look_is_settled_with_its_outcome() -> None:
    claimed = [
        delivery(1, ("leads[update][0][id]", 7), account="2"),
        delivery(2, ("message[add][0][id]", "a-uuid")),
        (Delivery(3, NOW, 1), b"nonsense"),
        delivery(4, ("leads[update][0][id]", 8), account=None),
    ]
    folded = fold(claimed, "1")
    assert folded.looks == {(LEADS, ()): {"8": False}}
    outcomes = {ids[0]: outcome for (outcome, _), ids in folded.outcomes.items()}
    assert outcomes == {1: "other account", 2: "not mirrored yet", 3: "undecodable", 4: "done"}
    assert all(reason for (outcome, reason), _ in folded.outcomes.items() if outcome != "done")


# --- end to end


@pytest.fixture
def inbox(ground: Ground) -> Iterator[Ground]:
    """Kommo's webhooks arrive in the inbox, as the web process would put them there."""
    integration = ground.integration("kommo").id

    def keep(request: Request) -> Response:
        ground.keep(integration, request.body)
        return Response(200, b"ok", "text/plain")

    events = [event for r in ENTITIES if r.webhook for event in r.webhook.events]
    server = Server(keep)
    server.start()
    subscribed = requests.post(
        f"{ground.box.kommo_url}/api/v4/webhooks",
        json={"destination": f"{server.url}/hook", "settings": events},
        headers={"Authorization": f"Bearer {ground.box.kommo_token}"},
        timeout=5,
    )
    assert subscribed.status_code == 201
    for resource in ENTITIES:
        assert ground.sync(resource)["state"] == "done"
    ground.box.reset_stats()
    yield ground
    server.stop()


def arrived(ground: Ground) -> None:
    """Everything that the sandbox sends has come."""
    deadline = time.monotonic() + 5
    while ground.box.courier.public()["pending"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def drained(ground: Ground, seconds: float = 20.0) -> list[str]:
    """Works off the inbox; the outcomes of all deliveries."""
    arrived(ground)
    assert drain(ground.reach, ground.integration("kommo").id, seconds) is False
    return [row["outcome"] for row in ground.deliveries()]


def put(ground: Ground, body: bytes) -> int:
    id_: int = ground.keep(ground.integration("kommo").id, body)
    return id_


def form(*pairs: tuple[str, Any]) -> bytes:
    return urlencode(pairs).encode()


def last(ground: Ground, resource: Any) -> int:
    return int(ground.box.truth("kommo", resource.name)[-1]["id"])


@each_entity
def test_a_new_record_is_in_its_table_after_one_request(inbox: Ground, resource: Any) -> None:
    made = inbox.box.kommo.create(resource.name, {"name": "Novo"})
    assert set(drained(inbox)) == {"done"}
    assert inbox.row(resource, made["id"])["name"] == "Novo"


@each_entity
def test_a_change_arrives(inbox: Ground, resource: Any) -> None:
    key = last(inbox, resource)
    inbox.box.kommo.change(resource.name, [key], {"name": "Mudou"})
    drained(inbox)
    assert inbox.row(resource, key)["name"] == "Mudou"


@each_entity
def test_another_responsible_arrives(inbox: Ground, resource: Any) -> None:
    key = last(inbox, resource)
    inbox.box.kommo.change(resource.name, [key], {"responsible_user_id": 11500103})
    drained(inbox)
    assert inbox.row(resource, key)["responsible_user_id"] == 11500103


def test_another_stage_arrives(inbox: Ground) -> None:
    key = last(inbox, LEADS)
    inbox.box.kommo.change("leads", [key], {"status_id": 142})
    drained(inbox)
    row = inbox.row(LEADS, key)
    assert row["status_id"] == 142
    assert row["closed_at"]


@each_entity
def test_a_deletion_marks_and_a_restore_clears(inbox: Ground, resource: Any) -> None:
    key = last(inbox, resource)
    inbox.box.kommo.delete(resource.name, [key])
    drained(inbox)
    row = inbox.row(resource, key)
    assert row["deleted_at"]
    assert row["missing_since"] is None
    inbox.box.kommo.restore(resource.name, [key])
    drained(inbox)
    assert inbox.row(resource, key)["deleted_at"] is None


def test_a_late_delete_of_a_record_that_is_there_again_marks_nothing(inbox: Ground) -> None:
    key = last(inbox, LEADS)
    for _ in range(2):
        put(inbox, form(("leads[delete][0][id]", key)))
    drained(inbox)
    assert inbox.row(LEADS, key)["deleted_at"] is None


def test_a_record_that_no_longer_shows_without_a_word_is_missing_not_deleted(inbox: Ground) -> None:
    key = last(inbox, LEADS)
    inbox.box.world.table("kommo", "leads").drop(key)
    put(inbox, form(("leads[update][0][id]", key)))
    drained(inbox)
    row = inbox.row(LEADS, key)
    assert row["missing_since"]
    assert row["deleted_at"] is None


def test_a_bulk_edit_of_a_storm_costs_a_handful_of_requests(inbox: Ground) -> None:
    keys = [record["id"] for record in inbox.box.truth("kommo", "leads")]
    for turn in range(20):
        for key in keys:
            put(inbox, form((f"leads[update][{turn}][id]", key)))
    outcomes = drained(inbox)
    assert len(outcomes) == 20 * len(keys)
    assert set(outcomes) == {"done"}
    assert inbox.requests("kommo") <= 6


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("kommo.notes", "leads[note][0][note][id]={id}"),
        ("kommo.talks", "talk[update][0][talk_id]={id}"),
        ("kommo.unsorted", "unsorted[add][0][uid]={id}"),
        (
            "kommo.catalog_elements",
            "catalogs[update][0][id]={id}&catalogs[update][0][catalog_id]={catalog_id}",
        ),
        ("kommo.customers", "customers[update][0][id]={id}"),
    ],
)
def test_every_group_brings_its_record(inbox: Ground, name: str, body: str) -> None:
    resource = BY_NAME[name]
    first = world(inbox.box, resource)[0]
    named = {**first.asked, "id": first.key(resource)[-1]}
    put(
        inbox,
        body.format(**named).replace("leads[", f"{named.get('entity_type', 'leads')}[").encode(),
    )
    assert set(drained(inbox)) == {"done"}
    (row,) = inbox.rows(resource)
    assert without_links(row["raw"]) == without_links(first.record)
    # it is gone, and somebody says so
    remove(inbox.box, resource, first)
    action = body.format(**named).replace("[update]", "[delete]").replace("[add]", "[delete]")
    put(inbox, action.replace("leads[", f"{named.get('entity_type', 'leads')}[").encode())
    assert set(drained(inbox)) == {"done"}
    (row,) = inbox.rows(resource)
    assert bool(row["deleted_at"]) is ("[delete]" in action)
    assert bool(row["missing_since"]) is ("[delete]" not in action)


def test_what_the_plan_does_not_give_stops_nobody_else(inbox: Ground) -> None:
    inbox.box.options.change({"refused": {"/talks": 402}})
    put(inbox, form(("talk[update][0][talk_id]", 7)))
    put(inbox, form(("leads[update][0][id]", last(inbox, LEADS))))
    assert drained(inbox) == ["done", "done"]
    assert not inbox.run(deliveries.waiting, inbox.integration("kommo").id).count


def test_messages_are_kept_as_deliveries_and_cost_no_request(inbox: Ground) -> None:
    account = inbox.settings_row("kommo")["account_id"].encode()
    put(inbox, fixture("kommo/message__add.txt").replace(b"31990001", account))
    assert drained(inbox) == ["not mirrored yet"]
    assert inbox.requests("kommo") == 0


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (b"", "undecodable"),
        (b"\x00\xff", "undecodable"),
        (b'{"leads": []}', "undecodable"),
        (form(("account[id]", "1"), ("leads[update][0][id]", 7)), "other account"),
        (b"account%5Bid%5D=%001%00&leads%5Bupdate%5D%5B0%5D%5Bid%5D=7", "other account"),
        (b"x[\x00]=1&leads[%00][0][id]=7", "undecodable"),
    ],
)
def test_a_body_that_asks_for_nothing_is_kept_with_its_reason_and_blocks_nobody(
    inbox: Ground, body: bytes, outcome: str
) -> None:
    key = last(inbox, LEADS)
    put(inbox, body)
    inbox.box.kommo.change("leads", [key], {"name": "Mudou"})
    assert set(drained(inbox)) == {outcome, "done"}
    kept = inbox.deliveries()[0]
    assert kept["body"] == body
    assert kept["reason"]
    assert inbox.row(LEADS, key)["name"] == "Mudou"


def test_ids_that_never_were_do_no_harm(inbox: Ground) -> None:
    put(
        inbox,
        form(
            ("leads[update][0][id]", 999), ("leads[delete][0][id]", 998), ("leads[add][0][id]", "0")
        ),
    )
    assert drained(inbox) == ["done"]
    assert not {999, 998, 0} & {row["id"] for row in inbox.rows(LEADS)}


def test_an_odd_spelling_of_an_id_marks_no_living_record(inbox: Ground) -> None:
    key = last(inbox, LEADS)
    arabic = str(key).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    put(inbox, form(("leads[delete][0][id]", arabic)))
    put(inbox, form(("leads[delete][0][id]", f"00{key}")))
    drained(inbox)
    row = inbox.row(LEADS, key)
    assert row["deleted_at"] is row["missing_since"] is None


def test_a_record_that_cannot_become_a_row_is_rejected_and_its_neighbours_arrive(
    inbox: Ground,
) -> None:
    key = last(inbox, LEADS)
    inbox.box.kommo.change("leads", [key], {"price": "a lot"}, silent=True)
    put(inbox, form(("leads[update][0][id]", key), ("leads[update][1][id]", key - 1)))
    assert drained(inbox) == ["done"]
    (reject,) = inbox.rejects()
    assert (reject["key"], reject["reason"]) == (
        str(key),
        "ValueError: price: 'a lot' is no numeric",
    )
    assert inbox.row(LEADS, key)["missing_since"] is None


# --- several drains, and what goes wrong


def test_several_drains_at_once_do_the_work_once(inbox: Ground) -> None:
    for number in range(200):
        put(inbox, form(("leads[update][0][id]", last(inbox, LEADS) - number % 30)))
    before = inbox.requests("kommo")
    id_ = inbox.integration("kommo").id
    threads = [threading.Thread(target=drain, args=(inbox.reach, id_, 20.0)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = inbox.deliveries()
    assert {row["outcome"] for row in rows} == {"done"}
    assert {row["attempts"] for row in rows} == {1}
    assert inbox.requests("kommo") - before <= 2


def test_what_a_dead_worker_had_claimed_is_taken_over_when_its_lease_is_over(
    inbox: Ground,
) -> None:
    key, id_ = last(inbox, LEADS), inbox.integration("kommo").id
    put(inbox, form(("leads[update][0][id]", key)))
    dead = uuid4()
    assert len(inbox.run(deliveries.claim, id_, dead, 60, 10)) == 1
    assert drained(inbox) == [None], "its owner may be alive"
    inbox.run(lambda c: c.execute(update(table).values(lease_until=text("clock_timestamp()"))))
    assert drained(inbox) == ["done"]
    assert inbox.run(deliveries.settle, dead, [1], "done") == 0, "the dead one comes too late"


def test_a_vendor_that_is_down_delays_and_loses_nothing(inbox: Ground) -> None:
    key = last(inbox, LEADS)
    inbox.box.kommo.change("leads", [key], {"name": "Mudou"})
    inbox.box.faults.add({"vendor": "kommo", "kind": "500_html", "path": "/leads"})
    arrived(inbox)
    with pytest.raises(VendorUnavailable):
        drain(inbox.reach, inbox.integration("kommo").id, 20)
    waiting = inbox.deliveries()
    assert all(row["settled_at"] is row["owner"] is None and row["reason"] for row in waiting)
    assert all(row["next_at"] > row["received_at"] for row in waiting)
    assert drained(inbox) == [None] * len(waiting), "not before its time"
    inbox.box.faults.clear()
    inbox.run(lambda c: c.execute(update(table).values(next_at=text("clock_timestamp()"))))
    assert set(drained(inbox)) == {"done"}
    assert inbox.row(LEADS, key)["name"] == "Mudou"


def test_a_disk_that_is_full_while_rows_are_copied_delays_and_loses_nothing(
    inbox: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """COPY is psycopg's own, and so are its errors: they say nothing about the delivery."""
    key = last(inbox, LEADS)
    inbox.box.kommo.change("leads", [key], {"name": "Mudou"})
    arrived(inbox)

    def full(*_: Any) -> None:
        raise psycopg.errors.DiskFull("could not extend file")

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Cursor, "copy", full)
        with pytest.raises(psycopg.errors.DiskFull):
            drain(inbox.reach, inbox.integration("kommo").id, 20)
    assert all(row["settled_at"] is None for row in inbox.deliveries())
    inbox.run(lambda c: c.execute(update(table).values(lease_until=text("clock_timestamp()"))))
    assert set(drained(inbox)) == {"done"}
    assert inbox.row(LEADS, key)["name"] == "Mudou"


REFUSE_ONE = """
    create function refuse() returns trigger language plpgsql as $$
    begin raise exception 'nobody foresaw this'; end $$;
    create trigger refuse before insert or update on kommo.leads
    for each row when (new.name = 'veneno') execute function refuse();
"""


def test_a_delivery_that_nobody_foresaw_stands_alone_in_the_end_and_blocks_nobody(
    inbox: Ground,
) -> None:
    keys = [int(record["id"]) for record in inbox.box.truth("kommo", "leads")[-12:]]
    inbox.run(lambda c: c.execute(text(REFUSE_ONE)))
    for key in keys:
        name = "veneno" if key == keys[5] else "Mudou"
        inbox.box.kommo.change("leads", [key], {"name": name})
    outcomes = drained(inbox, 60)
    assert set(outcomes) == {"done", "failed"}
    reasons = {row["reason"] for row in inbox.deliveries() if row["outcome"] == "failed"}
    assert all("nobody foresaw this" in reason for reason in reasons)
    named = [inbox.row(LEADS, key)["name"] for key in keys if key != keys[5]]
    assert named == ["Mudou"] * 11


def test_refused_credentials_claim_nothing_and_are_not_tried_again(inbox: Ground) -> None:
    put(inbox, form(("leads[update][0][id]", 1)))
    inbox.box.faults.add({"vendor": "kommo", "kind": "401"})
    for _ in range(3):
        with pytest.raises(CredentialsRefused):
            drain(inbox.reach, inbox.integration("kommo").id, 5)
        inbox.run(lambda c: c.execute(update(table).values(next_at=text("clock_timestamp()"))))
    assert inbox.requests("kommo") == 1
    assert [row["settled_at"] for row in inbox.deliveries()] == [None]


def test_old_deliveries_are_forgotten_when_they_are_settled_and_dead_ones_in_their_own_time(
    inbox: Ground,
) -> None:
    put(inbox, form(("leads[update][0][id]", last(inbox, LEADS))))
    put(inbox, b"dead")
    drained(inbox)
    put(inbox, b"waiting")
    old = text("now() - interval '40 days'")
    inbox.run(lambda c: c.execute(update(table).values(received_at=old)))
    settled = update(table).where(table.c.settled_at.is_not(None))
    inbox.run(lambda c: c.execute(settled.values(settled_at=old)))
    assert inbox.run(deliveries.forget_settled, 30) == 1
    assert inbox.run(deliveries.forget_dead, 90) == 0
    assert [row["body"] for row in inbox.deliveries()] == [b"dead", b"waiting"]
    assert inbox.run(deliveries.forget_dead, 39) == 1
    assert [row["body"] for row in inbox.deliveries()] == [b"waiting"]


def test_what_fails_for_ever_does_not_hold_back_what_comes_after_it(inbox: Ground) -> None:
    id_ = inbox.integration("kommo").id
    old = [put(inbox, form(("leads[update][0][id]", n + 1))) for n in range(20)]
    inbox.run(lambda c: c.execute(update(table).values(attempts=12)))
    new = put(inbox, form(("leads[update][0][id]", last(inbox, LEADS))))
    owner = uuid4()
    assert len(inbox.run(deliveries.claim, id_, owner, 60, 2000)) == 21
    inbox.run(deliveries.put_off, owner, [*old, new], 300.0, "HTTP 500")
    wait = text("extract(epoch from next_at - clock_timestamp())")
    waits = inbox.run(
        lambda c: list(c.scalars(select(wait).select_from(table).order_by(table.c.id)))
    )
    assert waits[-1] < 3
    assert all(200 < seconds <= 375 for seconds in waits[:-1])
    assert max(waits[:-1]) - min(waits[:-1]) > 20, "they come back in smaller groups"


def test_an_account_that_webhooks_meet_first_is_asked_within_its_own_quota_from_then_on(
    database_url: str, redis_url: str
) -> None:
    """A token that does not tell its account: until it is met there is only the integration's quota."""
    with ground_on(database_url, redis_url=redis_url) as ground:
        ground.box.grants.know("opaque")
        changes = {"kommo_jwt_token": SecretStr("opaque"), "kommo_rate_limit": 50}
        with reaching(ground.reach.settings.model_copy(update=changes)) as (reach, _):
            lead = last(ground, LEADS)
            put(ground, form(("leads[update][0][id]", lead)))
            assert drain(reach, ground.integration("kommo").id, 20) is False
        used = ground.run(lambda c: dict(c.execute(select(usage.c.budget, usage.c.requests)).all()))
    assert used.pop(f"kommo:{ground.box.options.account_id}") >= 1
    assert list(used.values()) == [1]  # who are you?
