"""`ponte match`: who is who, and which sale a deal became, brought up to date here and now."""

from __future__ import annotations

from typing import Annotated

import typer

from worker.commands.printing import print_json

STRETCH = 60.0


def match(
    as_json: Annotated[
        bool, typer.Option("--json", help="Report as JSON on standard output.")
    ] = False,
) -> None:
    """Matches people of Kommo with those of the ERP, and deals with sales; beat does it every minute."""
    from shared import matches
    from shared.db import matching as tables
    from worker.commands.opened import opened
    from worker.matching import work

    with opened("ponte-match", log_level="WARNING") as reach:
        while work.carry_out(reach, STRETCH):
            pass
        with reach.engine.begin() as connection:
            found = {
                "people": matches.counted(connection, tables.matches),
                "deals": matches.counted(connection, tables.deal_sales),
            }
    if as_json:
        print_json(found)
        return
    for what, counts in found.items():
        typer.echo(
            f"{what}: {', '.join(f'{count} {standing}' for standing, count in counts.items())}"
        )
