"""Traps of reading lists (kommo-api.md 9): ends, shifting pages, filters, limits, odd answers."""

import time
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from sandbox.kommo.rules import RULES
from shared import questions, resources
from shared.errors import FilterIgnored
from tests.ground import Ground, pages_of
from tests.traps.scene import (
    COMPANIES,
    CONTACTS,
    CUSTOMERS,
    EVENTS,
    LEADS,
    NOTES,
    SOURCES,
    TASKS,
    ask,
    change,
    drained,
    heard,
    ids,
    live,
    meanwhile,
    names,
    read,
    set_quietly,
    tell,
    true_names,
)
from worker import answers

LOST_ABOVE = 300
"""Seconds before now: an older second than any that was read, within the overlap of two walks."""


def cursor(ground: Ground) -> datetime:
    sql = "select cursor from sync.checkpoints where resource = 'kommo.leads'"
    found: datetime = ask(ground, sql)[0]["cursor"]
    return found


def test_trap_01_an_answer_without_a_body_is_an_empty_list_or_no_record(ground: Ground) -> None:
    """204 with an empty body, where JSON is expected."""
    table = ground.box.world.table("kommo", "sources")
    for key in list(table.ids):
        table.drop(key)
    assert read(ground, SOURCES)["seen"] == 0
    tell(ground, ("leads[update][0][id]", 999), ("talk[update][0][talk_id]", 999))
    assert drained(ground) == ["done"]
    assert ground.rows(SOURCES) == ground.rows(LEADS) == ground.rejects() == []


def test_trap_02_a_list_is_read_to_its_proven_end_whatever_next_says(ground: Ground) -> None:
    """`next` is missing although more follows, or stands on the last page."""
    ground.box.options.change({"next_missing": ["/leads"]})
    with pages_of(LEADS, 5):
        read(ground, LEADS)
        assert set(live(ground, LEADS)) == set(ids(ground, "leads"))
        ground.box.kommo.create("leads", {"name": "Novo"}, silent=True)
        ground.box.options.change({"next_missing": [], "next_always": True})
        read(ground, LEADS, full=True)
    assert names(ground, LEADS) == true_names(ground, "leads")


def test_trap_02_the_log_of_deletions_is_read_to_its_end_too(ground: Ground) -> None:
    """The same of the events that tell what was deleted."""
    read(ground, LEADS)
    ground.box.options.change({"next_missing": ["/events"], "page_max": {"/events": 3}})
    gone = ids(ground, "leads")[::4]
    ground.box.kommo.delete("leads", gone, silent=True)
    read(ground, LEADS)
    told = [row["id"] for row in ground.rows(LEADS) if row["deleted_at"]]
    assert told == gone


def test_trap_03_an_edit_in_mid_walk_hides_no_other_record(ground: Ground) -> None:
    """Rows move to the tail of a list that is walked by `updated_at`: others are skipped."""
    read(ground, LEADS)
    keys = ids(ground, "leads")
    for place, key in enumerate(keys):
        edited = int(time.time()) - LOST_ABOVE + place
        set_quietly(ground, "leads", key, name=f"Edited {key}", updated_at=edited)

    def edit_the_first_page() -> None:
        for key in keys[:5]:
            change(ground, "leads", key, name="Edited again")

    with pages_of(LEADS, 5), meanwhile(ground, "/leads", edit_the_first_page):
        read(ground, LEADS)
    assert [names(ground, LEADS)[key] for key in keys[5:]] == [f"Edited {key}" for key in keys[5:]]
    read(ground, LEADS)
    assert names(ground, LEADS) == true_names(ground, "leads")


def test_trap_03_a_deletion_in_mid_walk_hides_no_other_record(ground: Ground) -> None:
    """Pages move up by one when a record before them goes."""
    before = ids(ground, "leads")
    ground.box.faults.add({"vendor": "kommo", "kind": "shift_delete", "path": "/leads", "times": 2})
    with pages_of(LEADS, 5):
        read(ground, LEADS)
    assert len(ids(ground, "leads")) == len(before) - 2
    assert set(live(ground, LEADS)) == set(ids(ground, "leads"))


def test_trap_04_records_of_one_second_are_all_read(ground: Ground) -> None:
    """Many records share one `updated_at`, and one more gets it after the walk."""
    read(ground, LEADS)
    keys, now = ids(ground, "leads"), int(time.time())
    for key in keys[:12]:
        set_quietly(ground, "leads", key, name="Import", updated_at=now)
    with pages_of(LEADS, 5):
        read(ground, LEADS)
    set_quietly(ground, "leads", keys[12], name="Import", updated_at=now)
    read(ground, LEADS)
    imported = [id_ for id_, name in names(ground, LEADS).items() if name == "Import"]
    assert imported == keys[:13]


def test_trap_05_changes_are_asked_for_as_a_range_never_as_one_moment(ground: Ground) -> None:
    """A bare value means "at" on some lists and "after" on others."""
    timed = [each for each in resources.of_provider("kommo") if each.since]
    assert {LEADS, CONTACTS, COMPANIES, CUSTOMERS, TASKS, NOTES, EVENTS} <= set(timed)
    read(ground, *timed)
    changed = {
        "leads": {"name": "Mudou"},
        "contacts": {"name": "Mudou"},
        "companies": {"name": "Mudou"},
        "customers": {"name": "Mudou"},
        "tasks": {"text": "Mudou"},
        "leads_notes": {"params": {"text": "Mudou"}},
    }
    firsts = {name: ids(ground, name)[0] for name in changed}
    for name, fields in changed.items():
        change(ground, name, firsts[name], **fields)
    with heard(ground) as requests:
        read(ground, *timed)
    asked = [name for request in requests for name, _ in request.pairs if "_at]" in name]
    assert set(asked) == {"filter[updated_at][from]", "filter[created_at][from]"}
    for resource in (LEADS, CONTACTS, COMPANIES, CUSTOMERS):
        assert names(ground, resource)[firsts[resource.name]] == "Mudou"
    assert live(ground, TASKS)[firsts["tasks"]]["text"] == "Mudou"
    assert ground.row(NOTES, "leads", firsts["leads_notes"])["text"] == "Mudou"


def test_trap_06_an_ignored_filter_is_noticed_and_nothing_is_believed(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter that the vendor does not know is ignored in silence: everything comes back."""
    read(ground, LEADS)
    before, key = cursor(ground), ids(ground, "leads")[-1]
    deaf = replace(RULES["/leads"], ranges=frozenset(), equal=frozenset())
    monkeypatch.setitem(RULES, "/leads", deaf)
    report = ground.sync(LEADS)
    assert (report["state"], "ignored the filter" in report["reason"]) == ("failed", True)
    assert cursor(ground) == before
    tell(ground, ("leads[delete][0][id]", key))
    with pytest.raises(FilterIgnored):
        drained(ground)
    assert key in live(ground, LEADS)


def test_trap_07_what_is_committed_late_with_an_older_second_is_still_met(ground: Ground) -> None:
    """A record shows up after the walk that covers its `updated_at`."""
    read(ground, LEADS)
    key = ids(ground, "leads")[7]
    ground.box.acts.do("leads.edit", [key], {"name": "Tarde"}, silent=True, late=LOST_ABOVE)
    read(ground, LEADS)
    assert names(ground, LEADS)[key] == "Tarde"


def test_trap_33_a_search_is_for_people_and_decides_nothing(ground: Ground) -> None:
    """`query` lags behind and finds what was not meant: no proof that a record is there or not."""
    ground.box.options.change({"query_lag": 3600.0})
    with heard(ground) as requests:
        read(ground, LEADS, CONTACTS, full=True)
        made = ground.box.kommo.create("leads", {"name": "Zepelim"}, silent=True)
        tell(ground, ("leads[add][0][id]", made["id"]))
        assert drained(ground) == ["done"]
        read(ground, LEADS)
    assert not [request for request in requests if request.one("query")]
    question = {"resource": "kommo.leads", "query": "Zepelim"}
    assert answers.answer(ground.reach, questions.LOOK_LIVE, question)["keys"] == []
    assert live(ground, LEADS)[made["id"]]["name"] == "Zepelim"


def test_trap_41_a_page_is_full_when_it_has_as_many_rows_as_the_vendor_allows(
    ground: Ground,
) -> None:
    """Events come by 100 where 250 were asked for; without `next` that looks like the end."""
    first = ids(ground, "leads")[0]
    for number in range(120):
        change(ground, "leads", first, price=number)
    ground.box.options.change({"events_page_max": 100, "next_missing": ["/events"]})
    read(ground, EVENTS)
    true = {record["id"] for record in ground.box.truth("kommo", "events")}
    assert len(true) > 100
    assert set(live(ground, EVENTS)) == true


def test_trap_45_a_page_of_html_is_no_answer_although_it_says_200(ground: Ground) -> None:
    """A login page where JSON was asked for."""
    fault: dict[str, Any] = {"vendor": "kommo", "kind": "200_html", "path": "/leads"}
    ground.box.faults.add({**fault, "times": 1})
    read(ground, LEADS)
    before = live(ground, LEADS)
    assert len(before) == len(ids(ground, "leads"))
    ground.box.faults.add(fault)
    report = ground.sync(LEADS, full=True)
    assert report["state"] != "done"
    assert "without usable JSON" in report["reason"]
    assert live(ground, LEADS) == before


def test_trap_48_a_question_that_is_too_heavy_is_cut_into_smaller_ones(ground: Ground) -> None:
    """504 for 250 rows with everything that belongs to them, in walks and in looks by id."""
    ground.box.options.change({"heavy_rows": 60})
    read(ground, LEADS)
    assert names(ground, LEADS) == true_names(ground, "leads")
    ground.box.options.change({"heavy_rows": 15})
    for key in ids(ground, "leads"):
        change(ground, "leads", key, name="Mudou")
        tell(ground, ("leads[update][0][id]", key))
    assert set(drained(ground)) == {"done"}
    assert set(names(ground, LEADS).values()) == {"Mudou"}
