"""Gestão Click at the door: two header tokens, limits per company (gestaoclick-api.md 1, 2)."""

from random import Random

import orjson

from sandbox.gestao_click import envelope
from sandbox.gestao_click.api import GestaoClickApi, below_prefix
from sandbox.gestao_click.other_tool import DAY, OtherTool
from sandbox.http import Request, Response, json_response
from sandbox.limits import Window
from sandbox.options import Options
from sandbox.records import Json, Key, Table


class GestaoClick:
    name = "gestao-click"
    page_parameter = "pagina"

    def __init__(self, api: GestaoClickApi, options: Options, tokens: tuple[str, str]) -> None:
        self.api = api
        self.options = options
        self.tokens = tokens
        self.second = Window(1.0)
        self.day = Window(DAY)
        """By the sandbox's clock, not the monotonic one: it outlives a restart in the state file."""
        self.other_tool = OtherTool(options, self.day, self.second)

    def below(self, path: str) -> str:
        return below_prefix(path)

    def refusal(self, request: Request, now: float, rng: Random) -> Response | None:
        """Section 2: 3 a second and 30,000 a day, per company: not per token or address."""
        wall = self.api.world.clock()
        self.other_tool.catch_up(wall)
        self.other_tool.burst(now)
        if self.day.full(wall, self.options.gestao_click_daily_limit):
            return envelope.TOO_MANY
        if not self.second.admit(now, self.options.gestao_click_limit):
            return envelope.TOO_MANY
        self.day.times.append(wall)
        given = tuple(_header(request, name) for name in ("access-token", "secret-access-token"))
        return None if given == self.tokens else envelope.UNAUTHORIZED

    def used(self) -> Json:
        """What of the daily limit is used at this moment, and by whom ever."""
        now, limit = self.api.world.clock(), self.options.gestao_click_daily_limit
        self.other_tool.catch_up(now)
        self.day.full(now, limit)
        other = {"made": self.other_tool.made, "refused": self.other_tool.refused}
        return {"limit": limit, "used": len(self.day.times), "other_tool": other}

    def broken(self, kind: str, path: str) -> Response | None:
        match kind:
            case "429":
                return envelope.TOO_MANY
            case "401":
                return envelope.UNAUTHORIZED
            case "500_json":
                return envelope.INTERNAL
            case "controller_missing":
                return envelope.controller_missing(path)
            case "empty_page":
                body = {"code": 200, "status": "success", "data": []}
                return json_response(body)
        return None

    def miscounted(self, response: Response) -> Response:
        body = orjson.loads(response.body)
        if isinstance(body.get("meta"), dict) and body["meta"].get("total_registros"):
            body["meta"]["total_registros"] += 7
        return Response(response.status, orjson.dumps(body), response.content_type)

    def first_row(self, request: Request) -> tuple[Table, Key] | None:
        return self.api.first_row(request)

    def answer(self, request: Request) -> Response:
        return self.api.answer(request)


def _header(request: Request, name: str) -> str:
    """Section 1: the underscore forms work too."""
    return request.headers.get(name) or request.headers.get(name.replace("-", "_"), "")
