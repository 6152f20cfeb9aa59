"""`ponte webhooks`: our subscription at Kommo. Workers tend it by themselves every few minutes."""

from __future__ import annotations

from typing import Annotated, Any

import typer

group = typer.Typer(help="Our webhook at Kommo.", no_args_is_help=True)
Of = Annotated[
    int | None,
    typer.Option("--integration", help="Absent: the only active one, or the environment's."),
]


@group.command()
def register(integration: Of = None) -> None:
    """Subscribes PONTE_PUBLIC_URL at Kommo with the events that are mirrored."""
    from worker import subscription

    with _opened() as reach:
        subscribed, message = subscription.register(reach, integration)
    typer.echo(message)
    raise typer.Exit(0 if subscribed else 1)


@group.command("list")
def list_all(
    integration: Of = None,
    as_json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Lists the account's webhooks, other vendors' too: where to (the host only) and which events."""
    from worker import subscription
    from worker.commands.printing import print_json

    with _opened() as reach:
        found = subscription.listed(reach, integration)
    if as_json:
        print_json(found)
        return
    for hook in found:
        whose = "former" if hook["former"] else "ours  " if hook["ours"] else "      "
        state = "switched off" if hook["disabled"] else "on"
        typer.echo(f"{whose}  {hook['destination']}  {state}  {', '.join(hook['events'])}")


@group.command()
def remove(integration: Of = None) -> None:
    """Ends our own subscription; changes are polled until `ponte webhooks register`."""
    from worker import subscription

    with _opened() as reach:
        removed = subscription.remove(reach, integration)
    typer.echo("removed: changes are polled" if removed else "there was none of ours")


@group.command("rotate-secret")
def rotate_secret(
    integration: Of = None,
    now: Annotated[
        bool, typer.Option("--now", help="It has leaked: end the former one at once.")
    ] = False,
) -> None:
    """Gives an added account another webhook address; the former one is taken until Kommo calls the new one."""
    from worker import subscription

    with _opened() as reach:
        subscribed, message = subscription.rotate_secret(reach, integration, now=now)
    typer.echo(message)
    raise typer.Exit(0 if subscribed else 1)


def _opened() -> Any:
    from worker.commands.opened import opened

    return opened("ponte-webhooks", log_level="WARNING")
