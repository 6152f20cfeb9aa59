"""`kommo.links`: what leads, contacts, companies and customers carry of each other, as one view."""

from typing import Any

from sqlalchemy import text

from shared.resources import BY_NAME
from tests.contract.worlds import Json, world
from tests.ground import Ground

CARRIERS = ("leads", "contacts", "companies", "customers")
LISTS = ("leads", "contacts", "companies", "customers", "catalog_elements")
Link = tuple[str, int, str, int]


def links(ground: Ground) -> list[dict[str, Any]]:
    def read(connection: Any) -> list[dict[str, Any]]:
        found = connection.execute(text("select * from kommo.links order by 2, 3, 4, 5"))
        return [dict(row._mapping) for row in found]

    rows: list[dict[str, Any]] = ground.run(read)
    return rows


def ends(row: dict[str, Any]) -> Link:
    return (row["entity_type"], row["entity_id"], row["to_entity_type"], row["to_entity_id"])


def carried(ground: Ground) -> dict[Link, Json]:
    """Every embedded record of the world, by who carries it."""
    return {
        (name, each.record["id"], other, part["id"]): part
        for name in CARRIERS
        for each in world(ground.box, BY_NAME[f"kommo.{name}"])
        for other in LISTS
        for part in each.record["_embedded"].get(other) or []
    }


def test_links_are_what_both_sides_carry(ground: Ground) -> None:
    for name in CARRIERS:
        assert ground.sync(BY_NAME[f"kommo.{name}"])["state"] == "done"
    expected = carried(ground)
    found = {ends(row): row for row in links(ground)}
    assert set(found) == set(expected)
    kinds = {(kind, to) for kind, _, to, _ in found}
    assert {("leads", "contacts"), ("contacts", "leads"), ("companies", "leads")} <= kinds
    main = {key for key, part in expected.items() if part.get("is_main")}
    assert {key for key, row in found.items() if row["is_main"]} == main
    elements = {key: row for key, row in found.items() if key[2] == "catalog_elements"}
    assert elements
    for key, row in elements.items():
        metadata = expected[key]["metadata"]
        assert (row["quantity"], row["catalog_id"]) == (
            metadata["quantity"],
            metadata["catalog_id"],
        )


def test_a_deleted_record_links_nobody_and_odd_links_break_nothing(ground: Ground) -> None:
    leads = BY_NAME["kommo.leads"]
    ground.sync(leads)
    first, second, third = (row["id"] for row in ground.rows(leads)[:3])
    odd = '{"_embedded": {"contacts": {"0": {"id": 7, "is_main": true}}, "companies": [{"id": "x"}, 3]}}'

    def spoil(connection: Any) -> None:
        update = "update kommo.leads set"
        connection.execute(text(f"{update} deleted_at = now() where id = {first}"))
        connection.execute(text(f"{update} raw = '{odd}' where id = {second}"))
        connection.execute(
            text(f'{update} raw = \'{{"_embedded": {{"contacts": 3}}}}\' where id = {third}')
        )

    ground.run(spoil)
    found = [ends(row) for row in links(ground) if row["entity_id"] in (first, second, third)]
    assert found == [("leads", second, "contacts", 7)]
