"""/api/gestao-click: test-connection, the mirrored lists, sync."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import ConfigDict, Field

from webhook_app import connections, lists, syncs
from webhook_app.auth import SECURITY
from webhook_app.parsing import Body, checked
from webhook_app.problems import Problem
from webhook_app.process import process

PROVIDER = "gestao-click"
VENDOR = "beteltecnologia.com"
api = APIBlueprint(
    "gestao_click",
    __name__,
    url_prefix="/api/gestao-click",
    abp_tags=[Tag(name="Gestão Click")],
    abp_security=SECURITY,
)


class GestaoClickCredentials(Body):
    model_config = ConfigDict(strict=True, extra="forbid", openapi_extra={"required": False})  # type: ignore[typeddict-unknown-key]

    apiKey: str | None = Field(None, max_length=500)  # noqa: N815
    secretToken: str | None = Field(None, max_length=500)  # noqa: N815
    apiUrl: str | None = Field(None, max_length=500)  # noqa: N815
    useEnvCredentials: bool = False  # noqa: N815
    userId: str | int | None = Field(None, description="tolerated; means nothing here")  # noqa: N815


@api.post("/test-connection", responses=connections.DOCUMENTED)
@checked
def test_connection(body: GestaoClickCredentials) -> Response:
    """Test the connection with two tokens, which are not kept; without any: the settings' own"""
    key, secret = body.apiKey, body.secretToken
    given = connections.both_or_none(("apiKey", key), ("secretToken", secret))
    if body.useEnvCredentials or not given:
        _refuse_address(body.apiUrl)
        return connections.test(PROVIDER, None)
    credentials = {"apiKey": key or "", "secretToken": secret or ""}
    if body.apiUrl:
        credentials["apiUrl"] = _vendor_address(body.apiUrl)
    return connections.test(PROVIDER, credentials)


def _refuse_address(url: str | None) -> None:
    """The settings' own credentials go to the settings' own address and nowhere else."""
    if url and url.rstrip("/") != process().settings.gestao_click_api_url:
        raise Problem(400, "apiUrl goes with apiKey and secretToken; else set GESTAO_CLICK_API_URL")


def _vendor_address(url: str) -> str:
    """Only the vendor may be asked: this route must not become a way to reach other machines."""
    url = url.rstrip("/")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        fits = parts.scheme == "https" and parts.port in (None, 443)
    except ValueError:
        host, fits = "", False
    ours = url == process().settings.gestao_click_api_url
    if not ours and not (fits and (host == VENDOR or host.endswith(f".{VENDOR}"))):
        raise Problem(400, f"apiUrl: write https://api.{VENDOR}, or set GESTAO_CLICK_API_URL")
    return url


connections.serve(api, PROVIDER)
lists.of_provider(api, PROVIDER)
syncs.serve(api, PROVIDER)
