"""Is the work done: workers, runs, deliveries, rejects. Told from the books alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy import Connection, select

from shared import availability, deaths, integrations, leaving, report, resources
from shared.alerts.rules import SYNC_STALE
from shared.db.bookkeeping import deliveries, unavailable
from shared.figures import IntegrationReport, ResourceReport
from shared.integrations import Integration
from shared.settings import Settings
from worker import lateness
from worker.doctor.findings import Finding, ago, bad, ok, warn

POOLS = {"webhooks": "webhooks wait", "sync": "nothing is read", "beat": "nothing is scheduled"}
OLD, VERY_OLD = 60.0, 600.0
"""Seconds that a delivery may wait: a minute is unusual, ten are a fault."""
RAISE = "ponte plan shows what waits; raise PONTE_DAILY_SHARE, or read fewer stores or less history"
LATE = float(SYNC_STALE.threshold or 0)
"""Intervals after which a list that was not read is late."""


def workers(connection: Connection, settings: Settings) -> Iterator[Finding]:
    alive = [worker for worker in report.seen_workers(connection) if worker.alive]
    served = {queue for worker in alive for queue in worker.queues.split(",")}
    lacking = [effect for queue, effect in POOLS.items() if queue not in served]
    if lacking:
        who = "no worker is alive" if not alive else f"only {alive[0].name} is alive"
        yield bad("workers", f"{who}: {', '.join(lacking)}", "start one: ponte worker")
    else:
        yield ok("workers", f"{len(alive)} pools are alive")


def runs(connection: Connection, settings: Settings) -> Iterator[Finding]:
    """The newest run of each list, and lists that nobody has read, ever or for long."""
    given = connection.execute(select(unavailable.c.integration_id, unavailable.c.resource))
    lacking = {tuple(row) for row in given}
    known = {one.id: one for one in integrations.all_of(connection)}
    for one in report.of_integrations(connection, settings):
        if not one.active or (one.sandbox and not one.current):
            continue
        asked = [each for each in one.resources if (one.id, each.name) not in lacking]
        late = [each.name for each in asked if _is_late(known[one.id], each, settings)]
        troubles = [*_failing(one, asked), *_unread(one, asked, late)]
        yield from troubles or [ok("runs", f"{_name(one)}: every list is read")]


def _failing(one: IntegrationReport, asked: list[ResourceReport]) -> Iterator[Finding]:
    by_reason: dict[str, list[str]] = defaultdict(list)
    for each in asked:
        if each.last_run and each.last_run.state == "failed":
            by_reason[each.last_run.reason or "no reason is kept"].append(each.name)
    for reason, names in by_reason.items():
        said = f"{_name(one)}: the newest run of {', '.join(names)} failed: {reason}"
        yield bad("runs", said, f"mend the cause, then: ponte sync {' '.join(names)}")


def _unread(
    one: IntegrationReport, asked: list[ResourceReport], late: list[str]
) -> Iterator[Finding]:
    never = [each.name for each in asked if each.age_seconds is None and each.last_run is None]
    if never:
        said = f"{_name(one)}: never read: {', '.join(never)}"
        yield warn("runs", said, "ponte sync; with ponte beat and ponte worker it comes by itself")
    if late:
        said = f"{_name(one)}: not brought up to date for long: {', '.join(late)}"
        yield warn("runs", said, "ponte status tells what their runs wait for")


def _is_late(of: Integration, each: ResourceReport, settings: Settings) -> bool:
    if each.age_seconds is None:
        return False
    resource = resources.BY_NAME[each.name]
    return lateness.intervals(settings, of, resource, each.age_seconds) > LATE


def _name(one: IntegrationReport) -> str:
    return f"{one.provider} (integration {one.id})"


def inbox(connection: Connection, settings: Settings) -> Iterator[Finding]:
    found = report.inbox(connection, settings)
    said = f"{found.waiting:,} deliveries wait, the oldest for {ago(found.oldest_seconds)}"
    if not found.waiting:
        yield ok("deliveries", "none waits")
    elif found.oldest_seconds < OLD:
        yield ok("deliveries", said)
    else:
        why = connection.scalar(
            select(deliveries.c.reason)
            .where(deliveries.c.settled_at.is_(None), deliveries.c.reason.is_not(None))
            .order_by(deliveries.c.id)
            .limit(1)
        )
        graver = bad if found.oldest_seconds > VERY_OLD else warn
        yield graver(
            "deliveries", f"{said}{f': {why}' if why else ''}", "look for workers and pauses"
        )


def dead_letters(connection: Connection, settings: Settings) -> Iterator[Finding]:
    """What was given up: deliveries, and removals that killed their workers."""
    found = report.dead_letters(connection)
    for each in found:
        said = f"{each.count:,} deliveries failed for good ({each.outcome}): {each.last_reason}"
        yield warn("dead letters", said, "mend the cause, then: ponte replay deliveries")
    stuck = leaving.deadly(connection)
    for id_ in stuck:
        said = f"the removal of integration {id_} was given up: {deaths.told('it')}"
        yield bad("dead letters", said, f"ponte integrations remove {id_}")
    if not found and not stuck:
        yield ok("dead letters", "none")


def rejected(connection: Connection, settings: Settings) -> Iterator[Finding]:
    found = report.rejected(connection)
    for each in found:
        said = f"{each.count:,} records of {each.resource} cannot become rows: {each.last_reason}"
        yield warn("rejects", said, "mend the cause, then: ponte replay rejects")
    if not found:
        yield ok("rejects", "every record has become a row")


def not_given(connection: Connection, settings: Settings) -> Iterator[Finding]:
    """Lists that the plan or the token's rights do not give; asked for again every day."""
    lacking: dict[int, dict[str, str]] = defaultdict(dict)
    for row in connection.execute(select(unavailable).order_by(unavailable.c.integration_id)):
        if not availability.is_shortcut(resources.BY_NAME[row.resource], row.slice):
            name = f"{row.resource}?{row.slice}" if row.slice else row.resource
            lacking[row.integration_id][name] = row.reason
    for id_, reasons in lacking.items():
        said = (
            f"integration {id_} does not get {', '.join(sorted(reasons))}: {max(reasons.values())}"
        )
        yield warn("not given", said, "nothing, unless the plan or the rights should give them")


def quotas(connection: Connection, settings: Settings) -> Iterator[Finding]:
    for one in report.of_integrations(connection, settings):
        if one.pause:
            said = f"{one.pause.budget} is asked nothing until {one.pause.until:%H:%M} UTC: {one.pause.reason}"
            yield warn("quota", said, "nothing; if it comes back, see docs/operations.md")
        if one.current and one.agenda and one.agenda.waiting:
            names = ", ".join(tier.tier for tier in one.agenda.waiting)
            said = f"{_name(one)}: the day's requests do not suffice: {names} is read less often than it should be"
            yield warn("quota", said, RAISE)
    for quota in report.quotas(connection, settings):
        if quota.left is not None and quota.per_day and quota.left < quota.per_day / 10:
            said = f"{quota.budget} has {quota.left:,} of {quota.per_day:,} requests left today"
            yield (warn if quota.left else bad)("quota", said, RAISE)
        elif quota.limited:
            said = f"{quota.budget} answered 429 {quota.limited:,} times in 24 hours"
            yield warn("quota", said, "another program uses the account: lower the rate limit")
        else:
            yield ok("quota", f"{quota.budget}: {quota.last_day:,} requests in 24 hours")
