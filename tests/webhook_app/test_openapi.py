"""The documentation is true: schemathesis finds no server error and no answer that it does not tell."""

import re
from collections import Counter
from contextlib import suppress
from datetime import date
from urllib.parse import quote, urlencode

import pytest
import schemathesis
from flask import Flask
from hypothesis import assume, given
from hypothesis import strategies as st
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

from tests.fuzz.strange import effort
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
    "test-channel": {"ok": True, "message": "taken"},
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


def fits(value: object) -> bool:
    """Does an address say what is asked? A map or a list of lists becomes some text, a list of one that one."""
    if isinstance(value, list):
        said = [each for each in value if each is not None]
        return len(said) > 1 and not any(isinstance(each, list | dict) for each in said)
    return not isinstance(value, dict)


@pytest.mark.timeout(400)  # it asks every operation of some three hundred, several times
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_as_documented(documented: Web, mode: GenerationMode) -> None:
    """Of every operation, those for administrators too, whatever is asked."""
    headers, tried = documented.token("admin"), Counter[int]()
    reached: set[tuple[str, str]] = set()
    schema = schemathesis.openapi.from_wsgi(
        "/api/openapi.json", documented.client.application, headers=headers
    )
    operations = [found.ok() for found in schema.get_all_operations()]
    for operation in operations:

        @effort(3 if mode is GenerationMode.POSITIVE else 2)
        @given(case=operation.as_strategy(generation_mode=mode))
        def conforms(case: Case) -> None:
            assume(all(map(fits, (case.query or {}).values())))
            answer = case.call_and_validate(headers=headers, checks=CHECKS)
            tried[answer.status_code // 100] += 1
            assert answer.status_code not in (401, 403), (case.method, case.path)
            reached.add((case.method, case.path))

        with suppress(Unsatisfiable):  # nothing that it takes can be wrong
            conforms()

    assert tried[2 if mode is GenerationMode.POSITIVE else 4] > 100
    if mode is GenerationMode.POSITIVE:
        assert reached == {(each.method.upper(), each.path) for each in operations}


PLACES = st.one_of(
    st.sampled_from(["1", "0", "-1", "9" * 30, "kommo", "..", "%2e%2e", "%00", "%ff", "a b", "٣"]),
    st.text(max_size=12),
)


def test_no_address_and_no_body_brings_a_mistake_of_ours(documented: Web) -> None:
    """Of every route, pages and callbacks too, which no document describes; with and without a token."""
    client, app = documented.client, documented.client.application
    assert isinstance(app, Flask)
    rules = sorted(
        (rule.rule, method)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"OPTIONS"})
    )
    known = [documented.token("admin"), {}]

    @effort(len(rules))
    @given(st.data(), st.sampled_from(known), st.sampled_from(["application/json", "text/plain"]))
    def holds(data: st.DataObject, headers: dict[str, str], kind: str) -> None:
        rule, method = data.draw(st.sampled_from(rules))
        path = re.sub(r"<[^>]+>", lambda _: quote(data.draw(PLACES), safe="%"), rule)
        query = urlencode(data.draw(st.dictionaries(PLACES, PLACES, max_size=3)), errors="replace")
        body = data.draw(st.one_of(st.binary(max_size=60), st.just(b'{"a": ' * 3000)))
        answer = client.open(
            f"{path}?{query}", method=method, data=body, headers=headers, content_type=kind
        )
        # 503: the database was asked for too much at once
        assert answer.status_code < 500 or answer.status_code == 503, (method, path)

    holds()
