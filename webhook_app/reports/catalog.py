"""What reports there are, in the order in which they are shown."""

from __future__ import annotations

from dataclasses import dataclass

from webhook_app.reports.declared import ahead, clients, deals, funnel, gaps, received, sales
from webhook_app.reports.grammar import Report, Said


@dataclass(frozen=True)
class Section:
    """Reports that are looked at together."""

    title: Said
    reports: tuple[Report, ...]


SECTIONS = (
    Section(
        Said("De onde veio o dinheiro", "Where the money came from"),
        (*received.ALL, *deals.ALL, *funnel.ALL),
    ),
    Section(Said("Vendas e metas", "Sales and targets"), sales.ALL),
    Section(Said("Clientes", "Clients"), clients.ALL),
    Section(
        Said("O que falta e o que vem", "What is missing and what is to come"),
        (*gaps.ALL, *ahead.ALL),
    ),
)
ALL: tuple[Report, ...] = tuple(report for section in SECTIONS for report in section.reports)
BY_NAME = {report.name: report for report in ALL}
