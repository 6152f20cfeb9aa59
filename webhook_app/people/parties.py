"""Contacts, companies, clients and suppliers as pages show them: a name, and lines of what is known.

A party is named by (integration, resource, record); in an address as `1-contacts-51000015`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Connection, select

from shared import resources
from shared.db.mirror import child_table, rows_table
from webhook_app.formats import day
from webhook_app.words import say

Key = tuple[int, str, str]
"""Integration, resource, record."""
LISTS = ("kommo.contacts", "kommo.companies", "gestao_click.clientes", "gestao_click.fornecedores")
_ID = re.compile(r"([0-9]{1,9})-([a-z]+)-([A-Za-z0-9]{1,60})")
_DOCUMENT = re.compile("cpf|cnpj", re.IGNORECASE)


@dataclass(frozen=True)
class Line:
    """value: as it is kept; shown: how it is written. fact: may both sides of a pair be known by it?"""

    portuguese: str
    english: str
    value: Any
    shown: Callable[[Any], str] = str
    fact: bool = False

    @property
    def label(self) -> str:
        return say(self.portuguese, self.english)

    @property
    def text(self) -> str:
        return self.shown(self.value)


@dataclass(frozen=True)
class Shown:
    """A party or record. name: None where it has none; of a sale its number. gone: the vendor has it no more; url:
    the page of whose it is, None where nobody is known."""

    key: Key
    name: str | None
    lines: tuple[Line, ...]
    gone: bool = False
    url: str | None = None

    @property
    def kind(self) -> str:
        return say(*KINDS[self.key[1]])

    @property
    def title(self) -> str:
        if self.key[1] == SALES:
            return f"{self.kind} {self.name or self.key[2]}"
        return self.name or say("sem nome", "no name")

    @property
    def kommo(self) -> bool:
        return self.key[1].startswith("kommo.")


LEADS, SALES = "kommo.leads", "gestao_click.vendas"
KINDS = {
    "kommo.contacts": ("Contato", "Contact"),
    "kommo.companies": ("Empresa", "Company"),
    LEADS: ("Negócio", "Deal"),
    "gestao_click.clientes": ("Cliente", "Client"),
    "gestao_click.fornecedores": ("Fornecedor", "Supplier"),
    SALES: ("Venda", "Sale"),
}


def address(key: Key) -> str:
    return f"/people/{key[0]}-{key[1].partition('.')[2]}-{key[2]}"


def key_of(said: str) -> Key | None:
    """The key that an address names, whether there is such a party or not."""
    found = _ID.fullmatch(said)
    names = {name.partition(".")[2]: name for name in LISTS}
    if not found or found[2] not in names or int(found[1]) >= 2**31:
        return None
    name = names[found[2]]
    numeric = name.startswith("kommo.")
    if numeric and not (found[3].isdecimal() and len(found[3]) < 19):
        return None
    return int(found[1]), name, found[3]


def shown(connection: Connection, keys: Iterable[Key]) -> dict[Key, Shown]:
    """Those that the mirror holds; every list is read once."""
    wanted: dict[tuple[int, str], list[str]] = defaultdict(list)
    for integration_id, name, record in dict.fromkeys(keys):
        wanted[integration_id, name].append(record)
    found: dict[Key, Shown] = {}
    for (integration_id, name), records in wanted.items():
        cities = _cities(connection, integration_id, name, records)
        for row in rows_of(connection, integration_id, name, records):
            row["city"] = cities.get(row["id"], "")
            key = (integration_id, name, str(row["id"]))
            gone = row["deleted_at"] is not None or row["missing_since"] is not None
            found[key] = Shown(key, _name(row), tuple(_lines(name, row)), gone, address(key))
    return found


def rows_of(
    connection: Connection, integration_id: int, name: str, records: Iterable[str]
) -> list[dict[str, Any]]:
    """Rows of a list by their ids, deleted ones too, without their records."""
    table = rows_table(resources.BY_NAME[name])
    ids = [int(one) if isinstance(table.c.id.type, BigInteger) else one for one in records]
    shown = [column for column in table.c if column.name != "raw"]
    mine = select(*shown).where(table.c.integration_id == integration_id, table.c.id.in_(ids))
    return [dict(row) for row in connection.execute(mine).mappings()]


def _cities(
    connection: Connection, integration_id: int, name: str, ids: list[str]
) -> dict[str, str]:
    """Of the ERP's parties, by id: what their first address says."""
    resource = resources.BY_NAME[name]
    found: dict[str, str] = {}
    for child in resource.children:
        if child.name == "enderecos":
            table = child_table(resource, child)
            mine = (table.c.integration_id == integration_id, table.c[child.parent].in_(ids))
            asked = select(table.c[child.parent], table.c.nome_cidade, table.c.estado)
            for id_, city, state in connection.execute(asked.where(*mine).order_by(table.c.ordem)):
                found.setdefault(id_, " · ".join(filter(None, (city, state))))
    return found


def _name(row: Mapping[str, Any]) -> str | None:
    return row.get("name") or row.get("nome") or row.get("razao_social")


def _lines(name: str, row: Mapping[str, Any]) -> Iterator[Line]:
    told = _of_kommo(row) if name.startswith("kommo.") else _of_erp(row)
    yield from (line for line in told if line.value)


def _of_kommo(row: Mapping[str, Any]) -> Iterator[Line]:
    for phone in row["phones"] or ():
        yield Line("Telefone", "Phone", phone, fact=True)
    for email in row["emails"] or ():
        yield Line("E-mail", "E-mail", email, fact=True)
    for field in (row["custom_fields"] or {}).values():
        if _DOCUMENT.search(str(field.get("name") or "")):
            for value in field.get("values") or ():
                yield Line("CPF/CNPJ", "Tax id", value.get("value"), fact=True)
    yield Line("Etiquetas", "Tags", ", ".join(map(str, row["tags"] or ())))
    yield Line("Desde", "Since", row["created_at"], day)


def _written(said: str) -> str:
    """The day of what the ERP writes as `2026-03-01 10:00:00`; anything else as it is."""
    try:
        return day(date.fromisoformat(said[:10]))
    except ValueError:
        return said


def _of_erp(row: Mapping[str, Any]) -> Iterator[Line]:
    if row["razao_social"] and row["razao_social"] != row["nome"]:
        yield Line("Razão social", "Legal name", row["razao_social"])
    for column, label in (("cpf", "CPF"), ("cnpj", "CNPJ")):
        yield Line(label, label, row[column], fact=True)
    for column, pt, en in (("telefone", "Telefone", "Phone"), ("celular", "Celular", "Mobile")):
        yield Line(pt, en, row[column], fact=True)
    yield Line("E-mail", "E-mail", row["email"], fact=True)
    yield Line("Cidade", "City", row["city"])
    yield Line("Desde", "Since", row["cadastrado_em"], _written)
