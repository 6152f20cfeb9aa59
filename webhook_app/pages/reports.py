"""GET /reports: what there is; /reports/<name>: one of them, drawn, listed and explained."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

from flask import Blueprint, render_template, request
from werkzeug.exceptions import NotFound

from webhook_app import formats
from webhook_app.process import process
from webhook_app.reports import catalog, engine, periods, reading, written
from webhook_app.reports.grammar import WITHOUT, Report
from webhook_app.reports.reading import Reading, Wanted
from webhook_app.words import language

pages = Blueprint("reports_pages", __name__)


@pages.get("/reports")
def gallery() -> str:
    return render_template("reports.html", groups=catalog.SECTIONS, said=written.said)


@pages.get("/reports/<name>/figure")
def figure(name: str) -> str:
    """The report in one figure, over its usual period: cards fetch it by themselves, each is quick alone."""
    report, own = _named(name), process()
    wanted = reading.wanted(report, {}, formats.today())
    totals = own.database.run(reading.key_figure, own.settings, report, wanted)
    key = report.measure(report.key)
    return render_template(
        "report_figure.html",
        said=written.said,
        key=key,
        value=written.value(key, totals[key.name]),
        period=periods.TITLES[wanted.period] if wanted.period else None,
    )


@pages.get("/reports/<name>")
def one(name: str) -> str:
    report, own = _named(name), process()
    wanted = reading.wanted(report, request.args.to_dict(), formats.today())
    shown = own.database.run(reading.read, own.settings, report, wanted)
    return render_template(
        "report.html",
        report=report,
        wanted=wanted,
        query=wanted.query,
        shown=shown,
        offered=periods.offered(report.period) if report.day is not None else (),
        titles=periods.TITLES,
        said=written.said,
        written=written,
        chart=written.chart(shown.asked, shown.result),
        kind=_kind(shown),
        statement=engine.told(shown.asked),
        whole=_whole(wanted, shown),
        without=WITHOUT,
        as_of=_as_of(shown),
    )


def _named(name: str) -> Report:
    if name not in catalog.BY_NAME:
        raise NotFound
    return catalog.BY_NAME[name]


def _kind(shown: Reading) -> str:
    """Time runs from left to right, names are read from top to bottom."""
    grouping = shown.asked.grouping
    return "bar" if grouping and written.in_time(grouping) else "across"


def _whole(wanted: Wanted, shown: Reading) -> str:
    """The parameters of the same question to the API, for files."""
    asked = shown.asked
    given = {
        "by": asked.by,
        "sort": asked.sort,
        "since": asked.since,
        "until": asked.until,
        **asked.filters,
        "integration": wanted.query.integration,
        "locale": language(),
    }
    return urlencode({name: value for name, value in given.items() if value is not None})


def _as_of(shown: Reading) -> datetime | None:
    found: datetime | None = shown.freshness["synced_at"]
    return found.astimezone(UTC) if found else None
