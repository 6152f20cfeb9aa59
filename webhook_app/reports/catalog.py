"""What reports there are, in the order in which they are shown."""

from __future__ import annotations

from dataclasses import dataclass

from webhook_app.reports import deals, sales
from webhook_app.reports.grammar import Report, Said


@dataclass(frozen=True)
class Section:
    """Reports that are looked at together."""

    title: Said
    reports: tuple[Report, ...]


SECTIONS = (
    Section(Said("Negócios e dinheiro", "Deals and money"), deals.ALL),
    Section(Said("Vendas", "Sales"), sales.ALL),
)
ALL: tuple[Report, ...] = tuple(report for section in SECTIONS for report in section.reports)
BY_NAME = {report.name: report for report in ALL}
