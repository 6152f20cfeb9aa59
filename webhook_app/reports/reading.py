"""What a page of a report shows: the address as it can be understood, and what is found for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, func, select

from shared.errors import Misuse, UnknownTarget
from shared.settings import Settings
from webhook_app.businesses import Business
from webhook_app.reports import accounts, engine, periods, questions
from webhook_app.reports.engine import SCHEMA, Asked, Result, Row
from webhook_app.reports.grammar import Period, Report
from webhook_app.reports.options import Options, options

LIMIT = 50


@dataclass(frozen=True)
class Wanted:
    """query: the report's own parameters; period: None for days that were typed; wrong: parameters that were left
    out because nothing can be made of them."""

    query: Any
    period: Period | None
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """lacking: vendors where the business has no account; options: of each filter by its name; businesses: (an
    account, whose it is), where there are several."""

    asked: Asked
    result: Result
    lacking: Sequence[str]
    freshness: dict[str, Any]
    options: Mapping[str, Options]
    businesses: Options
    definition: str


def wanted(report: Report, given: Mapping[str, str], today: date) -> Wanted:
    """What the address asks for; a period unless days are given."""
    model = questions.paged(report)
    asked = {n: v for n, v in given.items() if v.strip() and n in model.model_fields}
    known, wrong = _valid(report, {"limit": str(LIMIT), **asked})
    typed = "since" in known or "until" in known
    period = None if typed or report.day is None else _period(report, given.get("period"))
    if period is not None:
        since, until = periods.days(period, today)
        known |= {"since": since, "until": until}
    return Wanted(model.model_validate(known), period, wrong)


def _valid(report: Report, given: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Without what is refused, and the names of that. A sort that this grouping does not show is no mistake of the
    reader's, who has chosen another grouping."""
    wrong: list[str] = []
    try:
        parsed: Any = questions.paged(report).model_validate(given)
    except ValidationError as error:
        wrong = [str(item["loc"][0]) for item in error.errors()]
        return _valid(report, {n: v for n, v in given.items() if n not in wrong})[0], tuple(wrong)
    shown = [one.name for one in report.shown(parsed.by)]
    if parsed.sort and parsed.sort.removeprefix("-") not in shown:
        given.pop("sort")
    since, until = getattr(parsed, "since", None), getattr(parsed, "until", None)
    if since and until and since > until:
        given.pop("until")
        wrong.append("until")
    return given, tuple(wrong)


def _period(report: Report, asked: str | None) -> Period:
    offered = periods.offered(report.period)
    return Period(asked) if asked in offered else report.period


def read(connection: Connection, settings: Settings, report: Report, wanted: Wanted) -> Reading:
    asked, of = _asked(connection, settings, report, wanted)
    query = wanted.query
    return Reading(
        asked,
        engine.page(connection, asked, query.page, query.limit),
        accounts.lacking(report, of),
        accounts.freshness(connection, report, of),
        {
            one.name: options(connection, one.choices, of.of(one.choices.provider))
            for one in report.filters
            if one.choices is not None
        },
        accounts.choices(connection, report),
        _definition(connection, report),
    )


def key_figure(connection: Connection, settings: Settings, report: Report, wanted: Wanted) -> Row:
    return engine.totals(connection, _asked(connection, settings, report, wanted)[0])


def _asked(
    connection: Connection, settings: Settings, report: Report, wanted: Wanted
) -> tuple[Asked, Business]:
    of = _business(connection, settings, report, wanted.query.integration)
    return questions.meant(report, wanted.query, of.of(*report.providers)), of


def _business(
    connection: Connection, settings: Settings, report: Report, asked: int | None
) -> Business:
    """Of several, none of which is meant, the first: the page offers the others."""
    try:
        return accounts.business(connection, settings, report, asked)
    except UnknownTarget:
        raise
    except Misuse:
        (first, _), *_ = accounts.choices(connection, report)
        return accounts.business(connection, settings, report, int(first))


def _definition(connection: Connection, report: Report) -> str:
    """The view, as PostgreSQL has it."""
    view = func.to_regclass(f"{SCHEMA}.{report.view.name}")
    return str(connection.scalar(select(func.pg_get_viewdef(view, True))) or "").strip()
