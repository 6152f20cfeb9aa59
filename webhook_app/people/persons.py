"""One person over both systems: found by name, phone, e-mail, CPF or CNPJ; who of them is the same follows from the
pairs that hold (docs/matching.md)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Integer, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from shared.identities import in_text
from shared.matches import holding
from shared.plain_names import plain
from webhook_app.people import parties
from webhook_app.people.parties import Key, Shown

MOST, TOLD = 200, 60
"""Parties that a search gathers, and people that it tells; who has more to look through says more."""
MOST_SAME = 40
"""Records of one person at most: what is behind them is a chain of mistakes."""
FEWEST_DIGITS = 7
"""Of a phone without its area."""


@dataclass(frozen=True)
class Person:
    """Records that are taken for the same; the first is the one that was found."""

    members: tuple[Shown, ...]

    @property
    def title(self) -> str:
        return self.members[0].title

    @property
    def url(self) -> str:
        return parties.address(self.members[0].key)

    def of(self, name: str) -> dict[int, list[str]]:
        """Ids of its records of one list, by integration."""
        found: dict[int, list[str]] = {}
        for member in self.members:
            if member.key[1] == name:
                found.setdefault(member.key[0], []).append(member.key[2])
        return found


def search(connection: Connection, among: Sequence[int], said: str) -> tuple[list[Person], bool]:
    """The people that some words or numbers mean, by name; and whether there are more than are told."""
    keys = _found(connection, among, said)
    groups = _grouped(keys[:MOST], _partners(connection, keys[:MOST]))
    sides = parties.shown(connection, (key for group in groups for key in group))
    people = [
        Person(tuple(sides[key] for key in group if key in sides))
        for group in groups
        if any(key in sides for key in group)
    ]
    people.sort(key=lambda one: plain(one.members[0].name or ""))
    return people[:TOLD], len(keys) > MOST or len(people) > TOLD


def _found(connection: Connection, among: Sequence[int], said: str) -> list[Key]:
    given: dict[str, Any] = {"among": list(among), "most": MOST + 1}
    if facts := [str(identity) for identity in in_text(said)]:
        return _keys(connection, _BY_FACTS, {**given, "facts": facts})
    digits = re.sub("[^0-9]", "", said)
    if len(digits) >= FEWEST_DIGITS and not re.search("[a-z@]", said.lower()):
        return _keys(connection, _BY_END, {**given, "end": f"%{digits[-8:]}"})
    words = [word for word in plain(said).split() if word.strip("/&")]
    if not words:
        return []
    asked = " & ".join(f"'{word}':*" for word in words)
    return _keys(connection, _BY_WORDS, {**given, "asked": asked})


def _keys(connection: Connection, statement: Any, given: dict[str, Any]) -> list[Key]:
    return [tuple(row) for row in connection.execute(statement, given)]


def of(connection: Connection, key: Key) -> Person | None:
    """Everybody who is the same as this one; None: the mirror has no such record."""
    known, new = [key], [key]
    while new and len(known) < MOST_SAME:
        pairs = _partners(connection, new)
        new = [each for pair in pairs for each in pair if each not in known]
        new = list(dict.fromkeys(new))[: MOST_SAME - len(known)]
        known += new
    sides = parties.shown(connection, known)
    if key not in sides:
        return None
    return Person(tuple(sides[each] for each in known if each in sides))


def _partners(connection: Connection, keys: Sequence[Key]) -> list[tuple[Key, Key]]:
    """Pairs that hold, of which one side is among the keys."""
    columns = [list(column) for column in zip(*keys, strict=True)] or [[], [], []]
    given = dict(zip(("integrations", "resources", "records"), columns, strict=True))
    rows = connection.execute(_PARTNERS, given)
    return [((row[0], row[1], row[2]), (row[3], row[4], row[5])) for row in rows]


def _grouped(keys: Iterable[Key], pairs: Iterable[tuple[Key, Key]]) -> list[list[Key]]:
    """Who is the same stands together, in the order in which they were found; partners that were not, behind."""
    group: dict[Key, list[Key]] = {key: [key] for key in keys}
    for one, other in pairs:
        ours, theirs = group.setdefault(one, [one]), group.setdefault(other, [other])
        if ours is not theirs:
            ours += theirs
            for key in theirs:
                group[key] = ours
    return list({id(each): each for each in group.values()}.values())


_ARRAYS = (
    bindparam("integrations", type_=ARRAY(Integer)),
    bindparam("resources", type_=ARRAY(Text)),
    bindparam("records", type_=ARRAY(Text)),
)
_BY_FACTS = text(
    """
    select distinct integration_id, resource, record from ponte.party_facts
    where fact = any(:facts) and integration_id = any(:among) order by 1, 2, 3 limit :most
    """
)
_BY_END = text(
    """
    select distinct integration_id, resource, record from ponte.party_facts
    where fact like 'phone:%' and fact like :end and integration_id = any(:among) order by 1, 2, 3 limit :most
    """
)
_BY_WORDS = text(
    """
    select integration_id, resource, record from ponte.parties
    where ponte.words(names) @@ cast(:asked as tsquery) and integration_id = any(:among) limit :most
    """
)
_PARTNERS = text(
    f"""
    with mine as (select * from unnest(:integrations, :resources, :records) as g (integration_id, resource, record)),
    pairs as (
        select m.* from mine join ponte.matches m using (integration_id, resource, record)
        union
        select m.* from mine join ponte.matches m on m.erp_integration_id = mine.integration_id
            and m.erp_resource = mine.resource and m.erp_record = mine.record)
    select integration_id, resource, record, erp_integration_id, erp_resource, erp_record from pairs
    where {holding("pairs")}
    order by strength desc, id
    """  # noqa: S608
).bindparams(*_ARRAYS)
