"""The `ponte` command. Exit codes: 0 all done, 1 something failed (named), 2 misuse.

Imports stay inside the commands: `ponte status` must not wait for what only `ponte up` needs.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from shared.errors import Misuse, PonteError
from worker.commands import (
    alerting,
    integrations,
    matching,
    person,
    replaying,
    restoring,
    secrets,
    views,
    webhooks,
)
from worker.commands.printing import print_json, report_connection

app = typer.Typer(
    help="Ponte keeps one PostgreSQL database true to Kommo and Gestão Click.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
database = typer.Typer(help="The database.", no_args_is_help=True)
token = typer.Typer(help="API tokens and login links.", no_args_is_help=True)
app.add_typer(database, name="db")
app.add_typer(webhooks.group, name="webhooks")
app.add_typer(token, name="token")
app.add_typer(integrations.group, name="integrations")
app.add_typer(views.app, name="views")
app.command()(matching.match)
app.add_typer(replaying.group, name="replay")
app.command()(restoring.restored)
app.add_typer(person.group, name="person")
app.add_typer(secrets.group, name="secrets")
app.add_typer(alerting.group, name="alerts")

Json = Annotated[bool, typer.Option("--json", help="Report as JSON on standard output.")]


def main() -> None:
    """Runs a command; what the user can mend is told without a traceback."""
    try:
        app()
    except Misuse as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    except PonteError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def up(context: typer.Context) -> None:
    """Starts everything on this machine and stays up; further options go to the sandbox (--leads 5000)."""
    from rich.console import Console

    from shared import logs
    from worker.commands.up import up as run

    logs.configure("up", "WARNING")
    raise typer.Exit(run(context.args, Console(highlight=False)))


@app.command()
def web() -> None:
    """Runs the web process: webhooks, HTTP API, dashboard."""
    from worker.commands import programs, serving

    # webhooks are taken while Redis is away
    serving.serve(lambda settings: [programs.web(settings)], vendors=True, queue=False)


@app.command()
def worker() -> None:
    """Runs two supervised pools: one kept for webhooks, one for syncs."""
    from worker.commands import programs, serving

    serving.serve(programs.workers, vendors=True, several=True)


@app.command()
def beat() -> None:
    """Runs the scheduler."""
    from worker.commands import programs, serving

    serving.serve(lambda settings: [programs.beat(settings)], vendors=True)


@app.command()
def flower() -> None:
    """Runs Flower behind FLOWER_PASSWORD (user: ponte)."""
    from worker.commands import programs, serving

    serving.serve(lambda settings: [programs.flower(settings)])


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def sandbox(context: typer.Context) -> None:
    """Runs both vendors in a box, on loopback; prints their addresses and tokens as one JSON line."""
    from worker.commands import programs
    from worker.commands.supervisor import Program

    programs.become(Program("sandbox", (*programs.PYTHON, "sandbox", *context.args)))


@app.command()
def sync(
    targets: Annotated[list[str] | None, typer.Argument(metavar="[TARGET]...")] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything again.")] = False,
    as_json: Json = False,
) -> None:
    """Syncs now, in this process. TARGET: kommo, gestao-click, kommo.leads, …; none means all."""
    import time

    from rich.console import Console

    from shared import runs
    from worker.commands import inline, progress
    from worker.commands.opened import opened

    chosen = inline.wanted(targets or [])
    console = Console(stderr=True, highlight=False)
    with opened("ponte-sync", log_level="WARNING") as reach:
        started = time.monotonic()
        if full:
            inline.tell_cost(reach, chosen, console)
        found = inline.sync(reach, inline.request(reach, chosen, full=full, trigger="cli"), console)
    success = all(run["state"] in runs.FINE for run in found)
    if as_json:
        print_json({"runs": found, "success": success})
    else:
        progress.report(found, console, time.monotonic() - started)
    raise typer.Exit(0 if success else 1)


@app.command()
def audit(
    targets: Annotated[list[str] | None, typer.Argument(metavar="[TARGET]...")] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Mend what differs.")] = False,
    now: Annotated[bool, typer.Option("--now", help="Whatever the hour, without asking.")] = False,
    as_json: Json = False,
) -> None:
    """Proves that the mirror is true: reads whole lists again and compares. Exit code 1: it is not."""
    from zoneinfo import ZoneInfo

    from rich.console import Console

    from worker.commands import auditing, inline
    from worker.commands.opened import opened

    chosen = inline.wanted(targets or [])
    console = Console(stderr=True, highlight=False)
    with opened("ponte-audit", log_level="ERROR") as reach:
        lists = auditing.wanted(reach, chosen)
        expected = auditing.costs(reach, lists)
        if not auditing.agreed(reach, expected, console, now=now):
            raise typer.Exit(1)
        found = auditing.audit(reach, lists, console, repair=repair)
        told = auditing.outcome(reach, found, expected)
        zone = ZoneInfo(reach.settings.ponte_timezone)
    if as_json:
        print_json(told)
    else:
        auditing.report(told, console, zone)
    raise typer.Exit(0 if told["success"] else 1)


@app.command()
def status(as_json: Json = False) -> None:
    """Tells how the mirror is: freshness, runs, quota, deliveries, rejects, workers."""
    import dataclasses
    from zoneinfo import ZoneInfo

    from shared import report
    from worker.commands import statusboard
    from worker.commands.opened import opened

    with opened("ponte-status", log_level="ERROR") as reach, reach.engine.begin() as connection:
        zone = ZoneInfo(reach.settings.ponte_timezone)
        found = report.status(connection, reach.settings)
    if as_json:
        print_json(dataclasses.asdict(found))
    else:
        statusboard.show(found, zone)


@app.command()
def plan(as_json: Json = False) -> None:
    """Tells what will be read today and how often, in requests and minutes; asks no vendor."""
    from rich.console import Console

    from worker.commands import planning
    from worker.commands.opened import opened

    with opened("ponte-plan", log_level="ERROR") as reach:
        found = planning.read(reach)
    if as_json:
        print_json(found)
    else:
        planning.show(found, Console(highlight=False))


@app.command()
def explain(
    resource: Annotated[str, typer.Argument(help="kommo.leads, gestao_click.vendas, …")],
    key: Annotated[str, typer.Argument(help="123; parts with slashes: leads/120001")],
    at: Annotated[str, typer.Option(help="What was it then? 2026-10-01, 2026-10-01T09:30")] = "",
    integration: Annotated[int | None, typer.Option(help="Its id, when several know it.")] = None,
    as_json: Json = False,
) -> None:
    """Tells why a row says so: deliveries, runs, changes and decisions, in the order of time."""
    import dataclasses
    from zoneinfo import ZoneInfo

    from worker import record
    from worker.commands import explaining
    from worker.commands.opened import opened
    from worker.explain import explain_now, explain_then

    with opened("ponte-explain", log_level="ERROR") as reach, reach.engine.begin() as connection:
        zone = ZoneInfo(reach.settings.ponte_timezone)
        moment = explaining.moment(at, zone) if at else None
        meant = record.named(connection, reach.settings, resource, key, integration)
        found = (
            explain_then(connection, meant, moment) if moment else explain_now(connection, meant)
        )
    if as_json:
        print_json(dataclasses.asdict(found))
    else:
        explaining.show(found, zone)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Looks for what is wrong or will be, and says what to do; exit code 1 when something needs you."""
    import dataclasses

    from shared import logs
    from worker.commands import diagnosis
    from worker.doctor.examine import examine
    from worker.doctor.findings import State

    logs.configure("ponte-doctor", "ERROR")
    found = examine()
    if as_json:
        print_json([dataclasses.asdict(each) for each in found])
    else:
        diagnosis.show(found)
    raise typer.Exit(1 if any(each.state is State.BAD for each in found) else 0)


@app.command("test-connection")
def test_connection(as_json: Json = False) -> None:
    """Asks the vendor of each integration who we are, and for a small sample."""
    from worker import answers
    from worker.commands.opened import opened

    with opened("ponte-test", log_level="ERROR") as reach:
        tested = answers.test_all(reach)
        found = {answers.name(reach, one): answer for one, answer in tested}
    if as_json:
        print_json(found)
    else:
        for name, answer in found.items():
            for line in report_connection(answer):
                typer.echo(f"{name}: {line}")
    raise typer.Exit(0 if all(answer["ok"] for answer in found.values()) else 1)


@database.command()
def upgrade() -> None:
    """Brings the database's tables up to date."""
    from shared.db import migrations
    from shared.db.engine import connect, ensure_reachable
    from worker import reports
    from worker.commands.servers import ready_settings

    with ready_settings() as ready:
        assert ready.settings.database_url  # noqa: S101
        url = ready.settings.database_url.get_secret_value()
        engine = connect(url)
        ensure_reachable(engine)
        migrations.upgrade(url)
        reports.refresh_all(engine)
    typer.echo("the database is up to date")


@database.command()
def url() -> None:
    """Prints the database's address, password and all: psql "$(ponte db url)"."""
    from worker.commands.servers import ready_settings

    with ready_settings() as ready:
        assert ready.settings.database_url  # noqa: S101
        typer.echo(ready.settings.database_url.get_secret_value())


@token.command()
def create(
    name: str,
    scope: Annotated[str, typer.Option(help="read, sync or admin")] = "sync",
    days: Annotated[int, typer.Option(min=1, max=3650)] = 365,
) -> None:
    """Prints a new API token, alone, on standard output. It is not shown again."""
    from shared import tokens
    from worker.commands.opened import opened

    _ensure_scope(scope)
    with opened("ponte-token", log_level="ERROR") as reach, reach.engine.begin() as connection:
        typer.echo(tokens.create(connection, reach.keys, name, scope, days))


def _ensure_scope(scope: str) -> None:
    from shared import tokens

    if scope not in tokens.SCOPES:
        raise Misuse(f"unknown scope {scope!r}; there are: {', '.join(tokens.SCOPES)}")


@token.command("list")
def list_tokens(as_json: Json = False) -> None:
    """Lists the tokens: name, scope, expiry, last use; never the token itself."""
    from shared import tokens
    from worker.commands.opened import opened

    with opened("ponte-token", log_level="ERROR") as reach, reach.engine.begin() as connection:
        found = tokens.listed(connection)
    if as_json:
        print_json(found)
        return
    for row in found:
        state = "revoked" if row["revoked_at"] else f"until {row['expires_at']:%Y-%m-%d}"
        used = f"last used {row['used_at']:%Y-%m-%d %H:%M}" if row["used_at"] else "never used"
        typer.echo(f"{row['name']:20} {row['scope']:6} {state:16}  {used}")


@token.command()
def revoke(name: str) -> None:
    """Revokes every live token of a name, at once."""
    from shared import tokens
    from worker.commands.opened import opened

    with opened("ponte-token", log_level="ERROR") as reach, reach.engine.begin() as connection:
        revoked = tokens.revoke(connection, name)
    if not revoked:
        raise Misuse(f"no live token is named {name!r}; see: ponte token list")
    typer.echo(f"{revoked} token(s) revoked")


@token.command("login-link")
def login_link(
    scope: Annotated[
        str, typer.Option(help="read only looks, sync orders and decides too, admin connects too")
    ] = "admin",
) -> None:
    """Prints an address that opens the dashboard, once, within an hour."""
    from shared import tokens
    from worker.commands.opened import opened
    from worker.commands.programs import local

    _ensure_scope(scope)
    with opened("ponte-token", log_level="ERROR") as reach, reach.engine.begin() as connection:
        given = reach.settings
        home = given.ponte_public_url or f"http://{local(given.host)}:{given.port}"
        link = tokens.login_link(connection, reach.keys, scope=scope)
        typer.echo(f"{home.rstrip('/')}/login?token={link}")


@token.command("end-sessions")
def end_sessions() -> None:
    """Ends every session of the dashboard, at once: whoever needs it logs in again."""
    from shared import sessions
    from worker.commands.opened import opened

    with opened("ponte-token", log_level="ERROR") as reach, reach.engine.begin() as connection:
        typer.echo(f"{sessions.end_all(connection)} session(s) ended")


if __name__ == "__main__":
    main()
