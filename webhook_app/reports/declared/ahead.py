"""The money that is to come and to go."""

from __future__ import annotations

from sqlalchemy import func

from webhook_app.reports import declaring as d
from webhook_app.reports.grammar import Filter, Kind, Period, Report, Said, Shown, view

_flow = view(
    "fluxo_previsto",
    origem="text",
    registro="text",
    dia="day",
    valor="number",
    valor_cheio="number",
    peso="number",
    descricao="text",
    pessoa="text",
    loja_id="text",
    loja="text",
    funil_id="id",
    funil="text",
    etapa="text",
)
_f = _flow.c
_IN, _OUT = Said("a receber", "to be received"), Said("a pagar", "to be paid")
_DEALS = Said("negócio em aberto", "open deal")
_KIND = Said("O que é", "What it is")
_KINDS = (_IN, _OUT, _DEALS)


def _sum(name: str, title: Said, kind: Said) -> Shown:
    total = func.coalesce(func.sum(_f.valor).filter(_f.origem == kind.pt), 0)
    return Shown(name, title, Kind.MONEY, total)


AHEAD = Report(
    name="fluxo",
    title=Said("Fluxo de caixa previsto", "Cash flow ahead"),
    about=Said(
        "O que deve entrar e sair: títulos a vencer, e negócios em aberto pelo que costumam virar.",
        "What is to come in and go out: titles that fall due, and open deals for what they usually become.",
    ),
    covers=Said(
        "Títulos em aberto do Gestão Click pelo vencimento, e negócios abertos do Kommo pelo valor vezes a conversão "
        "da etapa em que estão (dos encerrados em 365 dias), no dia em que costumam ser ganhos. O que já venceu só "
        "aparece em Tudo; veja Vencidos.",
        "Open titles of Gestão Click by their due date, and open deals of Kommo by their value times the conversion of "
        "the stage that they are in (of those that ended within 365 days), on the day when they are usually won. "
        "What was due already is only in All; see Overdue.",
    ),
    view=_flow,
    providers=("gestao-click", "kommo"),
    follows=("gestao_click.recebimentos", "gestao_click.pagamentos", "kommo.leads"),
    day=_f.dia,
    period=Period.NEXT_90,
    groupings=(
        d.by_week(_f.dia),
        d.by_month(_f.dia),
        d.by_text(_f.origem, _KIND, None, *_KINDS),
        d.by_text(_f.loja, d.STORE),
        d.by_text(_f.funil, d.PIPELINE),
    ),
    measures=(
        _sum("a_receber", d.TO_COME, _IN),
        _sum("negocios", Said("Negócios, ponderados", "Deals, weighted"), _DEALS),
        _sum("a_pagar", Said("A pagar", "To be paid"), _OUT),
        Shown("saldo", Said("Saldo", "Net"), Kind.MONEY, func.coalesce(func.sum(_f.valor), 0)),
    ),
    columns=(
        d.day(_f.dia, d.DAY),
        d.text(_f.origem, _KIND, *_KINDS),
        d.text(_f.descricao, Said("Descrição", "Description")),
        d.text(_f.pessoa, Said("Pessoa", "Person")),
        d.money(_f.valor, d.VALUE),
        d.money(_f.valor_cheio, Said("Valor cheio", "Full value")),
        Shown("peso", Said("Peso", "Weight"), Kind.SHARE, _f.peso),
        d.text(_f.etapa, Said("Etapa", "Stage")),
        d.text(_f.loja, d.STORE),
        d.id_of(_f.registro),
    ),
    filters=(
        Filter("store", d.STORE, _f.loja_id, d.STORES),
        Filter("pipeline", d.PIPELINE, _f.funil_id, d.PIPELINES),
    ),
    sort="-saldo",
    rows_sort="dia",
    chart=("a_receber", "negocios", "a_pagar"),
    key="saldo",
)

ALL = (AHEAD,)
