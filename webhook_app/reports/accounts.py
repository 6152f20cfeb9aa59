"""Whose report it is: the accounts of one business, and how old what they say is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, select, tuple_

from shared import integrations
from shared.db.bookkeeping import checkpoints
from shared.integrations import PROVIDERS
from shared.resources import BY_NAME
from shared.settings import Settings
from webhook_app.businesses import NOBODY, Business
from webhook_app.envelopes import moment
from webhook_app.reports.grammar import Report


def lacking(report: Report, of: Business) -> list[str]:
    """Vendors whose lists the report follows, and where the business has no account."""
    needed = {BY_NAME[name].provider for name in report.follows}
    return [provider for provider in PROVIDERS if provider in needed and not of.of(provider)]


def business(
    connection: Connection, settings: Settings, report: Report, asked: int | None
) -> Business:
    """The one that the account `asked` is of, at whichever vendor; without one, of the account that is meant.

    An account of the vendor whose rows these are stands for itself, beside those that the user has at the other.
    Raises UnknownTarget, and Misuse when there are several and none of them is the environment's.
    """
    if asked is None:
        one = integrations.chosen(connection, settings, report.providers[0])
    else:
        one = integrations.by_id(connection, asked)
    if one is None:
        return NOBODY
    mates = [
        each
        for each in integrations.all_of(connection)
        if each.user_id == one.user_id and not each.removed
    ]
    if asked is not None and one.provider in report.providers:
        mates = [one, *(each for each in mates if each.provider != one.provider)]
    return Business(one.user_id, tuple(mates))


def freshness(connection: Connection, report: Report, of: Business) -> dict[str, Any]:
    """When the lists that the report follows were last read: of the one that was read longer ago. Null while one
    of them never was."""
    lists = [(id_, name) for name in report.follows for id_ in of.of(BY_NAME[name].provider)]
    table = checkpoints.c
    found = connection.execute(
        select(
            func.count(),
            func.min(table.updated_at),
            func.min(table.walked_at),
            func.extract("epoch", func.clock_timestamp() - func.min(table.updated_at)),
        ).where(tuple_(table.integration_id, table.resource).in_(lists))
    ).one()
    return _told(found) if lists and found[0] == len(lists) else _told((0, None, None, None))


def _told(found: Sequence[Any]) -> dict[str, Any]:
    _, synced, walked, age = found
    return {
        "synced_at": moment(synced),
        "full_walk_at": moment(walked),
        "age_seconds": None if age is None else round(float(age), 1),
    }


def choices(connection: Connection, report: Report) -> list[tuple[str, str]]:
    """(an account at the vendor whose rows these are, whose it is) of every business that has one."""
    known = [one for one in integrations.all_of(connection) if one.provider == report.providers[0]]
    return [(str(one.id), one.user_id) for one in known if not one.removed]
