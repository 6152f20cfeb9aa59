"""The documentation is true: schemathesis finds no server error and no answer that it does not tell."""

import pytest
from pydantic import SecretStr
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.webhook_app.conftest import Make, Web, settings_for
from webhook_app import asking

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture
def documented(
    make: Make, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Web:
    """An application without a worker: what asks one says so at once (its 503 is documented)."""
    monkeypatch.setattr(asking, "PATIENCE", 0.0)
    web = make(settings_for(database_url, redis_url=SecretStr(redis_url)))
    web.mirror("kommo.contacts", *({"id": id_, "name": "Ana"} for id_ in range(3)))
    web.mirror("gestao_click.vendas", {"id": "1", "tipo": "produto", "valor_total": "10.50"})
    return web


def test_every_route_of_the_api_is_documented(documented: Web) -> None:
    described = documented.get("/api/openapi.json").json["paths"]
    served = {
        rule.rule.replace("<path:", "{").replace("<", "{").replace(">", "}")
        for rule in documented.client.application.url_map.iter_rules()
        if rule.rule.startswith(("/api/", "/webhooks", "/healthz", "/readyz", "/metrics"))
    }
    assert served - set(described) == {
        "/api/openapi.json",
        "/api/docs",
        "/api/docs/assets/{name}",
    }
    for path, operations in described.items():
        for operation in operations.values():
            public = path.startswith(("/webhooks", "/healthz", "/readyz"))
            assert bool(operation.get("security")) != public, path
            assert operation["summary"], path
