"""`ponte person`: what is held on somebody, and its erasure (LGPD). People are named by what they give, not by name."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from worker.commands.printing import print_json

if TYPE_CHECKING:
    from worker.people.search import Search

group = typer.Typer(help="What is held on a person, and its erasure.", no_args_is_help=True)
Phones = Annotated[list[str] | None, typer.Option("--phone", help="With area code; +55 is meant.")]
Emails = Annotated[list[str] | None, typer.Option("--email")]
Cpfs = Annotated[list[str] | None, typer.Option("--cpf")]
Cnpjs = Annotated[
    list[str] | None, typer.Option("--cnpj", help="Of a firm that is one natural person's.")
]
By = Annotated[
    str | None, typer.Option("--by", help="Who asks; the user of this machine if not said.")
]
Json = Annotated[bool, typer.Option("--json", help="Report as JSON on standard output.")]


@group.command()
def export(
    phone: Phones = None,
    email: Emails = None,
    cpf: Cpfs = None,
    cnpj: Cnpjs = None,
    by: By = None,
) -> None:
    """Prints everything that is held on a person, as JSON. Who asked is kept. Exit code 1: nothing is held."""
    from shared.identities import known_by
    from worker.commands.opened import opened
    from worker.people import export as exporting
    from worker.people import requests

    whom = known_by(phone or (), email or (), cpf or (), cnpj or ())
    with opened("ponte-person", log_level="WARNING") as reach, reach.engine.begin() as connection:
        search = exporting.search_all(connection, whom)
        held = exporting.everything(connection, reach.settings, search, whom)
        counts = requests.counts(search) | _books_of(held)
        id_ = requests.note(connection, requests.EXPORT, whom, _name(by), counts)
    print_json({"request": id_, "asked_by": _name(by), **held})
    raise typer.Exit(0 if counts else 1)


def _books_of(held: Mapping[str, Any]) -> dict[str, int]:
    names = ("journal", "rejects", "deliveries")
    return {name: len(held[name]) for name in names if held[name]}


@group.command()
def erase(
    phone: Phones = None,
    email: Emails = None,
    cpf: Cpfs = None,
    cnpj: Cnpjs = None,
    by: By = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only what would be.")] = False,
    as_json: Json = False,
) -> None:
    """Scrubs what is a person's, for good: what the vendors still send of them is scrubbed as it comes."""
    from shared.identities import known_by
    from worker.commands.opened import opened
    from worker.people import erasing, requests
    from worker.people import export as exporting

    whom = known_by(phone or (), email or (), cpf or (), cnpj or ())
    with opened("ponte-person", log_level="WARNING") as reach:
        with reach.engine.begin() as connection:
            search = exporting.search_all(connection, whom)
            besides = exporting.also_known_by(connection, search, whom)
            vendors = exporting.at_the_vendors(connection, search)
        id_ = None
        if yes:
            id_, search = erasing.erase(reach, whom, _name(by))
    report = {
        "erased": yes,
        "request": id_,
        "records": requests.counts(search),
        "also_known_by": [each.partition(":")[0] for each in besides],
        "at_the_vendors": vendors,
    }
    if as_json:
        print_json(report)
    else:
        _show(report, search)


@group.command()
def lift(
    phone: Phones = None,
    email: Emails = None,
    cpf: Cpfs = None,
    cnpj: Cnpjs = None,
    by: By = None,
) -> None:
    """Takes an erasure back, for somebody who has come again: the next full sync brings what the vendors hold."""
    from shared.identities import known_by
    from worker.commands.opened import opened
    from worker.people import requests, tombstones

    whom = known_by(phone or (), email or (), cpf or (), cnpj or ())
    with opened("ponte-person", log_level="WARNING") as reach, reach.engine.begin() as connection:
        gone = tombstones.lift(connection, whom)
        requests.note(connection, requests.LIFT, whom, _name(by), {"tombstones": gone})
    typer.echo(f"{gone} tombstone(s) lifted" if gone else "nobody known by that was erased")
    raise typer.Exit(0 if gone else 1)


@group.command("requests")
def list_requests(as_json: Json = False) -> None:
    """Lists who asked for what, and when; people stand there as keyed hashes."""
    from worker.commands.opened import opened
    from worker.people import requests

    with opened("ponte-person", log_level="WARNING") as reach, reach.engine.begin() as connection:
        found = requests.listed(connection)
    if as_json:
        print_json(found)
        return
    for row in found:
        held = ", ".join(f"{name} {count}" for name, count in row["held"].items()) or "nothing"
        typer.echo(
            f"{row['id']:5} {row['at']:%Y-%m-%d %H:%M} {row['kind']:6} {row['asked_by']}: {held}"
        )


def _name(by: str | None) -> str:
    return by or getpass.getuser()


def _show(report: Mapping[str, Any], search: Search) -> None:
    done = "scrubbed" if report["erased"] else "would be scrubbed (--yes does it)"
    for name, count in report["records"].items():
        typer.echo(f"{name}: {count} {done}")
        if not report["erased"]:
            _show_why(search, name)
    if not report["records"]:
        typer.echo("nothing is held in the mirror")
    if report["also_known_by"]:
        kinds = ", ".join(report["also_known_by"])
        typer.echo(
            f"These records also name: {kinds}. `ponte person export` shows them; say them too."
        )
    for each in report["at_the_vendors"]:
        ids: Sequence[str] = each["ids"]
        typer.echo(f"still at {each['vendor']}: {each['list']} {', '.join(ids)} ({each['where']})")


MOST = 10


def _show_why(search: Search, name: str) -> None:
    from worker.sync.journal import key_text

    held = next(places for resource, places in search.found.items() if resource.full_name == name)
    for place, each in sorted(held.items())[:MOST]:
        typer.echo(f"    {key_text(place[1])}: {'; '.join(each.why)}")
    if len(held) > MOST:
        typer.echo(f"    and {len(held) - MOST} more")
