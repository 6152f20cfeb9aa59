"""/api/kommo: test-connection, the mirrored lists, sync."""

from __future__ import annotations

from flask import Response
from flask_openapi3.models.tag import Tag
from pydantic import ConfigDict, Field

from webhook_app import connections, syncs
from webhook_app.auth import SECURITY
from webhook_app.lists import routes
from webhook_app.openapi import Routes
from webhook_app.parsing import Body, checked
from webhook_app.syncs import OfIntegration

PROVIDER = "kommo"
api = Routes(
    "kommo", __name__, url_prefix="/api/kommo", abp_tags=[Tag(name="Kommo")], abp_security=SECURITY
)


class KommoCredentials(Body):
    model_config = ConfigDict(strict=True, extra="forbid", openapi_extra={"required": False})  # type: ignore[typeddict-unknown-key]

    jwtToken: str | None = Field(None, max_length=8000, description="absent: the settings' own")  # noqa: N815
    useEnvCredentials: bool = False  # noqa: N815
    userId: str | int | None = Field(None, description="tolerated; means nothing here")  # noqa: N815


@api.post("/test-connection", responses=connections.DOCUMENTED)
@checked
def test_connection(query: OfIntegration, body: KommoCredentials) -> Response:
    """Test the connection with a token, which is not kept; without one: the integration's own"""
    given = None if body.useEnvCredentials else body.jwtToken
    credentials = {"jwtToken": given} if given is not None else None
    return connections.test(PROVIDER, credentials, query.integration)


connections.serve(api, PROVIDER)
routes.of_provider(api, PROVIDER)
syncs.serve(api, PROVIDER)
