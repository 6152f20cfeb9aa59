"""`ponte replay`: what failed for good is tried once more, by id, reason or age."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import text, update
from typer import Typer
from typer.testing import Result

from shared import rejects
from shared.db.bookkeeping import deliveries as table
from shared.db.bookkeeping import integration_settings
from shared.db.bookkeeping import rejects as rejects_table
from shared.errors import Misuse
from shared.letters import Chosen
from shared.resources import BY_NAME
from tests.contract.changes import remove, rewrite
from tests.contract.worlds import Expected, world
from tests.ground import Ground
from tests.worker.dying import die, dies
from worker import replaying, tasks
from worker.commands.replaying import group
from worker.drain import drain

LEADS, PIPELINES = BY_NAME["kommo.leads"], BY_NAME["kommo.pipelines"]
Ponte = Callable[..., Result]


@pytest.fixture
def ponte(on_ground: Callable[[Typer], Ponte]) -> Ponte:
    return on_ground(group)


# --- deliveries


def settled(ground: Ground, **values: Any) -> int:
    """A delivery about a lead that was settled so."""
    lead = ground.box.truth("kommo", "leads")[-1]["id"]
    body = urlencode({"leads[update][0][id]": lead}).encode()
    id_: int = ground.keep(ground.integration("kommo").id, body)
    given = {"settled_at": text("clock_timestamp()"), "attempts": 7, **values}
    ground.run(lambda c: c.execute(update(table).where(table.c.id == id_).values(given)))
    return id_


def waiting(ground: Ground) -> list[int]:
    return [row["id"] for row in ground.deliveries() if row["settled_at"] is None]


def test_a_replayed_delivery_waits_again_and_brings_its_record(
    ground: Ground, ponte: Ponte
) -> None:
    ground.sync(LEADS)
    key = int(ground.box.truth("kommo", "leads")[-1]["id"])
    id_ = settled(ground, outcome="failed", reason="nobody foresaw this", deaths=3)
    ground.box.kommo.change("leads", [key], {"name": "Mudou"}, silent=True)
    done = ponte("deliveries", "--id", str(id_), "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["success"]) == (0, True)
    assert [row["reason"] for row in told["deliveries"]] == ["nobody foresaw this"]
    (row,) = ground.deliveries()
    assert (row["attempts"], row["deaths"], row["outcome"]) == (0, 0, None)
    drain(ground.reach, ground.integration("kommo").id, 20)
    assert ground.deliveries()[0]["outcome"] == "done"
    assert ground.row(LEADS, key)["name"] == "Mudou"


def test_letters_are_chosen_by_id_reason_and_age(ground: Ground, ponte: Ponte) -> None:
    done = settled(ground, outcome="done")
    odd = settled(ground, outcome="undecodable", reason="no field of the form")
    messages = settled(ground, outcome="not mirrored yet", reason="message[add]")
    other = settled(ground, outcome="other account", reason="sent by account 7")
    old = settled(ground, outcome="failed", settled_at=text("now() - interval '3 days'"))

    def meant(*arguments: str) -> list[int]:
        shown = ponte("deliveries", "--dry-run", "--json", *arguments)
        assert shown.exit_code == 0
        return [row["id"] for row in json.loads(shown.stdout)["deliveries"]]

    assert meant("--all") == [odd, other, old]
    assert meant("--since", "2d") == [odd, other]
    assert meant("--reason", "Undecodable") == [odd]
    assert meant("--reason", "account 7") == [other]
    assert meant("--reason", "not mirrored") == [messages]
    assert meant("--id", str(done), "--id", str(old)) == [done, old]
    assert meant("--since", "2d", "--reason", "account") == [other]
    assert waiting(ground) == [], "a dry run changes nothing"
    assert "3 wait again" in ponte("deliveries", "--all").stdout
    assert waiting(ground) == [odd, other, old]


def test_an_id_that_cannot_be_replayed_is_named(ground: Ground, ponte: Ponte) -> None:
    id_ = settled(ground, outcome="failed")
    done = ponte("deliveries", "--id", str(id_), "--id", "999999")
    assert done.exit_code == 1
    assert "999999" in done.output
    assert waiting(ground) == [id_]
    assert ponte("deliveries", "--id", str(id_)).exit_code == 1, "it waits already"


@pytest.mark.parametrize(
    "arguments", [("deliveries",), ("rejects",), ("deliveries", "--since", "soon")]
)
def test_nothing_is_replayed_that_nobody_named(ponte: Ponte, arguments: tuple[str, ...]) -> None:
    with pytest.raises(Misuse):
        ponte(*arguments)


def test_what_belongs_to_a_removed_integration_is_not_replayed(
    ground: Ground, ponte: Ponte
) -> None:
    id_ = settled(ground, outcome="failed")
    removed = update(integration_settings).values(metadata={"removed_at": "2026-01-01"})
    ground.run(lambda c: c.execute(removed))
    assert ponte("deliveries", "--id", str(id_)).exit_code == 1
    assert waiting(ground) == []


# --- rejects


def spoilt(ground: Ground, name: str, **fields: Any) -> tuple[Expected, str]:
    """One record of a list cannot become a row; the list is read. Returns it and the id of its reject."""
    resource = BY_NAME[name]
    ground.sync(resource)
    expected = world(ground.box, resource)[0]
    rewrite(ground.box, resource, expected, **fields)
    ground.carry(ground.order(resource, full=True))
    (reject,) = ground.rejects()
    return expected, str(reject["id"])


@pytest.mark.parametrize(
    ("name", "field", "wrong", "right"),
    [
        ("kommo.leads", "price", "a lot", 5),
        ("kommo.notes", "created_at", "yesterday", 1700000000),
        ("gestao_click.vendas", "valor_total", "a lot", "5.00"),
    ],
)
def test_a_reject_that_was_mended_at_the_vendor_becomes_a_row(
    ground: Ground, ponte: Ponte, name: str, field: str, wrong: str, right: Any
) -> None:
    expected, id_ = spoilt(ground, name, **{field: wrong})
    assert ponte("rejects", "--id", id_).exit_code == 1, "it is wrong still"
    assert len(ground.rejects()) == 1
    assert ground.rejects()[0]["wanted_at"] is None
    rewrite(ground.box, BY_NAME[name], expected, **{field: right})
    provider = BY_NAME[name].provider
    ground.box.reset_stats()
    done = ponte("rejects", "--resource", name)
    assert done.exit_code == 0, done.output
    assert ground.rejects() == []
    assert ground.requests(provider) <= 2, "a look by id, and who we are"
    row = ground.row(BY_NAME[name], *expected.key(BY_NAME[name]))
    assert row["raw"][field] == right
    asked = {column.name for column in BY_NAME[name].columns if column.asked}
    assert all(row[column] for column in asked)


def test_another_mistake_takes_the_place_of_the_first(ground: Ground, ponte: Ponte) -> None:
    expected, id_ = spoilt(ground, "kommo.leads", price="a lot")
    rewrite(ground.box, LEADS, expected, price="too much")
    done = ponte("rejects", "--id", id_, "--json")
    assert done.exit_code == 1
    (reject,) = ground.rejects()
    assert "too much" in reject["reason"]


def test_a_record_that_is_gone_is_no_reject_any_more(ground: Ground, ponte: Ponte) -> None:
    expected, id_ = spoilt(ground, "kommo.leads", price="a lot")
    remove(ground.box, LEADS, expected)
    assert ponte("rejects", "--id", id_).exit_code == 0
    assert ground.rejects() == []
    assert ground.row(LEADS, *expected.key(LEADS))["missing_since"]


def test_what_cannot_be_asked_for_by_id_is_read_with_its_list(ground: Ground, ponte: Ponte) -> None:
    expected, id_ = spoilt(ground, "kommo.pipelines", sort="first")
    rewrite(ground.box, PIPELINES, expected, sort=1)
    assert ponte("rejects", "--id", id_, "--dry-run").exit_code == 0
    assert len(ground.rejects()) == 1
    assert ponte("rejects", "--id", id_).exit_code == 0
    assert ground.rejects() == []
    assert ground.runs()[-1]["mode"] == "full"


def wanted(ground: Ground, id_: str) -> None:
    ground.run(rejects.want, Chosen(ids=(int(id_),)), "http")


def later(ground: Ground) -> None:
    due = update(rejects_table).where(rejects_table.c.wanted_at.is_not(None))
    ground.run(lambda c: c.execute(due.values(wanted_at=text("clock_timestamp()"))))


def test_a_vendor_that_is_down_delays_a_look_and_loses_nothing(ground: Ground) -> None:
    expected, id_ = spoilt(ground, "kommo.leads", price="a lot")
    rewrite(ground.box, LEADS, expected, price=5)
    wanted(ground, id_)
    ground.box.faults.add({"vendor": "kommo", "kind": "500_html"})
    kommo = ground.integration("kommo").id
    for _ in range(4):
        assert replaying.carry_out(ground.reach, kommo, 20) is False
        later(ground)
    ground.box.faults.clear()
    assert ground.run(rejects.integrations_wanting) == [kommo]
    tasks.replay(ground.reach, kommo)
    assert ground.rejects() == []


def test_a_look_that_kills_its_worker_is_given_up_after_the_third_time(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, id_ = spoilt(ground, "kommo.leads", price="a lot")
    wanted(ground, id_)
    kommo = ground.integration("kommo").id
    with monkeypatch.context() as patch:
        patch.setattr("worker.sync.sweep.keep_look", die)
        for _ in range(3):
            assert ground.run(rejects.integrations_wanting) == [kommo]
            assert dies(ground, lambda reach: replaying.carry_out(reach, kommo, 20))
            later(ground)
    assert ground.run(rejects.integrations_wanting) == []
    assert ground.rejects()[0]["deaths"] == 3
    wanted(ground, id_)
    assert replaying.carry_out(ground.reach, kommo, 20) is False
    assert ground.rejects()[0]["deaths"] == 0


def test_nothing_of_use_is_forgotten_before_its_time(ground: Ground) -> None:
    spoilt(ground, "kommo.leads", price="a lot")
    settled(ground, outcome="failed", settled_at=text("now() - interval '89 days'"))
    settled(ground, outcome="done", settled_at=text("now() - interval '31 days'"))
    seen = update(rejects_table).values(seen_at=text("now() - interval '89 days'"))
    ground.run(lambda c: c.execute(seen))
    tasks.tidy(ground.reach)
    assert [row["outcome"] for row in ground.deliveries()] == ["failed"]
    assert len(ground.rejects()) == 1
    older = ground.reach.settings.model_copy(update={"ponte_dead_letter_days": 88})
    object.__setattr__(ground.reach, "settings", older)
    tasks.tidy(ground.reach)
    assert ground.deliveries() == ground.rejects() == []
