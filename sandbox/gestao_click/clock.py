"""Gestão Click's clock: local time without offset (gestaoclick-api.md 7, time zone)."""

from datetime import UTC, date, datetime, timedelta, timezone

BRASILIA = timezone(timedelta(hours=-3))
"""America/Sao_Paulo has had no summer time since 2019."""


def local(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch, UTC).astimezone(BRASILIA)


def stamp(epoch: float) -> str:
    """cadastrado_em, modificado_em."""
    return local(epoch).strftime("%Y-%m-%d %H:%M:%S")


def today(epoch: float) -> date:
    return local(epoch).date()


def month_of(day: date) -> tuple[str, str]:
    """First and last day of a day's month, as the lists compare them."""
    first = day.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return first.isoformat(), (following - timedelta(days=1)).isoformat()
