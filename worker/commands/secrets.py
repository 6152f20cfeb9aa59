"""`ponte secrets`: after a change of PONTE_SECRET_KEY."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from worker.rotation import Rotated

group = typer.Typer(help="What is stored encrypted.", no_args_is_help=True)


@group.command()
def rotate(
    as_json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Writes every stored secret anew under the newest PONTE_SECRET_KEY; says when the former may go."""
    from worker.commands.opened import opened
    from worker.commands.printing import print_json
    from worker.rotation import rotate as run

    with opened("ponte-secrets", log_level="ERROR") as reach:
        found = run(reach)
    if as_json:
        print_json({**dataclasses.asdict(found), "former_may_go": found.former_may_go})
    else:
        for line in told(found):
            typer.echo(line)
    raise typer.Exit(1 if found.unreadable else 0)


def told(found: Rotated) -> Iterator[str]:
    yield f"{found.rewritten} secret(s) written anew under the newest key, {found.already} were already"
    for name in found.unreadable:
        yield f"no key fits: {name}; put its key behind the others, or give the account new credentials"
    for token in found.tokens:
        yield f"the token {token['name']!r} ({token['scope']}) is signed by a former key, until {token['expires_at']:%Y-%m-%d}"
    if found.keys == 1:
        yield "there is one key only: put a new one in front of it, restart everything, then rotate"
    elif found.former_may_go:
        yield "PONTE_SECRET_KEY: the former keys may be taken out now; then restart"
    elif found.tokens:
        yield "keep the former keys until these tokens are replaced (ponte token create) or over"
