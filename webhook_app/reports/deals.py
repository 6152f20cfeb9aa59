"""Reports about won deals: what they became at the ERP, and which of it is in the bank."""

from __future__ import annotations

from sqlalchemy import func

from webhook_app.reports import declaring as d
from webhook_app.reports.grammar import Filter, Report, Said, view

_won = view(
    "negocios_ganhos",
    lead_id="whole",
    negocio="text",
    funil="text",
    vendedor="text",
    origem="text",
    utm_source="text",
    utm_campaign="text",
    tags="texts",
    ganho_no_dia="day",
    valor_negocio="number",
    vendas="whole",
    valor_vendas="number",
    recebido="number",
    a_receber="number",
    vencido="number",
)
_w = _won.c
_SOLD, _PROMISED = Said("Vendido", "Sold"), Said("Valor dos negócios", "Value of the deals")

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
    provider="kommo",
    follows=("kommo.leads", "gestao_click.vendas", "gestao_click.recebimentos"),
    day=_w.ganho_no_dia,
    groupings=(
        d.by_text(_w.origem, d.SOURCE),
        d.by_text(_w.utm_campaign, d.CAMPAIGN, "campanha"),
        d.by_text(_w.funil, d.PIPELINE),
        d.by_text(_w.vendedor, d.SELLER),
        d.by_each(_w.tags, d.TAG, "etiqueta"),
        d.by_month(_w.ganho_no_dia),
    ),
    measures=(
        d.rows("negocios", Said("Negócios", "Deals")),
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
        d.day(_w.ganho_no_dia, Said("Ganho em", "Won on")),
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
        d.number(_w.lead_id, Said("Nº no Kommo", "Id at Kommo")),
    ),
    filters=(
        Filter("pipeline", d.PIPELINE, _w.funil, d.PIPELINES),
        Filter("seller", d.SELLER, _w.vendedor, d.USERS),
        Filter("source", d.SOURCE, _w.origem, d.SOURCES),
        Filter("campaign", d.CAMPAIGN, _w.utm_campaign),
        Filter("tag", d.TAG, _w.tags, d.TAGS),
    ),
    sort="-recebido",
    rows_sort="-ganho_no_dia",
    chart=("valor_vendas", "recebido"),
    key="recebido",
)

ALL = (WON,)
