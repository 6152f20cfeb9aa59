"""GET /: today's picture for the owner."""

from __future__ import annotations

from flask import Blueprint, render_template

from shared import report
from webhook_app.pages.status import issues
from webhook_app.process import process

pages = Blueprint("home", __name__)


@pages.get("/")
def home() -> str:
    own = process()
    found = own.database.run(report.status, own.settings)
    return render_template("home.html", issues=issues(found))
