"""What may be asked of a report: the parameters that follow from its declaration, and what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, create_model
from sqlalchemy import Integer

from webhook_app.parsing import Day, IntegrationId, Limit, Page, Query, Words, chosen
from webhook_app.problems import Problem
from webhook_app.reports.engine import Asked
from webhook_app.reports.grammar import WITHOUT, Filter, Report

IdOrNone = Annotated[str, Field(pattern=rf"^({WITHOUT}|[0-9]{{1,18}})$")]
Locale = Literal["pt-BR", "en"]


class OfBusiness(Query):
    integration: IntegrationId | None = Field(
        None, description="an account of the business; absent: the only one, or the environment's"
    )


class Paged(OfBusiness):
    page: Page = 1
    limit: Limit = 50


class Exported(OfBusiness):
    locale: Locale | None = Field(
        None,
        description="headings in words; `pt-BR` also writes CSV as Excel in Brazil reads it: `;`, decimal comma, BOM",
    )


@cache
def paged(report: Report) -> type[Paged]:
    return create_model(f"{_name(report)}Query", __base__=Paged, **_fields(report))


@cache
def exported(report: Report) -> type[Exported]:
    return create_model(f"{_name(report)}Export", __base__=Exported, **_fields(report))


def _name(report: Report) -> str:
    return "Report" + "".join(part.capitalize() for part in report.name.split("-"))


def _fields(report: Report) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "by": (chosen(report.ways), Field(report.usual_by, description=_ways(report))),
        "sort": (chosen(report.sorts) | None, Field(None, description="a column; `-`: descending")),
    }
    if report.day is not None:
        fields["since"] = (Day | None, Field(None, description=f"first day, by {report.day.name}"))
        fields["until"] = (Day | None, Field(None, description="last day, included"))
    for each in report.filters:
        type_ = IdOrNone if isinstance(each.column.type, Integer) else Words
        fields[each.name] = (type_ | None, Field(None, description=_told(each)))
    return fields


def _ways(report: Report) -> str:
    return f"one row for each: {', '.join(report.ways)}"


def _told(one: Filter) -> str:
    if isinstance(one.column.type, Integer):
        return f"{one.title.en}, by its id; `{WITHOUT}`: those without"
    how = "a part of it, in any case" if one.part else "equal to"
    return f"{one.title.en}: {how}; `{WITHOUT}`: those without"


def meant(report: Report, query: Any, accounts: Sequence[int]) -> Asked:
    """Raises Problem 400 for a sort that this grouping does not show, and a period that ends before it begins."""
    since, until = getattr(query, "since", None), getattr(query, "until", None)
    if since and until and since > until:
        raise _wrong("since", f"{since} is after until, {until}")
    given = {each.name: getattr(query, each.name) for each in report.filters}
    return Asked(
        report,
        accounts,
        query.by,
        _sort(report, query.by, query.sort),
        since,
        until,
        {name: value for name, value in given.items() if value is not None},
    )


def _sort(report: Report, by: str, sort: str | None) -> str:
    names = [one.name for one in report.shown(by)]
    if sort is not None and sort.removeprefix("-") not in names:
        raise _wrong("sort", f"by={by} has no {sort}; there are: {', '.join(names)}")
    return sort or report.sort_of(by)


def _wrong(field: str, problem: str) -> Problem:
    told = f"the query is not right: {field}: {problem}"
    return Problem(400, told, errors=[{"field": field, "problem": problem}])
