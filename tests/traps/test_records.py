"""Traps of records and definitions (kommo-api.md 9): whose they are, their names, what is new in them."""

from dataclasses import replace

from sandbox.http import Request, Response
from sandbox.kommo.samples import choice, field
from tests.ground import Ground
from tests.traps.scene import (
    CONTACTS,
    EVENTS,
    FIELDS,
    LEADS,
    NOTES,
    ask,
    between,
    ids,
    kept,
    live,
    read,
    shown,
)

SELECT = 1400002
"""A custom field of leads in the sandbox."""


def test_trap_36_a_note_knows_whose_it_is_by_where_it_was_asked_for(shop: Ground) -> None:
    """A note carries its parent's id and not its kind; ids of two kinds may be equal."""
    lead, contact = ids(shop, "leads")[0], ids(shop, "contacts")[0]
    does = shop.box.acts.do
    note = does("notes.add", [], {"entity_type": "leads", "entity_id": lead})["leads_notes"][0]
    record = next(r for r in shop.box.truth("kommo", "leads_notes") if r["id"] == note)
    assert "entity_type" not in record
    shop.box.plant("kommo", "contacts_notes", {**record, "entity_id": contact})
    read(shop, NOTES)
    assert shop.row(NOTES, "leads", note)["entity_id"] == lead
    assert shop.row(NOTES, "contacts", note)["entity_id"] == contact


def test_trap_38_a_field_belongs_to_its_kind_of_record(shop: Ground) -> None:
    """Contacts and companies have fields of the same id."""
    shop.box.acts.do("fields.rename", [1300001], {"entity_type": "companies", "name": "Fone"})
    read(shop, FIELDS)
    said = {row["entity_type"]: row["name"] for row in shop.rows(FIELDS) if row["id"] == 1300001}
    assert (said["contacts"], said["companies"]) == ("Telefone", "Fone")
    sql = "select entity_type from ponte.field_columns where field_id = 1300001 order by 1"
    assert [row["entity_type"] for row in ask(shop, sql)] == ["companies", "contacts"]


def test_trap_39_options_are_read_as_a_list_and_as_a_map(shop: Ground) -> None:
    """`enums` is a list, null, or an object keyed by index."""
    before = {(r["entity_type"], r["id"]): r["enums"] for r in shop.rows(FIELDS)}
    assert any(before.values())
    shop.box.options.change({"enums_as_object": True})
    read(shop, FIELDS)
    shop.box.options.change({"enums_as_object": False})
    after = {(r["entity_type"], r["id"]): r["enums"] for r in shop.rows(FIELDS)}
    assert after == before
    assert isinstance(shop.row(FIELDS, "leads", SELECT)["raw"]["enums"], dict)


def test_trap_40_emoji_are_kept_and_what_cannot_be_stored_is_left_out(
    shop: Ground, lead: int
) -> None:
    """NUL characters and half an emoji break a page where they are stored as they come."""
    row = kept(shop, lead, name="Pedido 🚀\x00 nº 1", _embedded__tags=[{"id": 1, "name": "a\x00b"}])
    assert (row["name"], row["tags"]) == ("Pedido 🚀 nº 1", ["ab"])

    def halved(_: Request, made: Response) -> Response:
        return replace(made, body=made.body.replace("🚀".encode(), rb"\ud83d"))

    with between(shop, halved):
        row = kept(shop, lead, price=1)
    assert row["name"] == "Pedido ? nº 1"


def test_trap_43_a_lead_or_contact_without_a_name_is_one_all_the_same(shop: Ground) -> None:
    """Chats and mails make leads whose name is empty or null."""
    came = shop.box.acts.do("unsorted.arrive", silent=True)
    lead, contact = came["leads"][0], came["contacts"][0]
    nameless = shop.box.kommo.create("leads", {"name": None}, silent=True)["id"]
    read(shop, LEADS, CONTACTS)
    assert live(shop, LEADS)[lead]["name"] == live(shop, CONTACTS)[contact]["name"] == ""
    assert live(shop, LEADS)[nameless]["name"] is None
    sql = "select count(*) as rows from reports.kommo_leads where id = any(:ids)"
    assert ask(shop, sql, ids=[lead, nameless]) == [{"rows": 2}]


def test_trap_44_what_nobody_knew_yet_is_kept_as_it_was_sent(shop: Ground, lead: int) -> None:
    """New types of fields, notes and events, new options, new keys: any day."""
    new = {"entity_type": "leads", "name": "Holograma", "type": "hologram"}
    number = shop.box.acts.do("fields.add", [], new)["leads_custom_fields"][0]
    beam = [{"beam": {"colour": "red"}}]
    fields = [
        field(number, "Holograma", "hologram", beam),
        choice(SELECT, "Segmento", "select", ("Marte", 999999)),
    ]
    read(shop, FIELDS)
    row = kept(shop, lead, custom_fields_values=fields, mood={"of": "today"})
    assert (shown(shop, lead, number), shown(shop, lead, SELECT)) == (beam, "Marte")
    assert row["raw"]["mood"] == {"of": "today"}
    of_lead = {"entity_type": "leads", "entity_id": lead, "note_type": "dream", "params": ["x"]}
    note = shop.box.acts.do("notes.add", [], of_lead, silent=True)["leads_notes"][0]
    shop.box.kommo.events.write("leads", lead, "{}_dreamt", after=[{"dream": {"deep": [1]}}])
    read(shop, NOTES, EVENTS)
    kind = shop.row(NOTES, "leads", note)
    assert (kind["note_type"], kind["params"]) == ("dream", ["x"])
    events = [row for row in shop.rows(EVENTS) if row["type"] == "lead_dreamt"]
    assert [event["value_after"] for event in events] == [[{"dream": {"deep": [1]}}]]
