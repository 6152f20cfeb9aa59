"""`live=true`: a worker asks the vendor, keeps what it saw, and the answer is then read from the mirror.

Who asks for the vendor's word gets it or a problem that says why not, never the mirror's instead: the
mirror's answer is there for the asking, without `live`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.questions import LOOK_LIVE
from shared.resources.grammar import Resource
from webhook_app import asking
from webhook_app.problems import Problem

GOES_WITH = ("page", "limit", "query", "with", "integration")


def page(resource: Resource, integration_id: int, asked: Any) -> list[list[str]]:
    """The keys on the vendor's own page."""
    if len(resource.key) > 1 or resource.unlisted:
        raise Problem(400, f"live=true: the vendor has no single list of {resource.full_name}")
    tolerated = {"live", "expand", "userId", "jwtToken", *GOES_WITH}
    extra = sorted(asked.model_fields_set - tolerated)
    if extra:
        known = ", ".join(GOES_WITH)
        raise Problem(400, f"live=true goes with {known}, not with {', '.join(extra)}")
    wanted = {"page": asked.page, "limit": asked.limit, "query": getattr(asked, "query", None)}
    return [[key] for key in _look(resource, integration_id, wanted)["keys"]]


def one(resource: Resource, integration_id: int, key: Sequence[Any]) -> None:
    """Has the vendor asked for one record; what it no longer has is marked in the mirror."""
    if resource.by_id is None:
        raise Problem(400, f"live=true: {resource.full_name} cannot be asked for by id")
    *parts, id_ = (str(part) for part in key)
    slice_ = dict(zip(resource.key, parts, strict=False))
    _look(resource, integration_id, {"ids": [id_], "slice": slice_})


def _look(resource: Resource, integration_id: int, wanted: Mapping[str, Any]) -> dict[str, Any]:
    question = {"resource": resource.full_name, "integration": integration_id or None, **wanted}
    given = asking.ask(LOOK_LIVE, question)
    if "error" in given:
        raise asking.refusal({**given, **given["error"]})
    return given
