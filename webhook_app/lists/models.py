"""The models of list routes, made from the declarations: what may be asked, what is answered."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from shared import resources
from shared.resources.columns import Column, Type
from shared.resources.grammar import (
    Aliases,
    Carries,
    Child,
    Embeds,
    Expansion,
    Owns,
    Refers,
    Resource,
)
from webhook_app.envelopes import Answer, Freshness, Pagination
from webhook_app.lists import expanding, filter_models, listing
from webhook_app.lists.listing import RAW
from webhook_app.parsing import (
    INT64,
    Body,
    Day,
    Flag,
    Limit,
    Moment,
    Page,
    Query,
    Whole,
    Words,
    chosen,
)

EARLIER = {"deleted": "include_deleted", "integration_id": "integration"}
SPANS: dict[Type, Any] = {Type.DATE: Day, Type.MOMENT: Moment}
ANSWERED: dict[Type, Any] = {
    Type.BIGINT: int,
    Type.TEXT: str,
    Type.NUMERIC: str,
    Type.BOOLEAN: bool,
    Type.DATE: date,
    Type.MOMENT: datetime,
    Type.TEXTS: list[str],
    Type.JSON: Any,
}


class Place(Query):
    """What every list and every row understands."""

    live: Flag = Field(False, description="ask the vendor first, and keep what it says")
    integration: Whole | None = Field(None, description="another account's rows")

    @model_validator(mode="before")
    @classmethod
    def _earlier_names(cls, given: dict[str, Any]) -> dict[str, Any]:
        """`deleted`, `raw` and `integration_id`: what these were called before; still understood."""
        given = dict(given)
        for earlier, name in EARLIER.items():
            if earlier in given and name in cls.model_fields:
                given.setdefault(name, given.pop(earlier))
        if given.get("raw") in ("true", "false"):
            asked = [given["with"]] if "with" in given else []
            raw = [RAW] if given.pop("raw") == "true" else []
            given |= {"with": ",".join(asked + raw)} if asked + raw else {}
        return given


class Listing(Place):
    """What every list understands, besides its own columns and filters."""

    page: Page = 1
    limit: Limit = 50
    updated_since: Moment | None = Field(
        None,
        description="rows that were written, deleted or missed here since; with include_deleted=true",
    )
    include_deleted: Flag = Field(
        False, description="also rows that are deleted or missing at the vendor"
    )


def _in_vendors_words(resource: Resource) -> type[Listing]:
    """The same with the vendor's own words for paging and order, where it has some."""
    aliases = resource.listed.aliases if resource.listed else None
    if aliases is None:
        return Listing
    names = [column.name for column in resource.columns if column.type is not Type.JSON]
    fields: dict[str, Any] = {
        aliases.page: (Page | None, Field(None, description="as page")),
        aliases.limit: (Limit | None, Field(None, description="as limit")),
        aliases.order: (chosen(names) | None, Field(None, description="as sort")),
        aliases.direction: (
            chosen(("asc", "desc")) | None,
            Field(None, description="of the order"),
        ),
    }
    return create_model(
        _name(resource, "listing"),
        __base__=Listing,
        __validators__={"in_vendors_words": _translated(aliases)},
        **fields,
    )


def _translated(aliases: Aliases) -> Any:
    """The vendor's words become ours before anything is checked."""

    def translate(cls: type[BaseModel], given: dict[str, Any]) -> dict[str, Any]:
        given = dict(given)
        order, down = given.pop(aliases.order, None), given.pop(aliases.direction, None)
        if down is not None and (order is None or str(down).lower() not in ("asc", "desc")):
            raise ValueError(f"{aliases.direction} is asc or desc, and goes with {aliases.order}")
        if order is not None:
            _say_once(given, "sort", f"-{order}" if str(down).lower() == "desc" else order)
        for ours, alias in (("page", aliases.page), ("limit", aliases.limit)):
            if alias in given:
                _say_once(given, ours, given.pop(alias))
        return given

    return model_validator(mode="before")(cast(Any, classmethod(translate)))


def _say_once(given: dict[str, Any], name: str, value: Any) -> None:
    if name in given:
        raise ValueError(f"{name} is given in two words that mean the same: give one")
    given[name] = value


def _with(resource: Resource) -> dict[str, Any]:
    told = Field(None, alias="with", description="what to add out of the mirror, between commas")
    return {"expand": (chosen(expanding.names(resource), ",") | None, told)}


@cache
def query_model(resource: Resource) -> type[Query]:
    fields: dict[str, Any] = {
        column.name: (filter_models.TYPES[column.type] | None, None)
        for column in resource.columns
        if column.type in filter_models.TYPES and column.name not in Listing.model_fields
    }
    for column in resource.columns:
        if column.type in SPANS:
            fields[f"{column.name}_from"] = (SPANS[column.type] | None, None)
            fields[f"{column.name}_to"] = (SPANS[column.type] | None, None)
    fields |= {each.name: filter_models.of(resource, each) for each in resource.filters}
    if resource.listed and resource.listed.search:
        told = f"text in {', '.join(resource.listed.search)}; numbers are found by their digits"
        fields["query"] = (Words | None, Field(None, description=told))
    sort = Field(None, description="a column, with - for descending")
    fields["sort"] = (chosen(_sortable(resource)) | None, sort)
    return create_model(
        _name(resource, "query"), __base__=_in_vendors_words(resource), **fields, **_with(resource)
    )


def _sortable(resource: Resource) -> list[str]:
    names = [column.name for column in resource.columns if column.type is not Type.JSON]
    return [sign + name for name in (*names, "changed_at") for sign in ("", "-")]


@cache
def one_query_model(resource: Resource) -> type[Query]:
    return create_model(_name(resource, "one_query"), __base__=Place, **_with(resource))


@cache
def path_model(resource: Resource) -> type[BaseModel]:
    fields: dict[str, Any] = {
        one.name: (filter_models.TYPES[one.type], ...) for one in resource.key_columns
    }
    return create_model(_name(resource, "path"), **fields)


@cache
def body_model(resource: Resource) -> type[Body]:
    assert resource.listed and resource.listed.body_id  # noqa: S101
    extra = ConfigDict(strict=True, extra="forbid", openapi_extra={"required": False})  # type: ignore[typeddict-unknown-key]
    base = type("ListBody", (Body,), {"model_config": extra})
    fields: dict[str, Any] = {
        resource.listed.body_id: (int | None, Field(None, ge=-INT64, le=INT64)),
        "page": (int, Field(1, ge=1, le=1_000_000_000)),
        "limit": (int, Field(50, ge=1, le=250)),
        "query": (Words | None, None),
        "include_deleted": (bool, False),
        "live": (bool, False),
        "integration": (int | None, Field(None, ge=-INT64, le=INT64)),
        "userId": (str | int | None, Field(None, description="tolerated; means nothing here")),
        "jwtToken": (str | None, Field(None, description="ignored: never stored, never logged")),
        **_with(resource),
    }
    return cast(type[Body], create_model(_name(resource, "body"), __base__=base, **fields))


def _columns(resource: Resource) -> dict[str, Any]:
    fields = {column.name: _answered(resource, column) for column in resource.columns}
    return fields | dict.fromkeys((*listing.MARKS, "observed_at"), (datetime | None, ...))


@cache
def plain_model(resource: Resource) -> Any:
    """A row without what `with` adds: what `with` adds to another one."""
    return create_model(_name(resource, "plain"), **_columns(resource))


@cache
def child_model(resource: Resource, child: Child) -> Any:
    fields: dict[str, Any] = {"ordem": (int, ...)}
    fields |= {column.name: (ANSWERED[column.type] | None, ...) for column in child.columns}
    return create_model(_name(resource, f"of_{child.name}"), **fields)


@cache
def row_model(resource: Resource) -> Any:
    expands = resource.listed.expands if resource.listed else ()
    more: dict[str, Any] = {each.name: (_expanded(each), None) for each in expands}
    for child in resource.children:
        more[child.name] = (list[child_model(resource, child)], None)  # type: ignore[misc]
    fields = _columns(resource) | more
    return create_model(_name(resource, "row"), **fields, raw=(Any, None))


def _expanded(expansion: Expansion) -> Any:
    match expansion:
        case Carries():
            return Any
        case Refers(to=to):
            return plain_model(resources.BY_NAME[to]) | None
        case Embeds(to=to) | Owns(to=to):
            return list[plain_model(resources.BY_NAME[to])]  # type: ignore[misc]


def _answered(resource: Resource, column: Column) -> tuple[Any, Any]:
    type_ = ANSWERED[column.type]
    return (type_ if column.name in resource.key else type_ | None, ...)


@cache
def page_model(resource: Resource) -> Any:
    return create_model(
        _name(resource, "page"),
        __base__=Answer,
        data=(list[row_model(resource)], ...),  # type: ignore[misc,arg-type]
        pagination=(Pagination, ...),
        freshness=(Freshness, ...),
    )


@cache
def one_model(resource: Resource) -> Any:
    return create_model(
        _name(resource, "one"),
        __base__=Answer,
        data=(row_model(resource), ...),
        freshness=(Freshness, ...),
    )


def _name(resource: Resource, kind: str) -> str:
    return f"{resource.source}_{resource.name}_{kind}"


@cache
def found_model(resource: Resource) -> Any:
    """What a POST answers: one row, or a list."""
    return create_model(
        _name(resource, "found"),
        __base__=Answer,
        data=(row_model(resource) | list[row_model(resource)], ...),  # type: ignore[misc]
        pagination=(Pagination | None, None),
        freshness=(Freshness, ...),
    )
