"""The web application on a real database, with its doorbell caught: what it rings is a list."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import Connection, insert
from werkzeug.test import TestResponse

from shared import integrations, resources, tokens
from shared.db.mirror import rows_table
from shared.integrations import Integration
from shared.settings import Settings
from webhook_app import create_app
from webhook_app.process import Process

SECRET = "hook-secret-0123456789"
NOBODY = "redis://127.0.0.1:1/0"


def settings_for(database_url: str, **changes: Any) -> Settings:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=SecretStr(database_url),
        redis_url=SecretStr(NOBODY),
        ponte_secret_key=SecretStr("k" * 40),
        kommo_webhook_secret=SecretStr(SECRET),
    )
    credentials = {
        "kommo_jwt_token": SecretStr("t"),
        "gestao_click_api_key": SecretStr("a"),
        "gestao_click_secret_token": SecretStr("s"),
    }
    return settings.model_copy(update={**credentials, **changes})


@dataclass
class Web:
    """One application, a client of it, and what rang."""

    client: FlaskClient
    own: Process
    rung: list[tuple[Any, ...]]

    def token(self, scope: str) -> dict[str, str]:
        made = self.own.database.run(tokens.create, self.own.keys, scope, scope)
        return {"Authorization": f"Bearer {made}"}

    def run(self, work: Callable[..., Any], *args: Any) -> Any:
        return self.own.database.run(work, *args)

    def integration(self, provider: str) -> Integration:
        made: list[Integration] = self.run(integrations.ensure, self.own.settings)
        return next(one for one in made if one.provider == provider)

    def get(self, url: str, scope: str = "read") -> TestResponse:
        return self.client.get(url, headers=self.token(scope))

    def post(self, url: str, body: Any = None, scope: str = "sync") -> TestResponse:
        data = body if isinstance(body, bytes | None) else orjson.dumps(body)
        return self.client.post(url, data=data, headers=self.token(scope))

    def put(self, url: str, body: Any, scope: str = "sync") -> TestResponse:
        return self.client.put(url, data=orjson.dumps(body), headers=self.token(scope))

    def delete(self, url: str, scope: str = "sync") -> TestResponse:
        return self.client.delete(url, headers=self.token(scope))

    def login(self, scope: str = "admin") -> str:
        """Opens a session as a person does; returns its CSRF token."""
        link = self.run(tokens.login_link, self.own.keys, 60, scope)
        assert self.client.get(f"/login?token={link}").status_code == 302
        with self.client.session_transaction() as session:
            return str(session["csrf"])

    def mirror(self, name: str, *rows: dict[str, Any]) -> None:
        """Puts rows into a table of the mirror."""
        resource = resources.BY_NAME[name]
        common = {
            "integration_id": self.integration(resource.provider).id,
            "raw": {},
            "changed_at": datetime.now(UTC),
        }

        def put(connection: Connection) -> None:
            for row in rows:
                connection.execute(insert(rows_table(resource)).values(**{**common, **row}))

        self.run(put)


Make = Callable[[Settings], Web]


def make_web(settings: Settings) -> Web:
    app = create_app(settings)
    own: Process = app.extensions["ponte"]
    rung: list[tuple[Any, ...]] = []
    own.ring = lambda *ids: rung.append(ids)  # type: ignore[assignment]
    return Web(app.test_client(), own, rung)


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes applications, and closes them after the test."""
    made: list[Web] = []

    def one(settings: Settings) -> Web:
        made.append(make_web(settings))
        return made[-1]

    yield one
    for web in made:
        web.own.close()


@pytest.fixture
def web(make: Make, database_url: str) -> Web:
    return make(settings_for(database_url))
