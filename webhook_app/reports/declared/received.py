"""The report that neither vendor can show: who and what brought the money that is really in the bank."""

from __future__ import annotations

from webhook_app.reports import declaring as d
from webhook_app.reports.grammar import Filter, Report, Said, view

_receipts = view(
    "recebido_de_negocios",
    **d.OF_DEAL,
    tags="texts",
    ganho_no_dia="day",
    venda_id="text",
    titulo_id="text",
    loja_id="text",
    loja="text",
    recebido_no_dia="day",
    recebido="number",
)
_r = _receipts.c

RECEIVED = Report(
    name="recebido",
    title=Said("Dinheiro recebido por origem", "Money received by source"),
    about=Said(
        "Que origem, campanha, funil ou vendedor trouxe o dinheiro que já está no banco.",
        "Which source, campaign, pipeline or seller brought the money that is in the bank.",
    ),
    covers=Said(
        "Títulos liquidados das vendas que vieram de negócios ganhos, pelo dia em que o dinheiro entrou. Vendas "
        "sem negócio conhecido não entram aqui: veja Vendas sem negócio.",
        "Settled titles of the sales that came of won deals, by the day on which the money came in. Sales of which "
        "no deal is known are not in it: see Sales without a deal.",
    ),
    view=_receipts,
    providers=("kommo",),
    follows=d.LISTS_OF_DEALS,
    day=_r.recebido_no_dia,
    groupings=(
        d.by_text(_r.origem, d.SOURCE),
        d.by_text(_r.utm_source, d.UTM_SOURCE, "fonte"),
        d.by_text(_r.utm_medium, d.MEDIUM, "midia"),
        d.by_text(_r.utm_campaign, d.CAMPAIGN, "campanha"),
        d.by_text(_r.funil, d.PIPELINE),
        d.by_text(_r.vendedor, d.SELLER),
        d.by_each(_r.tags, d.TAG, "etiqueta"),
        d.by_text(_r.loja, d.STORE),
        d.by_month(_r.recebido_no_dia),
    ),
    measures=(
        d.sum_of(_r.recebido, d.RECEIVED),
        d.rows("recebimentos", Said("Recebimentos", "Receipts")),
        d.different("negocios", d.DEALS, _r.lead_id),
        d.different("vendas", Said("Vendas", "Sales"), _r.venda_id),
    ),
    columns=(
        d.day(_r.recebido_no_dia, Said("Recebido em", "Received on")),
        d.text(_r.negocio, d.DEAL),
        d.money(_r.recebido, d.RECEIVED),
        d.text(_r.origem, d.SOURCE),
        d.text(_r.utm_campaign, d.CAMPAIGN),
        d.text(_r.funil, d.PIPELINE),
        d.text(_r.vendedor, d.SELLER),
        d.text(_r.loja, d.STORE),
        d.day(_r.ganho_no_dia, d.WON_ON),
        d.id_of(_r.venda_id, d.SALE),
        d.id_of(_r.titulo_id, Said("Título", "Title")),
    ),
    filters=(
        *d.filters_of_deals(_r),
        Filter("tag", d.TAG, _r.tags, d.TAGS),
        Filter("store", d.STORE, _r.loja_id, d.STORES),
    ),
    sort="-recebido",
    rows_sort="-recebido_no_dia",
    chart=("recebido",),
    key="recebido",
)

ALL = (RECEIVED,)
