"""Reports on deals and their money: every figure is the one that the sandbox's own books give."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

from tests.reports.conftest import Reports
from tests.reports.truth import LOST, WON, ZERO, Truth, day_of, on, settled, tags, total, utm

Json = dict[str, Any]


def test_the_sales_that_deals_became_are_found(reports: Reports) -> None:
    found = reports.view("negocios_vendas", "venda_id")
    assert {sale: row["lead_id"] for sale, row in found.items()} == reports.truth.deal_of
    assert len(found) >= 10


def money_of(truth: Truth, lead: int) -> Json:
    """What the sales of a deal come to."""
    sales = truth.sales_of[lead]
    titles = [title for sale in sales for title in truth.titles_of[sale["id"]]]
    opened = [title for title in titles if not settled(title)]
    days = [on(title["data_liquidacao"]) for title in titles if settled(title)]
    return {
        "vendas": len(sales),
        "valor_vendas": total(sales),
        "recebido": total(filter(settled, titles)),
        "a_receber": total(opened),
        "vencido": total(
            t for t in opened if (on(t["data_vencimento"]) or truth.today) < truth.today
        ),
        "venda_no_dia": min((on(sale["data"]) for sale in sales), default=None),
        "primeiro_recebimento": min(filter(None, days), default=None),
        "ultimo_recebimento": max(filter(None, days), default=None),
        "titulos": len(titles) if sales else None,
    }


def origin_of(truth: Truth, lead: Json) -> Json:
    names = {name: truth.of("kommo", name) for name in ("pipelines", "users", "sources")}
    return {
        "funil": names["pipelines"][lead["pipeline_id"]]["name"],
        "vendedor": names["users"].get(lead["responsible_user_id"], {}).get("name"),
        "origem": names["sources"].get(lead["source_id"], {}).get("name"),
        "utm_source": utm(lead, "SOURCE"),
        "utm_medium": utm(lead, "MEDIUM"),
        "utm_campaign": utm(lead, "CAMPAIGN"),
    }


def test_won_deals_with_their_source_and_their_money(reports: Reports) -> None:
    truth, view = reports.truth, reports.view("negocios_ganhos", "lead_id")
    assert view.keys() == truth.won.keys()
    for id_, lead in truth.won.items():
        wanted = {
            **origin_of(truth, lead),
            **money_of(truth, id_),
            "negocio": lead["name"],
            "valor_negocio": lead["price"],
            "tags": tags(lead),
            "criado_no_dia": day_of(lead["created_at"]),
            "ganho_no_dia": day_of(lead["closed_at"]),
        }
        assert {name: view[id_][name] for name in wanted} == wanted
    assert sum(row["recebido"] for row in view.values()) > 0


def receipts(truth: Truth) -> dict[tuple[int, str], Json]:
    """(deal, title) → the title, of those that were settled."""
    return {
        (lead, title["id"]): title
        for sale, lead in truth.deal_of.items()
        for title in filter(settled, truth.titles_of[sale])
    }


def test_money_that_came_in_from_deals_by_its_own_day(reports: Reports) -> None:
    truth, view = reports.truth, reports.view("recebido_de_negocios", "lead_id", "titulo_id")
    wanted = receipts(truth)
    assert view.keys() == wanted.keys()
    for key, title in wanted.items():
        row, lead = view[key], truth.leads[key[0]]
        assert row["recebido"] == Decimal(title["valor_total"])
        assert row["recebido_no_dia"] == on(title["data_liquidacao"])
        assert (row["loja_id"], row["loja"]) == (title["loja_id"], title["nome_loja"])
        told = origin_of(truth, lead) | {"tags": tags(lead), "negocio": lead["name"]}
        assert {name: row[name] for name in told} == told


def test_received_in_a_month_by_campaign(reports: Reports) -> None:
    """As a page asks: by the day on which the money came, whenever the deal was won."""
    truth = reports.truth
    month = sorted(t["data_liquidacao"][:7] for t in receipts(truth).values())[0]
    wanted: Counter[str | None] = Counter()
    for (lead, _), title in receipts(truth).items():
        if title["data_liquidacao"].startswith(month):
            wanted[utm(truth.leads[lead], "CAMPAIGN")] += Decimal(title["valor_total"])  # type: ignore[assignment]
    got = reports.rows(
        """select utm_campaign, sum(recebido) as recebido from reports.recebido_de_negocios
        where date_trunc('month', recebido_no_dia) = :month group by 1""",
        month=date.fromisoformat(f"{month}-01"),
    )
    assert {row["utm_campaign"]: row["recebido"] for row in got} == dict(wanted)


def test_a_receipt_stands_with_each_tag_of_its_deal(reports: Reports) -> None:
    truth = reports.truth
    wanted: Counter[str | None] = Counter()
    for (lead, _), title in receipts(truth).items():
        for tag in tags(truth.leads[lead]) or [None]:
            wanted[tag] += Decimal(title["valor_total"])  # type: ignore[assignment]
    asked = (
        "select etiqueta, sum(recebido) as recebido from reports.recebido_por_etiqueta group by 1"
    )
    assert {row["etiqueta"]: row["recebido"] for row in reports.rows(asked)} == dict(wanted)


def between(one: date | None, other: date | None) -> int | None:
    return (other - one).days if one and other else None


def test_days_from_the_first_contact_to_the_money(reports: Reports) -> None:
    truth, view = reports.truth, reports.view("do_contato_ao_dinheiro", "lead_id")
    assert view.keys() == truth.won.keys()
    for id_, lead in truth.won.items():
        money, been = money_of(truth, id_), truth.stages(id_)
        made, won = day_of(lead["created_at"]), day_of(lead["closed_at"])
        moved = day_of(been[1][2]) if len(been) > 1 else None
        paid = money["ultimo_recebimento"] if money["titulos"] and not money["a_receber"] else None
        wanted = {
            "movido_no_dia": moved,
            "quitado_no_dia": paid,
            "dias_ate_mover": between(made, moved),
            "dias_ate_ganhar": between(moved or made, won),
            "dias_ate_vender": between(won, money["venda_no_dia"]),
            "dias_ate_receber": between(money["venda_no_dia"], money["primeiro_recebimento"]),
            "dias_ate_quitar": between(money["primeiro_recebimento"], paid),
            "dias_ao_todo": between(made, paid),
        }
        assert {name: view[id_][name] for name in wanted} == wanted
    assert any(row["dias_ao_todo"] is not None for row in view.values())


def test_the_stages_that_leads_have_been_in(reports: Reports) -> None:
    truth = reports.truth
    view = reports.view("funil_etapas", "lead_id", "funil_id", "etapa_id")
    wanted = {}
    for id_, lead in truth.leads.items():
        for nth, (pipeline, status, since) in reversed(list(enumerate(truth.stages(id_)))):
            wanted[id_, pipeline, status] = {
                "criado_no_dia": day_of(lead["created_at"]),
                "entrou_no_dia": day_of(since),
                "seguiu": truth.went_on(id_, nth),
                "ganho": lead["status_id"] == WON,
                "perdido": lead["status_id"] == LOST,
                "esta_nela": (lead["pipeline_id"], lead["status_id"]) == (pipeline, status),
                "valor": lead["price"],
            }
    assert view.keys() == wanted.keys()
    for key, row in wanted.items():
        assert {name: view[key][name] for name in row} == row
    assert len(wanted) > 2 * len(truth.leads)


def test_the_funnel(reports: Reports) -> None:
    truth, view = reports.truth, reports.view("funil", "funil_id", "etapa_id")
    counted: dict[tuple[int, int], Counter[str]] = {}
    for id_, lead in truth.leads.items():
        first = {(p, s): nth for nth, (p, s, _) in reversed(list(enumerate(truth.stages(id_))))}
        for stage, nth in first.items():
            here = counted.setdefault(stage, Counter())
            here["negocios"] += 1
            here["seguiram"] += truth.went_on(id_, nth)
            here["ganhos"] += lead["status_id"] == WON
            here["perdidos"] += lead["status_id"] == LOST
            here["estao_nela"] += (lead["pipeline_id"], lead["status_id"]) == stage
    assert view.keys() == counted.keys()
    for stage, wanted in counted.items():
        row = view[stage]
        assert {name: row[name] for name in wanted} == wanted
        share = Decimal(100 * wanted["ganhos"]) / wanted["negocios"]
        assert row["percentual_ganho"] == share.quantize(Decimal("0.01"))


def test_won_deals_without_a_sale(reports: Reports) -> None:
    truth, view = reports.truth, reports.view("ganhos_sem_venda", "lead_id")
    assert view.keys() == truth.won.keys() - set(truth.deal_of.values())
    for id_, row in view.items():
        lead = truth.won[id_]
        people = lead["_embedded"]["contacts"] + lead["_embedded"]["companies"]
        assert (row["motivo"] == "o negócio não tem pessoa") == (not people)
        assert row["valor_negocio"] == lead["price"]


def test_sales_without_a_deal(reports: Reports) -> None:
    truth, view = reports.truth, reports.view("vendas_sem_negocio", "venda_id")
    assert view.keys() == truth.counting.keys() - truth.deal_of.keys()
    for id_, row in view.items():
        titles, sale = truth.titles_of[id_], truth.sales[id_]
        assert row["valor"] == Decimal(sale["valor_total"])
        assert row["recebido"] == total(filter(settled, titles))
        assert (row["motivo"] == "a venda não tem cliente") == (not sale["cliente_id"])
        assert row["loja_id"] == truth.store_of(id_)


def test_what_was_promised_beside_what_was_sold(reports: Reports) -> None:
    truth, view = reports.truth, reports.view("negocio_contra_venda", "lead_id")
    assert view.keys() == set(truth.deal_of.values())
    for id_, row in view.items():
        promised, sold = truth.won[id_]["price"] or 0, total(truth.sales_of[id_])
        assert (row["valor_vendas"], row["diferenca"]) == (sold, sold - promised)
        share = (100 * sold / promised).quantize(Decimal("0.01")) if promised else None
        assert row["percentual"] == share
    assert any(row["diferenca"] for row in view.values())
    assert sum(row["valor_vendas"] for row in view.values()) != ZERO
