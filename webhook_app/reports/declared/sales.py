"""Reports about what the ERP sold, and what should be sold."""

from __future__ import annotations

from sqlalchemy import and_, func

from webhook_app.reports import declaring as d
from webhook_app.reports.grammar import Filter, Grouping, Kind, Report, Said, Shown, view

_sales = view(
    "vendas_recebidas",
    venda_id="text",
    codigo="text",
    data="day",
    cliente_id="text",
    cliente="text",
    loja_id="text",
    loja="text",
    vendedor_id="text",
    vendedor="text",
    conta="flag",
    valor="number",
    recebido="number",
    a_receber="number",
    vencido="number",
    titulos="whole",
)
_s = _sales.c

SALES = Report(
    name="vendas",
    title=Said("Vendas e recebimento", "Sales and what came of them"),
    about=Said(
        "O que foi vendido e quanto disso já entrou, por loja, vendedor e mês.",
        "What was sold and how much of it has come in, by store, seller and month.",
    ),
    covers=Said(
        "Vendas do Gestão Click cuja situação conta, pelo dia da venda; recebido são os títulos liquidados cujo "
        "texto traz o número da venda.",
        "Sales of Gestão Click whose situation counts, by the day of the sale; received are the settled titles "
        "whose text names the sale.",
    ),
    view=_sales,
    providers=("gestao-click",),
    follows=("gestao_click.vendas", "gestao_click.recebimentos"),
    only=(_s.conta,),
    day=_s.data,
    groupings=(
        d.by_month(_s.data),
        d.by_text(_s.loja, d.STORE),
        d.by_text(_s.vendedor, d.SELLER),
        Grouping("cliente", d.CLIENT, (d.text(_s.cliente, d.CLIENT), d.id_of(_s.cliente_id))),
    ),
    measures=(
        d.rows("vendas", Said("Vendas", "Sales")),
        d.sum_of(_s.valor, Said("Vendido", "Sold")),
        d.sum_of(_s.recebido, d.RECEIVED),
        d.sum_of(_s.a_receber, d.TO_COME),
        d.sum_of(_s.vencido, d.OVERDUE),
        d.mean("ticket_medio", Said("Ticket médio", "Mean sale"), _s.valor, Kind.MONEY),
    ),
    columns=(
        d.day(_s.data, d.DAY),
        d.text(_s.codigo, d.NUMBER),
        d.text(_s.cliente, d.CLIENT),
        d.text(_s.loja, d.STORE),
        d.text(_s.vendedor, d.SELLER),
        d.money(_s.valor, Said("Vendido", "Sold")),
        d.money(_s.recebido, d.RECEIVED),
        d.money(_s.a_receber, d.TO_COME),
        d.money(_s.vencido, d.OVERDUE),
    ),
    filters=(
        Filter("store", d.STORE, _s.loja_id, d.STORES),
        Filter("seller", d.SELLER, _s.vendedor_id, d.STAFF),
        Filter("client", d.CLIENT, _s.cliente, part=True),
    ),
    sort="-valor",
    rows_sort="-data",
    chart=("valor", "recebido"),
    key="valor",
)

_targets = view(
    "metas",
    mes="day",
    loja_id="text",
    loja="text",
    vendedor_id="text",
    vendedor="text",
    meta="number",
    vendido="number",
    vendas="whole",
    recebido="number",
)
_t = _targets.c
_whole = and_(_t.loja_id.is_(None), _t.vendedor_id.is_(None))
_sold, _target = func.sum(_t.vendido).filter(_whole), func.sum(_t.meta).filter(_whole)
_TARGET, _SOLD = Said("Meta", "Target"), Said("Vendido", "Sold")
_REACHED = Said("Da meta", "Of the target")

TARGETS = Report(
    name="metas",
    title=Said("Metas", "Targets"),
    about=Said(
        "O que deveria ser vendido em cada mês, e o que foi.",
        "What should be sold in each month, and what was.",
    ),
    covers=Said(
        "Metas cadastradas no Ponte; os totais são das metas do negócio todo, as de loja e de vendedor não somam "
        "com elas. Recebido são os títulos liquidados no mês; por vendedor não se sabe.",
        "Targets entered at Ponte; the totals are of the targets for the whole business, those of a store or a seller "
        "do not add to them. Received are the titles settled in the month; by seller it is not known.",
    ),
    view=_targets,
    providers=("gestao-click",),
    follows=("gestao_click.vendas", "gestao_click.recebimentos"),
    day=_t.mes,
    measures=(
        Shown("meta", _TARGET, Kind.MONEY, func.coalesce(_target, 0)),
        Shown("vendido", _SOLD, Kind.MONEY, func.coalesce(_sold, 0)),
        d.share("alcancado", _REACHED, _sold, _target),
    ),
    columns=(
        Shown("mes", d.MONTH, Kind.MONTH, _t.mes),
        d.text(_t.loja, d.STORE),
        d.text(_t.vendedor, d.SELLER),
        d.money(_t.meta, _TARGET),
        d.money(_t.vendido, _SOLD),
        d.share("alcancado", _REACHED, _t.vendido, _t.meta),
        d.number(_t.vendas, Said("Vendas", "Sales")),
        d.money(_t.recebido, d.RECEIVED),
    ),
    filters=(
        Filter("store", d.STORE, _t.loja_id, d.STORES),
        Filter("seller", d.SELLER, _t.vendedor_id, d.STAFF),
    ),
    sort="-mes",
    rows_sort="-mes",
    key="alcancado",
    entered="/targets",
)

_lines = view(
    "produtos_vendidos",
    venda_id="text",
    tipo="text",
    produto_id="text",
    produto="text",
    quantidade="number",
    valor="number",
    data="day",
    loja_id="text",
    loja="text",
    vendedor_id="text",
    vendedor="text",
)
_l = _lines.c
_PRODUCT, _QUANTITY, _TYPE = (
    Said("Produto", "Product"),
    Said("Quantidade", "Quantity"),
    Said("Tipo", "Type"),
)
_TYPES = (Said("produto", "product"), Said("serviço", "service"))
_amount = func.sum(_l.valor) / func.nullif(func.sum(_l.quantidade), 0)

PRODUCTS = Report(
    name="produtos",
    title=Said("Produtos mais vendidos", "Best-selling products"),
    about=Said(
        "O que mais se vende, em quantidade e em dinheiro.",
        "What sells most, in quantity and in money.",
    ),
    covers=Said(
        "Linhas das vendas do Gestão Click cuja situação conta, pelo dia da venda, com serviços. Frete e desconto "
        "da venda toda não estão em linha nenhuma.",
        "Lines of the sales of Gestão Click whose situation counts, by the day of the sale, services too. Freight and "
        "a discount on the whole sale are in no line.",
    ),
    view=_lines,
    providers=("gestao-click",),
    follows=("gestao_click.vendas", "gestao_click.produtos"),
    day=_l.data,
    groupings=(
        Grouping("produto", _PRODUCT, (d.text(_l.produto, _PRODUCT), d.id_of(_l.produto_id))),
        d.by_text(_l.tipo, _TYPE, None, *_TYPES),
        d.by_text(_l.loja, d.STORE),
        d.by_text(_l.vendedor, d.SELLER),
        d.by_month(_l.data),
    ),
    measures=(
        d.sum_of(_l.valor, d.VALUE),
        d.sum_of(_l.quantidade, _QUANTITY, Kind.NUMBER),
        d.rows("vezes", Said("Vezes", "Times")),
        Shown("preco_medio", Said("Preço médio", "Mean price"), Kind.MONEY, func.round(_amount, 2)),
    ),
    columns=(
        d.day(_l.data, d.DAY),
        d.text(_l.produto, _PRODUCT),
        Shown("quantidade", _QUANTITY, Kind.NUMBER, _l.quantidade),
        d.money(_l.valor, d.VALUE),
        d.text(_l.loja, d.STORE),
        d.text(_l.vendedor, d.SELLER),
        d.id_of(_l.venda_id, d.SALE),
    ),
    filters=(
        Filter("store", d.STORE, _l.loja_id, d.STORES),
        Filter("seller", d.SELLER, _l.vendedor_id, d.STAFF),
        Filter("product", _PRODUCT, _l.produto, part=True),
    ),
    sort="-valor",
    rows_sort="-data",
    chart=("valor",),
    key="valor",
)

ALL = (SALES, PRODUCTS, TARGETS)
