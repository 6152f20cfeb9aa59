"""Grounds for the traps; webhooks go the whole way: from the sandbox, through our receiver, into the inbox."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from pydantic import SecretStr
from werkzeug.test import TestResponse

from sandbox.http import Request, Response, Server
from sandbox.webhooks.codes import CODES
from tests.ground import Ground, ground_on
from tests.servers import copy_of
from tests.traps.scene import (
    ACCOUNT,
    COMPANIES,
    CONTACTS,
    FIELDS,
    LEADS,
    PIPELINES,
    STATUSES,
    USERS,
    read,
)
from webhook_app import create_app

SECRET = "hook-secret-0123456789"
PATH = f"/webhooks/kommo/{SECRET}"
FORM = "application/x-www-form-urlencoded"


@dataclass
class Receiver:
    """Our web application at the end of Kommo's line; `statuses` is what Kommo got. away: it is down."""

    app: Flask
    home: str = ""
    away: bool = False
    statuses: list[int] = field(default_factory=list)

    def post(self, body: bytes, path: str = PATH, kind: str = FORM, **more: Any) -> TestResponse:
        sent = {"CONTENT_TYPE": kind}
        answer = self.app.test_client().post(path, data=body, environ_overrides=sent, **more)
        self.statuses.append(answer.status_code)
        return answer

    def hear(self, request: Request) -> Response:
        if self.away:
            return Response(502)
        answer = self.post(request.body, request.path)
        return Response(answer.status_code, answer.data, "text/plain")


@pytest.fixture
def ground(database_url: str) -> Iterator[Ground]:
    """A smaller world than elsewhere: there are many of them here."""
    with ground_on(database_url, leads=20) as made:
        yield made


@pytest.fixture(scope="module")
def shop(postgres_url: str, template_url: str) -> Iterator[Ground]:
    """An account that was read once; each test works on records of its own."""
    with copy_of(postgres_url, template_url) as url, ground_on(url, leads=20) as made:
        read(made, ACCOUNT, FIELDS, PIPELINES, STATUSES, USERS, LEADS, CONTACTS, COMPANIES)
        yield made


@pytest.fixture
def lead(shop: Ground) -> int:
    """A lead that is there for this test only."""
    made = shop.box.kommo.create("leads", {"name": "De teste"}, silent=True)
    return int(made["id"])


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
    made.home = server.url
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
