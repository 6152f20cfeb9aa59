"""GET /: today's picture for the owner. What it is narrowed to lives in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, render_template
from sqlalchemy import Connection

from shared import report
from shared.settings import Settings
from webhook_app import businesses, formats
from webhook_app.pages import parameters, picture
from webhook_app.pages.picture import Asked, Column
from webhook_app.pages.status import issues, shown
from webhook_app.process import process
from webhook_app.wallet.periods import Period, cut
from webhook_app.words import say

pages = Blueprint("home", __name__)


@dataclass(frozen=True)
class Span:
    """A choice of the chart: so many days, or months with this one, cut into parts of `by`."""

    name: str
    portuguese: str
    english: str
    by: str
    length: int

    def periods(self, day: date) -> list[Period]:
        return cut(self.by, self._first(day), day)

    def _first(self, day: date) -> date:
        if self.by == "day":
            return day - timedelta(days=self.length - 1)
        months = day.year * 12 + day.month - self.length
        return date(months // 12, months % 12 + 1, 1)


SPANS = (
    Span("7d", "7 dias", "7 days", "day", 7),
    Span("30d", "30 dias", "30 days", "day", 30),
    Span("90d", "90 dias", "90 days", "day", 90),
    Span("12m", "12 meses", "12 months", "month", 12),
)
USUAL = SPANS[1]


@pages.get("/")
def home() -> str:
    own = process()
    span = next((one for one in SPANS if one.name == parameters.word("period")), USUAL)
    asked = {name: parameters.word(name) for name in ("integration", "store", "seller")}
    seen = own.database.run(_seen, own.settings, asked, span, formats.today())
    words = {"drawing": drawing(span, seen["columns"]), "issues": issues(seen["status"])}
    return render_template("home.html", span=span, spans=SPANS, **seen, **words)


def _seen(
    connection: Connection,
    settings: Settings,
    given: Mapping[str, str | None],
    span: Span,
    usual: date,
) -> dict[str, Any]:
    known = businesses.known(connection, settings)
    business = businesses.meant(known, given["integration"])
    asked = Asked(business, given["store"], given["seller"])
    day = picture.today(connection, asked) or usual
    status = report.status(connection, settings)
    return {
        "day": day,
        "businesses": known,
        "asked": asked,
        "stores": picture.stores(connection, asked),
        "sellers": picture.sellers(connection, asked),
        "money": picture.money(connection, asked, day),
        "deals": picture.deals(connection, asked, day),
        "columns": picture.columns(connection, asked, span.by, span.periods(day)),
        "late": picture.late(connection, asked, day),
        "came_in": picture.came_in(connection, asked, day),
        "alerts": picture.alerts(connection),
        "look": picture.to_look_at(connection, asked),
        "status": status,
        "connected": shown(status),
    }


def drawing(span: Span, parts: list[Column]) -> dict[str, Any]:
    """What the chart is drawn of; the table beside it has the same to the cent."""
    return {
        "labels": [label(span.by, one.period.first) for one in parts],
        "series": [
            {"name": say("Recebido", "Received"), "values": [float(one.received) for one in parts]},
            {
                "name": say("Vendido", "Sold"),
                "values": [float(one.sold) for one in parts],
                "kind": "line",
                "tone": "chart-3",
            },
        ],
        "unit": "money",
    }


@pages.app_template_filter()
def label(by: str, day: date) -> str:
    return formats.month(day) if by == "month" else formats.day(day)
