"""Ids that only a webhook has named: whoever knows its address could make us spend the vendor's quota on them.

They are looked at as others are, in so many requests a minute of each integration
(KOMMO_UNKNOWN_LOOKS_A_MINUTE). A delivery that names more of them waits, and is never lost; what the mirror
knows is looked at at once, whoever names it. One that was looked at is known from then on, be it there or not.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, text

from shared.db.bookkeeping import stranger_looks as table
from shared.deliveries import Delivery
from shared.resources.grammar import Resource
from worker.reach import Reach
from worker.sync.sweep import Slice, key_of
from worker.sync.upsert import Mirror

NOW = func.clock_timestamp()
A_MINUTE = text("interval '1 minute'")
WHY = "it names ids that nobody has seen yet, more than are looked at in a minute"

Looks = dict[tuple[Resource, Slice], dict[str, bool]]
Named = dict[tuple[Resource, Slice], dict[str, datetime]]


@dataclass
class Waiting:
    """What has to wait: ids by their list and slice, for so many seconds."""

    seconds: float = 0.0
    ids: dict[tuple[Resource, Slice], set[str]] = field(default_factory=dict)


def note_again(
    again: dict[str, datetime], delivery: Delivery, id_: str, said: Container[str]
) -> None:
    """Keeps of an id that it was named by deliveries only that had to wait; a new one wants a new look."""
    if delivery.reason != WHY:
        again.pop(id_, None)
    elif id_ in again or id_ not in said:
        again[id_] = max(delivery.received_at, again.get(id_, delivery.received_at))


def hold_back(reach: Reach, integration_id: int, looks: Looks, again: Named) -> Waiting:
    """Takes out of `looks` what has to wait, and what was looked at since it was named and is not there."""
    with reach.engine.begin() as connection:
        found = {
            group: _sorted_out(connection, integration_id, group, ids, again.get(group, {}))
            for group, ids in looks.items()
        }
        _take_out(looks, {group: settled for group, (_, settled) in found.items()})
        strangers = {group: new for group, (new, _) in found.items() if new}
        if not strangers:
            return Waiting()
        room = _room(connection, integration_id, reach.settings.kommo_unknown_looks_a_minute)
        waiting, left = Waiting(), room
        for group, ids in strangers.items():
            asked = min(left, -(-len(ids) // _at_once(group[0])))
            left -= asked
            if late := set(ids[asked * _at_once(group[0]) :]):
                waiting.ids[group] = late
        if left < room:
            taken = {"integration_id": integration_id, "looks": room - left}
            connection.execute(insert(table).values(taken))
        waiting.seconds = _until_room(connection, integration_id)
    _take_out(looks, waiting.ids)
    return waiting


def _at_once(resource: Resource) -> int:
    return resource.by_id.most if resource.by_id else 1


def _sorted_out(
    connection: Connection,
    integration_id: int,
    group: tuple[Resource, Slice],
    ids: Collection[str],
    again: Mapping[str, datetime],
) -> tuple[Sequence[str], Set[str]]:
    """Ids without a row and without a stamp, in the order in which they were named; and those that need no
    look any more: they were found to be gone after the last delivery had named them."""
    resource, slice_ = group
    keys = {id_: key_of(resource, dict(slice_), id_) for id_ in ids}
    known = Mirror(connection, integration_id, resource).known(list(keys.values()))
    settled = {
        id_
        for id_, named_at in again.items()
        if (one := known.get(keys[id_])) and one.gone and one.observed_at > named_at
    }
    return [id_ for id_, key in keys.items() if key not in known], settled


def _room(connection: Connection, integration_id: int, most: int) -> int:
    """Requests that are left of the last minute's; one drain per integration: nobody else takes them."""
    connection.execute(delete(table).where(table.c.at < NOW - A_MINUTE))
    spent = select(func.coalesce(func.sum(table.c.looks), 0))
    return max(0, most - int(connection.scalar(spent.where(_of(integration_id))) or 0))


def _until_room(connection: Connection, integration_id: int) -> float:
    """Seconds until the first of the last minute's looks is a minute ago."""
    oldest = select(func.extract("epoch", func.min(table.c.at) + A_MINUTE - NOW))
    return max(1.0, float(connection.scalar(oldest.where(_of(integration_id))) or 0))


def _of(integration_id: int) -> ColumnElement[bool]:
    return table.c.integration_id == integration_id


def _take_out(looks: Looks, ids: Mapping[tuple[Resource, Slice], Set[str]]) -> None:
    for group, without in ids.items():
        for id_ in without:
            del looks[group][id_]
        if not looks[group]:
            del looks[group]
