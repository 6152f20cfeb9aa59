"""By what a person is known: phones, e-mails, CPF and CNPJ, each in one spelling. A name is no key.

Pure. Brazilian mobiles are known without their ninth digit: old records lack it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import orjson
from validate_docbr import CNPJ, CPF

from shared.errors import Misuse
from shared.resources.columns import FINDING, Column, Personal, Value, phone_number

_EMAIL = re.compile(r"[a-z0-9._%+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,5}")
_PHONE = re.compile(
    r"(?<!\d)(?:(?:\+?55[ -]?)?\(?0?\d{2}\)?[ .-]?9?[ .-]?\d{4}[ .-]?\d{4}|\+\d[\d ().-]{6,18}\d)(?!\d)",
    re.ASCII,
)
_CPF = re.compile(r"(?<!\d)\d{3}[ .]?\d{3}[ .]?\d{3}[ -]?\d{2}(?!\d)", re.ASCII)
_CNPJ = re.compile(r"(?<!\d)\d{2}[ .]?\d{3}[ .]?\d{3}[ /]?\d{4}[ -]?\d{2}(?!\d)", re.ASCII)
_cpf, _cnpj = CPF(), CNPJ()


@dataclass(frozen=True, order=True)
class Identity:
    """kind: phone, e-mail or tax id; value: the one spelling."""

    kind: Personal
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"

    @property
    def fragments(self) -> tuple[str, ...]:
        """What any spelling of it holds, in lower case and in any encoding of a form."""
        if self.kind is Personal.EMAIL:
            return tuple(part.partition("+")[0] for part in self.value.rsplit("@", 1))
        if self.kind is Personal.PHONE:
            return (self.value[-4:],)
        cuts = (0, 3, 6, 9, 11) if len(self.value) == 11 else (0, 2, 5, 8, 12, 14)
        return tuple(self.value[a:b].lower() for a, b in pairwise(cuts) if b - a > 2)


def known_by(
    phones: Iterable[str] = (),
    emails: Iterable[str] = (),
    cpfs: Iterable[str] = (),
    cnpjs: Iterable[str] = (),
) -> tuple[Identity, ...]:
    """What somebody typed, as identities; raises Misuse where it can be none."""
    found = [
        *(_checked(_phone(typed), "--phone: a number with its area code") for typed in phones),
        *(_checked(_email(typed), "--email: name@example.com") for typed in emails),
        *(_checked(_tax_id(typed, 11), "--cpf: eleven digits that check") for typed in cpfs),
        *(_checked(_tax_id(typed, 14), "--cnpj: fourteen places that check") for typed in cnpjs),
    ]
    if not found:
        raise Misuse("say whom: --phone, --email, --cpf or --cnpj, each as often as you like")
    return tuple(sorted(set(found)))


def _checked(found: Identity | None, wanted: str) -> Identity:
    if found is None:
        raise Misuse(f"that is none; write {wanted}")
    return found


def said_by(columns: Sequence[Column], values: Iterable[Any]) -> Iterator[Identity]:
    """Every identity that the values of a row's columns tell."""
    for column, value in zip(columns, values, strict=True):
        if column.personal in FINDING and value:
            yield from _said(column.personal, _as_text(value))


def _as_text(value: Value | dict[str, Any] | list[Any]) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return " ; ".join(value)
    return orjson.dumps(value, default=str).decode()


def _said(kind: Personal | None, text: str) -> Iterator[Identity]:
    whole = {Personal.PHONE: _phone, Personal.EMAIL: _email, Personal.TAX_ID: _tax_id}
    if kind in whole and (found := whole[kind](text)):
        yield found
        return
    yield from (each for each in in_text(text) if kind in (Personal.TEXT, each.kind))


def in_text(text: str) -> Iterator[Identity]:
    """Every identity that stands somewhere in a text, JSON too."""
    for found in _EMAIL.finditer(text.lower()) if "@" in text else ():
        yield Identity(Personal.EMAIL, found[0])
    for pattern, read in ((_PHONE, _phone), (_CPF, _tax_id), (_CNPJ, _tax_id)):
        yield from filter(None, (read(found[0]) for found in pattern.finditer(text)))


def _email(typed: str) -> Identity | None:
    word = typed.strip().lower()
    return Identity(Personal.EMAIL, word) if _EMAIL.fullmatch(word) else None


def _tax_id(typed: str, places: int | None = None) -> Identity | None:
    word = re.sub(r"[^0-9A-Z]", "", typed.upper())
    if places not in (None, len(word)):
        return None
    checks = {11: _cpf, 14: _cnpj}.get(len(word))
    return Identity(Personal.TAX_ID, word) if checks and checks.validate(word) else None


def _phone(typed: str) -> Identity | None:
    """+55, area and the last eight digits; elsewhere E.164."""
    if not 8 <= sum(letter.isdigit() for letter in typed) <= 15:
        return None
    number = phone_number(typed, "BR") or ""
    if number.startswith("+") and not number.startswith("+55"):
        return Identity(Personal.PHONE, number)
    digits = number.lstrip("+0")
    if len(digits) in (12, 13) and digits.startswith("55"):
        digits = digits[2:]
    if len(digits) == 11 and digits[2] == "9":
        digits = digits[:2] + digits[3:]
    return Identity(Personal.PHONE, f"+55{digits}") if len(digits) == 10 else None
