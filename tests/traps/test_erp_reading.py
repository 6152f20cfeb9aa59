"""Traps of reading Gestão Click's lists (gestaoclick-api.md 10): pages, types, periods, envelopes, 404s."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from sandbox.http import Request, Response, json_response
from shared import availability
from shared.resources.grammar import Resource
from tests.ground import Ground, pages_of
from tests.traps.erp import (
    CLIENTS,
    ORDERS,
    PAYABLES,
    PRODUCTS,
    PURCHASES,
    QUOTES,
    RECEIVABLES,
    SALES,
    heard,
    live,
    meddling,
    quietly,
    read,
    remove,
    truth,
)

Answer = Callable[[Request], Response]


def cursor(ground: Ground, resource: Resource) -> Any:
    sql = "select cursor from sync.checkpoints where resource = %s"
    return ground.run(lambda c: c.exec_driver_sql(sql, (resource.full_name,)).scalar())


def test_erp_trap_01_a_page_parameter_that_is_ignored_does_not_end_in_endless_page_one(
    ground: Ground,
) -> None:
    """`page` and `per_page` are ignored in silence: who pages by them reads page 1 for ever."""
    with heard(ground, "/clientes") as asked, pages_of(CLIENTS, 5):
        read(ground, CLIENTS)
    assert {"pagina", "limite"} <= asked[0].keys()
    assert not {"page", "per_page"} & asked[0].keys()
    assert live(ground, CLIENTS).keys() == truth(ground, CLIENTS).keys()
    before, moment = ground.rows(CLIENTS), cursor(ground, CLIENTS)

    def always_page_one(request: Request, answer: Answer) -> Response:
        return answer(request.having("pagina", "1"))

    ground.box.reset_stats()
    with meddling(ground, always_page_one), pages_of(CLIENTS, 5):
        report = ground.sync(CLIENTS, full=True)
    assert report["state"] != "done"
    assert "repeats" in report["reason"]
    assert ground.requests("gestao-click") < 60
    assert (ground.rows(CLIENTS), cursor(ground, CLIENTS)) == (before, moment)


def test_erp_trap_02_sales_are_asked_for_by_type_and_store(ground: Ground) -> None:
    """Without `tipo` only products come, without `loja_id` only the head office."""
    made = {"tipo": "vendas_balcao", "loja_id": "90002"}
    ground.box.gestao_click.create("vendas", {}, hidden=made)
    read(ground, SALES, QUOTES)
    for resource in (SALES, QUOTES):
        table = ground.box.world.table("gestao-click", resource.name)
        hidden = {str(key): table.live[key].hidden or {} for key in table.ids}
        rows = live(ground, resource)
        assert {id_: (r["tipo"], r["loja_id"]) for id_, r in rows.items()} == {
            id_: (said["tipo"], said["loja_id"]) for id_, said in hidden.items()
        }
    pairs = {(row["tipo"], row["loja_id"]) for row in live(ground, SALES).values()}
    assert {tipo for tipo, _ in pairs} == {"produto", "servico", "vendas_balcao"}
    assert {store for _, store in pairs} == {"90001", "90002"}


def test_erp_trap_02_a_type_that_is_ignored_is_noticed(ground: Ground) -> None:
    """Unknown values answer the default set with 200: every sale would become one of services."""
    read(ground, SALES)
    marches = {r["id"]: r["tipo"] for r in ground.rows(SALES) if r["data"] < date(2026, 4, 1)}
    assert set(marches.values()) == {"produto"}
    assert len(marches) > 3

    def only_products(request: Request, answer: Answer) -> Response:
        return answer(request.having("tipo", "produto"))

    with meddling(ground, only_products):
        read(ground, SALES, full=True)
    refused = ground.run(availability.refused, ground.integration("gestao-click").id, SALES)
    assert any("tipo=servico" in place for place in refused)
    rows = live(ground, SALES)
    assert {id_: rows[id_]["tipo"] for id_ in marches} == marches
    assert rows.keys() == truth(ground, SALES).keys()


@pytest.mark.parametrize("resource", [RECEIVABLES, PAYABLES], ids=lambda r: r.name)
def test_erp_trap_03_titles_are_read_period_by_period(ground: Ground, resource: Resource) -> None:
    """Without a period only those of this month come."""
    with heard(ground, resource.path) as asked:
        read(ground, resource)
    assert all({"data_inicio", "data_fim"} <= one.keys() for one in asked)
    due = {record["data_vencimento"][:7] for record in truth(ground, resource).values()}
    assert len(due) > 2
    assert live(ground, resource).keys() == truth(ground, resource).keys()


def test_erp_trap_04_a_title_that_is_paid_moves_to_another_window_and_stays_one_row(
    ground: Ground,
) -> None:
    """Its period is that of the payment from then on; the window it left does not miss it."""
    read(ground, RECEIVABLES)
    overdue = next(
        record
        for record in sorted(truth(ground, RECEIVABLES).values(), key=lambda r: r["id"])
        if record["liquidado"] == "0" and record["data_vencimento"] <= "2026-03-30"
    )
    ground.box.gestao_click.pay("recebimentos", overdue["id"])
    report = read(ground, RECEIVABLES)
    row = ground.row(RECEIVABLES, overdue["id"])
    assert (report["written"], report["gone"]) == (1, 0)
    assert row["liquidado"]
    assert row["data_liquidacao"] > row["data_vencimento"]
    assert row["deleted_at"] is row["missing_since"] is None
    assert read(ground, RECEIVABLES, full=True)["gone"] == 0


def test_erp_trap_04_a_payment_that_is_taken_back_is_found_in_the_window_it_returns_to(
    ground: Ground,
) -> None:
    read(ground, RECEIVABLES)
    paid = next(r for r in truth(ground, RECEIVABLES).values() if r["id"] == "45002")
    quietly(ground, RECEIVABLES, paid["id"], liquidado="0", data_liquidacao="")
    read(ground, RECEIVABLES, full=True)
    row = ground.row(RECEIVABLES, paid["id"])
    assert (row["liquidado"], row["data_liquidacao"]) == (False, None)
    assert row["deleted_at"] is row["missing_since"] is None


def test_erp_trap_05_what_nobody_tells_is_found_by_reading_again(ground: Ground) -> None:
    """No modified-since, no webhooks, no tombstones: an old edit and an old deletion."""
    read(ground, SALES)
    quietly(ground, SALES, "50001", observacoes="trocado na loja")
    remove(ground, SALES, "50002")
    report = read(ground, SALES, full=True)
    assert ground.row(SALES, "50001")["observacoes"] == "trocado na loja"
    assert ground.row(SALES, "50002")["deleted_at"]
    assert (report["written"], report["gone"]) == (1, 1)


@pytest.mark.parametrize("resource", [QUOTES, PRODUCTS, PURCHASES], ids=lambda r: r.name)
def test_erp_trap_06_an_empty_list_says_so_in_three_ways(
    ground: Ground, resource: Resource
) -> None:
    """`data` is the text "Não há dados!", `meta` holds nulls only, or there is no `meta`."""
    read(ground, resource)
    assert live(ground, resource).keys() == truth(ground, resource).keys()
    remove(ground, resource, *truth(ground, resource))
    report = read(ground, resource, full=True)
    assert (report["seen"], live(ground, resource)) == (0, {})


def test_erp_trap_06_text_in_place_of_a_list_deletes_nothing(ground: Ground) -> None:
    """Every page says "Não há dados!" although the records are there: their details prove it."""
    read(ground, CLIENTS)
    before = live(ground, CLIENTS)

    def no_data(request: Request, answer: Answer) -> Response:
        said = {"code": 200, "status": "success", "data": "Não há dados!"}
        listing = request.path.rstrip("/").endswith("/clientes")
        return json_response(said) if listing else answer(request)

    with meddling(ground, no_data):
        for _ in range(2):
            assert read(ground, CLIENTS, full=True)["gone"] == 0
    assert live(ground, CLIENTS) == before


WRAPPED = ["vendas", "compras", "produtos", "ordens_servicos", "clientes"]


@pytest.mark.parametrize("resource", [SALES, PURCHASES, ORDERS, CLIENTS], ids=lambda r: r.name)
def test_erp_trap_07_wrapped_and_flat_rows_are_the_same_rows(
    ground: Ground, resource: Resource
) -> None:
    """{"Venda": {…}} today, {…} tomorrow; lines are wrapped in the singular always."""
    ground.box.options.change({"wrapped": WRAPPED})
    read(ground, resource)
    wrapped = ground.rows(resource)
    assert {row["id"]: row["raw"] for row in wrapped} == truth(ground, resource)
    ground.box.options.change({"wrapped": []})
    assert read(ground, resource, full=True)["written"] == 0
    assert ground.rows(resource) == wrapped
    for child in resource.children:
        arrays = [record.get(child.path[0]) or [] for record in truth(ground, resource).values()]
        assert len(ground.children(resource, child)) == sum(map(len, arrays))


def missing_controller(request: Request, answer: Answer) -> Response:
    if request.path.rstrip("/").endswith("/vendas"):
        return answer(request)
    tools = {"error": "Controller class VendasController could not be found.", "line": 1}
    return json_response({"devTools": tools}, 404)


def foreign_404(request: Request, answer: Answer) -> Response:
    if request.path.rstrip("/").endswith("/vendas"):
        return answer(request)
    return Response(404, b"<html>Not Found</html>", "text/html")


@pytest.mark.parametrize("odd", [missing_controller, foreign_404], ids=lambda f: f.__name__)
def test_erp_trap_10_a_404_without_the_vendors_word_deletes_nothing(
    ground: Ground, odd: Any
) -> None:
    """A sale that the list left out is asked for by id while the route itself is away."""
    read(ground, SALES)
    remove(ground, SALES, "50001")
    with meddling(ground, odd):
        report = ground.sync(SALES, full=True)
    assert report["state"] != "done"
    assert report["reason"]
    assert ground.row(SALES, "50001")["deleted_at"] is None
    ground.run(lambda c: c.exec_driver_sql("update sync.runs set next_at = clock_timestamp()"))
    assert ground.carry(report["id"])["gone"] == 1
    assert ground.row(SALES, "50001")["deleted_at"]


def test_erp_trap_10_a_404_of_the_list_itself_is_no_empty_list(ground: Ground) -> None:
    """A validation error in the vendor's own envelope, for a list: not available, nothing is marked."""
    read(ground, CLIENTS)
    before, moment = live(ground, CLIENTS), cursor(ground, CLIENTS)

    def refused(request: Request, answer: Answer) -> Response:
        said = {"erro": "Not Found", "mensagem": "Parâmetro inválido"}
        listing = request.path.rstrip("/").endswith("/clientes")
        body = {"code": 404, "status": "error", "data": said}
        return json_response(body, 404) if listing else answer(request)

    with meddling(ground, refused):
        report = ground.sync(CLIENTS, full=True)
    assert report["state"] == "unavailable"
    assert "Parâmetro inválido" in report["reason"]
    assert (live(ground, CLIENTS), cursor(ground, CLIENTS)) == (before, moment)


def test_erp_trap_16_an_old_service_order_that_moves_on_is_seen_between_full_walks(
    ground: Ground,
) -> None:
    """Windows by entry date miss later changes of old documents: those that are open are read again."""
    read(ground, ORDERS)
    old = ground.row(ORDERS, "55001")
    assert old["nome_situacao"] == "Execução"
    assert old["data"] < date.today() - timedelta(days=60)
    quietly(ground, ORDERS, "55001", situacao_id="61003", nome_situacao="Finalizada")
    report = read(ground, ORDERS)
    assert report["mode"] == "incremental"
    assert ground.row(ORDERS, "55001")["nome_situacao"] == "Finalizada"


def test_erp_trap_16_the_business_date_is_found_under_both_of_its_names(ground: Ground) -> None:
    """Documented as `data`, seen as data_entrada: windows need the one that is there."""
    read(ground, ORDERS)
    assert [row["data"].isoformat() for row in ground.rows(ORDERS)] == [
        "2026-03-10",
        "2026-03-11",
        "2026-01-15",
    ]
