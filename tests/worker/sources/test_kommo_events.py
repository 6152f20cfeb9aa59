"""Which records an event of Kommo's audit log asks to look at."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.resources import BY_NAME
from worker.sources.kommo_events import news_of

AT = 1760003600
LEADS, CONTACTS, NOTES, TASKS = (
    BY_NAME[f"kommo.{name}"] for name in ("leads", "contacts", "notes", "tasks")
)


def event(
    kind: str, entity: str, id_: Any, before: Any = None, after: Any = None
) -> dict[str, Any]:
    values = {"value_before": before or [], "value_after": after or []}
    return {"type": kind, "entity_type": entity, "entity_id": id_, "created_at": AT, **values}


def told(resource: Any, item: dict[str, Any]) -> list[tuple[str, bool]]:
    return [(news.id, news.deleted) for news in news_of(resource, item)]


@pytest.mark.parametrize(
    ("kind", "deleted"),
    [
        ("lead_deleted", True),
        ("lead_restored", False),
        ("lead_linked", False),
        ("entity_linked", False),
        ("entity_tag_added", False),
    ],
)
def test_an_event_names_its_own_entity(kind: str, deleted: bool) -> None:
    assert told(LEADS, event(kind, "lead", 7)) == [("7", deleted)]
    assert told(CONTACTS, event(kind, "lead", 7)) == []


def test_a_link_is_looked_at_from_both_sides() -> None:
    linked = event(
        "entity_linked", "lead", 7, after=[{"link": {"entity": {"type": "contact", "id": 8}}}]
    )
    assert told(LEADS, linked) == [("7", False)]
    assert told(CONTACTS, linked) == [("8", False)]


@pytest.mark.parametrize(
    "values",
    [
        {"before": [{"entity": {"type": "contact", "id": 8}}]},
        {"after": [{"merged": {"id": 8}}]},
        {"before": [{"contact": {"id": 8}}, {"contact": {"id": 7}}]},
    ],
)
def test_whoever_a_merge_names_may_be_its_loser(values: Any) -> None:
    """No sample of a merge is known: winner and losers are looked at, the absent ones were merged."""
    merged = event("entity_merged", "contact", 7, **values)
    assert set(told(CONTACTS, merged)) == {("7", True), ("8", True)}
    assert told(LEADS, merged) == []


def test_a_deleted_note_stands_below_its_parent() -> None:
    gone = event("common_note_deleted", "company", 9, before=[{"note": {"id": 120001}}])
    (news,) = news_of(NOTES, gone)
    assert (news.id, news.deleted, news.slice) == ("120001", True, {"entity_type": "companies"})
    assert news.at == datetime.fromtimestamp(AT, UTC)
    assert news.how == "event common_note_deleted"


@pytest.mark.parametrize("value", [None, [], {}, "x", [None], [[{"note": 3}]], {"note": {"id": 0}}])
def test_odd_values_ask_for_nothing_and_break_nothing(value: Any) -> None:
    gone = {**event("common_note_deleted", "lead", 9), "value_before": value, "value_after": value}
    assert told(NOTES, gone) == []
    assert told(TASKS, {**event("task_deleted", "task", None), "value_after": value}) == []


def test_without_an_entity_type_the_kind_tells_it() -> None:
    item = event("lead_deleted", "lead", 7)
    del item["entity_type"]
    assert told(LEADS, item) == [("7", True)]
