"""What a channel is told: a title and some lines in its language, and for programs the same as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from shared.alerts import rules
from shared.alerts.rules import Said
from shared.settings import Settings
from worker.alerts.notices import Notice

KINDS = {
    "opened": Said("Alerta", "Alert"),
    "reminder": Said("Ainda em aberto", "Still open"),
    "closed": Said("Resolvido", "Resolved"),
}
OPENED = Said("Desde", "Since")
CLOSED = Said("Resolvido em", "Resolved at")
TEST = Said("Teste do canal", "Test of the channel")
WORKS = Said(
    "Este canal funciona: os alertas da Ponte chegam aqui.",
    "This channel works: Ponte's alerts arrive here.",
)


@dataclass(frozen=True)
class Message:
    """id: the same however often it is sent; told: for programs."""

    id: str
    title: str
    lines: tuple[str, ...]
    told: dict[str, Any]

    @property
    def text(self) -> str:
        return "\n".join((self.title, *self.lines))


def message(settings: Settings, notice: Notice, language: str) -> Message:
    rule = rules.BY_NAME.get(notice.rule)
    about = _in(language, rule.title) if rule else notice.rule
    moments = [(OPENED, notice.opened_at)]
    if notice.kind == "closed" and notice.closed_at:
        moments.append((CLOSED, notice.closed_at))
    lines = [notice.said[language]]
    lines += [f"{_in(language, name)}: {_moment(settings, at, language)}" for name, at in moments]
    if settings.ponte_public_url:
        lines.append(f"{settings.ponte_public_url.rstrip('/')}/alerts")
    title = f"Ponte · {_in(language, KINDS[notice.kind])}: {about}"
    return Message(f"notice-{notice.id}", title, tuple(lines), _told(notice, rule))


def test_message(language: str) -> Message:
    title = f"Ponte · {_in(language, TEST)}"
    said = {"pt-BR": WORKS.pt, "en": WORKS.en}
    return Message("test", title, (said[language],), {"event": "test", "message": said})


def _in(language: str, said: Said) -> str:
    return said.en if language == "en" else said.pt


def _moment(settings: Settings, at: datetime, language: str) -> str:
    zone, locale = ZoneInfo(settings.ponte_timezone), language.replace("-", "_")
    return format_datetime(at, "short", tzinfo=zone, locale=locale)


def _told(notice: Notice, rule: rules.Rule | None) -> dict[str, Any]:
    return {
        "event": notice.kind,
        "incident": {
            "id": notice.incident_id,
            "rule": notice.rule,
            "subject": notice.subject,
            "figure": format(notice.figure, "f"),
            "unit": rule.unit if rule else "",
            "opened_at": notice.opened_at.isoformat(),
            "closed_at": notice.closed_at.isoformat() if notice.closed_at else None,
        },
        "message": dict(notice.said),
    }
