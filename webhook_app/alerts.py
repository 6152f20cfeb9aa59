"""/api/alerts: what was found; /api/alert-rules: what is watched for; /api/alert-channels: where it is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from flask import Response
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from shared.alerts import channels, incidents, rules
from shared.alerts.channels import Added
from shared.alerts.rules import Rule
from shared.questions import TEST_CHANNEL
from shared.secrets import Keyring
from webhook_app import asking
from webhook_app.auth import SECURITY, needs
from webhook_app.envelopes import Answer, Pagination, answer, pagination, problems, told
from webhook_app.openapi import Routes
from webhook_app.parsing import Body, Limit, Page, Query, Whole, Words, checked
from webhook_app.problems import Problem
from webhook_app.process import process

TAG = Tag(name="Alerts")
found = Routes("alerts", __name__, url_prefix="/api/alerts", abp_tags=[TAG], abp_security=SECURITY)
watched = Routes(
    "alert_rules", __name__, url_prefix="/api/alert-rules", abp_tags=[TAG], abp_security=SECURITY
)
sending = Routes(
    "alert_channels",
    __name__,
    url_prefix="/api/alert-channels",
    abp_tags=[TAG],
    abp_security=SECURITY,
)
APIS = (found, watched, sending)
Sentence = dict[Literal["pt-BR", "en"], str]


class NoticeModel(BaseModel):
    """state: given up after about a day of attempts; reason: why the last one failed."""

    channel: str
    kind: Literal["opened", "reminder", "closed"]
    state: Literal["waiting", "sent", "given up"]
    attempts: int
    settled_at: datetime | None
    reason: str | None


class IncidentModel(BaseModel):
    """subject: `integration:1`, `queue:sync`, `inbox`; figure: the last one, in the rule's unit; since: when it
    was first seen; well_since: nothing is found any more, it closes a few minutes later."""

    id: int
    rule: str
    subject: str
    state: Literal["open", "closed"]
    figure: str
    unit: str
    message: Sentence
    since: datetime
    opened_at: datetime
    well_since: datetime | None
    closed_at: datetime | None
    reminders: int
    notices: list[NoticeModel]


class IncidentsAnswer(Answer):
    data: list[IncidentModel]
    pagination: Pagination


class RuleModel(BaseModel):
    """threshold: in `unit`, null where the rule has none; remind_hours: null: each incident is told once."""

    name: str
    title: Sentence
    about: Sentence
    unit: str
    enabled: bool
    threshold: str | None
    remind_hours: int | None


class RulesAnswer(Answer):
    data: list[RuleModel]


class RuleAnswer(Answer):
    data: RuleModel


class ChannelModel(BaseModel):
    """place: where it leads, as far as that is no secret; problem: why it did not take the last notice."""

    id: int
    name: str
    kind: Literal["webhook", "email", "telegram"]
    language: Literal["pt-BR", "en"]
    place: str
    created_at: datetime
    told_at: datetime | None
    problem: str | None


class ChannelsAnswer(Answer):
    data: list[ChannelModel]


class ChannelAnswer(Answer):
    data: ChannelModel
    secret: str | None = Field(
        description="of a webhook to which none was given: shown this once; it signs the notices"
    )


class IncidentsQuery(Query):
    page: Page = 1
    limit: Limit = 50
    state: Literal["open", "closed", "all"] = "open"
    rule: Words | None = Field(None, description="`sync_stale`")


class RulePath(BaseModel):
    name: Words


class RuleBody(Body):
    enabled: bool | None = None
    threshold: Annotated[str, Field(pattern=r"^[0-9]{1,12}(\.[0-9]{1,2})?$")] | None = None
    remind_hours: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        None, description="24 or more; null: never"
    )

    def changes(self) -> dict[str, Any]:
        """What was said; null means something for the reminders alone."""
        said = {name: getattr(self, name) for name in self.model_fields_set}
        kept = {n: v for n, v in said.items() if v is not None or n == "remind_hours"}
        if self.threshold is not None:
            kept["threshold"] = Decimal(self.threshold)
        return kept


class ChannelPath(BaseModel):
    id: Annotated[Whole, Field(ge=1)]


class SettingsBody(Body):
    """Of a webhook: url, secret. Of e-mail: to, sender, host, port, security, user, password. Of a bot as Telegram
    has them: token, chat_id, base (its API's address)."""

    url: Words | None = None
    secret: Words | None = Field(None, description="16 characters or more; absent: one is made")
    to: Words | None = Field(None, description="addresses between commas")
    sender: Words | None = None
    host: Words | None = None
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    security: Literal["starttls", "ssl", "none"] | None = None
    user: Words | None = None
    password: Words | None = None
    token: Words | None = None
    chat_id: Words | None = None
    base: Words | None = None


class ChannelBody(Body):
    name: Words
    kind: Literal["webhook", "email", "telegram"]
    language: Literal["pt-BR", "en"] = "pt-BR"
    settings: SettingsBody


@found.get("", responses={**problems(400, 401, 404, 503), "200": IncidentsAnswer})
@checked
def listed(query: IncidentsQuery) -> Response:
    """What was found, the newest first; open incidents unless you ask for others"""
    if query.rule is not None:
        rules.named(query.rule)
    before = (query.page - 1) * query.limit
    rows, total = process().database.run(
        incidents.listed, query.state, query.rule, query.limit, before
    )
    paged = pagination(query.page, query.limit, total)
    return answer(f"{len(rows)} of {total} incidents.", [*map(_incident, rows)], pagination=paged)


@watched.get("", responses={**problems(400, 401, 503), "200": RulesAnswer})
@checked
def rules_listed() -> Response:
    """What is watched for, with thresholds"""
    current = process().database.run(rules.current)
    return answer(f"{len(current)} rules.", [_rule(one) for one in current])


@watched.patch("/<name>", responses={**problems(400, 401, 403, 404, 503), "200": RuleAnswer})
@checked
def rule_changed(path: RulePath, body: RuleBody) -> Response:
    """Switch a rule on or off, set its threshold or reminders; known at the next round, within a minute"""
    changes = body.changes()
    if not changes:
        raise Problem(400, "say enabled, threshold or remind_hours")
    return answer("Changed.", _rule(process().database.run(rules.change, path.name, changes)))


@sending.get("", responses={**problems(400, 401, 503), "200": ChannelsAnswer})
@checked
def channels_listed() -> Response:
    """Where alerts are told; never the secrets"""
    rows = process().database.run(channels.listed)
    return answer(f"{len(rows)} channels.", [told(ChannelModel, row) for row in rows])


@sending.post("", responses={**problems(400, 401, 403, 409, 503), "201": ChannelAnswer})
@needs("admin")
@checked
def channel_added(body: ChannelBody) -> Response:
    """Add a channel; nothing is sent yet: POST …/test does that"""
    own = process()
    row, added = own.database.run(_add, own.keys, body)
    return answer("Added; now test it.", told(ChannelModel, row), 201, secret=added.secret)


@sending.delete("/<id>", responses={**problems(400, 401, 403, 404, 503), "200": ChannelsAnswer})
@needs("admin")
@checked
def channel_removed(path: ChannelPath) -> Response:
    """Remove a channel, and what it still was to be told; answers those that are left"""
    own = process()
    own.database.run(channels.remove, path.id)
    return answer(
        "Removed.", [told(ChannelModel, row) for row in own.database.run(channels.listed)]
    )


@sending.post(
    "/<id>/test", responses={**problems(400, 401, 403, 404, 502, 503), "200": ChannelsAnswer}
)
@checked
def channel_tested(path: ChannelPath) -> Response:
    """Send something to a channel now; a worker does it"""
    own = process()
    row = own.database.run(channels.shown, path.id)
    given = asking.ask(TEST_CHANNEL, {"channel": path.id})
    if not given.get("ok"):
        raise Problem(502, f"the channel {row['name']!r}: {given.get('message')}")
    return answer("It was taken.", [told(ChannelModel, row)])


def _add(connection: Connection, keys: Keyring, body: ChannelBody) -> tuple[dict[str, Any], Added]:
    settings = body.settings.model_dump(exclude_none=True)
    added = channels.add(
        connection,
        keys,
        kind=body.kind,
        name=body.name,
        settings=settings,
        language=body.language,
    )
    return channels.shown(connection, added.id), added


def _incident(row: Mapping[str, Any]) -> dict[str, Any]:
    message = {"pt-BR": row["said_pt"], "en": row["said_en"]}
    notices = [told(NoticeModel, each) for each in row["notices"]]
    return told(IncidentModel, {**row, "message": message, "notices": notices})


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "title": {"pt-BR": rule.title.pt, "en": rule.title.en},
        "about": {"pt-BR": rule.about.pt, "en": rule.about.en},
        "unit": rule.unit,
        "enabled": rule.enabled,
        "threshold": rule.threshold,
        "remind_hours": rule.remind_hours,
    }
