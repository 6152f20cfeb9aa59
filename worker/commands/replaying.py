"""`ponte replay`: deliveries and rejects that failed for good are tried once more."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Never

import typer

from shared.errors import Misuse
from worker.commands.printing import print_json

if TYPE_CHECKING:
    from rich.console import Console
    from sqlalchemy import Connection, Row

    from shared.letters import Chosen
    from shared.rejects import Wanted
    from worker.reach import Reach

group = typer.Typer(help="Tries again what failed for good.", no_args_is_help=True)
STRETCH, PATIENCE, EVERY = 30.0, 60.0, 0.25
"""Seconds: PATIENCE is how long looks are waited for that a worker has taken, or that were put back."""
SHOWN = 20
AGE = re.compile(r"([0-9]{1,5})([smhd])")
Letter = dict[str, Any]
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

Ids = Annotated[list[int] | None, typer.Option("--id", help="May be repeated.")]
Reason = Annotated[str, typer.Option(help="Words of the reason, or a delivery's outcome.")]
Since = Annotated[str, typer.Option(help="No older than: 2d, 12h, 30m, 45s.")]
OfIntegration = Annotated[int | None, typer.Option(help="Of this integration only: its id.")]
Everything = Annotated[bool, typer.Option("--all", help="All that are kept.")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Tell what is meant, change nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Report as JSON on standard output.")]


@group.command()
def deliveries(
    ids: Ids = None,
    reason: Reason = "",
    since: Since = "",
    integration: OfIntegration = None,
    everything: Everything = False,
    dry_run: Dry = False,
    as_json: Json = False,
) -> None:
    """Webhooks wait again, as if they had just come. Without --id or --reason those that failed for good.

    Exit code 1: one that was named by its id is not there, waits already, or belongs to nobody any more.
    """
    from shared import letters
    from shared.queue import DRAIN
    from worker.commands.opened import opened

    with opened("ponte-replay", log_level="WARNING") as reach:
        with reach.engine.begin() as connection:
            chosen = _chosen(
                connection,
                since,
                ids=tuple(ids or ()),
                reason=reason or None,
                integration_id=integration,
                everything=everything,
            )
            meant = _meant_deliveries(connection, chosen)
            replayed = {} if dry_run else letters.replay_deliveries(connection, chosen)
        for id_ in replayed:
            reach.ring(DRAIN, id_)
    lacking = _lacking(chosen, meant)
    told = {"deliveries": meant, "dry_run": dry_run, "lacking": lacking, "success": not lacking}
    shown = {"would wait again" if dry_run else "wait again": meant}
    absent = "delivery {} is not there, waits already, or belongs to nobody"
    _end(told, as_json, lambda: _show(shown, _delivery, lacking, absent))


@group.command()
def rejects(
    ids: Ids = None,
    reason: Reason = "",
    since: Since = "",
    resource: Annotated[str, typer.Option(help="kommo.leads, gestao_click.vendas, …")] = "",
    key: Annotated[str, typer.Option(help="The record's id.")] = "",
    integration: OfIntegration = None,
    everything: Everything = False,
    dry_run: Dry = False,
    as_json: Json = False,
) -> None:
    """Looks their records up at the vendor again; what becomes a row is no reject any more.

    Exit code 1: some are rejects still.
    """
    from rich.console import Console

    from shared import resources
    from shared.errors import UnknownTarget
    from worker.commands.opened import opened

    if resource and resource not in resources.BY_NAME:
        raise UnknownTarget(resource, list(resources.BY_NAME))
    with opened("ponte-replay", log_level="WARNING") as reach:
        with reach.engine.begin() as connection:
            chosen = _chosen(
                connection,
                since,
                ids=tuple(ids or ()),
                reason=reason or None,
                integration_id=integration,
                resource=resource or None,
                key=key or None,
                everything=everything,
            )
            meant = _meant_rejects(connection, chosen)
        left = meant if dry_run else _look_up(reach, chosen, Console(stderr=True, highlight=False))
    lacking = _lacking(chosen, meant)
    success = not lacking and (dry_run or not left)
    told = {"rejects": meant, "left": left, "lacking": lacking, "dry_run": dry_run}
    looked_up = {"were looked up": meant, "are rejects still": left}
    shown = {"would be looked up": meant} if dry_run else looked_up
    absent = "there is no reject {}"
    _end({**told, "success": success}, as_json, lambda: _show(shown, _reject, lacking, absent))


def _chosen(connection: Connection, since: str, **given: Any) -> Chosen:
    """What the options mean; raises Misuse when they mean nothing."""
    from shared.db.engine import clock
    from shared.letters import Chosen

    from_then_on = clock(connection) - age(since) if since else None
    chosen = Chosen(since=from_then_on, **given)
    chosen.ensure_meant()
    return chosen


def age(written: str) -> timedelta:
    """`2d`; raises Misuse."""
    found = AGE.fullmatch(written)
    if not found:
        raise Misuse(f"{written!r} is no age: write 2d, 12h, 30m or 45s")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


def _meant_deliveries(connection: Connection, chosen: Chosen) -> list[Letter]:
    from sqlalchemy import select

    from shared import letters
    from shared.db.bookkeeping import deliveries as table

    names = ("id", "integration_id", "received_at", "settled_at", "outcome", "reason")
    picked = select(*(table.c[name] for name in names)).where(
        letters.among_deliveries(chosen), letters.of_those_that_stay(table)
    )
    return [dict(row) for row in connection.execute(picked.order_by(table.c.id)).mappings()]


def _meant_rejects(connection: Connection, chosen: Chosen) -> list[Letter]:
    from sqlalchemy import select

    from shared import letters
    from shared.db.bookkeeping import rejects as table

    picked = select(table).where(letters.among_rejects(chosen), letters.of_those_that_stay(table))
    return _told(connection.execute(picked.order_by(table.c.id)).all())


def _told(rows: Sequence[Row[Any]]) -> list[Letter]:
    names = ("id", "integration_id", "resource", "key", "reason", "times", "seen_at", "deaths")
    return [{name: row._mapping[name] for name in names} for row in rows]


def _look_up(reach: Reach, chosen: Chosen, console: Console) -> list[Letter]:
    """Here and now, whoever else is at it; returns those that are rejects still."""
    from shared import rejects as books
    from worker.commands import inline

    with reach.engine.begin() as connection:
        wanted = books.want(connection, chosen, "cli")
    _wait_for_looks(reach, wanted)
    if wanted.run_ids:
        inline.sync(reach, wanted.run_ids, console)
    with reach.engine.begin() as connection:
        return _told(books.kept(connection, wanted))


def _wait_for_looks(reach: Reach, wanted: Wanted) -> None:
    from worker import replaying

    deadline = time.monotonic() + PATIENCE
    while _are_wanted(reach, wanted) and time.monotonic() < deadline:
        for id_ in wanted.integration_ids:
            while replaying.carry_out(reach, id_, STRETCH):
                pass
        time.sleep(EVERY)


def _are_wanted(reach: Reach, wanted: Wanted) -> bool:
    from shared import deaths
    from shared import rejects as books

    with reach.engine.begin() as connection:
        kept = books.kept(connection, wanted)
    return any(row.wanted_at and row.deaths < deaths.MOST for row in kept)


def _lacking(chosen: Chosen, meant: Sequence[Letter]) -> list[int]:
    """Ids that were named and are none of those that are meant."""
    return sorted(set(chosen.ids) - {row["id"] for row in meant})


def _end(told: Mapping[str, Any], as_json: bool, show: Callable[[], None]) -> Never:
    if as_json:
        print_json(told)
    else:
        show()
    raise typer.Exit(0 if told["success"] else 1)


def _show(
    found: Mapping[str, Sequence[Letter]],
    line: Callable[[Letter], str],
    lacking: Sequence[int],
    absent: str,
) -> None:
    for what, rows in found.items():
        for row in rows[:SHOWN]:
            typer.echo(f"  {line(row)}")
        if len(rows) > SHOWN:
            typer.echo(f"  … and {len(rows) - SHOWN:,} more")
        typer.echo(f"{len(rows):,} {what}")
    for id_ in lacking:
        typer.echo(absent.format(id_), err=True)


def _delivery(row: Letter) -> str:
    why = f": {row['reason']}" if row["reason"] else ""
    return f"{row['id']} of {row['received_at']:%Y-%m-%d %H:%M:%S}, {row['outcome']}{why}"


def _reject(row: Letter) -> str:
    return f"{row['id']} {row['resource']} {row['key'] or 'without an id'}: {row['reason']}"
