"""Reports about who buys, who comes back, and who owes."""

from __future__ import annotations

from sqlalchemy import case, func

from webhook_app.reports import declaring as d
from webhook_app.reports.grammar import Filter, Grouping, Kind, Period, Report, Said, Shown, view

_CLIENTS, _PURCHASES = Said("Clientes", "Clients"), Said("Compras", "Purchases")
_SOLD, _LAST = Said("Comprou", "Bought"), Said("Última compra", "Last purchase")

_best = view(
    "clientes",
    cliente_id="text",
    cliente="text",
    compras="whole",
    vendido="number",
    compra_media="number",
    primeira_compra="day",
    ultima_compra="day",
    dias_sem_comprar="whole",
    recebido="number",
    a_receber="number",
    vencido="number",
)
_b = _best.c

BEST = Report(
    name="clientes",
    title=Said("Melhores clientes", "Best clients"),
    about=Said(
        "Quem mais comprou, quanto pagou e quanto deve.",
        "Who has bought most, what they have paid and what they owe.",
    ),
    covers=Said(
        "Clientes do Gestão Click que compraram ou têm título, de todos os tempos; o período escolhe pela última "
        "compra. Compras são vendas cuja situação conta; recebido e a receber são todos os títulos do cliente.",
        "Clients of Gestão Click who have bought or have a title, of all times; the period chooses by the last "
        "purchase. Purchases are sales whose situation counts; received and to be received are all titles.",
    ),
    view=_best,
    providers=("gestao-click",),
    follows=("gestao_click.clientes", "gestao_click.vendas", "gestao_click.recebimentos"),
    day=_b.ultima_compra,
    period=Period.ALL,
    measures=(
        d.rows("clientes", _CLIENTS),
        d.sum_of(_b.compras, _PURCHASES, Kind.COUNT),
        d.sum_of(_b.vendido, _SOLD),
        d.sum_of(_b.recebido, d.RECEIVED),
        d.sum_of(_b.a_receber, d.TO_COME),
        d.sum_of(_b.vencido, d.OVERDUE),
    ),
    columns=(
        d.text(_b.cliente, d.CLIENT),
        d.money(_b.vendido, _SOLD),
        d.number(_b.compras, _PURCHASES),
        d.money(_b.compra_media, Said("Compra média", "Mean purchase")),
        d.money(_b.recebido, d.RECEIVED),
        d.money(_b.a_receber, d.TO_COME),
        d.money(_b.vencido, d.OVERDUE),
        d.day(_b.primeira_compra, Said("Primeira compra", "First purchase")),
        d.day(_b.ultima_compra, _LAST),
        d.number(_b.dias_sem_comprar, Said("Dias sem comprar", "Days without buying")),
        d.id_of(_b.cliente_id),
    ),
    filters=(Filter("client", d.CLIENT, _b.cliente, part=True),),
    sort="-vendido",
    rows_sort="-vendido",
    key="vendido",
)

_returning = view(
    "recorrentes",
    cliente_id="text",
    cliente="text",
    compras="number",
    vendido="number",
    primeira_compra="day",
    ultima_compra="day",
    dias_entre_compras="number",
    proxima_compra="day",
    dias_de_atraso="whole",
)
_r = _returning.c

RETURNING = Report(
    name="recorrentes",
    title=Said("Compradores recorrentes", "Recurring buyers"),
    about=Said(
        "Quem volta a comprar, de quanto em quanto tempo, e quem já deveria ter voltado.",
        "Who buys again, how often, and who should have come back by now.",
    ),
    covers=Said(
        "Clientes que compraram em dois dias ou mais; a próxima compra é a última mais o intervalo médio. O "
        "período escolhe por esse dia.",
        "Clients who have bought on two days or more; the next purchase is the last one plus the mean interval. The "
        "period chooses by that day.",
    ),
    view=_returning,
    providers=("gestao-click",),
    follows=("gestao_click.clientes", "gestao_click.vendas"),
    day=_r.proxima_compra,
    period=Period.ALL,
    measures=(
        d.rows("clientes", _CLIENTS),
        d.counted(
            "atrasados",
            Said("Já deveriam ter voltado", "Should be back by now"),
            _r.dias_de_atraso > 0,
        ),
        d.sum_of(_r.compras, _PURCHASES, Kind.COUNT),
        d.sum_of(_r.vendido, _SOLD),
        d.mean(
            "intervalo_medio",
            Said("Intervalo médio", "Mean interval"),
            _r.dias_entre_compras,
            Kind.DAYS,
        ),
    ),
    columns=(
        d.text(_r.cliente, d.CLIENT),
        d.number(_r.compras, _PURCHASES),
        d.money(_r.vendido, _SOLD),
        Shown(
            "dias_entre_compras",
            Said("Dias entre compras", "Days between purchases"),
            Kind.DAYS,
            _r.dias_entre_compras,
        ),
        d.day(_r.ultima_compra, _LAST),
        d.day(_r.proxima_compra, Said("Próxima esperada", "Next expected")),
        d.number(_r.dias_de_atraso, Said("Dias de atraso", "Days late")),
        d.id_of(_r.cliente_id),
    ),
    filters=(Filter("client", d.CLIENT, _r.cliente, part=True),),
    sort="-vendido",
    rows_sort="-vendido",
    key="clientes",
)

_overdue = view(
    "vencidos_e_negocios",
    titulo_id="text",
    titulo="text",
    cliente_id="text",
    cliente="text",
    loja_id="text",
    loja="text",
    vencimento="day",
    dias="whole",
    vencido="number",
    negocios_abertos="whole",
    valor_aberto="number",
)
_o = _overdue.c
_AGES = (
    Said("1 a 30 dias", "1 to 30 days"),
    Said("31 a 60 dias", "31 to 60 days"),
    Said("61 a 90 dias", "61 to 90 days"),
    Said("mais de 90 dias", "more than 90 days"),
)
_age = case(
    (_o.dias <= 30, _AGES[0].pt),
    (_o.dias <= 60, _AGES[1].pt),
    (_o.dias <= 90, _AGES[2].pt),
    else_=_AGES[3].pt,
)
_AGE, _OPEN_DEALS = Said("Atraso", "Age"), Said("Negócios abertos", "Open deals")
_OPEN_VALUE = Said("Valor em aberto", "Value of open deals")

OVERDUE = Report(
    name="vencidos",
    title=Said("Vencidos e negócios em aberto", "Overdue beside open deals"),
    about=Said(
        "Quem deve, há quanto tempo, e o que ainda se negocia com essa mesma pessoa.",
        "Who owes, for how long, and what is still being dealt with the same person.",
    ),
    covers=Said(
        "Títulos a receber em aberto com vencimento antes de hoje, com os negócios abertos no Kommo da pessoa que "
        "corresponde ao cliente. Os negócios são da pessoa: repetem-se em cada título dela e não se somam.",
        "Open receivables that were due before today, with the open deals in Kommo of the person who is the same as "
        "the client. The deals are the person's: they stand beside each of their titles and are not added up.",
    ),
    view=_overdue,
    providers=("gestao-click",),
    follows=("gestao_click.recebimentos", "gestao_click.clientes", "kommo.leads", "kommo.contacts"),
    day=_o.vencimento,
    period=Period.ALL,
    groupings=(
        Grouping(
            "cliente",
            d.CLIENT,
            (
                d.text(_o.cliente, d.CLIENT),
                d.id_of(_o.cliente_id),
                d.number(_o.negocios_abertos, _OPEN_DEALS),
                d.money(_o.valor_aberto, _OPEN_VALUE),
            ),
        ),
        Grouping("atraso", _AGE, (Shown("atraso", _AGE, Kind.TEXT, _age, _AGES),), sort="atraso"),
        d.by_text(_o.loja, d.STORE),
        d.by_month(_o.vencimento),
    ),
    measures=(
        d.sum_of(_o.vencido, d.OVERDUE),
        d.rows("titulos", Said("Títulos", "Titles")),
        d.different("clientes", _CLIENTS, _o.cliente_id),
        Shown(
            "maior_atraso",
            Said("Maior atraso, em dias", "Longest, in days"),
            Kind.COUNT,
            func.max(_o.dias),
        ),
    ),
    columns=(
        d.day(_o.vencimento, Said("Vencimento", "Due on")),
        d.text(_o.cliente, d.CLIENT),
        d.money(_o.vencido, d.OVERDUE),
        d.number(_o.dias, Said("Dias", "Days")),
        d.text(_o.titulo, Said("Título", "Title")),
        d.text(_o.loja, d.STORE),
        d.number(_o.negocios_abertos, _OPEN_DEALS),
        d.money(_o.valor_aberto, _OPEN_VALUE),
        d.id_of(_o.titulo_id),
    ),
    filters=(
        Filter("store", d.STORE, _o.loja_id, d.STORES),
        Filter("client", d.CLIENT, _o.cliente, part=True),
    ),
    sort="-vencido",
    rows_sort="-dias",
    chart=("vencido",),
    key="vencido",
)

ALL = (BEST, RETURNING, OVERDUE)
