"""What is on one side only: won deals without a sale, sales without a deal."""

from __future__ import annotations

from webhook_app.reports import declaring as d
from webhook_app.reports.grammar import ROWS, Filter, Report, Said, view

_REASON, _SALES = Said("Motivo", "Why"), Said("Vendas", "Sales")
_WHY_NO_SALE = (
    Said("há vendas a conferir", "there are sales to be reviewed"),
    Said("o negócio não tem pessoa", "the deal has no person"),
    Said("a pessoa não foi achada no ERP", "the person was not found at the ERP"),
    Said("a pessoa não tem venda que combine", "the person has no sale that fits"),
)
_WHY_NO_DEAL = (
    Said("há negócios a conferir", "there are deals to be reviewed"),
    Said("a venda não tem cliente", "the sale has no client"),
    Said("o cliente não foi achado no Kommo", "the client was not found in Kommo"),
    Said("o cliente não tem negócio ganho que combine", "the client has no won deal that fits"),
)

_without_sale = view(
    "ganhos_sem_venda",
    **d.OF_DEAL,
    ganho_no_dia="day",
    valor_negocio="number",
    motivo="text",
)
_w = _without_sale.c

WITHOUT_SALE = Report(
    name="ganhos-sem-venda",
    title=Said("Ganhos sem venda", "Won without a sale"),
    about=Said(
        "Negócios dados como ganhos de que não se conhece venda nenhuma, e por quê.",
        "Deals that are called won and of which no sale is known, and why.",
    ),
    covers=Said(
        "Negócios ganhos do Kommo pelo dia em que foram ganhos. Vendas duvidosas esperam em Correspondências: "
        "aceitas, o negócio sai desta lista.",
        "Won deals of Kommo by the day on which they were won. Doubtful sales wait in Matches: once accepted, the "
        "deal leaves this list.",
    ),
    view=_without_sale,
    providers=("kommo",),
    follows=("kommo.leads", "gestao_click.vendas", "gestao_click.clientes"),
    day=_w.ganho_no_dia,
    usual=ROWS,
    groupings=(
        d.by_text(_w.motivo, _REASON, None, *_WHY_NO_SALE),
        d.by_text(_w.vendedor, d.SELLER),
        d.by_text(_w.funil, d.PIPELINE),
        d.by_text(_w.origem, d.SOURCE),
        d.by_month(_w.ganho_no_dia),
    ),
    measures=(
        d.rows("negocios", Said("Negócios", "Deals")),
        d.sum_of(_w.valor_negocio, d.VALUE),
    ),
    columns=(
        d.day(_w.ganho_no_dia, Said("Ganho em", "Won on")),
        d.text(_w.negocio, d.DEAL),
        d.money(_w.valor_negocio, d.VALUE),
        d.text(_w.motivo, _REASON, *_WHY_NO_SALE),
        d.text(_w.vendedor, d.SELLER),
        d.text(_w.funil, d.PIPELINE),
        d.text(_w.origem, d.SOURCE),
        d.id_of(_w.lead_id, d.AT_KOMMO),
    ),
    filters=d.filters_of_deals(_w),
    sort="-valor_negocio",
    rows_sort="-valor_negocio",
    chart=("valor_negocio",),
    key="valor_negocio",
)

_without_deal = view(
    "vendas_sem_negocio",
    venda_id="text",
    codigo="text",
    data="day",
    cliente="text",
    loja_id="text",
    loja="text",
    vendedor_id="text",
    vendedor="text",
    valor="number",
    recebido="number",
    a_receber="number",
    vencido="number",
    motivo="text",
)
_s = _without_deal.c

WITHOUT_DEAL = Report(
    name="vendas-sem-negocio",
    title=Said("Vendas sem negócio", "Sales without a deal"),
    about=Said(
        "O que foi vendido sem que o CRM saiba de onde veio, e por quê.",
        "What was sold without the CRM knowing where it came from, and why.",
    ),
    covers=Said(
        "Vendas do Gestão Click cuja situação conta, pelo dia da venda, sem negócio ganho no Kommo.",
        "Sales of Gestão Click whose situation counts, by the day of the sale, without a won deal in Kommo.",
    ),
    view=_without_deal,
    providers=("gestao-click",),
    follows=("kommo.leads", "gestao_click.vendas", "gestao_click.clientes"),
    day=_s.data,
    usual=ROWS,
    groupings=(
        d.by_text(_s.motivo, _REASON, None, *_WHY_NO_DEAL),
        d.by_text(_s.loja, d.STORE),
        d.by_text(_s.vendedor, d.SELLER),
        d.by_month(_s.data),
    ),
    measures=(
        d.rows("vendas", _SALES),
        d.sum_of(_s.valor, d.VALUE),
        d.sum_of(_s.recebido, d.RECEIVED),
        d.sum_of(_s.a_receber, d.TO_COME),
        d.sum_of(_s.vencido, d.OVERDUE),
    ),
    columns=(
        d.day(_s.data, d.DAY),
        d.text(_s.codigo, d.NUMBER),
        d.text(_s.cliente, d.CLIENT),
        d.money(_s.valor, d.VALUE),
        d.money(_s.recebido, d.RECEIVED),
        d.text(_s.motivo, _REASON, *_WHY_NO_DEAL),
        d.text(_s.loja, d.STORE),
        d.text(_s.vendedor, d.SELLER),
    ),
    filters=(
        Filter("store", d.STORE, _s.loja_id, d.STORES),
        Filter("seller", d.SELLER, _s.vendedor_id, d.STAFF),
        Filter("client", d.CLIENT, _s.cliente, part=True),
    ),
    sort="-valor",
    rows_sort="-valor",
    chart=("valor", "recebido"),
    key="valor",
)

ALL = (WITHOUT_SALE, WITHOUT_DEAL)
