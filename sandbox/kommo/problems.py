"""Kommo's errors: problem+json (kommo-api.md 7)."""

from typing import Any

from sandbox.http import Response, json_response

TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
}


class Problem(Exception):
    def __init__(self, status: int, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.more = more

    def response(self) -> Response:
        body = {
            "title": TITLES[self.status],
            "type": f"https://httpstatus.es/{self.status}",
            "status": self.status,
            "detail": self.detail,
            **self.more,
        }
        return json_response(body, self.status, "application/problem+json")


def unauthorized() -> Problem:
    return Problem(401, "Invalid user name or password")


def too_many(retry_after: float) -> Problem:
    """kommo-api.md 3.1: `retry_after` stands in the body, no header is documented."""
    seconds = int(retry_after) if retry_after == int(retry_after) else retry_after
    return Problem(429, "Too many requests", retry_after=seconds)


def refused(status: int) -> Problem:
    """kommo-api.md 3.1, 7: 402 = plan, 403 = rights or scope."""
    if status == 402:
        return Problem(402, "Payment required")
    return Problem(403, "Client doesn't have the required scope")


def invalid(path: str, detail: str) -> Problem:
    errors = [{"code": "InvalidValue", "path": path, "detail": detail}]
    wrapped = [{"request_id": "0", "errors": errors}]
    return Problem(400, "Request validation failed", **{"validation-errors": wrapped})


def internal_error() -> Response:
    body = {
        "title": "ErrInternalServer",
        "status": 500,
        "detail": "Internal server error",
        "trace_id": "00000000000000000000000000000001",
    }
    return json_response(body, 500, "application/problem+json")
