"""Opening and ending a dashboard session: a one-time link from `ponte token login-link`."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, session
from werkzeug.wrappers import Response

from shared import tokens
from webhook_app.auth import open_session, public
from webhook_app.process import process

pages = Blueprint("login", __name__)


@pages.get("/login")
@public
def login() -> Response | tuple[str, int] | str:
    link = request.args.get("token")
    if not link:
        return redirect("/") if session.get("csrf") else render_template("login.html", used=False)
    if request.method == "HEAD":  # a preview of the link must not use it up
        return ""
    if not process().database.run(tokens.use_login_link, link):
        return render_template("login.html", used=True), 401
    open_session()
    return redirect("/")


@pages.post("/logout")
def logout() -> Response:
    session.clear()
    return redirect("/login")
