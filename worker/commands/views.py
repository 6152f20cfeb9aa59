"""`ponte views`: the typed views of each Kommo account."""

from __future__ import annotations

import dataclasses
import sys
from typing import Annotated

import typer

app = typer.Typer(help="The typed SQL views of each Kommo account.", no_args_is_help=True)


@app.callback()
def views() -> None:
    """The typed SQL views of each Kommo account."""


@app.command()
def refresh(
    prune: Annotated[
        bool, typer.Option("--prune", help="Give up columns of fields that Kommo no longer lists.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Report as JSON on standard output.")
    ] = False,
) -> None:
    """Brings every view to what the mirrored definitions of custom fields say."""
    import orjson

    from worker import reports
    from worker.commands.opened import opened

    with opened("ponte-views", log_level="ERROR") as reach:
        found = reports.refresh_all(reach.engine, prune=prune)
    if as_json:
        shown = orjson.dumps([dataclasses.asdict(one) for one in found], option=orjson.OPT_INDENT_2)
        sys.stdout.write(shown.decode() + "\n")
    else:
        for one in found:
            why = f": {one.problem}" if one.problem else ""
            typer.echo(f"reports.{one.view:40} {one.done}{why}")
    raise typer.Exit(1 if any(one.problem for one in found) else 0)
