"""`ponte integrations remove`: what becomes of the mirror is a person's word, or an option's."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from shared.errors import Misuse

if TYPE_CHECKING:
    from shared.integrations import Integration
    from worker.reach import Reach

Id = Annotated[int, typer.Argument(metavar="ID", help="As `ponte integrations list` shows it.")]
PATIENCE = 10.0
"""Seconds between two words of how far a removal is."""


def remove(
    id_: Id,
    delete_mirror: Annotated[
        bool | None,
        typer.Option(
            "--delete-mirror/--keep-mirror",
            help="What becomes of its rows; asked for at a terminal.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
) -> None:
    """Deletes its credentials and its webhook at Kommo, and its rows when you say so."""
    from shared import integrations, leaving
    from worker import forgetting
    from worker.commands.opened import opened

    with opened("ponte-integrations", log_level="WARNING") as reach:
        with reach.engine.begin() as connection:
            there = integrations.by_id(connection, id_)
        delete = _asked_whether(there, delete_mirror)
        if not yes and sys.stdin.isatty():
            _ensure_meant(there, delete)
        with reach.engine.begin() as connection:
            leaving.remove(connection, reach.settings, id_, "delete" if delete else "keep")
        while forgetting.carry_out(reach, id_, PATIENCE):
            typer.echo(f"{_rows_gone(reach, id_):,} rows are deleted so far", err=True)
        gone = _rows_gone(reach, id_)
    kept = f"{gone:,} rows are deleted too" if delete else "its rows are kept"
    typer.echo(f"integration {id_} is removed: its credentials are deleted, {kept}")


def _asked_whether(there: Integration, delete: bool | None) -> bool:
    """Shall its mirror go? Nobody but a person or an option decides that."""
    if delete is not None:
        return delete
    how = f"ponte integrations remove {there.id}"
    if not sys.stdin.isatty():
        raise Misuse(
            f"say what becomes of its mirrored rows: {how} --keep-mirror, or {how} --delete-mirror"
        )
    typer.echo(f"Integration {there.id}: {there.provider} of {there.user_id}.")
    return typer.confirm("Delete its mirrored rows too? (n: they stay)", default=None)


def _ensure_meant(there: Integration, delete: bool) -> None:
    what = "credentials and every mirrored row" if delete else "credentials"
    which = f"integration {there.id} ({there.provider} of {there.user_id})"
    if not typer.confirm(f"Delete the {what} of {which}?"):
        raise typer.Exit(2)


def _rows_gone(reach: Reach, id_: int) -> int:
    from shared import enrolment

    with reach.engine.begin() as connection:
        told = enrolment.listed(connection, reach.settings)
    return next(int(row["removal"]["rows"]) for row in told if row["id"] == id_)
