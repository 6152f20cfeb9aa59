"""/api/openapi.json and /api/docs: Swagger's page out of flask-openapi3's wheel, no CDN."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import flask_openapi3_swagger  # type: ignore[import-untyped]
from flask import (
    Blueprint,
    Response,
    current_app,
    make_response,
    render_template,
    send_from_directory,
)

from webhook_app.envelopes import as_json
from webhook_app.openapi import Application

SWAGGER = Path(flask_openapi3_swagger.__file__).parent / "templates" / "swagger"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Swagger's page writes style attributes; scripts stay ours alone."""

pages = Blueprint("docs", __name__)


@pages.get("/api/openapi.json")
def specification() -> Response:
    return as_json(cast(Application, current_app).api_doc)


@pages.get("/api/docs")
def docs() -> Response:
    response = make_response(render_template("docs.html"))
    response.headers["Content-Security-Policy"] = POLICY
    return response


@pages.get("/api/docs/assets/<path:name>")
def asset(name: str) -> Response:
    return send_from_directory(SWAGGER, name, max_age=3600)
