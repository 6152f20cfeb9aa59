"""What surrounds every page: navigation, the reader's language and theme, addresses with their filters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Flask, current_app, redirect, request, session
from werkzeug.wrappers import Response

from webhook_app import formats, words
from webhook_app.auth import is_https, public
from webhook_app.words import say

THEME = "ponte_theme"
THEMES = ("auto", "light", "dark")
REMEMBERED = timedelta(days=365)
CHOICES = {words.COOKIE: words.LANGUAGES, THEME: THEMES}
"""Cookies that a reader may set, each to one of a few words."""

pages = Blueprint("shell", __name__)


@dataclass(frozen=True)
class Place:
    """One entry of the navigation; `icon` is a name of icons.html."""

    url: str
    portuguese: str
    english: str
    icon: str

    @property
    def name(self) -> str:
        return say(self.portuguese, self.english)

    @property
    def current(self) -> bool:
        return request.path == self.url or request.path.startswith(f"{self.url}/")


SECTIONS = (
    (
        Place("/", "Início", "Home", "home"),
        Place("/reports", "Relatórios", "Reports", "chart"),
        Place("/people", "Pessoas", "People", "people"),
        Place("/matches", "Correspondências", "Matches", "link"),
        Place("/wallet", "Carteira", "Wallet", "wallet"),
    ),
    (
        Place("/status", "Situação", "Status", "pulse"),
        Place("/runs", "Execuções", "Runs", "refresh"),
        Place("/inbox", "Caixa de entrada", "Inbox", "inbox"),
        Place("/alerts", "Alertas", "Alerts", "bell"),
        Place("/integrations", "Integrações", "Integrations", "plug"),
    ),
)
"""What the owner looks at, then how it gets here."""


def navigation() -> list[list[Place]]:
    """The places that this application serves, in their sections; nobody without a session has any."""
    if not session.get("csrf"):
        return []
    return [[place for place in section if served(place.url)] for section in SECTIONS]


def served(url: str) -> bool:
    """Is there a page at this address, which has no parameters? Nothing links to one that is not there."""
    return any(rule.rule == url for rule in current_app.url_map.iter_rules())


def theme() -> str:
    """`auto` follows the reader's system."""
    chosen = request.cookies.get(THEME, "auto")
    return chosen if chosen in THEMES else "auto"


def here(**changes: object) -> str:
    """This address with some of its parameters changed; None or nothing leaves one out."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in changes]
    asked = kept + [(name, value) for name, value in changes.items() if value not in (None, "")]
    return f"{request.path}?{urlencode(asked)}" if asked else request.path


@pages.post("/preferences")
@public
def choose() -> Response:
    """Keeps the chosen language or theme in the browser; anybody may, it concerns nobody else."""
    answer = redirect(_back(), 303)
    for name, allowed in CHOICES.items():
        if (chosen := request.form.get(name)) in allowed:
            answer.set_cookie(
                name, chosen, REMEMBERED, samesite="Lax", httponly=True, secure=is_https()
            )
    return answer


def _back() -> str:
    """The page that was being read, never another host's."""
    read = urlsplit(request.headers.get("Referer", ""))
    path = "/" + read.path.lstrip("/\\")
    return f"{path}?{read.query}" if read.query else path


def register(app: Flask) -> None:
    words.register(app)
    formats.register(app)
    for each in (navigation, served, theme, here):
        app.add_template_global(each)
    app.register_blueprint(pages)
