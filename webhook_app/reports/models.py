"""What /api/reports answers."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field

from webhook_app.envelopes import Answer, Freshness, Pagination
from webhook_app.reports.grammar import Kind

Value = str | int | date | None


class SaidModel(BaseModel):
    pt: str
    en: str


class ShownModel(BaseModel):
    """kind: `share` is a part of 1; money, shares, days and numbers are texts; `month` is its first day."""

    name: str
    title: SaidModel
    kind: Kind


class FilterModel(BaseModel):
    name: str
    title: SaidModel


class ReportModel(BaseModel):
    """day: what since and until are about, null if the report has no period; follows: the lists whose age is its."""

    name: str
    title: SaidModel
    about: SaidModel
    covers: SaidModel
    day: str | None
    by: list[str]
    columns: list[ShownModel]
    measures: list[ShownModel]
    filters: list[FilterModel]
    follows: list[str]
    url: str


class ReportsAnswer(Answer):
    data: list[ReportModel]


class AskedModel(BaseModel):
    """What was asked, in full. lacking: vendors whose lists the report follows, where the business has no account."""

    name: str
    by: str
    sort: str
    since: date | None
    until: date | None
    filters: dict[str, str]
    columns: list[ShownModel]
    covers: SaidModel
    accounts: list[int]
    lacking: list[str]


class RowsAnswer(Answer):
    data: list[dict[str, Value]]
    pagination: Pagination
    totals: dict[str, Value] = Field(description="the measures over the whole, not the page")
    report: AskedModel
    freshness: Freshness
