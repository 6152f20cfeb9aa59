"""Columns: how one value of a record becomes one typed value of a row.

A reader takes the record and the `Context` in which it was fetched and returns the value, None for
absent. It raises ValueError when the record cannot be understood: the record is then rejected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import orjson
import phonenumbers

Record = Mapping[str, Any]
Value = int | str | bool | Decimal | date | datetime | list[str] | None


class Type(StrEnum):
    """The SQL types that a mirrored column may have."""

    BIGINT = "bigint"
    TEXT = "text"
    NUMERIC = "numeric"
    BOOLEAN = "boolean"
    DATE = "date"
    MOMENT = "timestamptz"
    TEXTS = "text[]"
    JSON = "jsonb"


@dataclass(frozen=True)
class Context:
    """What a reader may know besides the record.

    asked: the parameters that were asked for (`tipo`, `loja_id`, …); country: the account's, ISO 3166.
    """

    asked: Mapping[str, str] = field(default_factory=dict)
    country: str = "BR"


Reader = Callable[[Record, Context], Value]
Path = tuple[str, ...]
Keeper = Callable[[Any], Any]
"""What of a value is nobody's: "Venda de nº 12" of a text, the stage of an event."""


class Personal(StrEnum):
    """What a column says of people. A person is found by numbers and addresses, never by a name.

    TEXT: whatever somebody wrote; it may hold numbers and addresses of anybody. NOBODYS: it looks like a
    person's and is none: a product's name, the address of the account's own firm.
    """

    DATA = "data"
    PHONE = "phone"
    EMAIL = "e-mail"
    TAX_ID = "tax id"
    TEXT = "text"
    NOBODYS = "nobody's"


FINDING = frozenset((Personal.PHONE, Personal.EMAIL, Personal.TAX_ID, Personal.TEXT))


@dataclass(frozen=True)
class Column:
    """at: the places of the record that it reads; asked: the value is a parameter of the request, the record
    does not carry it.

    personal: whether it is a person's, None where nothing makes one think so; whose: the column that says
    of whom, where that is another than the one whom the record is about; keeps: what of its value stays
    when the person is erased.
    """

    name: str
    type: Type
    read: Reader
    asked: bool = False
    at: tuple[Path, ...] = ()
    personal: Personal | None = None
    whose: str | None = None
    keeps: Keeper | None = None

    @property
    def is_personal(self) -> bool:
        return self.personal not in (None, Personal.NOBODYS)

    def holds(self, said: str) -> Value:
        """What the column holds where a parameter of its name says `said`: "0" is False to a flag."""
        convert = {Type.BIGINT: _to_int, Type.BOOLEAN: _to_flag}.get(self.type)
        return convert(said) if convert else said


def dig(record: Record, path: Sequence[str]) -> Any:
    """The value at a path of keys, None where the path ends early."""
    value: Any = record
    for key in path:
        if not isinstance(value, (dict, Mapping)):
            return None
        value = value.get(key)
    return value


def unwrapped(element: Any) -> Any:
    """{"Venda": {…}} → {…}: one key whose value is an object (gestaoclick-api.md 3, Row wrappers)."""
    if isinstance(element, Mapping) and len(element) == 1:
        (inner,) = element.values()
        return inner if isinstance(inner, Mapping) else element
    return element


def _column(name: str, type_: Type, convert: Callable[[Any], Value], at: Sequence[str]) -> Column:
    path = tuple(at) or (name,)
    (only,) = path if len(path) == 1 else (None,)

    def read(record: Record, _: Context) -> Value:
        value = dig(record, path) if only is None else record.get(only)
        if value is None:
            return None
        try:
            return convert(value)
        except (ValueError, TypeError, ArithmeticError, OSError) as error:
            # OverflowError and OSError: datetime's way of refusing moments far away
            raise ValueError(f"{'.'.join(path)}: {value!r} is no {type_}") from error

    return Column(name, type_, read, at=(path,))


def integer(name: str, *at: str) -> Column:
    return _column(name, Type.BIGINT, _to_int, at)


def count(name: str, *at: str) -> Column:
    """A whole number of a vendor that writes "" for absent: "" becomes null."""
    return _column(name, Type.BIGINT, lambda value: None if value == "" else _to_int(value), at)


def text(name: str, *at: str) -> Column:
    """Text as sent; "" stays ""."""
    return _column(name, Type.TEXT, _to_text, at)


def word(name: str, *at: str) -> Column:
    """Text of a vendor that writes "" for absent: "" becomes null. Numbers become their digits."""
    return _column(name, Type.TEXT, lambda value: _to_text(value) or None, at)


def money(name: str, *at: str) -> Column:
    """Exact decimals from strings or JSON numbers; "" becomes null."""
    return _column(name, Type.NUMERIC, _to_decimal, at)


def flag(name: str, *at: str) -> Column:
    """true/false, 1/0, "1"/"0"; "" becomes null."""
    return _column(name, Type.BOOLEAN, _to_flag, at)


def moment(name: str, *at: str) -> Column:
    """Unix seconds (kommo-api.md 5, conventions)."""
    return _column(name, Type.MOMENT, _to_moment, at)


def day(name: str, *at: str) -> Column:
    """A pure date, 2026-03-31 or 31/03/2026 (instalments of invoices, gestaoclick-api.md 7).

    "", 0000-00-00 and years that cannot be meant become null (10, 8).
    """
    return _column(name, Type.DATE, _to_day, at)


def first_day(name: str, *names: str) -> Column:
    """A pure date that stands under one of several names: the first that holds one."""

    def read(record: Record, _: Context) -> Value:
        return next(filter(None, (_to_day(record.get(each)) for each in names)), None)

    return Column(name, Type.DATE, read, at=tuple((each,) for each in names))


def document(name: str, *at: str) -> Column:
    """A part of the record as jsonb."""
    return _column(name, Type.JSON, _to_json, at)


def asked(name: str, type_: Type = Type.TEXT) -> Column:
    """A parameter that was asked for: the record itself does not carry it."""

    def read(_: Record, context: Context) -> Value:
        value = context.asked.get(name)
        return int(value) if value is not None and type_ == Type.BIGINT else value

    return Column(name, type_, read, asked=True)


def computed(name: str, type_: Type, read: Reader, *at: str) -> Column:
    """A column with a reader of its own; at: the place of the record that it reads."""
    return Column(name, type_, read, at=(at,) if at else ())


def personal(*columns: Column, whose: str | None = None) -> tuple[Column, ...]:
    """A person's data; whose: the column that says of whom, where the record is about another."""
    return tuple(replace(each, personal=Personal.DATA, whose=whose) for each in columns)


def phone(column: Column) -> Column:
    return replace(column, personal=Personal.PHONE)


def email(column: Column) -> Column:
    return replace(column, personal=Personal.EMAIL)


def tax_id(column: Column) -> Column:
    """CPF or CNPJ."""
    return replace(column, personal=Personal.TAX_ID)


def written(*columns: Column, keeps: Keeper | None = None) -> tuple[Column, ...]:
    """Whatever somebody wrote; keeps: what of it stays when the person is erased."""
    return tuple(replace(each, personal=Personal.TEXT, keeps=keeps) for each in columns)


def nobodys(*columns: Column) -> tuple[Column, ...]:
    """It looks like a person's and is none."""
    return tuple(replace(each, personal=Personal.NOBODYS) for each in columns)


def _to_int(value: Any) -> int:
    if type(value) is int:  # nearly always
        number = value
    elif isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError
    else:
        number = int(value)
    if not -(2**63) <= number < 2**63:
        raise ValueError
    return number


def _to_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError
    return str(value)


_LONGEST_NUMBER = 100
"""Digits before or behind the point: PostgreSQL takes many more, but an exponent can ask for millions."""


def _to_decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        raise ValueError
    if isinstance(value, str) and not value.strip():
        return None
    number = Decimal(str(value))
    if not number.is_finite() or abs(number.adjusted()) > _LONGEST_NUMBER:
        raise ValueError
    return number


_FLAGS: dict[Any, bool | None] = {True: True, False: False, "1": True, "0": False, "": None}


def _to_flag(value: Any) -> bool | None:
    if value not in _FLAGS:
        raise ValueError
    return _FLAGS[value]


def _to_moment(value: Any) -> datetime:
    return datetime.fromtimestamp(_to_int(value), UTC)


_DAY = re.compile(r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})")
_BRAZILIAN_DAY = re.compile(r"(?P<d>\d{2})/(?P<m>\d{2})/(?P<y>\d{4})")
_PLAUSIBLE_YEARS = range(1900, 2101)


def _to_day(value: Any) -> date | None:
    found = _DAY.match(str(value)) or _BRAZILIAN_DAY.match(str(value))
    if not found or int(found["y"]) not in _PLAUSIBLE_YEARS:
        return None
    try:
        return date(int(found["y"]), int(found["m"]), int(found["d"]))
    except ValueError:
        return None


def _to_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def phone_number(typed: str, country: str) -> str | None:
    """E.164 where `typed` is a valid number in `country`, else its digits; None without digits."""
    try:
        number = phonenumbers.parse(typed, country)
        if phonenumbers.is_valid_number(number):
            return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    except phonenumbers.NumberParseException:
        pass
    return re.sub(r"\D", "", typed) or None
