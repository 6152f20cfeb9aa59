"""Numbers, money and moments as the reader writes them: filters of every template, usable in Python too.

Nothing known is `—`. Days and moments are told in the zone of PONTE_TIMEZONE.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from flask import Flask

from webhook_app.process import process
from webhook_app.words import ENGLISH, language, say

Number = int | float | Decimal
NOTHING = "—"
LOCALES = {"pt-BR": Locale("pt", "BR"), ENGLISH: Locale("en")}


def locale() -> Locale:
    return LOCALES[language()]


def zone() -> ZoneInfo:
    return ZoneInfo(process().settings.ponte_timezone)


def today() -> date:
    """The day that it is where the business is."""
    return datetime.now(zone()).date()


def money(value: Number | None, cents: bool = True) -> str:
    """`R$ 1.234,50`; without cents `R$ 1.235`. Reais."""
    if value is None:
        return NOTHING
    pattern = locale().currency_formats["standard"].pattern
    if not cents:
        pattern = pattern.replace(".00", "")
    told = numbers.format_currency(value, "BRL", pattern, locale=locale(), currency_digits=cents)
    return str(told)


def count(value: Number | None, digits: int = 0) -> str:
    """`1.234`; with `digits` as many behind the comma."""
    if value is None:
        return NOTHING
    return str(numbers.format_decimal(value, _digits(digits), locale=locale()))


def percent(value: Number | None, digits: int = 1) -> str:
    """`12,5%` of the share 0.125."""
    if value is None:
        return NOTHING
    return str(numbers.format_percent(value, _digits(digits) + "%", locale=locale()))


def _digits(behind: int) -> str:
    return "#,##0" + ("." + "0" * behind if behind else "")


def day(value: date | None) -> str:
    """`26/11/2026`, `Nov 26, 2026`; of a moment, the day that it was there."""
    if value is None:
        return NOTHING
    if isinstance(value, datetime):
        value = value.astimezone(zone()).date()
    return str(dates.format_date(value, say("dd/MM/yyyy", "MMM d, y"), locale=locale()))


def long_day(value: date) -> str:
    """`quinta-feira, 26 de novembro de 2026`, `Thursday, November 26, 2026`."""
    return str(dates.format_date(value, "full", locale=locale()))


def month(value: date | None) -> str:
    """`nov. de 2026`, `Nov 2026`."""
    if value is None:
        return NOTHING
    return str(dates.format_skeleton("yMMM", value, locale=locale()))


def moment(value: datetime | None) -> str:
    """`26/11/2026 13:05`, `Nov 26, 2026, 13:05`."""
    if value is None:
        return NOTHING
    pattern = say("dd/MM/yyyy HH:mm", "MMM d, y, HH:mm")
    return str(dates.format_datetime(value, pattern, tzinfo=zone(), locale=locale()))


def ago(seconds: float | None) -> str:
    """`há 3 min`, `3 min ago`: an age in words."""
    if seconds is None:
        return say("nunca", "never")
    told = _rough(seconds)
    return say(f"há {told}", f"{told} ago")


def since(at: datetime | str) -> str:
    """`há 3 min`: how long ago a moment was, which may be in ISO 8601."""
    then = datetime.fromisoformat(at) if isinstance(at, str) else at
    return ago((datetime.now(then.tzinfo) - then).total_seconds())


def until(when: datetime | None, now: datetime) -> str:
    """`em 4 min`, `in 4 min`: how far a moment lies ahead."""
    if when is None:
        return NOTHING
    ahead = (when - now).total_seconds()
    if ahead < 1:
        return say("agora", "now")
    return say("em ", "in ") + _rough(ahead)


def _rough(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{count(seconds / size)} {unit}"
    return f"{max(0, seconds):.0f} s"


def span(seconds: float | None) -> str:
    """`1,2 s`, `3 min 20 s`: how long something took."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{count(seconds, 1)} s"
    return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def every(length: timedelta) -> str:
    """`15 min`, `6 h`, `7 dias`: how often."""
    for size, unit in ((timedelta(days=2), say("dias", "days")), (timedelta(hours=2), "h")):
        if length >= size:
            return f"{length / (size / 2):.0f} {unit}"
    return f"{length / timedelta(minutes=1):.0f} min"


FILTERS = (money, count, percent, day, long_day, month, moment, ago, since, until, span, every)


def register(app: Flask) -> None:
    for each in FILTERS:
        app.add_template_filter(each)
    app.add_template_global(today)
