"""Shapes of what /api/deliveries and /api/rejects take and answer (letters.py)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, JsonValue

from shared.letters import Chosen
from webhook_app.envelopes import Answer, Pagination
from webhook_app.parsing import (
    INT32,
    INT64,
    Body,
    IntegrationId,
    Limit,
    Moment,
    Page,
    Query,
    Whole,
    Words,
)

Id = Annotated[Whole, Field(ge=1)]
Outcome = Literal["done", "not mirrored yet", "undecodable", "other account", "failed"]


class DeliveryModel(BaseModel):
    """deaths: how often its worker died over it."""

    id: int
    integration_id: int
    received_at: datetime
    content_type: str | None
    attempts: int
    deaths: int
    next_at: datetime
    settled_at: datetime | None
    outcome: str | None
    reason: str | None
    about: list[str] | None = Field(description="the rows that it told of: `kommo.leads:123`")


class DeliveryWithBody(DeliveryModel):
    body: str = Field(description="as it was sent; what is no UTF-8 is replaced")


class RejectModel(BaseModel):
    """wanted_at: when it is looked up again; deaths: how often a worker died over that."""

    id: int
    integration_id: int
    resource: str
    key: str | None
    slice: dict[str, str] | None
    reason: str
    run_id: int | None
    times: int
    created_at: datetime
    seen_at: datetime
    wanted_at: datetime | None
    deaths: int


class RejectWithRecord(RejectModel):
    record: JsonValue = Field(description="as the vendor sent it")


class DeliveriesAnswer(Answer):
    data: list[DeliveryModel]
    pagination: Pagination


class DeliveryAnswer(Answer):
    data: DeliveryWithBody


class RejectsAnswer(Answer):
    data: list[RejectModel]
    pagination: Pagination


class RejectAnswer(Answer):
    data: RejectWithRecord


class Replayed(BaseModel):
    """ids: what was meant, at most 1,000 of them; runs: full runs that bring what cannot be looked up by id."""

    count: int
    ids: list[int]
    runs: list[int]
    dry_run: bool


class ReplayedAnswer(Answer):
    data: Replayed


class LettersQuery(Query):
    page: Page = 1
    limit: Limit = 50
    integration: IntegrationId | None = None
    reason: Words | None = Field(None, description="words of the reason, in any case")
    since: Moment | None = None


class DeliveriesQuery(LettersQuery):
    """since: received then or later."""

    state: Literal["waiting", "settled", "dead"] | None = Field(
        None, description="dead: failed for good"
    )
    outcome: Outcome | None = None


class RejectsQuery(LettersQuery):
    """since: last seen then or later."""

    resource: Words | None = Field(None, description="`kommo.leads`")
    key: Words | None = Field(None, description="the record's id")


class ReplayBody(Body):
    """Everything that is given must hold; something has to be."""

    ids: list[Annotated[int, Field(ge=1, le=INT64)]] = Field([], max_length=1000)
    reason: Words | None = Field(None, min_length=1)
    since: Annotated[Moment | None, Field(strict=False)] = Field(
        None, description="settled, or last seen, then or later"
    )
    integration: Annotated[int, Field(ge=1, le=INT32)] | None = None
    all: bool = False
    dry_run: bool = Field(False, description="tells what is meant, changes nothing")

    def chosen(self) -> Chosen:
        return Chosen(
            ids=tuple(self.ids),
            reason=self.reason,
            since=self.since,
            integration_id=self.integration,
            everything=self.all,
        )


class ReplayDeliveriesBody(ReplayBody):
    """Without ids and reason: those that failed for good."""


class ReplayRejectsBody(ReplayBody):
    resource: Words | None = Field(None, min_length=1)
    key: Words | None = Field(None, min_length=1)

    def chosen(self) -> Chosen:
        of_all = super().chosen()
        return Chosen(**{**vars(of_all), "resource": self.resource, "key": self.key})


class LetterPath(BaseModel):
    id: Id
