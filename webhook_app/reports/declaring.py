"""What declarations have in common: usual groupings, measures and filters, said shortly."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnClause, ColumnElement, Date, Numeric, cast, distinct, func

from webhook_app.reports.grammar import Choices, Filter, Grouping, Kind, Said, Shown, listed

MONTH, WEEK = Said("Mês", "Month"), Said("Semana de", "Week of")
STORE, PIPELINE, SELLER = (
    Said("Loja", "Store"),
    Said("Funil", "Pipeline"),
    Said("Vendedor", "Seller"),
)
SOURCE, CAMPAIGN, TAG = (
    Said("Origem", "Source"),
    Said("Campanha", "Campaign"),
    Said("Etiqueta", "Tag"),
)
CLIENT, DEAL, SALE = Said("Cliente", "Client"), Said("Negócio", "Deal"), Said("Venda", "Sale")
DAY, VALUE, RECEIVED = Said("Dia", "Day"), Said("Valor", "Value"), Said("Recebido", "Received")
UTM_SOURCE, MEDIUM = Said("Fonte (utm_source)", "utm_source"), Said("Mídia", "Medium")
NUMBER, ID, AT_KOMMO = (
    Said("Número", "Number"),
    Said("Código", "Id"),
    Said("Código no Kommo", "Id at Kommo"),
)
OVERDUE, TO_COME = Said("Vencido", "Overdue"), Said("A receber", "To be received")
DEALS, WON_ON = Said("Negócios", "Deals"), Said("Ganho em", "Won on")

OF_DEAL = {
    "lead_id": "id",
    "negocio": "text",
    "funil_id": "id",
    "funil": "text",
    "vendedor_id": "id",
    "vendedor": "text",
    "origem_id": "id",
    "origem": "text",
    "utm_source": "text",
    "utm_medium": "text",
    "utm_campaign": "text",
}
"""Columns that every view of deals has."""
LISTS_OF_DEALS = ("kommo.leads", "gestao_click.vendas", "gestao_click.recebimentos")

PIPELINES = Choices("kommo", listed("kommo", "pipelines", id="id", name="text"), "id", "name")
USERS = Choices("kommo", listed("kommo", "users", id="id", name="text"), "id", "name")
SOURCES = Choices("kommo", listed("kommo", "sources", id="id", name="text"), "id", "name")
TAGS = Choices("kommo", listed("kommo", "tags", name="text"), "name", "name")
STORES = Choices(
    "gestao-click", listed("gestao_click", "lojas", id="text", nome="text"), "id", "nome"
)
STAFF = Choices(
    "gestao-click", listed("gestao_click", "funcionarios", id="text", nome="text"), "id", "nome"
)


def by_text(one: ColumnClause[Any], title: Said, name: str | None = None, *words: Said) -> Grouping:
    """By a column of texts; the value of `by` is its name, unless another is given."""
    return Grouping(name or one.name, title, (text(one, title, *words),))


def by_month(day: ColumnClause[Any]) -> Grouping:
    month = cast(func.date_trunc("month", day), Date)
    return Grouping("mes", MONTH, (Shown("mes", MONTH, Kind.MONTH, month),), sort="mes")


def by_each(texts: ColumnClause[Any], title: Said, name: str) -> Grouping:
    """By the elements of a list of texts."""
    each = func.unnest(texts).table_valued(name, name=f"each_{name}").render_derived().lateral()
    return Grouping(name, title, (Shown(name, title, Kind.TEXT, each.c[name]),), beside=each)


def by_week(day: ColumnClause[Any]) -> Grouping:
    week = cast(func.date_trunc("week", day), Date)
    return Grouping("semana", WEEK, (Shown("semana", WEEK, Kind.DAY, week),), sort="semana")


def text(one: ColumnClause[Any], title: Said, *words: Said) -> Shown:
    return Shown(one.name, title, Kind.TEXT, one, words)


def day(one: ColumnClause[Any], title: Said) -> Shown:
    return Shown(one.name, title, Kind.DAY, one)


def money(one: ColumnClause[Any], title: Said) -> Shown:
    """Of a row."""
    return Shown(one.name, title, Kind.MONEY, one)


def rows(name: str, title: Said) -> Shown:
    """How many there are."""
    return Shown(name, title, Kind.COUNT, func.count())


def sum_of(one: ColumnClause[Any], title: Said, kind: Kind = Kind.MONEY) -> Shown:
    total = func.coalesce(func.sum(one), 0)
    return Shown(one.name, title, kind, cast(total, BigInteger) if kind is Kind.COUNT else total)


def different(name: str, title: Said, one: ColumnClause[Any]) -> Shown:
    """How many different ones there are."""
    return Shown(name, title, Kind.COUNT, func.count(distinct(one)))


def counted(name: str, title: Said, condition: ColumnElement[bool]) -> Shown:
    """How many of them it is true of."""
    return Shown(name, title, Kind.COUNT, func.count().filter(condition))


def share(name: str, title: Said, part: Any, whole: Any) -> Shown:
    """Null where the whole is nothing."""
    exact = cast(part, Numeric) / func.nullif(cast(whole, Numeric), 0)
    return Shown(name, title, Kind.SHARE, func.round(exact, 4))


def median(name: str, title: Said, days: ColumnClause[Any]) -> Shown:
    middle = func.percentile_cont(0.5).within_group(days)
    return Shown(name, title, Kind.DAYS, func.round(cast(middle, Numeric), 1))


def mean(name: str, title: Said, what: ColumnClause[Any], kind: Kind) -> Shown:
    return Shown(name, title, kind, func.round(func.avg(what), 2))


def number(one: ColumnClause[Any], title: Said) -> Shown:
    """A whole number of a row."""
    return Shown(one.name, title, Kind.COUNT, cast(one, BigInteger))


def id_of(one: ColumnClause[Any], title: Said = ID) -> Shown:
    return Shown(one.name, title, Kind.ID, one)


def filters_of_deals(columns: Any) -> tuple[Filter, ...]:
    """By what every view of deals has."""
    return (
        Filter("pipeline", PIPELINE, columns.funil_id, PIPELINES),
        Filter("seller", SELLER, columns.vendedor_id, USERS),
        Filter("source", SOURCE, columns.origem_id, SOURCES),
        Filter("utm_source", UTM_SOURCE, columns.utm_source),
        Filter("campaign", CAMPAIGN, columns.utm_campaign),
    )
