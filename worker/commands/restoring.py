"""`ponte restored`: after a backup was restored, one command brings the mirror up to date."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shared.errors import Misuse
from worker.commands.printing import print_json

if TYPE_CHECKING:
    from rich.console import Console
    from sqlalchemy import Connection

    from shared.integrations import Integration
    from worker.reach import Reach

AFTERWARDS = (
    "What was revoked, removed or renewed since the backup is as it was then: look at ponte token list and "
    "ponte integrations list; accounts added by OAuth may have to consent anew."
)


def restored(
    stopped: Annotated[
        str,
        typer.Option(
            help="When the old deployment asked for the last time: 2026-11-25T14:30, or an age: 3h; 0s: just now."
        ),
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Report as JSON on standard output.")
    ] = False,
) -> None:
    """After a restored backup: frees what nobody holds any more and reads everything once more.

    Run it before the other processes start. Exit code 1: something could not be read.
    """
    from rich.console import Console

    from worker import subscription
    from worker.commands import progress
    from worker.commands.opened import opened
    from worker.vendors import with_credentials

    console = Console(stderr=True, highlight=False)
    with opened("ponte-restored", log_level="WARNING") as reach:
        started, ours = time.monotonic(), with_credentials(reach)
        told = _mend_books(reach, ours, stopped)
        _tell(told, console)
        subscription.tend_all(reach)
        found = _read(reach, ours, console)
        compared = _look_at_the_unlisted(reach, ours, console)
    success = _is_fine(found, compared)
    if as_json:
        print_json({**told, "runs": found, "audits": compared, "success": success})
    else:
        progress.report(found, console, time.monotonic() - started)
        console.print(AFTERWARDS, soft_wrap=True)
    raise typer.Exit(0 if success else 1)


def _mend_books(reach: Reach, ours: list[Integration], stopped: str) -> dict[str, Any]:
    from worker import restored

    with reach.engine.begin() as connection:
        since = restored.last_sign(connection)
        until = _moment(reach, connection, stopped)
        if since and not stopped and any(reach.settings.daily_limit(one.provider) for one in ours):
            raise Misuse(
                f"the backup knows everything until {since:%Y-%m-%d %H:%M:%S} UTC. Say when the old deployment "
                "asked a vendor for the last time, its requests of the day count: --stopped 2026-11-25T14:30, "
                "or --stopped 3h, three hours ago; --stopped 0s if it may have until now"
            )
        restored.free(connection)
        assumed = {
            one.budget: restored.count_unknown(connection, reach.settings, one, since, until)
            for one in ours
            if since
        }
    return {"last_sign": since, "stopped": until, "taken_for_used": assumed}


def _moment(reach: Reach, connection: Connection, written: str) -> datetime:
    """A moment, or an age; raises Misuse."""
    from zoneinfo import ZoneInfo

    from shared.db.engine import clock
    from worker.commands import explaining
    from worker.commands.replaying import AGE, age

    now = clock(connection)
    if not written:
        return now
    if AGE.fullmatch(written):
        return now - age(written)
    return explaining.moment(written, ZoneInfo(reach.settings.ponte_timezone))


def _tell(told: dict[str, Any], console: Console) -> None:
    last, until = told["last_sign"], told["stopped"]
    if last:
        console.print(f"the backup knows everything until {last:%Y-%m-%d %H:%M:%S} UTC")
    for budget, requests in told["taken_for_used"].items():
        if requests:
            console.print(
                f"[yellow]{budget}[/]: nobody knows what was asked from then until {until:%Y-%m-%d %H:%M} UTC; "
                f"{requests:,} requests of the day are taken for used",
                soft_wrap=True,
            )


def _read(reach: Reach, ours: list[Integration], console: Console) -> list[dict[str, Any]]:
    """Every list in full, what only grows from its cursor on; twice where one walk decides nothing."""
    from shared import resources, runs
    from worker import restored
    from worker.commands import inline

    ids: list[int] = []
    with reach.engine.begin() as connection:
        for one in ours:
            lists = resources.of_provider(one.provider)
            for full in (True, False):
                wanted = [each for each in lists if restored.in_full(each) is full]
                ids += runs.request(connection, one, wanted, full=full, trigger="cli").run_ids
    found = inline.sync(reach, ids, console)
    with reach.engine.begin() as connection:
        again = [
            id_
            for one in ours
            for id_ in runs.request(
                connection, one, restored.missed_once(connection, one), full=True, trigger="cli"
            ).run_ids
        ]
    return found + (inline.sync(reach, again, console) if again else [])


def _look_at_the_unlisted(
    reach: Reach, ours: list[Integration], console: Console
) -> list[dict[str, Any]]:
    """What has no list is looked at by id, as an audit does that repairs."""
    from shared import resources
    from worker.commands import auditing

    lists = [(one, [r for r in resources.of_provider(one.provider) if r.unlisted]) for one in ours]
    some = [(one, unlisted) for one, unlisted in lists if unlisted]
    return auditing.audit(reach, some, console, repair=True) if some else []


def _is_fine(found: list[dict[str, Any]], compared: list[dict[str, Any]]) -> bool:
    from shared import runs
    from worker.commands import auditing

    return all(run["state"] in runs.FINE for run in found) and auditing.success(compared)
