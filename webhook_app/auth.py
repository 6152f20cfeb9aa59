"""Who may ask for what: a Bearer token, or the session of the dashboard. Everything else is refused.

The guard runs before anything else, on every route that does not declare itself `@public`. A route
needs the scope that it declares with `@needs`, else `read` for GET and `sync` for the rest.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, Request, current_app, g, redirect, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from werkzeug.wrappers import Response

from shared import sessions, tokens
from webhook_app.problems import Problem, for_browser
from webhook_app.process import process

View = TypeVar("View", bound=Callable[..., Any])
READING = ("GET", "HEAD", "OPTIONS")
COOKIE = "ponte_session"
SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"session": []}]
"""How the documentation says it: either of the two."""


@dataclass(frozen=True)
class Caller:
    name: str
    scope: str

    def allows(self, scope: str) -> bool:
        return tokens.SCOPES.index(self.scope) >= tokens.SCOPES.index(scope)


AT_API = "sync"
"""What a session may do at the API at most: a script in a browser adds no accounts and reads no bodies there."""


def public(view: View) -> View:
    """Marks a view that anybody may call."""
    view.public = True  # type: ignore[attr-defined]
    return view


def needs(scope: str) -> Callable[[View], View]:
    """Marks the scope of a view, where its method does not tell."""

    def mark(view: View) -> View:
        view.scope = scope  # type: ignore[attr-defined]
        return view

    return mark


class Sessions(SecureCookieSessionInterface):
    """Cookies go over https only, once the session was opened over https."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Webhooks and the API's callers bring none: for them no key is derived."""
        return (
            super().open_session(app, request)
            if COOKIE in request.cookies
            else self.session_class()
        )

    def get_cookie_secure(self, app: Flask) -> bool:
        return is_https()


def is_https() -> bool:
    """A proxy's word is enough: who forges it only locks himself out."""
    return request.is_secure or request.headers.get("X-Forwarded-Proto") == "https"


def register(app: Flask) -> None:
    app.session_interface = Sessions()
    app.before_request(guard)
    app.add_template_global(allowed)


def guard() -> Response | None:
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "public", False) or _is_public_address():
        return None
    caller = _caller()
    if caller is None:
        return _refuse(
            "no credentials: send `Authorization: Bearer TOKEN` (make one with `ponte token create NAME`)"
        )
    scope = getattr(view, "scope", "read" if request.method in READING else "sync")
    if not caller.allows(scope):
        raise Problem(403, _too_little(caller, scope))
    g.caller = caller
    return None


def _too_little(caller: Caller, scope: str) -> str:
    has = f"has scope {caller.scope}; this needs {scope}. "
    if "Authorization" in request.headers:
        return f"the token {caller.name!r} {has}Make one with `ponte token create NAME --scope {scope}`."
    if for_browser():
        return f"this session {has}Open another with `ponte token login-link --scope {scope}`."
    return f"a session {has}Make a token with `ponte token create NAME --scope {scope}`."


def _is_public_address() -> bool:
    """Styles and scripts; and what looks like a webhook but is none, which is answered 404 or 405."""
    unknown_webhook = request.endpoint is None and request.path.startswith("/webhooks/")
    return request.endpoint == "static" or unknown_webhook


def _caller() -> Caller | None:
    """A token, if one is presented, alone decides; else the session."""
    if "Authorization" in request.headers:
        return _bearer(request)
    if not has_session():
        return None
    if request.method not in READING:
        check_csrf()
    return Caller("dashboard", _scope_here())


def _scope_here() -> str:
    """On pages what its link gave; at the API AT_API at most. One that began before links had scopes has that."""
    given = str(session.get("scope", AT_API))
    return given if for_browser() else min(given, AT_API, key=tokens.SCOPES.index)


def _bearer(asked: Request) -> Caller | None:
    kind, _, presented = asked.headers["Authorization"].strip().partition(" ")
    token = None
    if kind.lower() == "bearer":
        own = process()
        token = own.database.run(tokens.verify, own.keys, presented.strip())
    if token is None:
        raise Problem(
            401,
            "the token is not valid: unknown, expired or revoked. Make one with `ponte token create NAME`.",
            {"WWW-Authenticate": 'Bearer realm="ponte", error="invalid_token"'},
        )
    return Caller(token.name, token.scope)


def _refuse(why: str) -> Response:
    if for_browser():
        return redirect("/login")
    raise Problem(401, why, {"WWW-Authenticate": 'Bearer realm="ponte"'})


def has_session() -> bool:
    """A cookie of ours, whose session was not ended meanwhile, here or elsewhere."""
    if not (session.get("csrf") and session.get("word")):
        return False
    return process().database.run(sessions.alive, str(session.get("word", "")))


def open_session(scope: str) -> None:
    """What the browser brought is forgotten: nobody can have given it a session of his own."""
    session.clear()
    session.permanent = True
    session["scope"] = scope
    session["word"] = process().database.run(sessions.begin)
    session["csrf"] = secrets.token_urlsafe(24)


def allowed(scope: str) -> bool:
    """May who is asking do what needs this scope? For templates: nothing is offered that would be refused."""
    caller: Caller | None = g.get("caller")
    return caller is not None and caller.allows(scope)


def end_session() -> None:
    process().database.run(sessions.end, str(session.get("word", "")))
    session.clear()


def check_csrf() -> None:
    """A session's cookie alone changes nothing: the page's own token has to come with it."""
    given = request.headers.get("X-CSRF-Token") or request.form.get("csrf") or ""
    if not hmac.compare_digest(given.encode(), str(session["csrf"]).encode()):
        raise Problem(403, "this page is out of date: load it again and repeat")
