"""Beat's round: look, keep what is found, tell what waits. Who looks at the same time does no harm."""

from __future__ import annotations

import time

from sqlalchemy.exc import SQLAlchemyError

from shared import integrations
from shared.alerts import channels, rules
from shared.alerts.rules import Rule
from shared.db.engine import clock
from shared.errors import Misuse, NotDelivered
from shared.logs import logger
from worker.alerts import incidents, notices, posting, signs, wording
from worker.alerts.signs import Look
from worker.reach import Reach

log = logger(__name__)


def look(reach: Reach) -> None:
    """Each rule in a transaction of its own: one that cannot look closes nothing, and stops no other."""
    with reach.engine.begin() as connection:
        current, minute = rules.current(connection), clock(connection).timestamp() // 60
    for rule in current:
        if minute % rule.every_minutes:
            continue
        try:
            _look(reach, rule)
        except SQLAlchemyError as error:
            log.error("alert_rule_failed", rule=rule.name, why=type(error).__name__)


def _look(reach: Reach, rule: Rule) -> None:
    with reach.engine.begin() as connection:
        if not rule.enabled:
            incidents.end(connection, rule)
            return
        working = integrations.worked_on(connection, reach.settings)
        found = signs.of(Look(connection, reach.settings, working), rule)
        incidents.settle(connection, rule, found)


def tell(reach: Reach, seconds: float) -> bool:
    """Sends what waits for about `seconds`; True when there is more."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with reach.engine.begin() as connection:
            notice = notices.claim(connection)
        if notice is None:
            return False
        _send(reach, notice)
    with reach.engine.begin() as connection:
        return notices.waiting(connection)


def _send(reach: Reach, notice: notices.Notice) -> None:
    """No transaction is open while somebody else is waited for."""
    try:
        with reach.engine.begin() as connection:
            channel = channels.opened(connection, reach.keys, notice.channel_id)
        posting.deliver(channel, wording.message(reach.settings, notice, channel.language))
    except (NotDelivered, Misuse) as error:
        log.warning("alert_not_told", channel=notice.channel_id, why=str(error))
        with reach.engine.begin() as connection:
            notices.failed(connection, notice, str(error))
        return
    log.info("alert_told", channel=channel.id, incident=notice.incident_id, kind=notice.kind)
    with reach.engine.begin() as connection:
        notices.sent(connection, notice)


def test(reach: Reach, channel_id: int) -> None:
    """Tells a channel that it works; raises UnknownTarget, and NotDelivered with why it does not."""
    with reach.engine.begin() as connection:
        channel = channels.opened(connection, reach.keys, channel_id)
    posting.deliver(channel, wording.test_message(channel.language))
