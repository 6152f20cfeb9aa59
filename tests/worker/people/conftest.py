"""A world of which one person is erased, and everything that the database says afterwards."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Connection, text

import shared.db.matching
import shared.db.wallet  # noqa: F401
from shared import deliveries, resources
from shared.db.mirror import metadata
from shared.deliveries import Arrival
from shared.identities import Identity, known_by
from shared.resources.grammar import Resource
from tests.ground import Ground, Row
from worker.people import erasing, export
from worker.people.search import Search, in_order

PAULO = 51000015
CLIENT = "70115"


@dataclass
class Stage:
    """Paulo is a contact at one vendor and a client at the other; some lists of both are mirrored."""

    ground: Ground
    person: tuple[Identity, ...]
    name: str

    def sync(self, *, full: bool = False) -> None:
        for resource in in_order():
            if resource.full_name in LISTS:
                assert self.ground.sync(resource, full=full)["state"] == "done"

    def erase(self) -> Search:
        return erasing.erase(self.ground.reach, self.person, "the test")[1]

    def export(self) -> dict[str, Any]:
        def work(connection: Connection) -> dict[str, Any]:
            search = export.search_all(connection, self.person)
            return export.everything(connection, self.ground.reach.settings, search, self.person)

        return dict(self.ground.run(work))

    def said(self, *words: str) -> list[str]:
        """Every table that says one of the words, in the mirror and beside it."""

        def work(connection: Connection) -> list[str]:
            found = []
            for table in metadata.sorted_tables:
                rows = connection.execute(text(f"select t::text from {table.fullname} t"))
                told = [
                    row[0] for row in rows if re.search("|".join(map(re.escape, words)), row[0])
                ]
                found += [f"{table.fullname}: {line[:200]}" for line in told]
            return found

        return list(self.ground.run(work))

    def deliver(self, body: bytes, about: list[str]) -> int:
        """A settled delivery."""

        def work(connection: Connection) -> int:
            arrived = Arrival(self.ground.integration("kommo").id, body)
            (id_,) = deliveries.keep(connection, [arrived])
            settled = "update sync.deliveries set settled_at = now(), about = :about where id = :id"
            connection.execute(text(settled), {"id": id_, "about": about})
            return id_

        return int(self.ground.run(work))

    def contact(self) -> Row:
        return self.ground.row(resources.BY_NAME["kommo.contacts"], PAULO)


LISTS = {
    "kommo.contacts",
    "kommo.leads",
    "kommo.notes",
    "gestao_click.clientes",
    "gestao_click.vendas",
}
"""Those of which there is one of each kind; the others follow from their declarations."""


def personal_lists() -> list[Resource]:
    return [each for each in in_order() if each.full_name in LISTS]


@pytest.fixture
def stage(ground: Ground) -> Stage:
    contact = next(c for c in ground.box.truth("kommo", "contacts") if c["id"] == PAULO)
    emails = [
        value["value"]
        for field in contact["custom_fields_values"]
        if field["field_code"] == "EMAIL"
        for value in field["values"]
    ]
    # without the ninth digit, as old records have it
    person = known_by(["(31) 0000-0014"], emails, ["000.000.114-79"])
    made = Stage(ground, person, contact["name"])
    made.sync()
    return made
