"""Questions to the vendors: a worker asks them, within its budget; the request waits for its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from shared import questions
from shared.queue import ANSWER
from webhook_app.database import DatabaseAway
from webhook_app.problems import Problem
from webhook_app.process import process

PATIENCE = 10.0
STATUSES = {
    "connected": 200,
    "missing": 400,
    "malformed": 400,
    "unknown": 404,
    "expired": 401,
    "refused": 401,
    "swapped": 401,
    "wrong_account": 403,
    "blocked": 403,
    "not_available": 403,
    "elsewhere": 502,
    "limited": 429,
    "unreachable": 502,
}
"""How a worker's finding is told in HTTP."""


def ask(kind: str, question: Mapping[str, Any]) -> dict[str, Any]:
    """The worker's answer; raises Problem 503 when none comes."""
    own = process()
    if not own.asking.acquire(blocking=False):
        raise Problem(503, "too many questions to the vendor at once", {"Retry-After": "5"})
    try:
        id_ = questions.ask(own.database.engine, own.keys, kind, question)
        own.ring(ANSWER, str(id_))
        given = questions.wait(own.database.engine, id_, PATIENCE)
    except SQLAlchemyError as error:
        raise DatabaseAway("PostgreSQL does not answer") from error
    finally:
        own.asking.release()
    if given is None:
        raise Problem(503, "no worker answered; is `ponte worker` running?", {"Retry-After": "10"})
    return given


def refusal(finding: Mapping[str, Any]) -> Problem:
    """What a worker found wrong, as an answer."""
    found = str(finding.get("status", "unreachable"))
    status = STATUSES.get(found, 502)
    message = str(finding.get("message") or found)
    headers = {"Retry-After": "60"} if status == 429 else {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="vendor"'
    told = {"status": found, **{n: finding[n] for n in ("code", "todo") if n in finding}}
    return Problem(status, message, headers, connection=told)
