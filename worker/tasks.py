"""Celery's tasks: a name and ids come in, nothing goes out. What they do is told elsewhere."""

from __future__ import annotations

from uuid import UUID

from shared import deliveries, integrations, leaving, questions, queue, rejects, runs, tokens
from shared.db.engine import clock
from shared.errors import Fatal, Misuse, Retryable
from shared.logs import logger
from worker import answers, expiry, forgetting, hook_rotation, replaying, schedule, subscription
from worker.alerts import incidents
from worker.alerts import round as alerts
from worker.audit import books, due
from worker.audit import carry as audits
from worker.drain import drain
from worker.matching import work as matching
from worker.people import erasing
from worker.reach import Reach
from worker.sources import identity
from worker.sources.opening import credentials
from worker.sync import journal
from worker.sync.carry import carry_out

log = logger(__name__)
SHARE = 0.8
"""Of a task's time: the rest is for the page that is on its way."""
AUDIT_SECONDS = 30.0
FORGET_SECONDS = REPLAY_SECONDS = MATCH_SECONDS = ALERT_SECONDS = 30.0
INCIDENT_DAYS = 365


def sync(reach: Reach, run_id: int) -> None:
    """One stretch of one run."""
    if carry_out(reach, run_id, reach.settings.task_seconds * SHARE):
        reach.ring(queue.SYNC, run_id)


def drain_deliveries(reach: Reach, integration_id: int) -> None:
    """What waits in the inbox of one integration."""
    try:
        if drain(reach, integration_id, reach.settings.task_seconds * SHARE):
            reach.ring(queue.DRAIN, integration_id)
    except (Retryable, Fatal, Misuse) as error:
        log.warning("drain_stopped", integration=integration_id, why=str(error))


def audit(reach: Reach, audit_id: int) -> None:
    """A short stretch of one audit: what waits behind it in the queue is of more use."""
    if audits.carry_out(reach, audit_id, AUDIT_SECONDS):
        reach.ring(queue.AUDIT, audit_id)


def forget(reach: Reach, integration_id: int) -> None:
    """A short stretch of a removal; the sweeper rings for the rest."""
    forgetting.carry_out(reach, integration_id, FORGET_SECONDS)


def replay(reach: Reach, integration_id: int) -> None:
    """Looks up rejects again; the sweeper rings for the rest."""
    replaying.carry_out(reach, integration_id, REPLAY_SECONDS)


def match(reach: Reach) -> None:
    """A short stretch of matching; after a first load there are several."""
    if matching.carry_out(reach, MATCH_SECONDS):
        reach.ring(queue.MATCH)


def alert(reach: Reach) -> None:
    """Looks for what the rules watch, then tells the channels for a short stretch."""
    alerts.look(reach)
    if alerts.tell(reach, ALERT_SECONDS):
        reach.ring(queue.ALERT)


def make_due_audits(reach: Reach) -> None:
    """Rings for audits that wait; in the hours of the night orders the next one when none is under way."""
    with reach.engine.begin() as connection:
        working = integrations.worked_on(connection, reach.settings)
        due.order(connection, reach.settings, working, clock(connection))
        waiting = due.waiting(connection, reach.settings, working, clock(connection))
    if waiting and not reach.redis.llen(queue.QUEUES[queue.AUDIT]):
        for audit_id in waiting:
            reach.ring(queue.AUDIT, audit_id)


def answer(reach: Reach, question_id: str) -> None:
    """A question of the web process."""
    taken = questions.take(reach.engine, reach.keys, UUID(question_id))
    if taken:
        given = answers.answer(reach, *taken)
        questions.answer(reach.engine, UUID(question_id), given)


def make_due_runs(reach: Reach) -> None:
    """Runs for everything that is due; two schedulers at once make them once."""
    with reach.engine.begin() as connection:
        working = integrations.worked_on(connection, reach.settings)
    for integration in working:
        try:
            given = credentials(reach, integration)
        except Misuse as error:
            log.warning("integration_skipped", integration=integration.id, why=str(error))
            continue
        expiry.watch(reach, integration, given)
        with reach.engine.begin() as connection:
            refused = reach.keys.knows(
                given.seal, integrations.refused_digest(connection, integration.id)
            )
        if refused and not identity.try_refused(reach, integration, given):
            continue
        with reach.engine.begin() as connection:
            schedule.order(connection, reach.settings, integration)


def sweep(reach: Reach) -> None:
    """Rings for what waits: deliveries, runs, whose worker may have died, removals, rejects to look up."""
    with reach.engine.begin() as connection:
        ours = [each.id for each in integrations.worked_on(connection, reach.settings)]
        inboxes = [id_ for id_ in deliveries.integrations_waiting(connection) if id_ in ours]
        ready = runs.ready(connection, ours)
        removals = leaving.under_way(connection)
        wanting = [id_ for id_ in rejects.integrations_wanting(connection) if id_ in ours]
    bells = {
        queue.DRAIN: inboxes,
        queue.SYNC: ready,
        queue.FORGET: removals,
        queue.REPLAY: wanting,
    }
    for task, ids in bells.items():
        # bells that still hang in the queue will be answered: more of them would only pile up
        if ids and not reach.redis.llen(queue.QUEUES[task]):
            for id_ in ids:
                reach.ring(task, id_)


def care_for_webhooks(reach: Reach) -> None:
    """A subscription that Kommo switched off, or that somebody changed, is mended within minutes."""
    subscription.tend_all(reach)


def tidy(reach: Reach) -> None:
    """Forgets what has been settled or over for long, and dead letters in their own time."""
    days, dead_days = reach.settings.settled_days, reach.settings.ponte_dead_letter_days
    with reach.engine.begin() as connection:
        settled = deliveries.forget_settled(connection, days)
        dead = deliveries.forget_dead(connection, dead_days)
        rejected = rejects.forget(connection, dead_days)
        ended = runs.forget_ended(connection, days)
        books.forget_ended(connection, days)
        told = journal.forget(connection, reach.settings.ponte_journal_days)
        hook_rotation.forget_ended(connection)
        tokens.forget_ended(connection)
        incidents.forget(connection, INCIDENT_DAYS)
    questions.forget(reach.engine)
    scrubbed = erasing.keep_erased(reach)
    log.info(
        "tidied",
        deliveries=settled,
        dead=dead,
        rejects=rejected,
        runs=ended,
        journal=told,
        scrubbed=scrubbed,
    )
