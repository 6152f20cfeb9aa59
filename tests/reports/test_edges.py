"""What is out of the ordinary: sales that were called off, several of one deal, what was deleted, two businesses."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import inspect, text

from shared.db.mirror import metadata
from tests.ground import Ground
from tests.worker.matching.shop import CLIENT, WON, Shop
from worker.matching import work

Row = dict[str, Any]
NUMBERS = (
    '{"1400027": {"name": "Nº da venda", "values": [{"value": "11"}]},'
    ' "1400028": {"name": "Outro pedido", "values": [{"value": "12"}]}}'
)


@pytest.fixture
def shop(ground: Ground) -> Shop:
    return Shop(ground)


def view(shop: Shop, name: str, where: str = "true") -> list[Row]:
    while work.carry_out(shop.ground.reach, 60.0):
        pass
    asked = text(f"select * from reports.{name} where {where}")
    return [dict(r) for r in shop.ground.run(lambda c: c.execute(asked).mappings().all())]


def delete(shop: Shop, table: str, id_: Any) -> None:
    """As a sync would learn it."""
    said = text(f"update {table} set deleted_at = now(), changed_at = now() where id = :id")
    shop.ground.run(lambda c: c.execute(said, {"id": id_}))


def test_a_deal_with_two_sales_has_the_money_of_both(shop: Shop) -> None:
    shop.deal(1, 500, fields=NUMBERS)
    shop.sale("11", "300.00")
    shop.sale("12", "250.50", day=3)
    shop.title("1", "11", "300.00", paid=True)
    shop.title("2", "12", "250.50", due=-1)
    (row,) = view(shop, "negocios_ganhos")
    assert (row["vendas"], row["valor_vendas"]) == (2, Decimal("550.50"))
    assert (row["recebido"], row["a_receber"]) == (Decimal("300.00"), Decimal("250.50"))
    assert (row["vencido"], row["venda_no_dia"]) == (Decimal("250.50"), WON)
    (row,) = view(shop, "negocio_contra_venda")
    assert (row["diferenca"], row["percentual"]) == (Decimal("50.50"), Decimal("110.10"))
    assert view(shop, "ganhos_sem_venda") == view(shop, "vendas_sem_negocio") == []


def test_instalments_come_in_one_by_one(shop: Shop) -> None:
    shop.deal(1, 300)
    shop.sale("11", "300.00")
    for number, paid in (("1", True), ("2", True), ("3", False)):
        shop.title(number, "11", "100.00", due=30 * int(number), paid=paid)
    rows = view(shop, "recebido_de_negocios")
    assert {row["titulo_id"]: row["recebido"] for row in rows} == {"1": 100, "2": 100}
    (way,) = view(shop, "do_contato_ao_dinheiro")
    assert way["primeiro_recebimento"] is not None
    assert way["quitado_no_dia"] is None
    shop.title("3", "11", "100.00", due=90, paid=True)
    (way,) = view(shop, "do_contato_ao_dinheiro")
    assert way["quitado_no_dia"] is not None


def test_a_cancelled_sale_is_nobodys(shop: Shop) -> None:
    shop.deal(1, 300)
    shop.sale("11", "300.00", situation="Cancelada")
    assert view(shop, "vendas_sem_negocio") == view(shop, "clientes") == []
    (row,) = view(shop, "ganhos_sem_venda")
    assert row["motivo"] == "a pessoa não tem venda que combine"


def test_a_title_of_no_sale_is_the_clients_alone(shop: Shop) -> None:
    shop.deal(1, 300)
    shop.sale("11", "300.00")
    shop.title("1", "99", "70.00", paid=True)
    shop.title("2", "99", "30.00", due=-2)
    (row,) = view(shop, "negocios_ganhos")
    assert (row["recebido"], row["titulos"]) == (0, 0)
    (client,) = view(shop, "clientes")
    assert (client["recebido"], client["vencido"]) == (Decimal("70.00"), Decimal("30.00"))
    (ahead,) = view(shop, "fluxo_previsto", "origem = 'a receber'")
    assert (ahead["valor"], ahead["vencido"]) == (Decimal("30.00"), True)


def test_what_waits_for_a_person_is_told_on_both_sides(shop: Shop) -> None:
    shop.deal(1, 500)
    shop.sale("11", "500.00")
    shop.sale("12", "500.00", day=1)
    (deal,) = view(shop, "ganhos_sem_venda")
    assert deal["motivo"] == "há vendas a conferir"
    sales = view(shop, "vendas_sem_negocio")
    assert [row["motivo"] for row in sales] == ["há negócios a conferir"] * 2


def test_what_is_deleted_goes_from_every_report(shop: Shop) -> None:
    shop.deal(1, 300)
    shop.sale("11", "300.00")
    shop.title("1", "11", "300.00", paid=True)
    assert len(view(shop, "recebido_de_negocios")) == 1
    delete(shop, "gestao_click.recebimentos", "1")
    assert view(shop, "recebido_de_negocios") == []
    (row,) = view(shop, "vendas_recebidas")
    assert (row["recebido"], row["titulos"]) == (0, 0)
    delete(shop, "gestao_click.vendas", "11")
    assert view(shop, "vendas_recebidas") == view(shop, "clientes") == []
    assert len(view(shop, "ganhos_sem_venda")) == 1
    delete(shop, "kommo.leads", 1)
    for name in ("negocios_ganhos", "ganhos_sem_venda", "funil_etapas", "funil"):
        assert view(shop, name) == []


def test_a_deal_that_is_won_no_more_gives_its_sale_back(shop: Shop) -> None:
    shop.deal(1, 300)
    shop.sale("11", "300.00")
    assert view(shop, "vendas_sem_negocio") == []
    shop.deal(1, 300, status=143)
    (row,) = view(shop, "vendas_sem_negocio")
    assert row["motivo"] == "o cliente não tem negócio ganho que combine"


def test_an_overdue_title_beside_the_persons_open_deal(shop: Shop) -> None:
    shop.deal(1, 800, status=76000002)
    shop.deal(2, 50, status=143)
    shop.title("1", "99", "30.00", due=-10)
    (row,) = view(shop, "vencidos_e_negocios")
    assert (row["dias"], row["vencido"]) == (10, Decimal("30.00"))
    assert (row["negocios_abertos"], row["valor_aberto"], row["leads"]) == (1, 800, [1])


def test_stages_in_another_order_are_told_anew(shop: Shop) -> None:
    """Lead 1 was in 20, then 10: it had gone back; with the order turned it has gone on."""
    stages = """insert into kommo.statuses (integration_id, pipeline_id, id, name, sort, raw, changed_at)
        select min(id), 5, s, s::text, s, '{}', now() from ponte.integration_settings, unnest(array[10, 20]) s
        where provider = 'kommo' group by s"""
    shop.ground.run(lambda c: c.execute(text(stages)))
    shop.deal(1, 300, status=20)
    move = "update kommo.leads set pipeline_id = 5, status_id = :s, updated_at = :at, changed_at = now()"
    shop.ground.run(lambda c: c.execute(text("update kommo.leads set updated_at = '2026-01-01'")))
    for status, at in ((20, WON), (10, WON + timedelta(days=1))):
        shop.ground.run(lambda c, given={"s": status, "at": at}: c.execute(text(move), given))
    stays = {row["etapa_id"]: row["seguiu"] for row in view(shop, "funil_etapas", "funil_id = 5")}
    assert stays == {20: False, 10: False}
    turned = "update kommo.statuses set sort = 30 - sort, changed_at = now() where pipeline_id = 5"
    shop.ground.run(lambda c: c.execute(text(turned)))
    stays = {row["etapa_id"]: row["seguiu"] for row in view(shop, "funil_etapas", "funil_id = 5")}
    assert stays == {20: True, 10: False}


COPIED = """
    insert into ponte.integration_settings (id, user_id, provider, metadata)
    select id + 10, 'another', provider, metadata from ponte.integration_settings;
"""


def test_two_businesses_do_not_see_each_other(shop: Shop) -> None:
    """All of one business once more under another user, ids and all: each report tells both the same."""
    shop.deal(1, 300)
    shop.deal(2, 90, day=5)
    shop.deal(3, 800, status=76000002)
    shop.sale("11", "300.00")
    shop.sale("12", "55.00", day=-200)
    shop.title("1", "11", "100.00", paid=True)
    shop.title("2", "11", "200.00", due=-3)
    shop.ground.run(lambda c: c.execute(text(COPIED)))
    for table in metadata.sorted_tables:
        if table.schema in ("kommo", "gestao_click") and "integration_id" in table.c:
            names = ", ".join(
                f'"{c.name}"' for c in table.c if c.name != "integration_id" and not c.computed
            )
            copy = f"""insert into {table.fullname} (integration_id, {names})
                select integration_id + 10, {names} from {table.fullname}"""
            shop.ground.run(lambda c, copy=copy: c.execute(text(copy)))
    view(shop, "clientes")
    with shop.ground.reach.engine.connect() as connection:
        names = [
            name for name in inspect(connection).get_view_names("reports") if "kommo" not in name
        ]
    assert len(names) > 15
    for name in names:
        rows = view(shop, name)
        ours = sorted(_told(row) for row in rows if row["integration_id"] <= 10)
        theirs = sorted(_told(row) for row in rows if row["integration_id"] > 10)
        assert ours == theirs, name
    assert view(shop, "clientes", f"cliente_id = '{CLIENT}' and vendido = 355")


def _told(row: Row) -> str:
    """Without the ids of integrations; another business's would leave a difference of not 10."""
    shift = 10 if row["integration_id"] > 10 else 0
    ids = {name for name in row if name.endswith("integration_id")}
    return repr({n: v - shift if n in ids and v is not None else v for n, v in row.items()})


def test_days_are_those_of_the_account(shop: Shop) -> None:
    """22:30 in São Paulo is the next day in Greenwich."""
    shop.deal(1, 300)
    late = "update kommo.leads set closed_at = '2026-06-01 22:30-03', changed_at = now()"
    shop.ground.run(lambda c: c.execute(text(late)))
    (row,) = view(shop, "negocios_ganhos")
    assert row["ganho_no_dia"] == date(2026, 6, 1)
