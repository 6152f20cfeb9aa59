"""Reports on clients, products and the money ahead: every figure is the one that the sandbox's own books give."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import insert

from shared.db.bookkeeping import targets
from tests.reports.conftest import Reports
from tests.reports.truth import (
    LOST,
    WON,
    ZERO,
    Truth,
    day_of,
    mean_gap,
    on,
    settled,
    total,
)

Json = dict[str, Any]
CENT = Decimal("0.01")
LINES = (("produtos", "produto"), ("servicos", "servico"))


def overdue(truth: Truth, title: Json) -> bool:
    due = on(title["data_vencimento"])
    return not settled(title) and due is not None and due < truth.today


def test_overdue_titles_beside_the_open_deals_of_the_same_person(reports: Reports) -> None:
    truth, view = reports.truth, reports.view("vencidos_e_negocios", "titulo_id")
    wanted = {i: t for i, t in truth.titles.items() if overdue(truth, t)}
    assert view.keys() == wanted.keys()
    theirs = open_deals(truth, reports)
    for id_, title in wanted.items():
        row, deals = view[id_], theirs.get(title["cliente_id"], set())
        assert row["vencido"] == Decimal(title["valor_total"])
        assert row["dias"] == (truth.today - (on(title["data_vencimento"]) or truth.today)).days
        assert set(row["leads"] or []) == deals
        assert row["negocios_abertos"] == len(deals)
        assert row["valor_aberto"] == sum(truth.leads[lead]["price"] or 0 for lead in deals)
    assert any(row["negocios_abertos"] for row in view.values())


def open_deals(truth: Truth, reports: Reports) -> dict[str, set[int]]:
    """Client → open deals of the contact who is the same, and of the company that is."""
    asked = """select record::bigint as record, erp_record from ponte.matches
        where verdict = 'accepted' and erp_resource = 'gestao_click.clientes'"""
    known = {**truth.persons, **truth.firms}
    assert {row["record"]: row["erp_record"] for row in reports.rows(asked)} == known
    found: dict[str, set[int]] = defaultdict(set)
    for id_, lead in truth.leads.items():
        if lead["status_id"] not in (WON, LOST):
            for one in lead["_embedded"]["contacts"][:1] + lead["_embedded"]["companies"]:
                if one["id"] in known:
                    found[known[one["id"]]].add(id_)
    return found


def test_clients(reports: Reports) -> None:
    truth, view = reports.truth, reports.view("clientes", "cliente_id")
    bought, owed = truth.purchases(), defaultdict(list)
    for title in truth.titles.values():
        if title["cliente_id"]:
            owed[title["cliente_id"]].append(title)
    contacts = {client: contact for contact, client in truth.persons.items()}
    assert view.keys() == bought.keys() | owed.keys()
    for id_, row in view.items():
        sales, titles = bought.get(id_, []), owed[id_]
        days = [on(sale["data"]) for sale in sales]
        assert row["compras"] == len(sales)
        assert row["vendido"] == total(sales)
        assert row["compra_media"] == (_half_up(total(sales) / len(sales)) if sales else None)
        assert row["recebido"] == total(filter(settled, titles))
        assert row["a_receber"] == total(t for t in titles if not settled(t))
        assert row["vencido"] == total(t for t in titles if overdue(truth, t))
        assert row["primeira_compra"] == min(days, default=None)
        assert row["ultima_compra"] == max(days, default=None)
        assert row["contato_id"] == contacts.get(id_)


def _half_up(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def test_recurring_buyers(reports: Reports) -> None:
    truth, view = reports.truth, reports.view("recorrentes", "cliente_id")
    wanted = {}
    for client, sales in truth.purchases().items():
        days = sorted({day for sale in sales if (day := on(sale["data"]))})
        if len(days) > 1:
            gap = mean_gap(days)
            due = days[-1] + timedelta(int(gap.quantize(Decimal(1), ROUND_HALF_UP)))
            wanted[client] = {
                "compras": len(sales),
                "dias_de_compra": len(days),
                "vendido": total(sales),
                "primeira_compra": days[0],
                "ultima_compra": days[-1],
                "dias_entre_compras": gap,
                "proxima_compra": due,
                "dias_de_atraso": max(0, (truth.today - due).days),
            }
    assert view.keys() == wanted.keys()
    for client, row in wanted.items():
        assert {name: view[client][name] for name in row} == row
    assert wanted


def test_products_and_services_sold(reports: Reports) -> None:
    truth, wanted = reports.truth, Counter[tuple[Any, ...]]()
    for sale in truth.counting.values():
        for many, one in LINES:
            for line in sale.get(many) or []:
                what = line[one]
                key = (sale["id"], on(sale["data"]), what[f"nome_{one}"])
                wanted[(*key, Decimal(what["quantidade"]), Decimal(what["valor_total"]))] += 1
    got = reports.rows("select * from reports.produtos_vendidos")
    names = ("venda_id", "data", "produto", "quantidade", "valor")
    assert Counter(tuple(row[name] for name in names) for row in got) == wanted
    assert {row["tipo"] for row in got} == {"produto", "serviço"}
    assert all(row["loja_id"] == truth.store_of(row["venda_id"]) for row in got)


def test_targets_beside_what_was_sold_and_received(reports: Reports) -> None:
    truth = reports.truth
    month = (truth.today.replace(day=1) - timedelta(days=1)).replace(day=1)
    erp = reports.ground.integration("gestao-click").id
    goal = {"integration_id": erp, "month": month, "store_id": "90002", "amount": 5000}
    reports.ground.run(lambda c: c.execute(insert(targets).values(goal)))
    (row,) = reports.view("metas", "mes", "loja_id").values()
    then = month.isoformat()[:7]
    sales = [
        sale
        for id_, sale in truth.counting.items()
        if sale["data"].startswith(then) and truth.store_of(id_) == "90002"
    ]
    paid = [
        title
        for title in truth.titles.values()
        if settled(title) and title["data_liquidacao"][:7] == then and title["loja_id"] == "90002"
    ]
    assert (row["vendido"], row["vendas"]) == (total(sales), len(sales))
    assert row["recebido"] == total(paid)
    assert row["percentual"] == _half_up(total(sales) / 50)


# --- the money ahead


def weights(truth: Truth) -> dict[tuple[int, int], tuple[Decimal, int]]:
    """Open stage → share that was won of those that ended in the last year, and mean days to that."""
    since = datetime.now(UTC).timestamp() - 365 * 86400
    ended = {
        i: lead
        for i, lead in truth.leads.items()
        if lead["status_id"] in (WON, LOST) and (lead["closed_at"] or 0) >= since
    }
    of_stage, of_pipeline = defaultdict(list), defaultdict(list)
    for id_, lead in ended.items():
        of_pipeline[lead["pipeline_id"]].append((lead, lead["created_at"]))
        first = {(p, s): at for p, s, at in reversed(truth.stages(id_))}
        for stage, at in first.items():
            of_stage[stage].append((lead, at))
    found = {}
    for pipeline, status in truth.sorts:
        if status not in (WON, LOST):
            all_, some = of_pipeline[pipeline], of_stage[pipeline, status]
            share = _share(some if len(some) >= 5 else all_)
            days = _days(some if len(some) >= 5 else []) or _days(all_) or 30
            found[pipeline, status] = (share, int(days + 0.5))
    return found


def _share(ended: list[tuple[Json, int]]) -> Decimal:
    won = sum(lead["status_id"] == WON for lead, _ in ended)
    share = Decimal(won) / len(ended) if ended else ZERO
    return share.quantize(Decimal("0.0001"), ROUND_HALF_UP)


def _days(ended: list[tuple[Json, int]]) -> float:
    won = [(lead["closed_at"] - at) / 86400 for lead, at in ended if lead["status_id"] == WON]
    return sum(won) / len(won) if won else 0.0


def test_the_weights_of_stages(reports: Reports) -> None:
    view = reports.view("pesos_das_etapas", "funil_id", "etapa_id")
    wanted = weights(reports.truth)
    assert {key: (row["peso"], row["dias"]) for key, row in view.items()} == wanted
    assert any(0 < weight < 1 for weight, _ in wanted.values())


def test_the_cash_flow_ahead(reports: Reports) -> None:
    truth, view = reports.truth, reports.view("fluxo_previsto", "origem", "registro")
    lists = (("a receber", "recebimentos", 1), ("a pagar", "pagamentos", -1))
    wanted: dict[tuple[str, str], tuple[Any, ...]] = {}
    for origin, name, sign in lists:
        for id_, title in truth.of("gestao-click", name).items():
            if not settled(title):
                amount = sign * Decimal(title["valor_total"])
                wanted[origin, id_] = (on(title["data_vencimento"]), amount, overdue(truth, title))
    known = weights(truth)
    for id_, lead in truth.leads.items():
        if lead["status_id"] not in (WON, LOST) and (lead["price"] or 0) > 0:
            weight, days = known[lead["pipeline_id"], lead["status_id"]]
            here = {(p, s): at for p, s, at in reversed(truth.stages(id_))}
            since = day_of(here[lead["pipeline_id"], lead["status_id"]])
            day = max((since or truth.today) + timedelta(days), truth.today)
            wanted["negócio em aberto", str(id_)] = (day, _half_up(lead["price"] * weight), False)
    assert view.keys() == wanted.keys()
    for key, (day, amount, late) in wanted.items():
        row = view[key]
        assert (row["dia"], row["valor"], row["vencido"]) == (day, amount, late), key
    assert {origin for origin, _ in wanted} == {"a receber", "a pagar", "negócio em aberto"}
