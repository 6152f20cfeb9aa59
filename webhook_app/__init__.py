"""The web process: keeps webhooks, serves the mirror, takes orders. It answers fast and decides nothing.

`gunicorn 'webhook_app:create_app()'`, or `ponte web` (webhook_app/server.py).
"""

from __future__ import annotations

import shared  # noqa: F401  (before all others: it lets the collector rest while they are imported)

# isort: split
from importlib.metadata import version

from flask import Flask, Response, g, request
from flask_openapi3.models.info import Info

from shared import logs, sessions
from shared.settings import Settings, load
from webhook_app import (
    alerts,
    auth,
    docs,
    gestao_click,
    health,
    integrations,
    kommo,
    letters,
    login,
    matches,
    metrics,
    oauth,
    problems,
    reports,
    runs,
    shell,
    targets,
    wallet,
    webhooks,
)
from webhook_app import pages as screens
from webhook_app.openapi import Application
from webhook_app.process import Process, process

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
API_BODY = 1 << 20
UNGATED = ("webhooks.there", "webhooks.keep", "health.healthz", "static")
BEARER = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
SESSION = {"type": "apiKey", "in": "cookie", "name": auth.COOKIE}


def create_app(settings: Settings | None = None) -> Flask:
    """The application; without `settings` it is a process of its own, configured by its environment."""
    if settings is None:
        settings = load()
        logs.configure("web", settings.log_level)
    app = Application(
        __name__,
        info=Info(
            title="Ponte", version=version("ponte"), description="Kommo and Gestão Click, mirrored."
        ),
        security_schemes={"bearer": BEARER, "session": SESSION},
        validation_error_status=400,
        validation_error_model=problems.ProblemModel,
        doc_ui=False,
    )
    app.extensions["ponte"] = Process(settings)
    _configure(app, process_of(app))
    app.before_request(_enter)
    app.teardown_request(_leave)
    app.after_request(_harden)
    auth.register(app)
    shell.register(app)
    problems.register(app)
    _serve(app)
    return app


def process_of(app: Flask) -> Process:
    own: Process = app.extensions["ponte"]
    return own


def _configure(app: Flask, own: Process) -> None:
    app.secret_key, *former = own.keys.sessions
    app.config.update(
        SECRET_KEY_FALLBACKS=former,
        MAX_CONTENT_LENGTH=API_BODY,
        PERMANENT_SESSION_LIFETIME=sessions.LIVES,
        SESSION_COOKIE_NAME=auth.COOKIE,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SEND_FILE_MAX_AGE_DEFAULT=3600,
    )
    app.url_map.strict_slashes = False  # nothing redirects: Kommo takes it for a failure
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False


def _serve(app: Application) -> None:
    for api in (webhooks.api, health.api):
        app.register_api(api)
    for api in (integrations.api, kommo.api, gestao_click.api, targets.api, runs.api, metrics.api):
        app.register_api(api)
    for api in (*letters.APIS, *wallet.APIS, *matches.APIS, *reports.APIS, *alerts.APIS):
        app.register_api(api)
    for pages in (*screens.ALL, login.pages, oauth.pages, docs.pages):
        app.register_blueprint(pages)


def _enter() -> None:
    """Some threads are kept for webhooks: whatever else hangs on PostgreSQL may not take them all."""
    if request.endpoint in UNGATED:
        return
    if not process().ordinary.acquire(timeout=0.5):
        raise problems.Problem(503, "too much at once; try again", {"Retry-After": "1"})
    g.entered = True


def _leave(_: BaseException | None) -> None:
    if g.pop("entered", False):
        process().ordinary.release()


def _harden(response: Response) -> Response:
    given = {name for name, _ in response.headers}
    # extended in one go: each `setdefault` would search them all
    response.headers.extend({name: HEADERS[name] for name in HEADERS if name not in given})
    if auth.is_https():
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response
