"""Gestão Click as a Source: its envelopes, wrappers, notices and four meanings of 404."""

from typing import Any

import orjson
import pytest

from sandbox.http import Response
from shared.errors import (
    CredentialsRefused,
    NotAvailable,
    RateLimited,
    RequestRefused,
    VendorUnavailable,
)
from shared.resources import BY_NAME
from shared.resources.columns import Context
from tests.worker.sources.vendors import Vendor, fixture, reply, vendor
from worker.sources import gestao_click
from worker.sources.gestao_click import GestaoClick
from worker.sources.protocol import Ask, Page
from worker.sync import rows

VENDAS, PRODUTOS, CLIENTES, PAGAMENTOS = (
    BY_NAME[f"gestao_click.{name}"] for name in ("vendas", "produtos", "clientes", "pagamentos")
)


def source(there: Vendor) -> GestaoClick:
    return GestaoClick(there.door(gestao_click.dialect("access", "secret")))


def page(answer: Response, number: int = 1, resource: Any = VENDAS) -> Page:
    with vendor(answer) as there:
        return source(there).page(Ask(resource, {"tipo": "produto"}), number)


def sent(name: str) -> Response:
    return reply(200, fixture(f"gestao_click/{name}.json"))


@pytest.mark.parametrize(
    ("name", "number", "count", "total", "more"),
    [
        ("vendas__produto_page1", 1, 2, 5, True),
        ("vendas__produto_page2", 2, 2, 5, True),
        ("vendas__produto_page3", 3, 1, 5, False),
        ("vendas__produto_page4_past_end", 4, 0, 5, False),
        ("vendas__empty_array", 1, 0, 0, False),
        ("vendas__empty_string_data", 1, 0, 0, False),
        ("produtos__meta_null", 1, 0, None, None),
        ("compras__list_flat_no_meta", 1, 1, None, False),
        ("compras__list_wrapped", 1, 1, 1, False),
    ],
)
def test_each_envelope_tells_its_rows_its_total_and_whether_more_follows(
    name: str, number: int, count: int, total: int | None, more: bool | None
) -> None:
    got = page(sent(name), number)
    assert (len(got.records), got.total, got.more) == (count, total, more)


@pytest.mark.parametrize(
    ("rows_", "more"), [(0, None), (1, False), (19, False), (20, None), (100, None)]
)
def test_without_meta_only_a_page_shorter_than_any_limit_is_known_to_be_the_last(
    rows_: int, more: bool | None
) -> None:
    body = {
        "code": 200,
        "status": "success",
        "data": [{"id": str(n), "a": 1} for n in range(rows_)],
    }
    assert page(reply(200, body)).more is more


def test_total_paginas_alone_ends_nothing_that_proxima_pagina_goes_on_with() -> None:
    meta = {"total_registros": 4, "total_paginas": 1, "proxima_pagina": 2}
    assert page(reply(200, {"code": 200, "meta": meta, "data": [{"id": "1", "a": 1}]})).more is True
    meta = {"total_registros": 4, "total_paginas": 4, "proxima_pagina": None}
    assert page(reply(200, {"code": 200, "meta": meta, "data": [{"id": "1", "a": 1}]})).more is True
    assert (
        page(reply(200, {"code": 200, "meta": meta, "data": [{"id": "1", "a": 1}]}), 4).more
        is False
    )


@pytest.mark.parametrize(
    "name", ["compras__list_wrapped", "formas_pagamentos__list_wrapped", "vendas__list_wrapped"]
)
def test_wrapped_rows_are_taken_out_of_their_wrapper(name: str) -> None:
    got = page(sent(name))
    assert got.records
    assert all("id" in record for record in got.records)


def test_a_row_that_is_one_plain_field_is_no_wrapper() -> None:
    assert page(reply(200, {"code": 200, "data": [{"id": "7"}]})).records == [{"id": "7"}]


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        (VENDAS, "vendas__list_wrapped"),
        (CLIENTES, "clientes__list"),
        (PAGAMENTOS, "pagamentos__month_list"),
    ],
)
def test_every_row_of_the_fixtures_becomes_a_row_of_ours(resource: Any, name: str) -> None:
    got = page(sent(name), resource=resource)
    batch = rows.batch(resource, got.records, Context({"tipo": "produto", "loja_id": "1"}))
    assert batch.rejects == ()
    assert len(batch.rows) == len(got.records) > 0


def test_the_question_has_the_slice_and_the_vendors_own_names_for_pages() -> None:
    with vendor(sent("vendas__empty_array")) as there:
        source(there).page(Ask(VENDAS, {"tipo": "servico", "loja_id": "90001"}), 3)
        (asked,) = there.heard
    assert dict(asked.pairs) == {
        "tipo": "servico",
        "loja_id": "90001",
        "limite": "100",
        "pagina": "3",
    }
    assert (asked.headers["access-token"], asked.headers["secret-access-token"]) == (
        "access",
        "secret",
    )


@pytest.mark.parametrize(
    "notice",
    [
        b"<br />\n<b>Notice</b>:  Undefined index: x in <b>/app/x.php</b> on line 1\n",
        b"\n",
        b"Warning: {x}\n",
        b"\xef\xbb\xbf",
    ],
)
def test_what_php_prints_before_the_json_is_passed_over(notice: bytes) -> None:
    body = notice + b'{"code":200,"status":"success","data":[{"id":"7","nome":"x"}]}'
    assert [r["id"] for r in page(reply(200, body, "text/html")).records] == ["7"]


def test_a_space_in_the_envelope_behind_a_notice_hides_nothing() -> None:
    body = b'Notice: x\n{ "code": 200, "status": "success", "data": [{"id":"7","nome":"x"}]}'
    assert [r["id"] for r in page(reply(200, body, "text/html")).records] == ["7"]


@pytest.mark.parametrize(
    "body",
    [
        {"code": 200, "status": "success"},
        {"code": 200, "status": "success", "data": {"erro": "x"}},
        {"code": 200, "status": "success", "data": 0},
        [{"id": "7"}],
        "no envelope",
        0,
    ],
    ids=str,
)
def test_an_answer_without_a_list_is_no_empty_list(body: Any) -> None:
    """A walk that took it for one would find everything gone."""
    with pytest.raises(VendorUnavailable):
        page(reply(200, orjson.dumps(body)))


@pytest.mark.parametrize("data", ["Não há dados!", "", None, []], ids=str)
def test_what_says_that_nothing_is_there_is_an_empty_list(data: Any) -> None:
    assert page(reply(200, {"code": 200, "status": "success", "data": data})).records == []


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"code": 400, "status": "error", "data": {"mensagem": "x"}}, RequestRefused),
        ({"code": "400", "status": "error", "data": {"mensagem": "x"}}, RequestRefused),
        ({"status": "error", "data": "x"}, RequestRefused),
        ({"code": 401, "data": {}}, CredentialsRefused),
        ({"code": 404, "status": "error", "data": {"mensagem": "x"}}, NotAvailable),
        ({"code": 429, "status": "error", "data": {"mensagem": "x"}}, RateLimited),
        ({"code": 500, "status": "error", "data": {"mensagem": "x"}}, VendorUnavailable),
    ],
    ids=str,
)
def test_a_200_is_what_it_says_inside(body: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        page(reply(200, body))


@pytest.mark.parametrize(
    ("meta", "more"),
    [
        ({"total_registros": None, "proxima_pagina": 2}, True),
        ({"total_registros": "4", "proxima_pagina": "2"}, True),
        ({"total_registros": 4, "proxima_pagina": "0"}, False),
        ({"total_registros": 4, "proxima_pagina": ""}, False),
        ({"total_registros": 0, "proxima_pagina": None}, False),
        ({}, False),
        (None, False),
    ],
    ids=str,
)
def test_whatever_says_that_a_page_follows_is_believed(meta: Any, more: bool) -> None:
    assert page(reply(200, {"code": 200, "meta": meta, "data": [{"id": "1", "a": 1}]})).more is more


def test_receivables_are_asked_with_both_names_of_the_limit() -> None:
    """`limit` is documented, `limite` is what clients send: the other is ignored in silence."""
    with vendor(sent("vendas__empty_array")) as there:
        source(there).page(Ask(BY_NAME["gestao_click.recebimentos"]), 1)
        (asked,) = there.heard
    assert dict(asked.pairs) == {"limit": "100", "limite": "100", "pagina": "1"}


def test_a_notice_without_json_is_no_answer() -> None:
    with pytest.raises(VendorUnavailable):
        page(reply(200, b"<br />\n<b>Fatal error</b>", "text/html"))


# --- looks


def test_a_detail_that_is_gone_was_deleted_the_vendor_says_so() -> None:
    gone = reply(404, fixture("gestao_click/error__404_not_found_document.json"))
    with vendor(gone) as there:
        found = source(there).look(Ask(VENDAS), ["7"])
        assert there.heard[0].path == "/vendas/7"
    assert (list(found.records), found.told) == ([], True)


@pytest.mark.parametrize("status", [404, 410, 200])
def test_a_detail_may_say_in_several_ways_that_it_is_gone(status: int) -> None:
    body = {"code": 404 if status == 200 else status, "status": "error", "data": {"mensagem": "x"}}
    with vendor(reply(status, body)) as there:
        found = source(there).look(Ask(VENDAS), ["7"])
    assert (list(found.records), found.told, found.refused) == ([], True, ())


def test_a_detail_that_is_refused_is_no_word_of_its_end() -> None:
    refused = {"code": 400, "status": "error", "data": {"mensagem": "Parâmetro inválido"}}
    with vendor(reply(200, refused)) as there:
        found = source(there).look(Ask(VENDAS), ["7"])
    assert (list(found.records), found.told, found.refused) == ([], False, ("7",))


def test_a_controller_that_is_missing_for_a_moment_deletes_nothing() -> None:
    missing = reply(404, fixture("gestao_click/error__404_controller_missing_transient.json"))
    with vendor(missing) as there:
        with pytest.raises(VendorUnavailable):
            source(there).look(Ask(VENDAS), ["7"])
        assert len(there.heard) == 3
    there_again = reply(200, {"code": 200, "data": {"id": "7", "codigo": "1"}})
    with vendor(missing, there_again) as there:
        assert [r["id"] for r in source(there).look(Ask(VENDAS), ["7"]).records] == ["7"]


@pytest.mark.parametrize("body", ["<html>Not found</html>", ""], ids=["html", "empty"])
def test_a_404_that_is_not_in_the_vendors_envelope_deletes_nothing(body: str) -> None:
    with vendor(reply(404, body, "text/html")) as there, pytest.raises(VendorUnavailable):
        source(there).look(Ask(VENDAS), ["7"])


@pytest.mark.parametrize("data", ["Não há dados!", [], None])
def test_a_detail_without_a_record_is_no_proof_of_anything(data: Any) -> None:
    with (
        vendor(reply(200, {"code": 200, "status": "success", "data": data})) as there,
        pytest.raises(VendorUnavailable),
    ):
        source(there).look(Ask(VENDAS), ["7"])


def test_a_wrapped_detail_is_unwrapped() -> None:
    with vendor(reply(200, {"code": 200, "data": {"Venda": {"id": "7"}}})) as there:
        assert list(source(there).look(Ask(VENDAS), ["7"]).records) == [{"id": "7"}]


def test_the_company_is_known_by_its_stores() -> None:
    stores = {"code": 200, "data": [{"id": "90002", "nome": "B"}, {"id": "90001", "nome": "A"}]}
    with vendor(reply(200, stores)) as there:
        assert source(there).account().ids == ("90001", "90002")
    with vendor(reply(200, {"code": 200, "data": "Não há dados!"})) as there:
        assert source(there).account().ids == ("no-stores",)


def test_it_tells_no_news() -> None:
    from datetime import UTC, datetime

    with vendor(Response(500)) as there:
        assert source(there).news(VENDAS, datetime.now(UTC)) == []
        assert there.heard == []


def test_products_without_meta_are_read_on() -> None:
    assert page(sent("produtos__meta_null"), resource=PRODUTOS).more is None
