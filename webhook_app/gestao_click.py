"""/api/gestao-click: test-connection, the mirrored lists, sync, its schedule and what it has done."""

from __future__ import annotations

from flask import Response
from flask_openapi3.models.tag import Tag
from pydantic import ConfigDict, Field

from shared.resources import BY_NAME
from webhook_app import best_sellers, connections, imports, schedules, situations, syncs
from webhook_app.auth import SECURITY
from webhook_app.lists import routes
from webhook_app.openapi import Routes
from webhook_app.parsing import Body, checked
from webhook_app.problems import Problem
from webhook_app.process import process
from webhook_app.syncs import OfIntegration

PROVIDER = "gestao-click"
CLIENTES = BY_NAME["gestao_click.clientes"]
api = Routes(
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
def test_connection(query: OfIntegration, body: GestaoClickCredentials) -> Response:
    """Test the connection with two tokens, which are not kept; without any: the integration's own"""
    key, secret = body.apiKey, body.secretToken
    given = connections.both_or_none(("apiKey", key), ("secretToken", secret))
    _ensure_configured(body.apiUrl)
    if body.useEnvCredentials or not given:
        return connections.test(PROVIDER, None, query.integration)
    return connections.test(PROVIDER, {"apiKey": key or "", "secretToken": secret or ""})


def _ensure_configured(url: str | None) -> None:
    """Only the configured address is asked: this route must not reach wherever a caller likes."""
    configured = process().settings.gestao_click_api_url
    if url and url.rstrip("/") != configured:
        raise Problem(400, f"apiUrl: {configured} is asked; GESTAO_CLICK_API_URL changes it")


connections.serve(api, PROVIDER)
routes.of_provider(api, PROVIDER)
# the original's names, docs/origin-routes.md
routes.serve_under(api, BY_NAME["gestao_click.situacoes_vendas"], "sales/situacoes")
for _name in ("clients", "clientes"):
    routes.serve_of(api, CLIENTES, BY_NAME["gestao_click.vendas"], "cliente_id", _name)
syncs.serve(api, PROVIDER)
schedules.serve(api)
imports.serve(api)
best_sellers.serve(api)
situations.serve(api)
