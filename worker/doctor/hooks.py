"""Hooks that are silent for longer than usual: an account that sleeps, or a way that is broken?

Polling tells: if it found changes since the last delivery that a webhook should have told, the way is broken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

from shared import integrations, resources
from shared.integrations import Integration
from shared.settings import Settings
from worker.doctor.findings import Finding, ago, bad, ok, warn

FEW = 20
"""Deliveries below which nothing is usual yet."""
PATIENCE, LEAST = 3, 600.0
"""Silence is long beyond so many usual gaps, and so many seconds."""
TODO = (
    "is PONTE_PUBLIC_URL reached from outside? curl $PONTE_PUBLIC_URL/webhooks/kommo/$KOMMO_WEBHOOK_SECRET "
    "answers ok; then: ponte webhooks register"
)
TOLD = [each.full_name for each in resources.ALL if each.webhook]


@dataclass(frozen=True)
class Heard:
    """count: of the deliveries that are kept; silent: seconds since the newest; usual: the gap that 99 of
    100 do not pass; polled: rows that incremental runs wrote or marked since; expected: the integration has
    an address of its own for them."""

    count: int
    silent: float | None
    usual: float | None
    polled: int
    expected: bool


def hooks(connection: Connection, settings: Settings) -> Iterator[Finding]:
    for integration in integrations.all_of(connection):
        listened = any(each.webhook for each in resources.of_provider(integration.provider))
        if integration.active and listened:
            yield _judged(integration, heard(connection, integration), settings)


def _judged(integration: Integration, found: Heard, settings: Settings) -> Finding:
    name = f"integration {integration.id}"
    polled = f"polling has found {found.polled:,} changes meanwhile"
    if found.silent is None:
        if not _is_expected(found, settings):
            return ok("hooks", f"{name}: no webhooks, changes are polled")
        graver = bad if is_broken(found, settings) else warn
        return graver("hooks", f"{name}: no webhook has come yet, {polled}", TODO)
    said = f"{name}: the last webhook came {ago(found.silent)} ago"
    if found.count < FEW or found.usual is None:
        return ok("hooks", f"{said}; too few have come to tell what is usual")
    usual = f"usually they come within {ago(found.usual)}"
    if not _is_silent(found):
        return ok("hooks", f"{said}; {usual}")
    if is_broken(found, settings):
        return bad("hooks", f"{said}, {usual}, and {polled}", TODO)
    return ok("hooks", f"{said}, {usual}; but polling has found nothing either")


def is_broken(found: Heard, settings: Settings) -> bool:
    """Polling has found changes of which no webhook has told, and one should have come."""
    if found.silent is None:
        return found.polled > 0 and _is_expected(found, settings)
    return found.polled > 0 and _is_silent(found)


def _is_expected(found: Heard, settings: Settings) -> bool:
    return found.expected or settings.kommo_webhook_secret is not None


def _is_silent(found: Heard) -> bool:
    """For longer than usual, as far as that is known."""
    if found.silent is None or found.usual is None or found.count < FEW:
        return False
    return found.silent > max(LEAST, PATIENCE * found.usual)


def heard(connection: Connection, integration: Integration) -> Heard:
    given = {"integration": integration.id, "told": TOLD}
    row = connection.execute(text(HEARD), given).one()
    polled = connection.scalar(text(POLLED), {**given, "last": row.last})
    return Heard(row.heard, row.silent, row.usual, int(polled or 0), row.expected)


HEARD = """
    with gaps as (
        select received_at, extract(epoch from received_at - lag(received_at) over (order by received_at)) as gap
        from sync.deliveries where integration_id = :integration)
    select count(*) as heard, max(received_at) as last,
    extract(epoch from clock_timestamp() - max(received_at))::float8 as silent,
    percentile_cont(0.99) within group (order by gap) as usual,
    (select webhook_secret is not null or metadata #>> '{webhook,state}' = 'subscribed'
        from ponte.integration_settings where id = :integration) as expected
    from gaps
"""
# what a run finds within a minute of a delivery may be that delivery's own change
POLLED = """
    select sum(written + gone) from sync.runs where integration_id = :integration
    and resource = any(:told) and mode = 'incremental' and state = 'done'
    and (cast(:last as timestamptz) is null or started_at > cast(:last as timestamptz) + interval '1 minute')
"""
