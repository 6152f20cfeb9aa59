"""Reports about won deals: what they became at the ERP, what of that was promised, and how long it took."""

from __future__ import annotations

from sqlalchemy import func

from webhook_app.reports import declaring as d
from webhook_app.reports.grammar import Filter, Report, Said, view

_PROMISED, _SOLD = Said("Valor dos negócios", "Value of the deals"), Said("Vendido", "Sold")

_won = view(
    "negocios_ganhos",
    **d.OF_DEAL,
    tags="texts",
    loja_id="text",
    loja="text",
    ganho_no_dia="day",
    valor_negocio="number",
    vendas="whole",
    valor_vendas="number",
    recebido="number",
    a_receber="number",
    vencido="number",
)
_w = _won.c

WON = Report(
    name="ganhos",
    title=Said("Negócios ganhos", "Won deals"),
    about=Said(
        "O que os negócios ganhos viraram: vendas, dinheiro recebido, a receber e vencido.",
        "What won deals became: sales, money received, to be received and overdue.",
    ),
    covers=Said(
        "Negócios ganhos do Kommo pelo dia em que foram ganhos, com as vendas que viraram no Gestão Click. "
        "Recebido conta os títulos liquidados cujo texto traz o número da venda.",
        "Won deals of Kommo by the day on which they were won, with the sales that they became at Gestão Click. "
        "Received counts the settled titles whose text names the sale.",
    ),
    view=_won,
    providers=("kommo",),
    follows=d.LISTS_OF_DEALS,
    day=_w.ganho_no_dia,
    groupings=(
        d.by_text(_w.origem, d.SOURCE),
        d.by_text(_w.utm_source, d.UTM_SOURCE, "fonte"),
        d.by_text(_w.utm_medium, d.MEDIUM, "midia"),
        d.by_text(_w.utm_campaign, d.CAMPAIGN, "campanha"),
        d.by_text(_w.funil, d.PIPELINE),
        d.by_text(_w.vendedor, d.SELLER),
        d.by_each(_w.tags, d.TAG, "etiqueta"),
        d.by_month(_w.ganho_no_dia),
    ),
    measures=(
        d.rows("negocios", d.DEALS),
        d.counted("sem_venda", Said("Sem venda", "Without a sale"), _w.vendas == 0),
        d.sum_of(_w.valor_negocio, _PROMISED),
        d.sum_of(_w.valor_vendas, _SOLD),
        d.sum_of(_w.recebido, d.RECEIVED),
        d.sum_of(_w.a_receber, d.TO_COME),
        d.sum_of(_w.vencido, d.OVERDUE),
        d.share(
            "parte_recebida",
            Said("Recebido do vendido", "Received of sold"),
            func.sum(_w.recebido),
            func.sum(_w.valor_vendas),
        ),
    ),
    columns=(
        d.day(_w.ganho_no_dia, d.WON_ON),
        d.text(_w.negocio, d.DEAL),
        d.text(_w.funil, d.PIPELINE),
        d.text(_w.vendedor, d.SELLER),
        d.text(_w.origem, d.SOURCE),
        d.text(_w.utm_campaign, d.CAMPAIGN),
        d.money(_w.valor_negocio, d.VALUE),
        d.money(_w.valor_vendas, _SOLD),
        d.money(_w.recebido, d.RECEIVED),
        d.money(_w.a_receber, d.TO_COME),
        d.money(_w.vencido, d.OVERDUE),
        d.id_of(_w.lead_id, d.AT_KOMMO),
    ),
    filters=(
        *d.filters_of_deals(_w),
        Filter("tag", d.TAG, _w.tags, d.TAGS),
        Filter("store", d.STORE, _w.loja_id, d.STORES),
    ),
    sort="-recebido",
    rows_sort="-ganho_no_dia",
    chart=("valor_vendas", "recebido"),
    key="valor_negocio",
)

_promises = view(
    "negocio_contra_venda",
    **d.OF_DEAL,
    loja_id="text",
    loja="text",
    ganho_no_dia="day",
    valor_negocio="number",
    vendas="whole",
    valor_vendas="number",
    diferenca="number",
)
_p = _promises.c
_DIFFERENCE, _OF_PROMISED = (
    Said("Diferença", "Difference"),
    Said("Do prometido", "Of what was promised"),
)

PROMISED = Report(
    name="negocio-contra-venda",
    title=Said(
        "Valor do negócio contra valor da venda", "Value of the deal against that of the sale"
    ),
    about=Said(
        "Onde o que foi vendido difere do que o negócio prometia.",
        "Where what was sold differs from what the deal promised.",
    ),
    covers=Said(
        "Negócios ganhos que viraram venda; os que não viraram estão em Ganhos sem venda.",
        "Won deals that became a sale; those that did not are in Won without a sale.",
    ),
    view=_promises,
    providers=("kommo",),
    follows=d.LISTS_OF_DEALS[:2],
    day=_p.ganho_no_dia,
    groupings=(
        d.by_text(_p.vendedor, d.SELLER),
        d.by_text(_p.funil, d.PIPELINE),
        d.by_text(_p.origem, d.SOURCE),
        d.by_text(_p.loja, d.STORE),
        d.by_month(_p.ganho_no_dia),
    ),
    measures=(
        d.rows("negocios", d.DEALS),
        d.sum_of(_p.valor_negocio, _PROMISED),
        d.sum_of(_p.valor_vendas, _SOLD),
        d.sum_of(_p.diferenca, _DIFFERENCE),
        d.share(
            "parte_vendida", _OF_PROMISED, func.sum(_p.valor_vendas), func.sum(_p.valor_negocio)
        ),
    ),
    columns=(
        d.day(_p.ganho_no_dia, d.WON_ON),
        d.text(_p.negocio, d.DEAL),
        d.text(_p.vendedor, d.SELLER),
        d.text(_p.funil, d.PIPELINE),
        d.money(_p.valor_negocio, d.VALUE),
        d.money(_p.valor_vendas, _SOLD),
        d.money(_p.diferenca, _DIFFERENCE),
        d.share("parte_vendida", _OF_PROMISED, _p.valor_vendas, _p.valor_negocio),
        d.number(_p.vendas, Said("Vendas", "Sales")),
        d.id_of(_p.lead_id, d.AT_KOMMO),
    ),
    filters=(*d.filters_of_deals(_p), Filter("store", d.STORE, _p.loja_id, d.STORES)),
    sort="-valor_negocio",
    rows_sort="diferenca",
    chart=("valor_negocio", "valor_vendas"),
    key="diferenca",
)

_way = view(
    "do_contato_ao_dinheiro",
    **d.OF_DEAL,
    loja_id="text",
    criado_no_dia="day",
    movido_no_dia="day",
    ganho_no_dia="day",
    venda_no_dia="day",
    primeiro_recebimento="day",
    quitado_no_dia="day",
    dias_ate_mover="whole",
    dias_ate_ganhar="whole",
    dias_ate_vender="whole",
    dias_ate_receber="whole",
    dias_ate_quitar="whole",
    dias_ao_todo="whole",
)
_y = _way.c
_STEPS = (
    (_y.dias_ate_mover, Said("Até mover", "To first move")),
    (_y.dias_ate_ganhar, Said("Até ganhar", "To won")),
    (_y.dias_ate_vender, Said("Até vender", "To sold")),
    (_y.dias_ate_receber, Said("Até receber", "To first money")),
    (_y.dias_ate_quitar, Said("Até quitar", "To paid in full")),
    (_y.dias_ao_todo, Said("Ao todo", "In all")),
)

WAY = Report(
    name="tempo",
    title=Said("Do contato ao dinheiro", "From first contact to money"),
    about=Said(
        "Quantos dias cada passo leva: do primeiro contato até o pagamento completo.",
        "How many days each step takes: from the first contact to the full payment.",
    ),
    covers=Said(
        "Negócios ganhos; cada passo é contado desde o anterior, e os dias dos grupos são medianas: metade dos "
        "negócios levou menos. Um passo que ainda não aconteceu não conta.",
        "Won deals; each step is counted from the one before, and the days of groups are medians: half of the deals "
        "took less. A step that has not happened yet is not counted.",
    ),
    view=_way,
    providers=("kommo",),
    follows=("kommo.events", *d.LISTS_OF_DEALS),
    day=_y.ganho_no_dia,
    usual="mes",
    groupings=(
        d.by_text(_y.funil, d.PIPELINE),
        d.by_text(_y.vendedor, d.SELLER),
        d.by_text(_y.origem, d.SOURCE),
        d.by_text(_y.utm_campaign, d.CAMPAIGN, "campanha"),
        d.by_month(_y.ganho_no_dia),
    ),
    measures=(
        d.rows("negocios", d.DEALS),
        *(d.median(days.name, title, days) for days, title in _STEPS),
    ),
    columns=(
        d.day(_y.ganho_no_dia, d.WON_ON),
        d.text(_y.negocio, d.DEAL),
        d.text(_y.vendedor, d.SELLER),
        d.day(_y.criado_no_dia, Said("Criado em", "Made on")),
        d.day(_y.venda_no_dia, Said("Vendido em", "Sold on")),
        d.day(_y.primeiro_recebimento, Said("Primeiro recebimento", "First money")),
        d.day(_y.quitado_no_dia, Said("Quitado em", "Paid in full on")),
        *(d.number(days, title) for days, title in _STEPS),
        d.id_of(_y.lead_id, d.AT_KOMMO),
    ),
    filters=(*d.filters_of_deals(_y), Filter("store", d.STORE, _y.loja_id, d.STORES)),
    sort="-negocios",
    rows_sort="-dias_ao_todo",
    chart=("dias_ate_ganhar", "dias_ate_receber", "dias_ao_todo"),
    key="dias_ao_todo",
)

ALL = (WON, WAY, PROMISED)
