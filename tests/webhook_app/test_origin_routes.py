"""docs/origin-routes.md: every route of the original has one of ours, and each of ours is served."""

import re

import pytest
from pydantic import SecretStr

from tests.docs.declared_settings import ROOT
from tests.webhook_app.conftest import Make, Web, settings_for

PAGE = (ROOT / "docs" / "origin-routes.md").read_text()
ROWS = [line.split(" | ") for line in PAGE.splitlines() if re.match(r"\| (GET|POST|PUT) ", line)]
OURS = re.compile(
    r"(GET|POST|PUT|PATCH|DELETE)(?: and (GET|POST|PUT|PATCH|DELETE))? `(/api/[^`*]*)`"
)
ORIGINALS = {
    "/test-connection": "GET POST",
    "/credentials": "GET POST",
    "/clients": "GET",
    "/clients/[id]": "GET",
    "/clients/[id]/vendas": "GET",
    "/clients/import": "POST",
    "/sales/situacoes/import": "POST",
    "/sales": "GET",
    "/sales/situacoes": "GET",
    "/vendas/[id]": "GET",
    "/import-wallets": "POST",
    "/import": "GET POST",
    "/auto-import": "GET POST",
    "/auto-import-all": "GET",
    "/sync": "POST",
    "/sync-wallet": "POST",
    "/sync-schedule": "GET POST PUT",
    "/run-scheduled-sync": "GET",
    "/produtos-mais-vendidos": "GET",
    "/reconciliation": "GET",
    "/connect-test": "GET",
    "/test-simple": "GET",
    "/test": "GET",
    "/test/processing": "GET",
    "/api/cron/gestao-click-sync": "GET",
    "/api/webhooks/gestao-click": "POST",
    "/api/metas": "GET POST",
    "/api/metas/sync-gestao-click": "POST",
    "/api/ceo/*": "GET",
}
"""Its 24 route files and what stood besides, with their methods."""


def named() -> set[tuple[str, str]]:
    """(method, path) of each of ours that the page names."""
    return {
        (method, path.replace("{id}", "<id>"))
        for row in ROWS
        for first, second, path in OURS.findall(" | ".join(row[1:]))
        for method in filter(None, (first, second))
    }


@pytest.fixture
def web(make: Make, database_url: str, redis_url: str) -> Web:
    return make(settings_for(database_url, redis_url=SecretStr(redis_url)))


def test_every_route_of_the_original_is_mapped() -> None:
    mapped = {
        (row[0].split()[1], path) for row in ROWS for path in re.findall(r"`([^`]+)`", row[0])
    }
    wanted = {(method, path) for path, said in ORIGINALS.items() for method in said.split()}
    assert wanted <= mapped


def test_every_route_of_ours_that_is_named_is_in_the_openapi_document(web: Web) -> None:
    paths = web.get("/api/openapi.json").json["paths"]
    served = {
        (method.upper(), re.sub(r"\{\w+\}", "<id>", path))
        for path, methods in paths.items()
        for method in methods
    }
    assert len(named()) > 20
    assert named() <= served


def test_every_row_names_one_of_ours() -> None:
    assert len(ROWS) > 30
    for row in ROWS:
        assert OURS.search(row[1]), row[0]
