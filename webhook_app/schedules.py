"""GET, POST and PUT /api/gestao-click/sync-schedule: how often it is read, and read it now.

The words of the original; the schedule itself is the integration's (PATCH /api/integrations/{id}).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from flask import Response
from flask_openapi3.types import ResponseDict
from pydantic import BaseModel, Field
from sqlalchemy import Connection, select

from shared import enrolment, integrations
from shared.db.bookkeeping import integration_settings as table
from shared.enrolment import Changes
from shared.settings import Settings
from webhook_app import syncs
from webhook_app.auth import needs
from webhook_app.envelopes import Answer, answer, moment, problems
from webhook_app.integrations import Frequency
from webhook_app.openapi import Routes
from webhook_app.parsing import Body, checked
from webhook_app.problems import Problem
from webhook_app.process import process
from webhook_app.syncs import OfIntegration, RequestedAnswer

PROVIDER = "gestao-click"


class Schedule(BaseModel):
    """status: inactive when it is paused or only read by order; syncFrequency: null for the settings'
    intervals, which are everyMinutes; nextSync: not before then, null when nothing is read by itself."""

    integration: int | None
    status: Literal["not_configured", "active", "inactive"]
    autoSync: bool  # noqa: N815
    syncFrequency: str | None  # noqa: N815
    everyMinutes: float | None  # noqa: N815
    lastSync: datetime | None  # noqa: N815
    nextSync: datetime | None  # noqa: N815


class ScheduleAnswer(Answer):
    data: Schedule


class ScheduleBody(Body):
    autoSync: bool | None = Field(None, description="false: by order only")  # noqa: N815
    syncFrequency: Frequency | None = Field(None, description="null: the settings'")  # noqa: N815

    def changes(self) -> Changes:
        said: Changes = {}
        if self.autoSync is not None:
            said["auto_sync"] = self.autoSync
        if "syncFrequency" in self.model_fields_set:
            said["sync_frequency"] = self.syncFrequency
        return said


NOT_CONFIGURED: dict[str, Any] = {
    "integration": None,
    "status": "not_configured",
    "autoSync": False,
    "syncFrequency": None,
    "everyMinutes": None,
    "lastSync": None,
    "nextSync": None,
}


def serve(api: Routes) -> None:
    documented: ResponseDict = {**problems(400, 401, 404, 503), "200": ScheduleAnswer}
    changed: ResponseDict = {**problems(400, 401, 403, 404, 409, 503), "200": ScheduleAnswer}
    ordered: ResponseDict = {**problems(400, 401, 403, 404, 409, 503), "202": RequestedAnswer}
    api.get("/sync-schedule", responses=documented)(checked(_see_schedule))
    api.post("/sync-schedule", responses=changed)(needs("admin")(checked(_set_schedule)))
    api.put("/sync-schedule", responses=ordered)(checked(_sync_now))


def _see_schedule(query: OfIntegration) -> Response:
    """How often it is read by itself, when it was last, and when it will be next"""
    own = process()
    return answer("As it is now.", own.database.run(_schedule, own.settings, query.integration))


def _set_schedule(query: OfIntegration, body: ScheduleBody) -> Response:
    """Set how often it is read by itself; nothing is read because of it: PUT does that"""
    own = process()
    changes = body.changes()
    if not changes:
        raise Problem(400, "say autoSync or syncFrequency")
    there = own.database.run(_schedule, own.settings, query.integration)["integration"]
    if there is None:
        raise Problem(
            409, f"no account yet: set {syncs.SETTINGS[PROVIDER]}, or POST /api/integrations"
        )
    own.database.run(enrolment.change, own.settings, own.keys, there, changes)
    return answer("Changed.", own.database.run(_schedule, own.settings, there))


def _sync_now(query: OfIntegration) -> Response:
    """Read it now: what POST /api/gestao-click/sync does"""
    return syncs.ordered(PROVIDER, False, None, query.integration)


def _schedule(connection: Connection, settings: Settings, id_: int | None) -> dict[str, Any]:
    one = integrations.chosen(connection, settings, PROVIDER, id_)
    if one is None or not integrations.has_credentials(settings, one):
        return NOT_CONFIGURED | {"integration": one.id if one else None}
    said = select(table.c.metadata["last_sync"]["at"].as_string()).where(table.c.id == one.id)
    last = connection.scalar(said)
    last_sync = datetime.fromisoformat(last) if last else None
    by_itself = one.active and one.auto_sync
    every = integrations.every(settings, one, windowed=True)
    return {
        "integration": one.id,
        "status": "active" if by_itself else "inactive",
        "autoSync": one.auto_sync,
        "syncFrequency": one.sync_frequency,
        "everyMinutes": every.total_seconds() / 60,
        "lastSync": moment(last_sync),
        "nextSync": moment(last_sync + every) if by_itself and last_sync else None,
    }
