"""Opening and ending a dashboard session: a one-time link from `ponte token login-link`."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from shared import tokens
from shared.secrets import Keyring
from webhook_app import throttle
from webhook_app.auth import end_session, has_session, needs, open_session, public
from webhook_app.problems import Problem
from webhook_app.process import process

pages = Blueprint("login", __name__)


@pages.get("/login")
@public
def login() -> Response | tuple[str, int] | str:
    link = request.args.get("token")
    if not link:
        return redirect("/") if has_session() else render_template("login.html", used=False)
    if request.method == "HEAD":  # a preview of the link must not use it up
        return ""
    own = process()
    scope, wait = own.database.run(_try, own.keys, link, throttle.place(request.remote_addr))
    if wait:
        raise Problem(429, f"too many wrong links; wait {wait} s", {"Retry-After": str(wait)})
    if scope is None:
        return render_template("login.html", used=True), 401
    open_session(scope)
    return redirect("/")


def _try(connection: Connection, keys: Keyring, link: str, place: str) -> tuple[str | None, int]:
    """(the scope that it opens, seconds to wait before it is looked at)."""
    made_up = not tokens.is_marked(keys, link)
    if made_up and (wait := throttle.wait(connection, place)):
        return None, wait
    scope = tokens.use_login_link(connection, link)
    if made_up and scope is None:
        throttle.note(connection, place)
    return scope, 0


@pages.post("/logout")
@needs("read")
def logout() -> Response:
    end_session()
    return redirect("/login")
