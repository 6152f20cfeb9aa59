"""The address that an account had before it was renamed (kommo-api.md 1.1, 1.2, 9.25)."""

from collections.abc import Callable

from sandbox.http import Request, Response
from sandbox.kommo.oauth import CURRENT
from sandbox.kommo.problems import Problem, unauthorized

ANSWERS = (401, 404, 302)


class Moved:
    """Knows nobody; the control API and the shard's lookup of the present address still answer."""

    def __init__(self, door: Callable[[Request], Response], status: int) -> None:
        if status not in ANSWERS:
            raise ValueError(f"the old address answers one of {ANSWERS}")
        self.door = door
        self.status = status

    def __call__(self, request: Request) -> Response:
        if request.path.startswith("/_sandbox") or request.path == CURRENT:
            return self.door(request)
        match self.status:
            case 302:
                return Response(302, headers={"Location": "https://www.kommo.com/"})
            case 404:
                return Problem(404, "Account not found").response()
        return unauthorized().response()
