"""The shapes of the report: how Ponte is doing, JSON-able by `dataclasses.asdict`. Filled by report.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.agenda.summary import AgendaReport

NOT_MIRRORED = "not mirrored yet"


@dataclass(frozen=True)
class RunReport:
    """One run, as much of it as a status page tells. seconds: how long it took, or has taken so far."""

    id: int
    state: str
    mode: str
    trigger: str
    requests: int
    written: int
    gone: int
    rejected: int
    reason: str | None
    next_at: datetime | None
    finished_at: datetime | None
    seconds: float | None


@dataclass(frozen=True)
class AuditReport:
    """The last audit of a list. scope: in full, recent or by id; verified_through: up to then the mirror is
    proved true, by this audit or an earlier one."""

    id: int
    state: str
    scope: str | None
    started_at: datetime
    ended_at: datetime
    compared: int
    differences: int
    repaired: int
    requests: int
    reason: str | None
    verified_through: datetime | None

    @property
    def left(self) -> int:
        """Differences that nobody has mended."""
        return self.differences - self.repaired


@dataclass(frozen=True)
class ResourceReport:
    """One mirrored list of one integration.

    drift: rows that the last full walk had to mend; unlisted: never walked, webhooks name its records.
    """

    name: str
    live: int
    deleted: int
    synced_at: datetime | None
    full_walk_at: datetime | None
    age_seconds: float | None
    next_at: datetime | None
    drift: int | None
    last_run: RunReport | None
    last_audit: AuditReport | None = None
    unlisted: bool = False


@dataclass(frozen=True)
class Pause:
    budget: str
    until: datetime
    reason: str


@dataclass(frozen=True)
class Quota:
    """What a budget has used. per_second and per_day: its limits, None where there is none."""

    budget: str
    provider: str
    last_hour: int
    last_day: int
    limited: int
    per_second: float | None
    per_day: int | None

    @property
    def left(self) -> int | None:
        return None if self.per_day is None else max(0, self.per_day - self.last_day)


@dataclass(frozen=True)
class IntegrationReport:
    """current: it has credentials, so this deployment works on it unless it is paused; refused: the vendor
    refused them; token_days: until the token ends, when that is soon; agenda: of a vendor that counts the
    requests of a day."""

    id: int
    provider: str
    user_id: str
    wallet_id: str
    account_id: str | None
    sandbox: bool
    active: bool
    auto_sync: bool
    sync_frequency: str | None
    current: bool
    refused: bool
    token_expires_at: datetime | None
    token_days: int | None
    pause: Pause | None
    resources: tuple[ResourceReport, ...]
    agenda: AgendaReport | None = None


@dataclass(frozen=True)
class Deliveries:
    """settled_today: by outcome, since midnight in PONTE_TIMEZONE."""

    waiting: int
    oldest_seconds: float
    settled_today: dict[str, int]

    @property
    def not_mirrored(self) -> int:
        return self.settled_today.get(NOT_MIRRORED, 0)


@dataclass(frozen=True)
class RejectReport:
    """Records that could not become rows, by resource; the reason is the latest one's."""

    integration_id: int
    resource: str
    count: int
    last_reason: str
    last_key: str | None
    seen_at: datetime


@dataclass(frozen=True)
class DeadReport:
    """Deliveries that failed for good, by outcome; id, reason and time are the latest one's."""

    integration_id: int
    outcome: str
    count: int
    last_id: int
    last_reason: str | None
    settled_at: datetime


@dataclass(frozen=True)
class WorkerReport:
    name: str
    queues: str
    started_at: datetime
    seen_at: datetime
    alive: bool


@dataclass(frozen=True)
class ViewProblem:
    """A typed view that is not as its definitions want it, and PostgreSQL's reason."""

    view: str
    problem: str


@dataclass(frozen=True)
class Status:
    at: datetime
    integrations: tuple[IntegrationReport, ...]
    quotas: tuple[Quota, ...]
    deliveries: Deliveries
    dead: tuple[DeadReport, ...]
    rejects: tuple[RejectReport, ...]
    workers: tuple[WorkerReport, ...]
    view_problems: tuple[ViewProblem, ...]
