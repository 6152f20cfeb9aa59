"""`ponte secrets rotate`: everything that is stored encrypted is written anew under the newest key.

Each value is replaced only if it is still what was read: who changes it meanwhile, with the newest key,
wins. It may be broken off and repeated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, and_, func, select, update

from shared import integrations
from shared.db.alerting import alert_channels
from shared.db.bookkeeping import api_tokens, integration_settings
from shared.errors import Misuse
from shared.integrations import Integration
from worker.reach import Reach
from worker.sources.opening import credentials

SEALED: list[Column[Any]] = [
    column
    for table in alert_channels.metadata.sorted_tables
    for column in table.columns
    if column.info.get("sealed")
]


@dataclass
class Rotated:
    """unreadable: values that no key fits, `ponte.integration_settings.credentials 3`; tokens: living ones that
    a former key signed, or that nobody has used since it is noted which."""

    keys: int
    rewritten: int = 0
    already: int = 0
    unreadable: list[str] = field(default_factory=list)
    tokens: list[dict[str, Any]] = field(default_factory=list)

    @property
    def former_may_go(self) -> bool:
        return not self.unreadable and not self.tokens


def rotate(reach: Reach) -> Rotated:
    """Safe while everything runs, as soon as every process knows the newest key."""
    rotated = Rotated(len(reach.keys.names))
    counted: Counter[str] = Counter()
    for column in SEALED:
        for name, became in _renew(reach, column):
            counted[became] += 1
            if became == "unreadable":
                rotated.unreadable.append(name)
    _renew_digests(reach)
    rotated.rewritten, rotated.already = counted["rewritten"], counted["already"]
    rotated.tokens = _signed_by_others(reach) if rotated.keys > 1 else []
    return rotated


def _renew(reach: Reach, column: Column[Any]) -> Iterator[tuple[str, str]]:
    """(where it stands, what became of it) for every value of a column."""
    table = column.table
    (key,) = table.primary_key.columns
    with reach.engine.begin() as connection:
        stored = connection.execute(select(key, column).where(column.is_not(None))).all()
    for id_, sealed in stored:
        shown = id_.hex()[:8] if isinstance(id_, bytes) else id_
        yield f"{table}.{column.name} {shown}", _renew_one(reach, column, key == id_, sealed)


def _renew_one(reach: Reach, column: Column[Any], this: Any, sealed: bytes) -> str:
    if reach.keys.is_newest(sealed):
        return "already"
    try:
        renewed = reach.keys.encrypt(reach.keys.decrypt(sealed))
    except Misuse:
        return "unreadable"
    same = and_(this, column == sealed)
    with reach.engine.begin() as connection:
        connection.execute(update(column.table).where(same).values({column.name: renewed}))
    return "rewritten"


def _renew_digests(reach: Reach) -> None:
    """What is known of credentials by their keyed hash stays known: proved ones, and refused ones."""
    with reach.engine.begin() as connection:
        known = integrations.all_of(connection)
    for integration in known:
        try:
            seal = credentials(reach, integration).seal
        except Misuse:
            continue
        _renew_digests_of(reach, integration, seal)


def _renew_digests_of(reach: Reach, integration: Integration, seal: str) -> None:
    table, newest = integration_settings, reach.keys.digest(seal)
    former = reach.keys.digests(seal)[1:]
    refused = table.c.metadata["refused"].as_string()
    said = table.c.metadata.op("||")(func.jsonb_build_object("refused", newest))
    with reach.engine.begin() as connection:
        this = table.c.id == integration.id
        connection.execute(
            update(table)
            .where(this, table.c.credentials_seen.in_(former))
            .values(credentials_seen=newest)
        )
        connection.execute(update(table).where(this, refused.in_(former)).values(metadata=said))


def _signed_by_others(reach: Reach) -> list[dict[str, Any]]:
    table = api_tokens
    chosen = (
        select(table.c.name, table.c.scope, table.c.expires_at, table.c.used_at)
        .where(
            table.c.revoked_at.is_(None),
            table.c.expires_at > func.clock_timestamp(),
            table.c.signed_by.is_distinct_from(reach.keys.names[0]),
        )
        .order_by(table.c.expires_at)
    )
    with reach.engine.begin() as connection:
        return [dict(row) for row in connection.execute(chosen).mappings()]
