"""Part "matching": who is who among a hundred thousand contacts of Kommo and as many clients of the ERP.

The truth is known, for both sides are invented from the same numbers (sandbox/people.py), with what makes it hard:
other spellings, typos, phones without their ninth digit, people known by one thing only, couples with one phone,
homonyms, and strangers on both sides.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from bench import measure
from bench.deployed import PONTE, Deployed, deployed
from bench.figures import Figure, Target
from bench.ground import Ground
from bench.vendor import Vendor
from sandbox.people import Person, person
from shared.matches import holding
from worker.matching import work

PART = "matching"
QUICK, FULL = 2_000, 100_000
"""Contacts, and clients."""
FRESH = 100
"""One of so many changes before the second matching."""
STRANGERS = 5_000_000
KOMMO, ERP = 1, 2
"""Ids of the integrations."""
PLAIN, TYPO, OLD, BY_EMAIL, BY_CPF, COUPLE, HOMONYM, STRANGER = range(8)
KINDS = (*[PLAIN] * 10, TYPO, OLD, BY_EMAIL, BY_CPF, COUPLE, HOMONYM, *[STRANGER] * 4)
"""What the numbers are in turn."""
SAME = {PLAIN, TYPO, OLD, BY_EMAIL, BY_CPF}
"""Kinds whose contact and client are one person."""
FOUND = f"select m.integration_id, m.record, m.erp_record from ponte.matches m where {holding('m')}"  # noqa: S608


@dataclass(frozen=True)
class Known:
    """One side of a number, as its system would hold it."""

    name: str
    phone: str = ""
    email: str = ""
    cpf: str = ""


def kind_of(number: int) -> int:
    return KINDS[number % len(KINDS)]


def contact(number: int) -> Known:
    who = person(number)
    return {
        PLAIN: Known(who.name, who.phone, who.email, who.cpf if number % 3 == 0 else ""),
        TYPO: Known(_misspelt(who.name), who.phone),
        OLD: Known(who.name, who.phone),
        BY_EMAIL: Known(who.name, email=who.email),
        BY_CPF: Known(who.name, cpf=who.cpf),
        COUPLE: Known(person(number + 7).name, who.phone),
    }.get(kind_of(number), Known(who.name, who.phone, who.email))


def client(number: int) -> Known:
    kind, who = kind_of(number), person(number)
    other = person(STRANGERS + number)
    return {
        OLD: Known(who.name, f"{who.area} {who.digits[3:7]}-{who.digits[7:]}", cpf=who.cpf),
        BY_EMAIL: Known(who.name, other.local_phone, who.email.upper(), who.cpf),
        HOMONYM: Known(who.name, other.local_phone, other.email, other.cpf),
        STRANGER: _typed(other),
    }.get(kind, _typed(who))


def _typed(who: Person) -> Known:
    """As a clerk types it."""
    return Known(who.name.upper(), who.local_phone, who.email, who.cpf)


def _misspelt(name: str) -> str:
    """Two letters change places."""
    return name[:3] + name[4] + name[3] + name[5:]


def play(ground: Ground, quick: bool) -> Iterator[Figure]:
    many = QUICK if quick else FULL
    with Vendor(1) as vendor, deployed(ground, vendor) as ponte:
        measure.run((PONTE, "db", "upgrade"), ponte.env, ponte.folder)
        fill(ponte.env["DATABASE_URL"], many)
        name = f"{many:,} × {many:,}"
        yield Figure(PART, name, _matched(ponte), "s", Target(at_most=60), "everything is new")
        yield from _truth(name, ponte, many)
        _touch(ponte, many)
        note = f"{many // FRESH:,} contacts have changed"
        yield Figure(PART, f"{name}, again", _matched(ponte), "s", None, note)


def _matched(ponte: Deployed) -> float:
    """Seconds until nothing is left to match."""
    with ponte.reach() as reach:
        began = time.monotonic()
        while work.carry_out(reach, 60.0):
            pass
        return time.monotonic() - began


def _touch(ponte: Deployed, many: int) -> None:
    with psycopg.connect(ponte.env["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(
            "update kommo.contacts set changed_at = clock_timestamp() where id <= %s",
            [many // FRESH],
        )


def _truth(name: str, ponte: Deployed, many: int) -> Iterator[Figure]:
    """precision: of the pairs that hold, how many are true; recall: of the true pairs, how many hold."""
    with psycopg.connect(ponte.env["DATABASE_URL"]) as connection:
        found = {(int(ours), int(theirs)) for _, ours, theirs in connection.execute(FOUND)}
        review = "select count(*) from ponte.matches where verdict is null and state = 'doubtful'"
        (doubtful,) = connection.execute(review).fetchone() or (0,)
    truth = {(number, number) for number in range(1, many + 1) if kind_of(number) in SAME}
    right = len(found & truth)
    yield Figure(PART, f"{name}, precision", right / len(found), "of 1", Target(at_least=0.99))
    yield Figure(PART, f"{name}, recall", right / len(truth), "of 1", Target(at_least=0.95))
    yield Figure(PART, f"{name}, to review", doubtful, "pairs")


def fill(url: str, many: int) -> None:
    """Integrations of one business, and as many rows on both sides."""
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "insert into ponte.integration_settings (id, user_id, provider) values (%s, 'bench', %s)",
            [(KOMMO, "kommo"), (ERP, "gestao-click")],
        )
        now = datetime.now(UTC)
        for statement, rows in ((CONTACTS, _contacts(many, now)), (CLIENTS, _clients(many, now))):
            with cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)
        cursor.execute("vacuum analyze")


CONTACTS = """
    copy kommo.contacts (integration_id, id, name, phones, emails, custom_fields, raw, changed_at) from stdin
"""
CLIENTS = """
    copy gestao_click.clientes (integration_id, id, nome, celular, email, cpf, raw, changed_at) from stdin
"""


def _contacts(many: int, now: datetime) -> Iterator[tuple[Any, ...]]:
    for number in range(1, many + 1):
        known = contact(number)
        cpf = {"1300007": {"name": "CPF", "values": [{"value": known.cpf}]}}
        phones, emails = ([each] if each else [] for each in (known.phone, known.email))
        fields = Jsonb(cpf if known.cpf else {})
        yield KOMMO, number, known.name, phones, emails, fields, Jsonb({}), now


def _clients(many: int, now: datetime) -> Iterator[tuple[Any, ...]]:
    for number in range(1, many + 1):
        known = client(number)
        said = (each or None for each in (known.phone, known.email, known.cpf))
        yield ERP, str(number), known.name, *said, Jsonb({}), now
