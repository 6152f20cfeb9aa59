"""The documentation is true: schemathesis finds no server error and no answer that it does not tell."""

from collections import Counter
from contextlib import suppress
from datetime import date

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from pydantic import SecretStr
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
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
    negative_data_rejection,
]
PAGES = {"/api/openapi.json", "/api/docs", "/api/docs/assets/{name}"}
ANSWERS = {
    "test-connection": {
        "ok": True,
        "status": "connected",
        "code": "connected",
        "message": "fine",
        "account": {"id": 1},
        "sample": [],
    },
    "look-live": {"keys": [], "rows": 0},
}


@pytest.fixture
def documented(
    make: Make, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Web:
    """An application with rows in it, whose vendor questions are answered at once."""
    monkeypatch.setattr(asking, "ask", lambda kind, _: ANSWERS[kind])
    web = make(settings_for(database_url, redis_url=SecretStr(redis_url)))
    web.mirror("kommo.contacts", *({"id": id_, "name": "Ana"} for id_ in range(3)))
    web.mirror("gestao_click.vendas", {"id": "1", "tipo": "produto", "valor_total": "10.50"})
    day, late = date(2026, 1, 31), date(2025, 1, 31)
    title = {"conta_bancaria_id": "1", "plano_contas_id": "1", "valor_total": "10.50"}
    web.mirror("gestao_click.contas_bancarias", {"id": "1", "nome": "Caixa"})
    web.mirror("gestao_click.recebimentos", {"id": "1", "data_vencimento": late, **title})
    paid = {"liquidado": True, "data_liquidacao": day}
    web.mirror("gestao_click.pagamentos", {"id": "1", **paid, **title})
    web.put("/api/wallets/1/opening-balance", {"as_of": "2026-01-01", "amount": "1"})
    web.post("/api/kommo/sync")
    return web


def test_every_route_of_the_api_is_documented(documented: Web) -> None:
    described = documented.get("/api/openapi.json").json["paths"]
    served = {
        rule.rule.replace("<path:", "{").replace("<", "{").replace(">", "}")
        for rule in documented.client.application.url_map.iter_rules()
        if rule.rule.startswith(("/api/", "/webhooks", "/healthz", "/readyz", "/metrics"))
    }
    assert served - set(described) == PAGES
    for path, operations in described.items():
        for operation in operations.values():
            public = path.startswith(("/webhooks", "/healthz", "/readyz"))
            assert bool(operation.get("security")) != public, path
            assert operation["summary"], path


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_as_documented(documented: Web, mode: GenerationMode) -> None:
    headers, tried = documented.token("sync"), Counter[int]()
    schema = schemathesis.openapi.from_wsgi(
        "/api/openapi.json", documented.client.application, headers=headers
    )
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=4,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def conforms(case: Case) -> None:
            answer = case.call_and_validate(headers=headers, checks=CHECKS)
            tried[answer.status_code // 100] += 1

        with suppress(Unsatisfiable):  # nothing that it takes can be wrong
            conforms()

    assert tried[2 if mode is GenerationMode.POSITIVE else 4] > 100
