"""Traps of what is gone, hidden, or changed without a sign (kommo-api.md 9, 8 to 10, 20 and 21)."""

from typing import Any

from shared.resources import BY_NAME
from tests.ground import Ground
from tests.traps.scene import (
    COMPANIES,
    CONTACTS,
    FIELDS,
    LEADS,
    NOTES,
    PIPELINES,
    STATUSES,
    TAGS,
    TASKS,
    ask,
    change,
    drained,
    ids,
    live,
    meanwhile,
    read,
    tell,
)

WEBHOOKS = BY_NAME["kommo.webhooks"]
MARKS = {"deleted_at", "missing_since", "changed_at"}


def known(row: dict[str, Any]) -> dict[str, Any]:
    """What a row says of its record, without the marks."""
    return {name: value for name, value in row.items() if name not in MARKS}


def embedded(ground: Ground, resource: Any, key: int, name: str) -> list[int]:
    return [item["id"] for item in live(ground, resource)[key]["raw"]["_embedded"][name]]


def test_trap_08_a_skeleton_says_that_it_is_gone_and_overwrites_nothing(ground: Ground) -> None:
    """`only_deleted` replaces the list by rows that are null but for their id."""
    ground.box.options.change({"refused": {"/events": 402}})
    read(ground, LEADS)
    key = ids(ground, "leads")[3]
    before = ground.row(LEADS, key)
    ground.box.kommo.delete("leads", [key], silent=True)
    read(ground, LEADS)
    after = ground.row(LEADS, key)
    assert after["deleted_at"]
    assert known(after) == known(before)
    assert set(live(ground, LEADS)) == set(ids(ground, "leads"))


def test_trap_08_where_only_deleted_is_not_known_nothing_live_is_marked(ground: Ground) -> None:
    """It is ignored on some lists: then everything comes back, alive."""
    ground.box.options.change({"refused": {"/events": 402}, "only_deleted_everywhere": False})
    read(ground, CONTACTS)
    for key in ids(ground, "contacts"):
        change(ground, "contacts", key, name="Mudou")
    read(ground, CONTACTS)
    assert set(live(ground, CONTACTS)) == set(ids(ground, "contacts"))


def test_trap_09_a_late_update_does_not_revive_what_was_deleted(inbox: Ground) -> None:
    """A delayed webhook still speaks of a record that is gone."""
    key = ids(inbox, "leads")[3]
    inbox.box.kommo.delete("leads", [key])
    drained(inbox)
    gone = inbox.row(LEADS, key)
    assert gone["deleted_at"]
    tell(inbox, ("leads[update][0][id]", key), ("leads[update][0][name]", "Viva"))
    assert set(drained(inbox)) == {"done"}
    assert inbox.row(LEADS, key) == gone


def test_trap_09_a_page_from_before_the_deletion_does_not_revive_it(ground: Ground) -> None:
    """A page is on its way while the record goes; nothing but the webhook tells."""
    read(ground, LEADS)
    key, new = ids(ground, "leads")[3], ids(ground, "leads")[4]
    ground.run(lambda c: c.exec_driver_sql(f"delete from kommo.leads where id = {new}"))
    ground.run(lambda c: c.exec_driver_sql(f"delete from sync.kommo_leads_stamps where id = {new}"))

    def go() -> None:
        for each in (key, new):
            ground.box.world.table("kommo", "leads").drop(each)
            tell(ground, ("leads[delete][0][id]", each))
        assert set(drained(ground)) == {"done"}

    with meanwhile(ground, "/leads", go):
        read(ground, LEADS, full=True)
    assert ground.row(LEADS, key)["deleted_at"]
    assert new not in live(ground, LEADS), "it was known to be gone before it was first read"


def test_trap_10_a_link_is_seen_from_both_sides_although_nothing_was_stamped(
    ground: Ground,
) -> None:
    """Linking moves no `updated_at` and sends no webhook."""
    ground.box.options.change({"link_bumps_updated_at": False})
    read(ground, LEADS, CONTACTS)
    lead, contact = ids(ground, "leads")[0], ids(ground, "contacts")[-1]
    linked = ground.box.acts.do("leads.link_contact", [lead], {"to": contact})
    assert contact in linked["contacts"]
    read(ground, LEADS, CONTACTS)
    assert contact in embedded(ground, LEADS, lead, "contacts")
    assert lead in embedded(ground, CONTACTS, contact, "leads")
    ground.box.acts.do("leads.unlink_contact", [lead], {"to": contact})
    read(ground, LEADS, CONTACTS)
    assert contact not in embedded(ground, LEADS, lead, "contacts")
    assert lead not in embedded(ground, CONTACTS, contact, "leads")
    sql = "select 1 from kommo.links where entity_id = :lead and to_entity_id = :contact"
    assert ask(ground, sql, lead=lead, contact=contact) == []


def test_trap_10_of_a_merge_the_loser_goes_and_the_winner_is_read_anew(ground: Ground) -> None:
    """The loser vanishes without a deletion; only the winner's event tells."""
    ground.box.options.change({"merge_losers": "vanish"})
    read(ground, CONTACTS, LEADS)
    winner, loser = ids(ground, "contacts")[:2]
    ground.box.kommo.merge("contacts", winner, [loser], silent=True)
    read(ground, CONTACTS, LEADS)
    assert ground.row(CONTACTS, loser)["deleted_at"]
    true = next(r for r in ground.box.truth("kommo", "contacts") if r["id"] == winner)
    leads = [lead["id"] for lead in true["_embedded"]["leads"]]
    assert embedded(ground, CONTACTS, winner, "leads") == leads
    for lead in leads:
        assert winner in embedded(ground, LEADS, lead, "contacts")


def test_trap_10_notes_and_tasks_are_read_by_their_own_time(ground: Ground) -> None:
    """A new note or task leaves its lead's `updated_at` where it was."""
    read(ground, LEADS, NOTES, TASKS)
    lead = ids(ground, "leads")[0]
    parent = {"entity_type": "leads", "entity_id": lead}
    note = ground.box.acts.do("notes.add", [], parent, silent=True)["leads_notes"][0]
    task = ground.box.acts.do("tasks.create", [], parent, silent=True)["tasks"][0]
    read(ground, NOTES, TASKS)
    assert ground.row(NOTES, "leads", note)["entity_id"] == lead
    assert ground.row(TASKS, task)["entity_id"] == lead


def test_trap_10_what_leaves_no_trace_is_met_by_the_full_walk(ground: Ground) -> None:
    """Renamed tags, fields, stages and pipelines move nothing and tell nobody."""
    lists = (LEADS, TAGS, FIELDS, PIPELINES, STATUSES)
    ground.box.options.change({"stage_deletion_bumps": False})
    read(ground, *lists)
    holder = next(r for r in ground.box.truth("kommo", "leads") if r["_embedded"]["tags"])
    tag = holder["_embedded"]["tags"][0]["id"]
    does = ground.box.acts.do
    does("tags.rename", [tag], {"entity_type": "leads", "name": "Renomeada"})
    does("fields.rename", [1400001], {"entity_type": "leads", "name": "Outro nome"})
    does("pipelines.rename", [9100001], {"name": "Outro funil"})
    does("stages.rename", [9100001, 142], {"name": "Ganho!"})
    moved = does("stages.delete", [9100001, 76000003])["leads"]
    assert moved
    read(ground, *lists, full=True)
    assert "Renomeada" in live(ground, LEADS)[holder["id"]]["tags"]
    assert ground.row(TAGS, "leads", tag)["name"] == "Renomeada"
    assert ground.row(FIELDS, "leads", 1400001)["name"] == "Outro nome"
    assert ground.row(PIPELINES, 9100001)["name"] == "Outro funil"
    assert ground.row(STATUSES, 9100001, 142)["name"] == "Ganho!"
    assert all(live(ground, LEADS)[key]["status_id"] != 76000003 for key in moved)
    fields = [row["custom_fields"].get("1400001") for row in live(ground, LEADS).values()]
    assert {field["name"] for field in fields if field} == {"Outro nome"}


def test_trap_20_rights_that_hide_records_delete_none(ground: Ground) -> None:
    """A token of somebody who is no administrator gets 403 here and shorter lists there."""
    lists = (BY_NAME["kommo.users"], BY_NAME["kommo.roles"], WEBHOOKS)
    read(ground, *lists, COMPANIES)
    before = {resource.name: live(ground, resource) for resource in lists}
    hidden, *seen = ids(ground, "companies")
    ground.box.options.change({"token_is_admin": False})
    ground.box.world.unseen["companies"] = {hidden}
    for resource in lists:
        report = ground.sync(resource, full=True)
        assert (report["state"], "403" in report["reason"]) == ("unavailable", True)
    read(ground, COMPANIES, full=True)
    assert {resource.name: live(ground, resource) for resource in lists} == before
    row = ground.row(COMPANIES, hidden)
    assert (bool(row["missing_since"]), row["deleted_at"]) == (True, None)
    assert set(live(ground, COMPANIES)) == set(seen)


def test_trap_21_what_no_longer_shows_is_missing_until_somebody_says_deleted(
    ground: Ground,
) -> None:
    """204 by id means deleted or hidden; only a word of the vendor's tells which."""
    read(ground, LEADS)
    key = ids(ground, "leads")[3]
    ground.box.world.unseen["leads"] = {key}
    tell(ground, ("leads[update][0][id]", key))
    drained(ground)
    row = ground.row(LEADS, key)
    assert (bool(row["missing_since"]), row["deleted_at"]) == (True, None)
    ground.box.world.unseen.clear()
    read(ground, LEADS, full=True)
    assert key in live(ground, LEADS)
    ground.box.world.unseen["leads"] = {key}
    tell(ground, ("leads[delete][0][id]", key))
    drained(ground)
    row = ground.row(LEADS, key)
    assert (row["missing_since"], bool(row["deleted_at"])) == (None, True)
