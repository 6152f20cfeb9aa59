"""The funnel: which stages leads reach, and how many go on and are won."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, func, null

from webhook_app.reports import declaring as d
from webhook_app.reports.grammar import Grouping, Kind, Report, Said, Shown, view

_stages = view(
    "funil_etapas",
    **d.OF_DEAL,
    etapa="text",
    ordem="whole",
    criado_no_dia="day",
    entrou_no_dia="day",
    seguiu="flag",
    ganho="flag",
    perdido="flag",
    esta_nela="flag",
    valor="number",
)
_s = _stages.c
_STAGE, _WENT_ON, _WON = Said("Etapa", "Stage"), Said("Seguiram", "Went on"), Said("Ganhos", "Won")
_leads, _went_on, _won = func.count(), func.count().filter(_s.seguiu), func.count().filter(_s.ganho)
_each = func.count().filter(_s.esta_nela)
_each_won = func.count().filter(_s.esta_nela, _s.ganho)
"""Every lead is in one stage now: so each counts once."""


def _count(name: str, title: Said, of_stage: ColumnElement[Any], once: ColumnElement[Any]) -> Shown:
    return Shown(name, title, Kind.COUNT, of_stage, overall=once)


FUNNEL = Report(
    name="funil",
    title=Said("Conversão do funil", "Conversion of the funnel"),
    about=Said(
        "De cada etapa, quantos negócios seguem adiante e quantos são ganhos.",
        "Of each stage, how many deals go on and how many are won.",
    ),
    covers=Said(
        "Negócios vivos do Kommo pelo dia em que foram criados, com cada etapa por onde passaram. O total conta "
        "cada negócio uma vez, onde está agora. O que ninguém contou ao Ponte nem ele viu (veja o histórico de etapas) não está.",
        "Live deals of Kommo by the day on which they were made, with each stage that they have been in. The total "
        "counts each deal once. What nobody told Ponte and it did not see (the stage history) is not in it.",
    ),
    view=_stages,
    providers=("kommo",),
    follows=("kommo.leads", "kommo.events", "kommo.statuses"),
    day=_s.criado_no_dia,
    groupings=(
        Grouping(
            "etapa",
            _STAGE,
            (d.text(_s.funil, d.PIPELINE), d.text(_s.etapa, _STAGE)),
            sort="funil",
            along=(d.number(_s.ordem, Said("Ordem", "Place")),),
        ),
        replace(d.by_text(_s.vendedor, d.SELLER), overall=True),
        replace(d.by_text(_s.origem, d.SOURCE), overall=True),
        replace(d.by_text(_s.utm_campaign, d.CAMPAIGN, "campanha"), overall=True),
        replace(d.by_month(_s.criado_no_dia), overall=True),
    ),
    measures=(
        _count("negocios", Said("Negócios", "Deals"), _leads, _each),
        _count("seguiram", _WENT_ON, _went_on, null()),
        _count("ganhos", _WON, _won, _each_won),
        _count(
            "perdidos",
            Said("Perdidos", "Lost"),
            func.count().filter(_s.perdido),
            func.count().filter(_s.esta_nela, _s.perdido),
        ),
        _count("estao_nela", Said("Estão nela", "Now there"), _each, _each),
        replace(d.share("parte_seguiu", Said("Seguem", "Go on"), _went_on, _leads), overall=null()),
        replace(
            d.share("parte_ganha", Said("São ganhos", "Are won"), _won, _leads),
            overall=d.share("", _WON, _each_won, _each).what,
        ),
    ),
    columns=(
        d.text(_s.negocio, d.DEAL),
        d.text(_s.funil, d.PIPELINE),
        d.text(_s.etapa, _STAGE),
        d.day(_s.entrou_no_dia, Said("Entrou em", "Entered on")),
        d.day(_s.criado_no_dia, Said("Criado em", "Made on")),
        d.text(_s.vendedor, d.SELLER),
        d.money(_s.valor, d.VALUE),
        d.id_of(_s.lead_id, d.AT_KOMMO),
    ),
    filters=d.filters_of_deals(_s),
    sort="-negocios",
    rows_sort="-entrou_no_dia",
    chart=("negocios", "ganhos"),
    key="parte_ganha",
)

ALL = (FUNNEL,)
