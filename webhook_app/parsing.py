"""The door of the API: queries, paths and bodies become typed values here, or a 400 that says why.

`@checked` stands under flask-openapi3's decorator: that one documents the annotations (`path`,
`query`, `body`), this one parses them, because it must refuse what flask-openapi3 lets pass
(a body that is no JSON, a parameter given twice).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime
from functools import wraps
from typing import Annotated, Any, TypeVar, get_origin, get_type_hints

import orjson
from flask import request
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
)
from werkzeug.exceptions import RequestEntityTooLarge

from webhook_app.problems import Problem

View = TypeVar("View", bound=Callable[..., Any])
Model = TypeVar("Model", bound=BaseModel)


class Query(BaseModel):
    """Parameters of an address; unknown ones are refused. What parses them is made at the first request."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class Body(BaseModel):
    """A JSON body, taken literally: no "yes" for true, no unknown keys."""

    model_config = ConfigDict(strict=True, extra="forbid", defer_build=True)


def _flag(value: Any) -> Any:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _digits(value: Any) -> Any:
    """Query values are text; only plain digits mean a number ("1.0" and " 1" do not)."""
    plain = isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,19}", value)
    return int(value) if plain else value


def _utc(value: Any) -> Any:
    """`2026-01-31T12:00:00+00:00` with the + that an unescaped query turns into a space."""
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d[T ]", value):
        raise ValueError("write a moment as 2026-01-31T12:00:00Z")
    return re.sub(r" (\d\d:?\d\d)$", r"+\1", value)


def _with_zone(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _iso_day(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise ValueError("write a date as 2026-01-31")
    return value


MOST_ERRORS = 20
"""Of one request that are told: a body of many wrong names is not answered with a longer one."""
INT64 = 2**63 - 1
Flag = Annotated[bool, Field(strict=True), BeforeValidator(_flag)]
Whole = Annotated[int, Field(strict=True, ge=-INT64, le=INT64), BeforeValidator(_digits)]
INT32 = 2**31 - 1
IntegrationId = Annotated[int, Field(strict=True, ge=1, le=INT32), BeforeValidator(_digits)]
Page = Annotated[int, Field(strict=True, ge=1, le=1_000_000_000), BeforeValidator(_digits)]
Limit = Annotated[int, Field(strict=True, ge=1, le=250), BeforeValidator(_digits)]
Words = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
SomeDigits = Annotated[str, Field(max_length=60, pattern=r"^[^\x00]*[0-9][^\x00]*$")]
FieldValue = Annotated[str, Field(max_length=400, pattern=r"^[^=\x00]+=[^\x00]+$")]
Number = Annotated[str, Field(pattern=r"^-?[0-9]{1,18}(\.[0-9]{1,8})?$")]
Day = Annotated[date, BeforeValidator(_iso_day)]
Moment = Annotated[datetime, BeforeValidator(_utc), AfterValidator(_with_zone)]


def chosen(allowed: Collection[str], separator: str | None = None) -> Any:
    """One of the words, or several between separators; what else is given is told with them."""

    def check(value: str) -> str:
        given = value.split(separator) if separator else [value]
        if not set(given) <= set(allowed):
            raise ValueError(f"there are: {', '.join(allowed)}")
        return value

    word = f"({'|'.join(allowed)})"
    pattern = f"^{word}({separator}{word})*$" if separator else f"^{word}$"
    return Annotated[
        str, AfterValidator(check), WithJsonSchema({"type": "string", "pattern": pattern})
    ]


def checked(view: View) -> View:
    """Parses what `view` is annotated with, in place of flask-openapi3."""
    hints = get_type_hints(view, include_extras=True)

    @wraps(view)
    def wrapper(**in_path: Any) -> Any:
        given: dict[str, Any] = {}
        if "path" in hints:
            given["path"] = _parse(hints["path"], in_path, "path")
        if "query" in hints:
            given["query"] = _parse(hints["query"], _query(hints["query"]), "query")
        elif request.args:
            raise Problem(400, f"no parameters are known here, but got: {', '.join(request.args)}")
        if "body" in hints:
            given["body"] = _parse(hints["body"], _body(), "body")
        return view(**given)

    wrapper.__delay_validate_request__ = True  # type: ignore[attr-defined]
    return wrapper  # type: ignore[return-value]


def _query(model: type[BaseModel]) -> dict[str, str | list[str]]:
    """A parameter whose type is a list may be repeated, no other may."""
    lists = {name for name, one in model.model_fields.items() if get_origin(one.annotation) is list}
    given = dict(request.args.lists())
    repeated = [name for name, values in given.items() if len(values) > 1 and name not in lists]
    if repeated:
        raise Problem(400, f"given more than once: {', '.join(repeated)}")
    return {name: values if name in lists else values[0] for name, values in given.items()}


def _body() -> Any:
    raw = request.get_data(cache=False)
    if len(raw) == request.max_content_length:  # of a chunked one no more is read
        raise RequestEntityTooLarge
    if not raw.strip():
        return {}
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Problem(400, f"the body is no JSON: {error}") from None


def _parse(model: type[Model], given: Any, where: str) -> Model:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        found = error.errors(include_url=False)
        errors = [_explained(item, model, echo=where != "body") for item in found[:MOST_ERRORS]]
        if len(found) > MOST_ERRORS:
            errors.append({"field": "(more)", "problem": f"{len(found) - MOST_ERRORS} others"})
        told = "; ".join(f"{item['field']}: {item['problem']}" for item in errors)
        raise Problem(400, f"the {where} is not right: {told}", errors=errors) from None


def _explained(item: Any, model: type[BaseModel], *, echo: bool) -> dict[str, str]:
    """One of pydantic's findings in words; the value only of a known parameter, never out of a body."""
    field = ".".join(str(part) for part in item["loc"]) or "(all)"
    if item["type"] == "extra_forbidden":
        known = sorted(one.alias or name for name, one in model.model_fields.items())
        return {"field": field[:100], "problem": f"unknown; there are: {', '.join(known)}"}
    problem = str(item["msg"]).removeprefix("Value error, ")
    plain = echo and isinstance(item["input"], str | int)
    got = f"; got '{item['input']!s:.60}'" if plain else ""
    return {"field": field, "problem": f"{problem}{got}"}
