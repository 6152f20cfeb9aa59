"""`ponte replay`: deliveries and rejects that failed for good are tried once more."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

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
    lacking = sorted(set(chosen.ids) - {row["id"] for row in meant})
    told = {"deliveries": meant, "dry_run": dry_run, "lacking": lacking, "success": not lacking}
    if as_json:
        print_json(told)
    else:
        _show(meant, "would wait again" if dry_run else "wait again", _delivery)
        for id_ in lacking:
            typer.echo(
                f"delivery {id_} is not there, waits already, or belongs to nobody", err=True
            )
    raise typer.Exit(1 if lacking else 0)


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
    lacking = sorted(set(chosen.ids) - {row["id"] for row in meant})
    success = not lacking and (dry_run or not left)
    told = {"rejects": meant, "left": left, "lacking": lacking, "dry_run": dry_run}
    if as_json:
        print_json({**told, "success": success})
    else:
        _show(meant, "would be looked up" if dry_run else "were looked up", _reject)
        if not dry_run:
            _show(left, "are rejects still", _reject)
        for id_ in lacking:
            typer.echo(f"there is no reject {id_}", err=True)
    raise typer.Exit(0 if success else 1)


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


def _meant_deliveries(connection: Connection, chosen: Chosen) -> list[dict[str, Any]]:
    from sqlalchemy import select

    from shared import letters
    from shared.db.bookkeeping import deliveries as table

    names = ("id", "integration_id", "received_at", "settled_at", "outcome", "reason")
    picked = select(*(table.c[name] for name in names)).where(
        letters.among_deliveries(chosen), letters.of_those_that_stay(table)
    )
    return [dict(row) for row in connection.execute(picked.order_by(table.c.id)).mappings()]


def _meant_rejects(connection: Connection, chosen: Chosen) -> list[dict[str, Any]]:
    from sqlalchemy import select

    from shared import letters
    from shared.db.bookkeeping import rejects as table

    picked = select(table).where(letters.among_rejects(chosen), letters.of_those_that_stay(table))
    return _told(connection.execute(picked.order_by(table.c.id)).all())


def _told(rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    names = ("id", "integration_id", "resource", "key", "reason", "times", "seen_at", "deaths")
    return [{name: row._mapping[name] for name in names} for row in rows]


def _look_up(reach: Reach, chosen: Chosen, console: Console) -> list[dict[str, Any]]:
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


def _show(
    found: Sequence[dict[str, Any]], what: str, line: Callable[[dict[str, Any]], str]
) -> None:
    for row in found[:SHOWN]:
        typer.echo(f"  {line(row)}")
    if len(found) > SHOWN:
        typer.echo(f"  … and {len(found) - SHOWN:,} more")
    typer.echo(f"{len(found):,} {what}")


def _delivery(row: dict[str, Any]) -> str:
    why = f": {row['reason']}" if row["reason"] else ""
    return f"{row['id']} of {row['received_at']:%Y-%m-%d %H:%M:%S}, {row['outcome']}{why}"


def _reject(row: dict[str, Any]) -> str:
    return f"{row['id']} {row['resource']} {row['key'] or 'without an id'}: {row['reason']}"
