"""Pairs as people review them: both sides beside each other, and why they are a pair, in the reader's words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, and_, func, select

from shared import matches
from shared.db.matching import deal_sales as deal_sales_table
from shared.db.matching import matches as matches_table
from shared.identities import in_text
from webhook_app import formats
from webhook_app.people import parties
from webhook_app.people.parties import LEADS, SALES, Key, Line, Shown
from webhook_app.words import say

PEOPLE, DEALS = "people", "deals"
TABLES = {PEOPLE: matches_table, DEALS: deal_sales_table}


@dataclass(frozen=True)
class Pair:
    """ours: Kommo's; theirs: the ERP's; None where the mirror has it no more. facts: what both are known by."""

    kind: str
    id: int
    standing: str
    strength: float
    why: str
    facts: frozenset[str]
    verdict: str | None
    decided_by: str | None
    decided_at: Any
    ours: Shown | None
    theirs: Shown | None

    @property
    def reasons(self) -> list[str]:
        return [reason(part) for part in self.why.split("; ")]

    def shares(self, line: Line) -> bool:
        """Do both sides say this?"""
        return line.fact and any(str(one) in self.facts for one in in_text(line.text))


def counted(connection: Connection, kind: str, among: Sequence[int]) -> dict[str, int]:
    """How many pairs of each standing these accounts of Kommo have."""
    table = TABLES[kind]
    by = matches.standing(table).label("standing")
    mine = table.c.integration_id.in_(among)
    found = connection.execute(select(by, func.count()).where(mine).group_by(by))
    return {**dict.fromkeys(map(str, matches.Standing), 0), **{row[0]: row[1] for row in found}}


def listed(
    connection: Connection, kind: str, standing: str, among: Sequence[int], limit: int, offset: int
) -> list[Pair]:
    """The strongest first."""
    table = TABLES[kind]
    mine = and_(table.c.integration_id.in_(among), _stands(table, standing))
    page = select(table, matches.standing(table).label("standing")).where(mine)
    ordered = page.order_by(table.c.strength.desc(), table.c.id).limit(limit).offset(offset)
    return _pairs(connection, kind, connection.execute(ordered).mappings().all())


def _stands(table: Table, standing: str) -> ColumnElement[bool]:
    """Those that wait are few: their own condition lets them be found by their index."""
    if standing == matches.Standing.REVIEW:
        return matches.to_review(table)
    return matches.standing(table) == standing


def one(connection: Connection, kind: str, id_: int) -> Pair | None:
    table = TABLES[kind]
    asked = select(table, matches.standing(table).label("standing")).where(table.c.id == id_)
    found = _pairs(connection, kind, connection.execute(asked).mappings().all())
    return found[0] if found else None


def _pairs(connection: Connection, kind: str, rows: Sequence[RowMapping]) -> list[Pair]:
    keys = [_keys(kind, row) for row in rows]
    every = [key for both in keys for key in both]
    sides = _deals(connection, every) if kind == DEALS else parties.shown(connection, every)
    return [
        Pair(
            kind=kind,
            ours=sides.get(ours),
            theirs=sides.get(theirs),
            facts=frozenset(row.get("facts") or ()),
            strength=float(row["strength"]),
            **{name: row[name] for name in _SAME},
        )
        for row, (ours, theirs) in zip(rows, keys, strict=True)
    ]


_SAME = ("id", "standing", "why", "verdict", "decided_by", "decided_at")


def _keys(kind: str, row: RowMapping) -> tuple[Key, Key]:
    if kind == DEALS:
        sale = (row["erp_integration_id"], SALES, row["sale_id"])
        return (row["integration_id"], LEADS, str(row["lead_id"])), sale
    theirs = (row["erp_integration_id"], row["erp_resource"], row["erp_record"])
    return (row["integration_id"], row["resource"], row["record"]), theirs


def _deals(connection: Connection, keys: Sequence[Key]) -> dict[Key, Shown]:
    """Deals and sales, each with the name of whose it is."""
    rows: dict[Key, dict[str, Any]] = {}
    for integration_id, name in sorted({key[:2] for key in keys}):
        ids = [key[2] for key in keys if key[:2] == (integration_id, name)]
        for row in parties.rows_of(connection, integration_id, name, ids):
            rows[integration_id, name, str(row["id"])] = row
    owners = {key: _owner(key, row) for key, row in rows.items()}
    people = parties.shown(connection, filter(None, owners.values()))
    return {
        key: _deal(key, row, people.get(owner) if (owner := owners[key]) else None)
        for key, row in rows.items()
    }


def _owner(key: Key, row: Mapping[str, Any]) -> Key | None:
    if key[1] == SALES:
        return (key[0], "gestao_click.clientes", row["cliente_id"]) if row["cliente_id"] else None
    if row["main_contact_id"]:
        return key[0], "kommo.contacts", str(row["main_contact_id"])
    return (key[0], "kommo.companies", str(row["company_id"])) if row["company_id"] else None


def _deal(key: Key, row: Mapping[str, Any], owner: Shown | None) -> Shown:
    gone = row["deleted_at"] is not None or row["missing_since"] is not None
    if key[1] == LEADS:
        name = row["name"]
        lines = [
            Line("Valor", "Value", row["price"], formats.money),
            Line("Ganho em", "Won on", row["closed_at"], formats.day),
            Line("Contato", "Contact", owner.name if owner else None),
        ]
    else:
        name = row["codigo"]
        lines = [
            Line("Valor", "Value", row["valor_total"], formats.money),
            Line("Data", "Day", row["data"], formats.day),
            Line("Cliente", "Client", row["nome_cliente"]),
            Line("Situação", "Situation", row["nome_situacao"]),
            Line("Vendedor", "Seller", row["nome_vendedor"]),
        ]
    url = owner.url if owner else None
    told = tuple(line for line in lines if line.value is not None)
    return Shown(key, name, told, gone, url)


def reason(said: str) -> str:
    """One part of a `why`, as matching writes it, in the reader's language; what is not known stays as it is."""
    for pattern, portuguese in REASONS.items():
        if found := re.fullmatch(pattern, said):
            return say(portuguese.format(*found.groups()), said)
    return said


REASONS = {
    "the same phone": "o mesmo telefone",
    "the same e-mail": "o mesmo e-mail",
    "the same tax id": "o mesmo CPF ou CNPJ",
    "the names are alike": "nomes parecidos",
    "the names are alike in part": "nomes parecidos em parte",
    "the names differ": "nomes diferentes",
    "one has no name": "um deles não tem nome",
    "([0-9]+) are known by it": "{0} têm o mesmo",
    "their tax ids differ": "CPF ou CNPJ diferentes",
    "they live in different cities": "moram em cidades diferentes",
    "nothing is the same any more": "nada mais coincide",
    "the record is gone": "o registro não existe mais",
    "the same client": "o mesmo cliente",
    "the deal names the sale's number": "o negócio traz o número da venda",
    "the same value": "o mesmo valor",
    "nearly the same value": "quase o mesmo valor",
    "another value": "outro valor",
    "on the same day": "no mesmo dia",
    "([0-9]+) days after the deal": "{0} dias depois do negócio",
    "([0-9]+) days before the deal": "{0} dias antes do negócio",
    "([0-9]+) sales are like this": "{0} vendas são assim",
    "([0-9]+) deals are like this": "{0} negócios são assim",
    "nothing ties them any more": "nada mais os liga",
}
"""What worker/matching says, by pattern; its English is the reader's English too."""
