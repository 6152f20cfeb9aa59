"""Kommo at the door: credentials, limits and bans (kommo-api.md 2, 3, 7)."""

from dataclasses import replace
from random import Random

import orjson

from sandbox.faults import HTML
from sandbox.http import Request, Response
from sandbox.kommo import problems
from sandbox.kommo.api import KommoApi
from sandbox.kommo.grants import Grants
from sandbox.kommo.home import Home
from sandbox.kommo.oauth import PATHS, TOKEN, OAuth
from sandbox.kommo.pages import NO_CONTENT
from sandbox.kommo.views import API
from sandbox.limits import Ban, WindowPerCaller
from sandbox.options import Options
from sandbox.records import Key, Table


class Kommo:
    name = "kommo"
    page_parameter = "page"

    def __init__(self, api: KommoApi, options: Options, grants: Grants, token: str) -> None:
        self.api = api
        self.options = options
        self.grants = grants
        self._token = token
        grants.know(token)
        self.oauth = OAuth(options, grants)
        self.home = Home(options)
        self.windows = WindowPerCaller(1.0)
        self.ban = Ban()

    @property
    def token(self) -> str:
        """The account's own long-lived token; another one put here ends it."""
        return self._token

    @token.setter
    def token(self, text: str) -> None:
        self.grants.revoke(self._token)
        self.grants.know(text)
        self._token = text

    def below(self, path: str) -> str:
        return path.removeprefix(API).rstrip("/")

    def refusal(self, request: Request, now: float, rng: Random) -> Response | None:
        options = self.options
        if self.ban.holds(request.address, now):
            return HTML["403_html"]
        if request.path in PATHS and request.path != TOKEN:
            return None
        bearer = request.headers.get("authorization", "")
        address = f"address {request.address}"
        callers = (address,) if request.path == TOKEN else (f"token {bearer}", address)
        if not self.windows.admit(callers, now, options.kommo_limit):
            self.ban.refused(
                request.address, now, options.ban_after, options.ban_window, options.ban_seconds
            )
            html = rng.random() < options.html_429
            return HTML["429_html"] if html else self._too_many()
        return None if request.path == TOKEN else self._credentials(bearer)

    def _credentials(self, bearer: str) -> Response | None:
        """kommo-api.md 2.3, 7: 401 = unknown, expired, revoked; 403 = no scope `crm`."""
        token = self.grants.live(bearer.removeprefix("Bearer "))
        if token is None or not bearer.startswith("Bearer "):
            return problems.unauthorized().response()
        return None if "crm" in token.scopes else problems.refused(403).response()

    def broken(self, kind: str, path: str) -> Response | None:
        match kind:
            case "429":
                return self._too_many()
            case "401":
                return problems.unauthorized().response()
            case "500_json":
                return problems.internal_error()
            case "empty_page":
                return NO_CONTENT
        return None

    def miscounted(self, response: Response) -> Response:
        """Only lists with `_total_items` can be wrong about it (4.1)."""
        if response.status != 200:
            return response
        body = orjson.loads(response.body)
        if "_total_items" in body:
            body["_total_items"] += 7
        return Response(200, orjson.dumps(body), response.content_type)

    def first_row(self, request: Request) -> tuple[Table, Key] | None:
        return self.api.first_row(request)

    def answer(self, request: Request) -> Response:
        if request.path in PATHS:
            return self.oauth.answer(request)
        response = self.api.answer(request)
        return replace(response, body=self.home.own_json(response.body))

    def _too_many(self) -> Response:
        return problems.too_many(self.options.retry_after).response()
