"""`ponte alerts`: what was found, what is watched for, and where it is told. Secrets are never arguments."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from shared.errors import Misuse

group = typer.Typer(help="Alerts: incidents, rules, channels.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Report as JSON on standard output.")]
Named = Annotated[str, typer.Argument(metavar="CHANNEL", help="Its name or id.")]


@group.command("list")
def list_incidents(
    state: Annotated[str, typer.Option(help="open, closed or all")] = "open",
    as_json: Json = False,
) -> None:
    """Lists incidents, the newest first."""
    from shared.alerts import incidents
    from worker.commands.printing import print_json

    if state not in incidents.STATES:
        raise Misuse(f"state {state!r}: there are {', '.join(incidents.STATES)}")
    with _opened() as reach, reach.engine.begin() as connection:
        found, _ = incidents.listed(connection, state, limit=250)
    if as_json:
        print_json(found)
        return
    for row in found:
        over = f" to {row['closed_at']:%Y-%m-%d %H:%M}" if row["closed_at"] else ""
        typer.echo(f"{row['opened_at']:%Y-%m-%d %H:%M}{over}  {row['rule']}: {row['said_en']}")
    if not found:
        typer.echo(f"no {'' if state == 'all' else f'{state} '}incidents")


@group.command()
def rules(as_json: Json = False) -> None:
    """Lists the rules with their thresholds."""
    import dataclasses

    from shared.alerts import rules
    from worker.commands.printing import print_json

    with _opened() as reach, reach.engine.begin() as connection:
        found = rules.current(connection)
    if as_json:
        print_json([dataclasses.asdict(rule) for rule in found])
        return
    for rule in found:
        above = "" if rule.threshold is None else f"{rule.threshold:f} {rule.unit}"
        again = f"again every {rule.remind_hours} h" if rule.remind_hours else "once"
        typer.echo(
            f"{rule.name:20} {'on' if rule.enabled else 'off':4} {above:16} {again:18} {rule.title.en}"
        )


@group.command()
def rule(
    name: str,
    on: Annotated[bool | None, typer.Option("--on/--off")] = None,
    threshold: Annotated[str | None, typer.Option(help="A number, in the rule's unit.")] = None,
    remind: Annotated[
        str | None, typer.Option(metavar="HOURS", help="Tell again so often; `never`.")
    ] = None,
) -> None:
    """Switches a rule on or off, sets its threshold or reminders."""
    from shared.alerts import rules

    changes: dict[str, Any] = {} if on is None else {"enabled": on}
    if threshold is not None:
        changes["threshold"] = _number(threshold)
    if remind is not None:
        changes["remind_hours"] = None if remind == "never" else int(_number(remind))
    if not changes:
        raise Misuse("say --on or --off, --threshold or --remind")
    with _opened() as reach, reach.engine.begin() as connection:
        rules.change(connection, name, changes)
    typer.echo(f"{name} is changed")


def _number(said: str) -> Decimal:
    try:
        return Decimal(said)
    except ArithmeticError:
        raise Misuse(f"{said!r} is no number") from None


@group.command()
def channels(as_json: Json = False) -> None:
    """Lists the channels; never their secrets."""
    from shared.alerts import channels
    from worker.commands.printing import print_json

    with _opened() as reach, reach.engine.begin() as connection:
        found = channels.listed(connection)
    if as_json:
        print_json(found)
        return
    for row in found:
        typer.echo(_line(row))
    if not found:
        typer.echo("none yet: ponte alerts add webhook NAME")


def _line(row: Mapping[str, Any]) -> str:
    last = f"last told {row['told_at']:%Y-%m-%d %H:%M}" if row["told_at"] else "never told"
    problem = f"; {row['problem']}" if row["problem"] else ""
    return f"{row['id']:>3}  {row['name']:20} {row['kind']:9} {row['place']}  {last}{problem}"


@group.command()
def add(
    kind: Annotated[str, typer.Argument(help="webhook, email or telegram")],
    name: str,
    settings_file: Annotated[
        Path | None,
        typer.Option(
            help='JSON: {"url", "secret"}, {"to", "sender", "host", "port", "security", "user", "password"} '
            'or {"token", "chat_id", "base"}. Absent: it is read from standard input.'
        ),
    ] = None,
    language: Annotated[str, typer.Option(help="pt-BR or en")] = "pt-BR",
    as_json: Json = False,
) -> None:
    """Adds a channel; nothing is sent before `ponte alerts test`."""
    from shared.alerts import channels
    from worker.commands.printing import print_json

    given = _settings(settings_file)
    with _opened() as reach, reach.engine.begin() as connection:
        added = channels.add(
            connection, reach.keys, kind=kind, name=name, settings=given, language=language
        )
    if as_json:
        print_json({"id": added.id, "secret": added.secret})
        return
    typer.echo(f"channel {added.id} added; now: ponte alerts test {added.id}")
    if added.secret:
        typer.echo(f"the secret that signs its notices, shown this once: {added.secret}")


def _settings(file: Path | None) -> dict[str, Any]:
    try:
        given = orjson.loads(sys.stdin.read() if file is None else file.read_text())
    except OSError as error:
        raise Misuse(f"{file} cannot be read ({error.strerror})") from None
    except ValueError:
        raise Misuse('the settings are no JSON; write {"url": "https://…"}') from None
    values = given.values() if isinstance(given, dict) else [None]
    if not all(isinstance(value, str | int) for value in values):
        raise Misuse("the settings are one JSON object of words and numbers")
    return {str(key): value if key == "port" else str(value) for key, value in given.items()}


@group.command()
def test(channel: Named) -> None:
    """Sends something to a channel, here and now; exit code 1 when it does not take it."""
    from shared.alerts import channels
    from worker.alerts import round as alerts

    with _opened() as reach:
        with reach.engine.begin() as connection:
            id_ = channels.id_of(connection, channel)
        alerts.test(reach, id_)
    typer.echo(f"channel {channel} took it")


@group.command()
def remove(channel: Named) -> None:
    """Removes a channel, and what it still was to be told."""
    from shared.alerts import channels

    with _opened() as reach, reach.engine.begin() as connection:
        channels.remove(connection, channels.id_of(connection, channel))
    typer.echo(f"channel {channel} is removed")


def _opened() -> Any:
    from worker.commands.opened import opened

    return opened("ponte-alerts", log_level="ERROR")
