"""A ground whose webhooks go the whole way: from the sandbox, through our receiver, into the inbox."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from pydantic import SecretStr
from werkzeug.test import TestResponse

from sandbox.http import Request, Response, Server
from sandbox.webhooks.codes import CODES
from tests.ground import Ground
from tests.traps.scene import COMPANIES, CONTACTS, LEADS, read
from webhook_app import create_app

SECRET = "hook-secret-0123456789"
PATH = f"/webhooks/kommo/{SECRET}"
FORM = "application/x-www-form-urlencoded"


@dataclass
class Receiver:
    """Our web application at the end of Kommo's line; `statuses` is what Kommo got."""

    app: Flask
    statuses: list[int] = field(default_factory=list)

    def post(self, body: bytes, path: str = PATH, kind: str = FORM, **more: Any) -> TestResponse:
        sent = {"CONTENT_TYPE": kind}
        answer = self.app.test_client().post(path, data=body, environ_overrides=sent, **more)
        self.statuses.append(answer.status_code)
        return answer

    def hear(self, request: Request) -> Response:
        answer = self.post(request.body, request.path)
        return Response(answer.status_code, answer.data, "text/plain")


@pytest.fixture
def receiver(ground: Ground) -> Iterator[Receiver]:
    """Subscribed to everything, and nobody rings: tests say when the inbox is worked off."""
    given = {"kommo_webhook_secret": SecretStr(SECRET)}
    app = create_app(ground.reach.settings.model_copy(update=given))
    process = app.extensions["ponte"]
    process.ring = lambda *_: None
    made = Receiver(app)
    server = Server(made.hear)
    server.start()
    ground.integration("kommo")
    ground.box.subscriptions.add({"destination": server.url + PATH, "settings": sorted(CODES)})
    yield made
    server.stop()
    process.close()


@pytest.fixture
def inbox(ground: Ground, receiver: Receiver) -> Ground:
    """Read once, with webhooks on: what changes now arrives by them."""
    read(ground, LEADS, CONTACTS, COMPANIES)
    ground.box.reset_stats()
    return ground
