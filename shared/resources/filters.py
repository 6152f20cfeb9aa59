"""What can be asked of a list besides the values of its columns: one way to say each thing.

A filter that has a column's name takes its place: `nome=silva` is then part of the name, not all of it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Linked:
    """`contact_id=1`: the record embeds that id under `embedded`."""

    name: str
    embedded: str


@dataclass(frozen=True)
class Tagged:
    """`tag=VIP`: the record embeds a tag of that name, in any case, or of that id."""

    name: str = "tag"


@dataclass(frozen=True)
class HasValue:
    """`custom_field=CPF=123.456.789-09`: a field, by id, name or code, holds a value; may be repeated."""

    name: str = "custom_field"


@dataclass(frozen=True)
class Holds:
    """`nome=silva`: the text stands somewhere in one of the columns, in any case."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Digits:
    """`cpf_cnpj=123.456.789-09`: these digits stand in one of the columns, however either is written."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class AtLeast:
    """`valor_inicio=100`, `data_inicio=2026-01-01`: the first of the columns that is not null, this or more."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class AtMost:
    """`valor_fim=100`: as AtLeast, this or less."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Is:
    """`codigo=P-1`: another name for a column."""

    name: str
    column: str


@dataclass(frozen=True)
class Flagged:
    """`situacao=1`: a column of flags by the vendor's 1 and 0, true and false."""

    name: str
    column: str


@dataclass(frozen=True)
class InChild:
    """`cidade_id=5`: one of the rows that the record carries has that value."""

    name: str
    child: str
    column: str


@dataclass(frozen=True)
class BeginsAs:
    """`estado_id=26`: the column begins as that of the row of `to` with this id (IBGE's codes)."""

    name: str
    column: str
    to: str


@dataclass(frozen=True)
class Settled:
    """`liquidado=at`: ab open, at overdue (open, due before today at the account), pg paid; true and false."""

    name: str
    column: str
    due: str


Filter = (
    Linked
    | Tagged
    | HasValue
    | Holds
    | Digits
    | AtLeast
    | AtMost
    | Is
    | Flagged
    | InChild
    | BeginsAs
    | Settled
)
