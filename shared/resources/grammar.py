"""The grammar of declarations: everything that can be said about a mirrored list, each in one way.

A `Resource` is data. Tables, rows, stamps, the engine's walks, the schedule, routes, docs and the
contract tests follow from it; its name is written nowhere else in product code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Protocol

from shared.resources.columns import Column
from shared.resources.filters import AtLeast, AtMost, Filter

Asked = Mapping[str, str]
"""Parameters that pick one slice of a list: {"tipo": "produto", "loja_id": "90001"}."""


@dataclass(frozen=True)
class Horizon:
    """What a walk has to cover.

    today: in the account's time zone; since: the first day of history; full: the whole list, else
    only what is likely to have changed; rows: resource name → the ids that the mirror holds of it;
    span: the first and the last day on which it holds rows of the list itself, None when there are none;
    chosen: somebody has set the first day, what lies before it is not wanted.
    """

    today: date
    since: date
    full: bool
    rows: Mapping[str, Sequence[str]] = field(default_factory=dict)
    span: tuple[date, date] | None = None
    chosen: bool = False


class Dimension(Protocol):
    """One way of cutting a list that the vendor does not give whole."""

    @property
    def needs(self) -> str | None:
        """The resource that has to be read first, if any."""

    @property
    def windowed(self) -> bool:
        """It leaves something out when the walk is not full."""

    def values(self, horizon: Horizon) -> Iterable[Asked]:
        """The parameters of each cut, in a stable order."""


@dataclass(frozen=True)
class OneOf:
    """One walk for each of the values: `OneOf("tipo", ("produto", "servico"))`."""

    parameter: str
    options: tuple[str, ...]
    needs: None = None
    windowed: bool = False

    def values(self, horizon: Horizon) -> Iterable[Asked]:
        return ({self.parameter: option} for option in self.options)


@dataclass(frozen=True)
class PerRow:
    """One walk for each live row of another resource.

    form: how the row's id becomes the parameter (`catalogs/{}`); optional: the list can be walked without
    it, and is when there is no row; stores: the rows are stores, of which an integration may name some.
    """

    parameter: str
    needs: str
    form: str = "{}"
    optional: bool = False
    stores: bool = False
    windowed: bool = False

    def values(self, horizon: Horizon) -> Iterable[Asked]:
        ids = horizon.rows.get(self.needs, ())
        if not ids and self.optional:
            return ({},)
        return ({self.parameter: self.form.format(id_)} for id_ in ids)


@dataclass(frozen=True)
class AnyOf:
    """The walks of each of the dimensions, one after the other: fixed entities, then one per row."""

    dimensions: tuple[OneOf | PerRow, ...]
    windowed: bool = False

    @property
    def needs(self) -> str | None:
        return next((each.needs for each in self.dimensions if each.needs), None)

    def values(self, horizon: Horizon) -> Iterable[Asked]:
        return (asked for each in self.dimensions for asked in each.values(horizon))


@dataclass(frozen=True)
class Unsettled:
    """A row may still change, however old it is, unless its column says that it is settled.

    settled: what a settled row's column holds some of, as text in lower case; asked: the parameter that asks
    for open rows alone, where the vendor acts upon it: each of `values`, else each value that the column of
    its name holds in an open row.
    """

    column: str
    settled: tuple[str, ...]
    asked: str
    values: tuple[str, ...] = ()

    def is_settled(self, said: object) -> bool:
        """said: what the column holds."""
        return said is not None and any(word in str(said).lower() for word in self.settled)


@dataclass(frozen=True)
class Windows:
    """A list that is cut by business date: the vendor tells no changes, so windows are read again.

    start, end: the parameters, both days included; columns: a row's date is the first of these that is
    not null: it proves that the filter acted, and tells what a window should have held; near: days back
    and ahead of today that are read at every turn; open: which of the other rows may still change;
    bounded: without dates the vendor gives only a part, so all of history is read by months, from its
    first day to AHEAD months from today; else a list of which nothing is known is read without dates,
    and by the months of its rows from then on.
    """

    start: str
    end: str
    columns: tuple[str, ...]
    near: tuple[int, int]
    open: Unsettled | None = None
    bounded: bool = False
    needs: None = None
    windowed: bool = True

    def values(self, horizon: Horizon) -> Iterable[Asked]:
        if not horizon.full:
            return (self.lately(horizon.today),)
        if self.bounded:
            return self.months(horizon.since, self.last(horizon.today))
        if horizon.span is None:
            return ({},)
        # and once without dates: what has none, or one beyond them, is counted
        return [*self.months(*horizon.span), *([] if horizon.chosen else [{}])]

    def lately(self, today: date) -> Asked:
        """What is read at every turn."""
        back, ahead = self.near
        return self.between(today - timedelta(days=back), today + timedelta(days=ahead))

    def last(self, today: date) -> date:
        """The last day that is ever read."""
        return _first_day(_month(today) + AHEAD + 1) - timedelta(days=1)

    def months(self, first: date, last: date) -> list[Asked]:
        """One window for each calendar month that holds some of the days, the latest first."""
        months = range(_month(last), _month(first) - 1, -1)
        return [self.between(_first_day(m), _first_day(m + 1) - timedelta(days=1)) for m in months]

    def between(self, first: date, last: date) -> Asked:
        return {self.start: first.isoformat(), self.end: last.isoformat()}


AHEAD = 24
"""So many months from today the titles of a company reach."""


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _first_day(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


@dataclass(frozen=True)
class Since:
    """The vendor can say what changed since a moment: `filter[parameter][from]`; `column` proves it."""

    parameter: str
    column: str


@dataclass(frozen=True)
class ById:
    """Records can be fetched again by the last column of their key.

    filter: the list's parameter that takes many ids in one request, `most` at a time; without it each
    id is one request, at the list's path and the id.
    """

    filter: str | None = None
    most: int = 1


@dataclass(frozen=True)
class Webhook:
    """group: its name in webhook bodies; events: what to subscribe to."""

    group: str
    events: tuple[str, ...]


@dataclass(frozen=True)
class Refers:
    """`with=company`: the row of `to` whose key stands in the columns `by`; null when there is none."""

    name: str
    to: str
    by: tuple[str, ...]


@dataclass(frozen=True)
class Embeds:
    """`with=contacts`: the rows of `to` whose ids the record embeds under the same name, in its order."""

    name: str
    to: str


@dataclass(frozen=True)
class Owns:
    """`with=statuses`: the rows of `to` whose column `by` holds this row's id, by their key."""

    name: str
    to: str
    by: str


@dataclass(frozen=True)
class Carries:
    """`with=tags`: what the record itself embeds under this name, as the vendor sent it."""

    name: str


Expansion = Refers | Embeds | Owns | Carries
"""What `with` adds to a row, out of the mirror."""


@dataclass(frozen=True)
class About:
    """Whose a record is: the row of `to` whose id stands in the column `by`, where other columns say so.

    where: {"entity_type": "contacts"}; embedded: the ids stand embedded in the record under this name
    instead; whole: everything personal of the record is that one's, but what a column says is another's
    (`Column.whose`); else only the columns whose `whose` is `by`.
    """

    to: str
    by: str
    where: Asked = field(default_factory=dict)
    embedded: str | None = None
    whole: bool = True


@dataclass(frozen=True)
class Child:
    """Rows that a record carries in itself: lines, instalments, addresses. Their table is written with its row.

    path: the keys of the arrays that lead to them, `("produtos",)` or `("variacoes", "valores")`: an element
    that is wrapped, `{"produto": {…}}`, is unwrapped; parent: the column that holds the row's key. Columns
    read the element; in it the key ".." leads to the element around it: `word("variacao_id", "..", "id")`.
    """

    name: str
    path: tuple[str, ...]
    parent: str
    columns: tuple[Column, ...]


OUTER = ".."
"""In an element of a child's array: the element around it."""


@dataclass(frozen=True)
class Aliases:
    """The vendor's own words for what every list understands: `pagina=2&ordenacao=data&direcao=desc`."""

    page: str
    limit: str
    order: str
    direction: str


@dataclass(frozen=True)
class Listed:
    """How the HTTP API serves the resource.

    route: the name under /api/<provider>/; search: columns that `query` looks into (of `custom_fields`
    it knows the numbers); body_id: the key of a POST body that asks for one (`{"contactId": 1}`);
    expands: what `with` may name; filters: besides those by column; large: many thousand rows are to be
    expected, so the usual order, the numbers and the links to others have indexes; facets: columns by which the
    rows of a large list are filtered, held by one index; orders: by what they are sorted (`-price`: largest first), each by an
    index of its own (of neither kind are columns of free text: an index holds no long ones); newest: the column by which rows are in order
    without another wish, newest first; without it `updated_at`, else `created_at`, where there is one;
    aliases: the vendor's words for paging and order.
    """

    route: str
    search: tuple[str, ...] = ()
    body_id: str | None = None
    expands: tuple[Expansion, ...] = ()
    filters: tuple[Filter, ...] = ()
    large: bool = False
    facets: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    newest: str | None = None
    aliases: Aliases | None = None


@dataclass(frozen=True, eq=False)
class Resource:
    """One mirrored list.

    source: schema of its table and name of its vendor; path: at the vendor, `{parameter}` filled from
    the slice; records: the keys that lead from the answer to the list of records;
    params: sent with every request, however it is read; key: columns of the primary key, besides
    integration_id; children: what a record carries in rows of its own; webhook: how the vendor tells of changes; news: the events of the vendor's audit log
    after which a record is looked at; tombstone: a record with this flag says itself that it was
    deleted, and may say nothing else; append_only: what is there stays as it is, nothing is missed or
    swept; unlisted: the vendor gives records by id only, webhooks name them; masked: addresses that
    hold secrets of others: only their host is kept; about: whose the records are; impersonal: none of it is
    a person's; deleted_there: how people delete a record at the vendor; dropped: values that are never stored, people's data that
    nothing here needs; rarely: it hardly changes, or is too long to be read whole more than once a day;
    page_size: rows a page, at most; version: raised
    when a reader changes its mind, so that every row is written again.
    """

    source: str
    name: str
    path: str
    records: tuple[str, ...]
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    children: tuple[Child, ...] = ()
    params: Asked = field(default_factory=dict)
    order: Asked = field(default_factory=dict)
    slices: tuple[Dimension, ...] = ()
    since: Since | None = None
    by_id: ById | None = None
    webhook: Webhook | None = None
    news: tuple[str, ...] = ()
    listed: Listed | None = None
    tombstone: str | None = None
    single: bool = False
    append_only: bool = False
    unlisted: bool = False
    masked: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    about: tuple[About, ...] = ()
    impersonal: bool = False
    deleted_there: str = ""
    rarely: bool = False
    page_size: int = 250
    version: int = 1

    @property
    def full_name(self) -> str:
        """`kommo.leads`: the name of the table, of runs, checkpoints and targets."""
        return f"{self.source}.{self.name}"

    @property
    def provider(self) -> str:
        """`kommo`, `gestao-click`: the vendor as users write it."""
        return self.source.replace("_", "-")

    @property
    def needs(self) -> tuple[str, ...]:
        """Resources that have to be read before this one."""
        return tuple(dimension.needs for dimension in self.slices if dimension.needs)

    @property
    def windows(self) -> Windows | None:
        """The dimension by which the list is cut by date, if it is."""
        return next((each for each in self.slices if isinstance(each, Windows)), None)

    @property
    def filters(self) -> tuple[Filter, ...]:
        """What can be asked besides columns; a list that is cut by date is asked by the same two words."""
        declared = self.listed.filters if self.listed else ()
        cut = self.windows
        spans = (AtLeast(cut.start, cut.columns), AtMost(cut.end, cut.columns)) if cut else ()
        return (*declared, *spans)

    @property
    def windowed(self) -> bool:
        """An incremental walk leaves something out; else every walk covers the whole list."""
        return self.since is not None or any(dimension.windowed for dimension in self.slices)

    @cached_property
    def key_columns(self) -> tuple[Column, ...]:
        by_name = {column.name: column for column in self.columns}
        return tuple(by_name[name] for name in self.key)

    @property
    def is_personal(self) -> bool:
        """Is anything of it a person's?"""
        columns = (*self.columns, *(c for child in self.children for c in child.columns))
        return any(column.is_personal for column in columns)

    @property
    def newest(self) -> str | None:
        """The column by which a list is in order without another wish, newest first."""
        if self.listed and self.listed.newest:
            return self.listed.newest
        names = {column.name for column in self.columns}
        return next((name for name in ("updated_at", "created_at") if name in names), None)

    @cached_property
    def fingerprint(self) -> bytes:
        """Changes with the declaration; part of every content hash, so new columns fill themselves."""
        said = [f"{column.name} {column.type}" for column in self.columns]
        for child in self.children:
            said += [f"{child.name} {child.path} {c.name} {c.type}" for c in child.columns]
        said += [f"without {name}" for name in self.dropped]
        text = "\n".join([*said, repr(sorted(self.params.items())), str(self.version)])
        return hashlib.blake2b(text.encode(), digest_size=8).digest()

    def asks(self, horizon: Horizon) -> list[Asked]:
        """The slices of a walk: the product of its dimensions, in a stable order."""
        return self._product(self.slices, horizon)

    def undated(self, horizon: Horizon) -> list[Asked]:
        """The slices without the dates by which they are cut."""
        return self._product([each for each in self.slices if each is not self.windows], horizon)

    def asks_alone(self, slice_: Asked) -> bool:
        """Does a slice ask for open rows alone?"""
        return bool(self.windows and self.windows.open and self.windows.open.asked in slice_)

    def _product(self, dimensions: Sequence[Dimension], horizon: Horizon) -> list[Asked]:
        slices: list[Asked] = [{}]
        for dimension in dimensions:
            cuts = list(dimension.values(horizon))
            slices = [{**slice_, **cut} for slice_ in slices for cut in cuts]
        return slices
