"""Why does a row say so: everything that the books tell about one record, in the order of time.

The books are deliveries, runs, rejects, stamps and the journal. What is kept nowhere is not guessed: looks
that found nothing new leave only the newest stamp, and everything is forgotten after its time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from shared.db.bookkeeping import runs
from shared.db.mirror import rows_table, stamps_table
from worker.differences import Difference, differences
from worker.people.tombstones import erased_by
from worker.record import Record, UnknownRecord, deliveries_about, rejects_of
from worker.sync import journal
from worker.sync.journal import Kind, Version, key_text


@dataclass(frozen=True)
class Fact:
    """One thing that happened. changes: what differs from before, field by field."""

    at: datetime
    what: str
    changes: Sequence[Difference] = ()


@dataclass(frozen=True)
class Explanation:
    """state: live, deleted, missing, or not mirrored; erased: that a person was, and since when; row: as it
    stands in its table, without `raw`."""

    resource: str
    key: str
    integration_id: int
    account_id: str | None
    state: str
    looked_at: datetime | None
    how: str | None
    erased: str | None = None
    facts: Sequence[Fact] = field(default_factory=list)
    row: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Then:
    """What a record was at a moment, from `since` until `until` (None: it is so still)."""

    resource: str
    key: str
    integration_id: int
    account_id: str | None
    at: datetime
    state: str
    since: datetime
    until: datetime | None
    record: Mapping[str, Any]


def explain_then(connection: Connection, record: Record, moment: datetime) -> Then:
    """Raises UnknownRecord when it was not mirrored yet, or when the journal reaches not so far back."""
    id_ = record.integration.id
    version = journal.as_of(connection, id_, record.resource, record.key, moment)
    if version is None:
        versions = journal.versions(connection, id_, record.resource, record.key)
        known = f"; the books begin at {versions[0].since.isoformat()}" if versions else ""
        raise UnknownRecord(f"{record.name} is not known at {moment.isoformat()}{known}")
    return Then(
        resource=record.resource.full_name,
        key=key_text(record.key),
        integration_id=id_,
        account_id=record.integration.account_id,
        at=moment,
        state=version.state,
        since=version.since,
        until=version.until,
        record=version.record,
    )


def explain_now(connection: Connection, record: Record) -> Explanation:
    """Everything that the books tell, oldest first, and the present state."""
    rows, stamps = rows_table(record.resource), stamps_table(record.resource)
    row = connection.execute(select(rows).where(record.of(rows))).first()
    stamp = connection.execute(select(stamps).where(record.of(stamps))).first()
    versions = journal.versions(connection, record.integration.id, record.resource, record.key)
    return Explanation(
        resource=record.resource.full_name,
        key=key_text(record.key),
        integration_id=record.integration.id,
        account_id=record.integration.account_id,
        state=versions[-1].state if versions else "not mirrored",
        looked_at=stamp.observed_at if stamp else None,
        how=stamp.how if stamp else None,
        erased=_erased(connection, record),
        facts=sorted(_facts(connection, record, versions, stamp), key=lambda fact: fact.at),
        row={k: v for k, v in row._mapping.items() if k != "raw"} if row else None,
    )


def _erased(connection: Connection, record: Record) -> str | None:
    line = erased_by(connection, record.integration.id, record.resource, record.key)
    if line is None:
        return None
    said = "what of it is an erased person's is not kept, whatever the vendor sends"
    return f"{said} (person request {line.request_id}, since {line.at:%Y-%m-%d})"


def _facts(
    connection: Connection, record: Record, versions: Sequence[Version], stamp: Row[Any] | None
) -> Iterator[Fact]:
    for delivery in deliveries_about(connection, record):
        yield Fact(delivery.received_at, _delivery(delivery))
    for reject in rejects_of(connection, record):
        times = f", {reject.times} times, last at {reject.seen_at:%Y-%m-%d %H:%M:%S} UTC"
        yield Fact(
            reject.created_at,
            f"rejected{times if reject.times > 1 else ''}: {reject.reason}",
        )
    entries = journal.entries(connection, record.integration.id, record.resource, record.key)
    for entry in entries:
        after = next((each for each in versions if each.since == entry.at), None)
        changed = differences(entry.before, after.record) if entry.before and after else ()
        yield Fact(entry.at, _told(entry, _why(connection, entry.cause)), changed)
    if versions and not any(entry.kind == Kind.FIRST_SEEN for entry in entries):
        yield Fact(versions[0].since, _first(connection, record, versions[0]))
    if stamp:
        yield Fact(stamp.observed_at, _last_look(connection, record, stamp))


def _delivery(row: Row[Any]) -> str:
    took = (row.settled_at - row.received_at).total_seconds()
    tries = f" at attempt {row.attempts}" if row.attempts > 1 else ""
    why = f" ({row.reason})" if row.reason else ""
    return f"delivery {row.id} told of it; settled after {took:.1f} s{tries}: {row.outcome}{why}"


TOLD = {
    Kind.FIRST_SEEN: "first written, by a look",
    Kind.CHANGED: "changed",
    Kind.READ_ANEW: "the same record, read anew: the declaration has other columns now",
    Kind.RESTORED: "found again: live, no longer {was}",
    Kind.DELETED: "marked deleted: a look did not find it, and it was told so ({how})",
    Kind.MISSING: "marked missing, not deleted: a look did not find it ({how}), but nobody said that "
    "it was deleted; rights may hide it",
    Kind.ERASED: "a person was erased: of the record stays what is nobody's",
    Kind.IGNORED: "an older look was ignored: a newer one had been here{how}",
}


def _told(entry: Row[Any], why: str) -> str:
    ignored = entry.kind == Kind.IGNORED
    how = (f"; it said gone: {entry.how}" if entry.how else "") if ignored else entry.how
    said = TOLD[Kind(entry.kind)].format(
        was=entry.was, how="no more is kept" if how is None else how
    )
    return f"{said}{f'; cause: {why}' if why else ''}"


def _why(connection: Connection, cause: str | None) -> str:
    """`run 12` with what the books still know of that run."""
    found = re.fullmatch(r"run (\d+)", cause or "")
    run = (
        connection.execute(select(runs).where(runs.c.id == int(found[1]))).first()
        if found
        else None
    )
    return f"{cause} ({_run(run)})" if run else cause or ""


def _run(run: Row[Any]) -> str:
    return f"{run.mode}, ordered by {run.trigger}, {run.state}"


def _running(connection: Connection, record: Record, moment: datetime) -> str | None:
    """The run of this resource that was under way at a moment, if it is still in the books."""
    run = connection.execute(
        select(runs)
        .where(
            runs.c.integration_id == record.integration.id,
            runs.c.resource == record.resource.full_name,
            runs.c.started_at <= moment,
            func.coalesce(runs.c.finished_at, func.clock_timestamp()) >= moment,
        )
        .order_by(runs.c.id.desc())
    ).first()
    return f"run {run.id} ({_run(run)})" if run else None


def _first(connection: Connection, record: Record, version: Version) -> str:
    """By a walk, which the journal leaves to its run; or what was before is forgotten."""
    run = _running(connection, record, version.since)
    if run:
        return f"first written; under way was {run}"
    return f"so far back the books reach: written, and {version.state}"


def _last_look(connection: Connection, record: Record, stamp: Row[Any]) -> str:
    run = _running(connection, record, stamp.observed_at)
    found = "it was not there" if stamp.gone else "it was as the row says"
    if stamp.misses:
        found += f"; {stamp.misses} complete walks in a row have not met it since"
    return f"last look: {found}{f'; under way was {run}' if run else ''}"
