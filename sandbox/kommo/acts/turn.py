"""One named action being done: on whom, by whom, with which chance."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from sandbox.kommo.actions import KommoActions
from sandbox.records import Json, Key, Table
from sandbox.world import World


class NothingToDo(LookupError):
    """There is no record that the action could be done to."""


@dataclass(frozen=True)
class Turn:
    """`ids` and `fields` as given by who asks; what is not given is drawn from `rng`."""

    actions: KommoActions
    rng: Random
    ids: tuple[Key, ...] = ()
    fields: Json = field(default_factory=dict)
    silent: bool = False

    @property
    def world(self) -> World:
        return self.actions.world

    def table(self, name: str) -> Table:
        if self.world.has("kommo", name) or self.world.at("kommo", f"/{name}"):
            return self.world.table("kommo", name)
        raise NothingToDo(name)

    def some(
        self, name: str, count: int = 1, where: Callable[[Json], bool] | None = None
    ) -> list[Key]:
        """The given ids, else so many live records at random (planted ones never)."""
        if self.ids:
            return list(self.ids)
        table = self.table(name)
        keys = [key for key in table.ids if not table.live[key].planted]
        if where is not None:
            keys = [key for key in keys if where(table.live[key].open())]
        if len(keys) < count:
            raise NothingToDo(name)
        return self.rng.sample(keys, count)

    def other(self, name: str, key: str) -> Key:
        """A record of another list: the one named in `fields`, else one at random."""
        if key in self.fields:
            return self.fields[key]
        keys = self.table(name).ids
        if not keys:
            raise NothingToDo(name)
        return self.rng.choice(keys)

    def record(self, name: str, key: Key) -> Json:
        table = self.table(name)
        if key not in table.live:
            raise KeyError(f"{name} has no live record {key}")
        return table.live[key].open()

    def any_of(self, *choices: Any) -> Any:
        return self.rng.choice(choices)


Done = dict[str, list[Key]]
"""List -> ids that were touched."""
Act = Callable[[Turn], Done]
