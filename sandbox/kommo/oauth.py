"""OAuth2: consent page, token endpoint, the account's present address (kommo-api.md 1.1, 2.2)."""

from html import escape
from typing import Any
from urllib.parse import urlencode

import orjson

from sandbox.http import Request, Response, json_response
from sandbox.kommo.grants import Grants
from sandbox.kommo.home import BASE_DOMAIN
from sandbox.kommo.problems import Problem
from sandbox.options import Options
from sandbox.records import Json

CONSENT, TOKEN, CURRENT = "/oauth", "/oauth2/access_token", "/oauth2/account/current/subdomain"
PATHS = (CONSENT, TOKEN, CURRENT)
OAUTH_PROBLEM = "https://developers.amocrm.ru/v3/errors/OAuthProblemJson"


class OAuth:
    """Plays www.kommo.com/oauth, the account's token endpoint and the shard's lookup at once."""

    def __init__(self, options: Options, grants: Grants) -> None:
        self.options = options
        self.grants = grants

    def answer(self, request: Request) -> Response:
        try:
            match request.method, request.path:
                case "GET", "/oauth":
                    return self._consent(request)
                case "POST", "/oauth2/access_token":
                    return self._token(request)
                case "GET", "/oauth2/account/current/subdomain":
                    return self._current(request)
        except Problem as problem:
            return problem.response()
        return Problem(405, f"Cannot {request.method} {request.path}").response()

    def _consent(self, request: Request) -> Response:
        """A page with two links; `answer=allow|deny` is what they lead to."""
        if request.one("client_id") != self.options.oauth_client_id:
            return Response(400, b"<html>unknown integration (sandbox)</html>", "text/html")
        decision = request.one("answer")
        if not decision:
            return self._consent_page(request)
        state = {"state": request.one("state")}
        if decision == "deny":
            return self._back({"error": "access_denied", **state})
        code = self.grants.new_code(self.options.oauth_redirect_uri)
        client = {"client_id": self.options.oauth_client_id}
        return self._back({"code": code, "referer": self._address(request), **state, **client})

    def _consent_page(self, request: Request) -> Response:
        links = "".join(
            f'<p><a href="{escape(CONSENT + "?" + urlencode([*request.pairs, ("answer", word)]))}">'
            f"{label}</a></p>"
            for word, label in (("allow", "Permitir"), ("deny", "Recusar"))
        )
        page = f"<html><body><h1>Ponte quer acessar a conta (sandbox)</h1>{links}</body></html>"
        return Response(200, page.encode(), "text/html; charset=utf-8")

    def _back(self, answer: dict[str, str]) -> Response:
        where = self.options.oauth_redirect_uri
        joint = "&" if "?" in where else "?"
        return Response(302, headers={"Location": f"{where}{joint}{urlencode(answer)}"})

    def _address(self, request: Request) -> str:
        """Kommo sends {subdomain}.kommo.com; the box is reached where it was asked."""
        return self.options.oauth_referer or request.headers.get("host", "")

    def _token(self, request: Request) -> Response:
        body = _read(request)
        if (body.get("client_id"), body.get("client_secret")) != (
            self.options.oauth_client_id, self.options.oauth_client_secret,
        ):  # fmt: skip
            raise _oauth_problem("Client authentication failed")
        redirect_uri = str(body.get("redirect_uri", ""))
        if redirect_uri != self.options.oauth_redirect_uri:
            raise Problem(400, "Parameter redirect_uri is wrong", hint="Check the redirect_uri")
        match body.get("grant_type"):
            case "authorization_code":
                if not self.grants.redeem(str(body.get("code", "")), redirect_uri):
                    hint = "Authorization code has been revoked"
                    raise Problem(400, "The authorization code is invalid", hint=hint)
                return json_response(self.grants.issue())
            case "refresh_token":
                pair = self.grants.refreshed(str(body.get("refresh_token", "")))
                if pair is None:
                    raise _oauth_problem("Token has been revoked")
                return json_response(pair)
        raise Problem(400, "Unsupported grant_type")

    def _current(self, request: Request) -> Response:
        """1.1: where the account lives now, asked with the refresh token."""
        if not self.grants.refresh_is_known(request.headers.get("x-refresh-token", "")):
            raise _oauth_problem("Token has been revoked")
        options = self.options
        return json_response({
            "id": options.account_id,
            "subdomain": options.subdomain,
            "domain": options.oauth_referer or f"{options.subdomain}.{BASE_DOMAIN}",
            "top_level_domain": BASE_DOMAIN,
        })  # fmt: skip


def _read(request: Request) -> Json:
    try:
        body: Any = request.json()
    except orjson.JSONDecodeError:
        raise Problem(400, "Malformed JSON") from None
    if not isinstance(body, dict):
        raise Problem(400, "An object is expected")
    return body


def _oauth_problem(hint: str) -> Problem:
    return Problem(401, "The refresh token is invalid.", type=OAUTH_PROBLEM, hint=hint)
