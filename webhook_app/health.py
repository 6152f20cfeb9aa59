"""GET /healthz: is this process alive? GET /readyz: are database, migrations and Redis there?"""

from __future__ import annotations

from collections.abc import Callable

from flask import Response
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel
from sqlalchemy import Connection, text

from webhook_app.auth import public
from webhook_app.database import DatabaseAway
from webhook_app.envelopes import as_json
from webhook_app.openapi import Routes
from webhook_app.process import Process, process

REDIS_SECONDS = 0.5


class Alive(BaseModel):
    success: bool
    message: str


class Check(BaseModel):
    ok: bool
    why: str


class Ready(BaseModel):
    success: bool
    message: str
    checks: dict[str, Check]


api = Routes("health", __name__, abp_tags=[Tag(name="Health")])


@api.get("/healthz", responses={"200": Alive})
@public
def healthz() -> Response:
    """Is this process alive?"""
    return as_json({"success": True, "message": "alive"})


@api.get("/readyz", responses={"200": Ready, "503": Ready})
@public
def readyz() -> Response:
    """Are the database, its migrations and Redis there?"""
    own = process()
    checks = {
        "database": _check(lambda: _database(own)),
        "migrations": _check(lambda: _migrations(own)),
        "redis": _check(lambda: _redis(own)),
    }
    bad = [name for name, check in checks.items() if not check["ok"]]
    message = f"not ready: {', '.join(bad)}" if bad else "ready"
    body = {"success": not bad, "message": message, "checks": checks}
    return as_json(body, 503 if bad else 200)


def _check(look: Callable[[], str]) -> dict[str, object]:
    """`look` returns what is wrong, or nothing."""
    why = look()
    return {"ok": not why, "why": why or "ok"}


def _database(own: Process) -> str:
    return _run(own, lambda connection: str(connection.scalar(text("select ''"))))


def _migrations(own: Process) -> str:
    from shared.db import migrations  # Alembic is slow to import, and needed here only

    def look(connection: Connection) -> str:
        missing = migrations.pending(connection.engine)
        return f"{len(missing)} to go: run `ponte db upgrade`" if missing else ""

    return _run(own, look)


def _run(own: Process, look: Callable[[Connection], str]) -> str:
    """On the connections whose deadline is the shortest."""
    try:
        return own.hasty.run(look)
    except DatabaseAway as error:
        return str(error)


def _redis(own: Process) -> str:
    from redis import Redis, RedisError

    assert own.settings.redis_url  # noqa: S101
    url = own.settings.redis_url.get_secret_value()
    client = Redis.from_url(
        url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS, retry=None
    )
    try:
        client.ping()
    except RedisError as error:
        return f"Redis does not answer ({type(error).__name__}); webhooks are kept all the same"
    finally:
        client.close()
    return ""
