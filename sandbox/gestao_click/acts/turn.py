"""One act of the shop's people being done: on what, when, with which chance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from sandbox.gestao_click.actions import VENDOR, GestaoClickActions
from sandbox.gestao_click.clock import stamp, today
from sandbox.gestao_click.trade import Store
from sandbox.records import Json, Key, Record, Table
from sandbox.world import World

TRIES = 150
NEWEST = 80
TITLES = ("recebimentos", "recebimentos", "pagamentos")


class NothingToDo(LookupError):
    """There is no record that the act could be done to."""


Done = dict[str, list[Key]]
"""List -> ids that were touched."""
Test = Callable[[Json], bool]


@dataclass(frozen=True)
class Turn:
    """`key` as given by who asks, in the list `name`; what is not given is drawn from `rng`."""

    actions: GestaoClickActions
    rng: Random
    key: Key | None = None
    name: str = ""
    moment: float | None = None
    """When it is done; None is now."""

    @property
    def world(self) -> World:
        return self.actions.world

    @property
    def today(self) -> date:
        return today(self.moment or self.world.now())

    @property
    def at(self) -> str:
        return stamp(self.moment or self.world.now())

    def day(self, days: int = 0) -> str:
        """So many days from today."""
        return (self.today + timedelta(days=days)).isoformat()

    def table(self, name: str) -> Table:
        if not self.world.has(VENDOR, name):
            raise NothingToDo(name)
        return self.world.table(VENDOR, name)

    def store(self) -> Store:
        return self.rng.choice(self.actions.shop.stores)

    def one(self, name: str, where: Test, keys: Sequence[Key] | None = None) -> Record:
        """The record that was given, else one at random that fits (planted ones never)."""
        table = self.table(name)
        if self.key is not None:
            return self._given(table)
        choice = table.ids if keys is None else keys
        for key in self.rng.sample(choice, min(len(choice), TRIES)):
            record = table.live[key]
            if not record.planted and where(record.open()):
                return record
        raise NothingToDo(name)

    def often_new(self, name: str, where: Test) -> Record:
        """Mostly one of the newest; sometimes an old one."""
        table = self.table(name)
        return self.one(name, where, table.ids[-NEWEST:] if self.rng.random() < 0.6 else None)

    def lately(self, name: str, where: Test, days: int = 10) -> Record:
        """One of the business days before."""
        return self.one(name, where, self.table(name).shelves.between(self.day(-days), self.day()))

    def title(self, since: int, until: int, *, liquidado: str = "0") -> tuple[str, Record]:
        """An open (or paid) title of the days from today that are given; its list."""
        name = self.name or self.rng.choice(TITLES)
        keys = self.table(name).shelves.between(self.day(since), self.day(until))
        return name, self.one(name, lambda row: row["liquidado"] == liquidado, keys)

    def change(self, name: str, record: Record, fields: Json) -> Done:
        self.actions.change(name, [record.key], fields)
        return {name: [record.key]}

    def some(self, name: str) -> Json | None:
        """Any row of a catalogue; None without the list."""
        table = self.world.table(VENDOR, name) if self.world.has(VENDOR, name) else None
        keys = [key for key in table.ids if not table.live[key].planted] if table else []
        return table.live[self.rng.choice(keys)].open() if table and keys else None

    def all(self, name: str) -> list[Json]:
        """The rows of a small catalogue, by id; none without the list."""
        table = self.world.table(VENDOR, name) if self.world.has(VENDOR, name) else None
        records = [table.live[key] for key in table.ids] if table else []
        return [record.open() for record in records if not record.planted]

    def _given(self, table: Table) -> Record:
        if self.key not in table.live:
            raise KeyError(f"{table.spec.name} has no live record {self.key}")
        return table.live[self.key]


Act = Callable[[Turn], Done]
"""Raises NothingToDo."""
