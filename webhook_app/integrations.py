"""/api/integrations: the accounts that this deployment works on; what `ponte integrations` does, over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, cast

from flask import Response
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from shared import enrolment, leaving
from shared.coverage import NAMES
from shared.enrolment import Added, Changes, Wanted
from shared.errors import UnknownTarget
from shared.integrations import Integration
from shared.leaving import Mirror
from shared.queue import FORGET
from shared.settings import Settings
from webhook_app import connections
from webhook_app.auth import SECURITY, needs
from webhook_app.envelopes import Answer, answer, moment, problems
from webhook_app.openapi import Routes
from webhook_app.parsing import Body, Day, Query, Whole, Words, checked
from webhook_app.problems import Problem
from webhook_app.process import process


class LastRun(BaseModel):
    at: datetime
    resource: str
    reason: str | None


class Removal(BaseModel):
    """rows: of the mirror, deleted so far; done: nothing is left for a worker to do; deaths: how often a
    worker died over it, or one that is at it now; after the third time it waits to be ordered anew."""

    mirror: Literal["keep", "delete"]
    rows: int
    done: bool
    deaths: int | None = None


class WebhookCare(BaseModel):
    """What workers found when they last looked at the webhook at Kommo: subscribed, not available, …"""

    state: str
    message: str
    dropped: list[str]
    tried_at: datetime | None


class IntegrationModel(BaseModel):
    """credentials: where they are kept, never what they are; webhook: it has an address of its own."""

    id: int
    provider: str
    user: str
    wallet: str
    state: Literal["active", "paused", "removing", "removed"]
    account_id: str | None
    account_name: str | None
    url: str | None
    credentials: Literal["stored", "environment", "none"]
    auto_sync: bool
    sync_frequency: str | None
    history_from: date | None = Field(description="null: GESTAO_CLICK_HISTORY_FROM")
    stores: list[str] | None = Field(description="ids of the stores that are read; null: all")
    daily_share: float | None = Field(description="of the day's requests; null: PONTE_DAILY_SHARE")
    token_expires_at: datetime | None
    refused: bool = Field(
        description="the vendor refused the credentials: nothing is asked with them"
    )
    webhook: bool
    webhook_care: WebhookCare | None
    removal: Removal | None
    last_sync: LastRun | None
    last_error: LastRun | None
    runs_done: int
    runs_failed: int
    created_at: datetime
    updated_at: datetime


class ListAnswer(Answer):
    data: list[IntegrationModel]


class OneAnswer(Answer):
    data: IntegrationModel


class AddedAnswer(OneAnswer):
    webhook_url: str | None = Field(description="shown this once; where Kommo should call")


class Path(BaseModel):
    id: Annotated[Whole, Field(ge=1)]


CHOOSE = (
    "say what becomes of its mirror: ?mirror=keep leaves every row where it is, ?mirror=delete deletes "
    "the rows, their history and what was entered for this account; nothing was removed"
)


class RemoveQuery(Query):
    mirror: Mirror | None = Field(None, description="what becomes of its rows; has to be said")


class Credentials(Body):
    jwtToken: str | None = Field(None, max_length=8000, description="Kommo's")  # noqa: N815
    apiKey: str | None = Field(None, max_length=500, description="Gestão Click's")  # noqa: N815
    secretToken: str | None = Field(None, max_length=500, description="Gestão Click's")  # noqa: N815

    def given(self) -> dict[str, str]:
        return self.model_dump(exclude_none=True)


Frequency = Annotated[
    str, Field(max_length=20, description="hourly, daily, weekly or minutes (5 to 10080)")
]


class AddBody(Body):
    provider: Literal["kommo", "gestao-click"]
    user: Words
    wallet: Words = "global"
    url: Words | None = Field(None, description="the account's own address; absent: the settings'")
    sync_frequency: Frequency | None = None
    auto_sync: bool = True
    credentials: Credentials
    test: bool = Field(True, description="ask the vendor first; what it refuses is not added")


class ChangeBody(Body):
    active: bool | None = Field(None, description="false pauses, true resumes")
    auto_sync: bool | None = Field(None, description="false: webhooks and orders only")
    sync_frequency: Frequency | None = Field(None, description="null: the settings' intervals")
    history_from: Annotated[Day | None, Field(strict=False)] = Field(
        None, description="the first day of history that is read; null: the settings'"
    )
    stores: list[Words] | None = Field(
        None, max_length=1000, description="ids of the stores that are read; null: all of them"
    )
    daily_share: float | None = Field(
        None, gt=0, le=1, description="of the day's requests; null: the settings'"
    )
    credentials: Credentials | None = None

    def changes(self) -> Changes:
        """What was said; null means something where the settings decide instead."""
        said = {name: getattr(self, name) for name in self.model_fields_set}
        kept = {n: v for n, v in said.items() if v is not None or n in ("sync_frequency", *NAMES)}
        if self.daily_share is not None:
            kept["daily_share"] = Decimal(str(self.daily_share))
        if self.credentials:
            kept["credentials"] = self.credentials.given()
        return cast(Changes, kept)


api = Routes(
    "integrations",
    __name__,
    url_prefix="/api/integrations",
    abp_tags=[Tag(name="Integrations")],
    abp_security=SECURITY,
)


@api.get("", responses={**problems(400, 401, 503), "200": ListAnswer})
@checked
def listed() -> Response:
    """Every integration: account, state, schedule, last sync; never its secrets"""
    own = process()
    rows = own.database.run(enrolment.listed, own.settings)
    return answer(f"{len(rows)} integrations.", [_told(row) for row in rows])


@api.get("/<id>", responses={**problems(400, 401, 404, 503), "200": OneAnswer})
@checked
def one(path: Path) -> Response:
    """One integration"""
    return answer("As it is now.", _look(path.id))


@api.post("", responses={**problems(400, 401, 403, 409, 429, 502, 503), "201": AddedAnswer})
@needs("admin")
@checked
def add(body: AddBody) -> Response:
    """Add an account; its credentials are tested first, kept encrypted and never shown"""
    wanted = Wanted(
        provider=body.provider,
        user_id=body.user,
        credentials=body.credentials.given(),
        wallet_id=body.wallet,
        url=body.url,
        sync_frequency=body.sync_frequency,
        auto_sync=body.auto_sync,
    )
    added = connect(wanted, test=body.test)
    secret = added.webhook_secret
    url = enrolment.webhook_address(process().settings, secret) if secret else None
    told = _look(added.integration.id)
    return answer("Added; its first sync is ordered within a minute.", told, 201, webhook_url=url)


def connect(wanted: Wanted, *, test: bool = True) -> Added:
    """Adds an account; with `test` only what the vendor takes. Raises Misuse, and Problem for the vendor's no."""
    own = process()
    wanted = enrolment.checked(own.settings, wanted)
    if test:
        posted = {**wanted.credentials, **({"apiUrl": wanted.url} if wanted.url else {})}
        connections.tested(wanted.provider, posted)
    added: Added = own.database.run(enrolment.add, own.settings, own.keys, wanted)
    return added


@api.patch("/<id>", responses={**problems(400, 401, 403, 404, 409, 503), "200": OneAnswer})
@needs("admin")
@checked
def change(path: Path, body: ChangeBody) -> Response:
    """Pause, resume, set the schedule, what is read, or other credentials; no restart is needed"""
    own = process()
    own.database.run(enrolment.change, own.settings, own.keys, path.id, body.changes())
    return answer("Changed.", _look(path.id))


@api.delete(
    "/<id>",
    responses={**problems(400, 401, 403, 404, 409, 503), "200": OneAnswer, "202": OneAnswer},
)
@needs("admin")
@checked
def remove(path: Path, query: RemoveQuery) -> Response:
    """Remove it: its credentials go, and its webhook at Kommo; its mirror is kept or deleted, as you say

    What is long is done by a worker: `state` is removing until then, `removal` tells how far it is.
    """
    if query.mirror is None:
        raise Problem(400, CHOOSE, errors=[{"field": "mirror", "problem": "keep or delete"}])
    gone = disconnect(path.id, query.mirror)
    kept = "its rows are kept" if query.mirror == "keep" else "its rows are being deleted"
    return answer(f"Removed: {kept}.", _look(path.id), 202 if gone.removing else 200)


def disconnect(id_: int, mirror: Mirror) -> Integration:
    """Removes an account; what is long is rung for. Raises Conflict and UnknownTarget."""
    own = process()
    gone: Integration = own.database.run(leaving.remove, own.settings, id_, mirror)
    if gone.removing:
        own.ring(FORGET, id_)
    return gone


@api.post("/<id>/test", responses=connections.DOCUMENTED)
@checked
def test(path: Path) -> Response:
    """Test the connection with the integration's own credentials"""
    return connections.test(_look(path.id)["provider"], None, path.id)


def _look(id_: int) -> dict[str, Any]:
    own = process()
    return own.database.run(_one, own.settings, id_)


def _one(connection: Connection, settings: Settings, id_: int) -> dict[str, Any]:
    rows = enrolment.listed(connection, settings)
    found = next((row for row in rows if row["id"] == id_), None)
    if found is None:
        raise UnknownTarget(f"integration {id_}", [str(row["id"]) for row in rows] or ["none yet"])
    return _told(found)


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {n: moment(v) if isinstance(v, datetime) else v for n, v in row.items()}
