"""The inbox of Kommo's webhooks: keep the bytes, commit, answer. What they mean is the worker's matter.

Kommo waits 2 s and takes a redirect, a 4xx or a late answer for a failure (kommo-api.md 6.6). So
nothing here parses, nothing here waits for Redis, and PostgreSQL has 1.2 s for everything.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Response, request
from flask_openapi3.models.tag import Tag
from flask_openapi3.types import ResponseDict
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import NotFound

from shared import integrations
from shared.logs import logger
from shared.queue import DRAIN
from webhook_app.auth import public
from webhook_app.database import DatabaseAway
from webhook_app.envelopes import problems
from webhook_app.inbox import Letter
from webhook_app.openapi import Routes
from webhook_app.problems import Problem
from webhook_app.process import WEBHOOK_SECONDS, process

log = logger(__name__)
CAP = 10 * 1024 * 1024
"""Kommo's largest bodies are some hundred kB; of what is larger the beginning is kept."""
DRAINED = 64 * 1024 * 1024
"""So much is read off the line besides, or the sender would see a reset in place of the answer."""

api = Routes("webhooks", __name__, abp_tags=[Tag(name="Webhooks")])
ANY_BODY: dict[str, Any] = {
    "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": {}}}}
}
OK: ResponseDict = {
    "200": {"description": "kept", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


MADE_HERE = re.compile(r"[A-Za-z0-9_-]{43}")
"""Secrets of added integrations (token_urlsafe(32)): nothing else is looked up, so that scanners cost
PostgreSQL nothing."""


class SecretPath(BaseModel):
    secret: str = Field(
        description="names the integration; the environment's: KOMMO_WEBHOOK_SECRET"
    )


@api.get("/webhooks/kommo/<path:secret>", responses={**OK, **problems(404, 503)})
@public
def there(path: SecretPath) -> Response:
    """Tells whoever registers the webhook that it is there"""
    _addressee(path.secret)
    return _ok()


@api.post(
    "/webhooks/kommo/<path:secret>",
    responses={**OK, **problems(404, 503)},
    openapi_extensions=ANY_BODY,
)
@public
def keep(path: SecretPath) -> Response:
    """Keeps one delivery, whatever its body"""
    addressee = _addressee(path.secret)
    letter = Letter(addressee.integration_id, _read(), _content_type())
    own = process()
    with _or_again():
        integration_id = own.inbox.keep(letter, addressee.seconds_left)
    own.ring(DRAIN, integration_id)
    return _ok()


@dataclass(frozen=True)
class Addressee:
    """Whom a secret names: an integration's id, or None for the environment's, made if absent."""

    integration_id: int | None
    seconds_left: float


def _addressee(presented: str) -> Addressee:
    """Raises NotFound for what names nobody; a slash that some put behind the secret is none of it."""
    secret = presented.removesuffix("/")
    if integrations.is_environments_webhook(process().settings, secret):
        return Addressee(None, WEBHOOK_SECONDS)
    if not MADE_HERE.fullmatch(secret):
        raise NotFound
    began = time.monotonic()
    with _or_again():
        own = process()
        found = own.hasty.run(integrations.of_webhook, own.settings, secret)
    if found is None:
        raise NotFound
    return Addressee(found.id, WEBHOOK_SECONDS - (time.monotonic() - began))


@contextmanager
def _or_again() -> Iterator[None]:
    """Without PostgreSQL nobody knows whose a secret is: 503, so that it is sent again, never 404."""
    try:
        yield
    except (DatabaseAway, SQLAlchemyError) as error:
        # an SQLAlchemyError would print the statement with its body
        why = str(error) if isinstance(error, DatabaseAway) else type(error).__name__
        log.error("delivery_refused", why=why)
        raise Problem(503, "not kept: send it again", {"Retry-After": "60"}) from error


def _ok() -> Response:
    return Response("ok", content_type="text/plain; charset=utf-8")


def _read() -> bytes:
    """The raw bytes, chunked or not, up to the cap; never a 413."""
    request.max_content_length = sys.maxsize
    kept, dropped = bytearray(), 0
    while dropped < DRAINED and (more := request.stream.read(1 << 20)):
        room = CAP - len(kept)
        kept += more[:room]
        dropped += max(0, len(more) - room)
    if dropped:
        log.warning("delivery_cut", kept=len(kept), dropped=dropped)
    return bytes(kept)


def _content_type() -> str | None:
    return (request.content_type or "")[:200].replace("\0", "") or None
