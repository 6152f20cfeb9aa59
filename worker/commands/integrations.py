"""`ponte integrations`: the accounts that this deployment works on. Secrets are never arguments."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shared.errors import Misuse
from worker.commands.removing import Id, remove

if TYPE_CHECKING:
    from shared.enrolment import Changes, Wanted
    from worker.reach import Reach

USUAL = ("usual", "default")
group = typer.Typer(help="The accounts that are mirrored.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Report as JSON on standard output.")]
SecretsFile = Annotated[
    Path | None,
    typer.Option(
        "--secrets-file",
        help="One secret a line: Kommo's token; Gestão Click's access token, then its secret token. "
        "Absent: they are read from standard input, or asked for.",
    ),
]


@group.command()
def add(
    provider: Annotated[str, typer.Argument(help="kommo or gestao-click")],
    user: Annotated[str, typer.Option("--user", help="Whose account it is: a name of yours.")],
    wallet: Annotated[str, typer.Option("--wallet", help="Tells several of one user apart.")] = (
        "global"
    ),
    url: Annotated[
        str | None, typer.Option("--url", help="The account's own address: https://NAME.kommo.com")
    ] = None,
    frequency: Annotated[
        str | None, typer.Option("--frequency", help="hourly, daily, weekly or minutes")
    ] = None,
    secrets_file: SecretsFile = None,
    no_test: Annotated[
        bool, typer.Option("--no-test", help="Do not ask the vendor first.")
    ] = False,
    by_consent: Annotated[
        bool,
        typer.Option("--oauth", help="Kommo only: print the address where its owner consents."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Adds an account: asks for its secrets, tests them, keeps them encrypted."""
    from shared import enrolment
    from shared.enrolment import Wanted
    from worker.commands.printing import print_json

    if by_consent:
        typer.echo(_consent_url(provider, user, wallet, frequency))
        return
    given = _secrets(provider, secrets_file)
    wanted = Wanted(provider, user, given, wallet, url, frequency)
    with _opened() as reach:
        wanted = enrolment.checked(reach.settings, wanted)
        if not no_test:
            _ensure_tested(reach, wanted)
        with reach.engine.begin() as connection:
            added = enrolment.add(connection, reach.settings, reach.keys, wanted)
        secret, id_ = added.webhook_secret, added.integration.id
        address = enrolment.webhook_address(reach.settings, secret) if secret else None
    if as_json:
        print_json({"id": id_, "webhook_url": address})
        return
    typer.echo(f"integration {id_} added; it is read as soon as a worker runs")
    if address:
        typer.echo(f"its webhook, shown this once: {address}")


def _consent_url(provider: str, user: str, wallet: str, frequency: str | None) -> str:
    """Where the owner of the account is sent; the web process keeps what comes of it."""
    from shared import enrolment, oauth

    if provider != "kommo":
        raise Misuse("only Kommo has OAuth")
    enrolment.ensure_named(user, wallet, frequency)
    with _opened() as reach, reach.engine.begin() as connection:
        return oauth.consent_url(
            connection,
            reach.settings,
            reach.keys,
            user_id=user,
            wallet_id=wallet,
            sync_frequency=frequency,
        )


def _ensure_tested(reach: Reach, wanted: Wanted) -> None:
    """Raises Misuse, and nothing is kept, when the vendor does not answer with an account."""
    from shared.questions import TEST_CONNECTION
    from worker import answers
    from worker.commands.printing import report_connection

    posted = {**wanted.credentials, **({"apiUrl": wanted.url} if wanted.url else {})}
    question = {"provider": wanted.provider, "credentials": posted}
    found = answers.answer(reach, TEST_CONNECTION, question)
    if not found["ok"]:
        for line in report_connection(found):
            typer.echo(line, err=True)
        typer.echo("Nothing was added. --no-test adds it all the same.", err=True)
        raise typer.Exit(1)


def _secrets(provider: str, file: Path | None) -> dict[str, str]:
    """From a file, from what is piped in, or asked for without an echo."""
    from shared.enrolment import CREDENTIALS

    names = CREDENTIALS.get(provider)
    if names is None:
        raise Misuse(f"unknown provider {provider!r}; there are: {', '.join(CREDENTIALS)}")
    if file is None and sys.stdin.isatty():
        return {name: typer.prompt(name, hide_input=True) for name in names}
    try:
        text = sys.stdin.read() if file is None else file.read_text()
    except OSError as error:
        raise Misuse(f"{file} cannot be read ({error.strerror})") from None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) != len(names):
        raise Misuse(f"{' and '.join(names)} are needed, one a line; there are {len(lines)} lines")
    return dict(zip(names, lines, strict=True))


@group.command("list")
def list_all(as_json: Json = False) -> None:
    """Lists them: account, state, schedule, last sync, last error; never their secrets."""
    from shared import enrolment, integrations
    from worker.commands.printing import print_json

    with _opened() as reach, reach.engine.begin() as connection:
        integrations.ensure(connection, reach.settings)
        found = enrolment.listed(connection, reach.settings)
    if as_json:
        print_json(found)
        return
    for row in found:
        typer.echo(_line(row))
    if not found:
        typer.echo("none yet: ponte integrations add kommo --user NAME")


def _line(row: Mapping[str, Any]) -> str:
    how_often = row["sync_frequency"] or "usual"
    schedule = how_often if row["auto_sync"] else "by order"
    last = row["last_sync"]["at"][:16] if row["last_sync"] else "never"
    error = f"  last error: {row['last_error']['reason']}" if row["last_error"] else ""
    whose = f"{row['user']}/{row['wallet']}"
    return (
        f"{row['id']:>3}  {row['provider']:12} {whose:24} {row['state']:8} "
        f"credentials: {row['credentials']:11} account {row['account_id'] or 'not met yet'}  "
        f"{schedule}{_own_coverage(row)}, last read {last}{error}"
    )


def _own_coverage(row: Mapping[str, Any]) -> str:
    """What is read of it, where its own settings say so."""
    told = {
        "history from": row["history_from"],
        "stores": " ".join(row["stores"] or ()),
        "daily share": row["daily_share"],
    }
    return "".join(f", {name} {value}" for name, value in told.items() if value)


@group.command()
def test(id_: Id, as_json: Json = False) -> None:
    """Asks its vendor whose account it is, and for a small sample."""
    from shared import integrations
    from worker import answers
    from worker.commands.printing import print_json, report_connection

    with _opened() as reach:
        with reach.engine.begin() as connection:
            integration = integrations.by_id(connection, id_)
        found = answers.test_of(reach, integration)
    if as_json:
        print_json(found)
    else:
        for line in report_connection(found):
            typer.echo(line)
    raise typer.Exit(0 if found["ok"] else 1)


@group.command()
def pause(id_: Id) -> None:
    """Stops reading it; what its webhook sends is kept and worked off after `resume`."""
    _change(id_, {"active": False})
    typer.echo(f"integration {id_} is paused")


@group.command()
def resume(id_: Id) -> None:
    """Goes on with it; credentials that were refused are tried once more."""
    _change(id_, {"active": True})
    typer.echo(f"integration {id_} is active")


@group.command()
def schedule(
    id_: Id,
    frequency: Annotated[
        str | None,
        typer.Option("--frequency", help="hourly, daily, weekly, minutes; `usual`: the settings'"),
    ] = None,
    auto: Annotated[
        bool | None, typer.Option("--auto/--no-auto", help="Whether it is read by itself at all.")
    ] = None,
) -> None:
    """Sets how often it is read; running processes know at once."""
    changes: Changes = {}
    if frequency is not None:
        changes["sync_frequency"] = None if frequency == "usual" else frequency
    if auto is not None:
        changes["auto_sync"] = auto
    if not changes:
        raise Misuse("say --frequency or --auto/--no-auto")
    _change(id_, changes)
    typer.echo(f"integration {id_} has another schedule")


@group.command()
def settings(
    id_: Id,
    history_from: Annotated[
        str | None,
        typer.Option("--history-from", metavar="DAY", help="2024-01-31; `usual`: the settings'"),
    ] = None,
    stores: Annotated[
        str | None, typer.Option("--stores", help="Their ids, between commas; `all` of them.")
    ] = None,
    daily_share: Annotated[
        str | None,
        typer.Option("--daily-share", help="Of the day's requests: 0.5; `default`: the settings'"),
    ] = None,
) -> None:
    """Sets what is read of an account at Gestão Click; without options shows it."""
    changes: Changes = {}
    if history_from is not None:
        changes["history_from"] = None if history_from in USUAL else _day(history_from)
    if stores is not None:
        ids = [one.strip() for one in stores.split(",") if one.strip()]
        changes["stores"] = None if stores == "all" else ids
    if daily_share is not None:
        changes["daily_share"] = None if daily_share in USUAL else _share(daily_share)
    _change(id_, changes)
    typer.echo(_covered(id_))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Misuse(f"history from {text!r}: write a day as 2024-01-31, or `usual`") from None


def _share(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise Misuse(f"daily share {text!r}: write a number as 0.5, or `default`") from None


def _covered(id_: int) -> str:
    from shared import integrations

    with _opened() as reach, reach.engine.begin() as connection:
        one = integrations.by_id(connection, id_)
    share = "the usual share" if one.daily_share is None else f"{one.daily_share:g}"
    return (
        f"integration {id_}: history from {one.history_from or 'the usual day'}, "
        f"stores: {', '.join(one.stores or ()) or 'all'}, {share} of the day's requests"
    )


@group.command()
def credentials(id_: Id, secrets_file: SecretsFile = None) -> None:
    """Gives it other secrets, of the same account."""
    from shared import integrations

    with _opened() as reach, reach.engine.begin() as connection:
        provider = integrations.by_id(connection, id_).provider
    _change(id_, {"credentials": _secrets(provider, secrets_file)})
    typer.echo(f"integration {id_} has other credentials")


def _change(id_: int, changes: Changes) -> None:
    from shared import enrolment

    with _opened() as reach, reach.engine.begin() as connection:
        enrolment.change(connection, reach.settings, reach.keys, id_, changes)


def _opened() -> Any:
    from worker.commands.opened import opened

    return opened("ponte-integrations", log_level="WARNING")


group.command()(remove)
