"""A report as XLSX: numbers and dates are numbers and dates, texts are only ever texts; and a sheet about it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import IO, Any

from webhook_app.problems import Problem
from webhook_app.reports.grammar import Kind, Said, Shown
from webhook_app.reports.sheets import Sheet

LITERAL = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
FORMATS = {
    Kind.TEXT: "@",
    Kind.ID: "0",
    Kind.DAY: "dd/mm/yyyy",
    Kind.MONTH: "mm/yyyy",
    Kind.COUNT: "#,##0",
    Kind.NUMBER: "#,##0.00",
    Kind.MONEY: '"R$" #,##0.00',
    Kind.SHARE: "0.0%",
    Kind.DAYS: "0.0",
}
MOST_ROWS = 1_048_576 - 2
"""Of Excel, without heading and totals."""
LONGEST = 32_767
FIRST_YEAR = 1900
NARROW, WIDE, WIDEST = 14, 28, 90


def write(file: IO[bytes], sheet: Sheet) -> None:
    import xlsxwriter  # a part of each start otherwise

    book = xlsxwriter.Workbook(file, LITERAL)
    book.set_properties({"title": sheet.say(sheet.asked.report.title)})
    bold = {"bold": True}
    formats = {kind: book.add_format({"num_format": one}) for kind, one in FORMATS.items()}
    strong = {kind: book.add_format({"num_format": one} | bold) for kind, one in FORMATS.items()}
    _rows(book.add_worksheet(sheet.say(Said("Dados", "Data"))), sheet, formats, strong)
    _about(book.add_worksheet(sheet.say(Said("Sobre", "About"))), sheet, book.add_format(bold))
    book.close()


def _rows(page: Any, sheet: Sheet, formats: dict[Kind, Any], strong: dict[Kind, Any]) -> None:
    shown = sheet.asked.shown
    for n, one in enumerate(shown):
        page.set_column(n, n, WIDE if one.kind is Kind.TEXT else NARROW)
        page.write_string(0, n, sheet.heading(one), strong[Kind.TEXT])
    page.freeze_panes(1, 0)
    last = 0
    for last, row in enumerate(sheet.rows, 1):
        if last > MOST_ROWS:
            raise Problem(400, f"more rows than Excel takes, {MOST_ROWS}: ask for less, or for CSV")
        _row(page, last, shown, [sheet.value(one, row) for one in shown], formats)
    page.autofilter(0, 0, last, len(shown) - 1)
    sums = [sheet.totals.get(one.name) for one in shown[1:]]
    _row(page, last + 1, shown, ["Total", *sums], strong)


def _row(
    page: Any, place: int, shown: tuple[Shown, ...], values: list[Any], formats: dict[Kind, Any]
) -> None:
    for n, (one, found) in enumerate(zip(shown, values, strict=True)):
        _cell(page, place, n, found, formats[one.kind])


def _cell(page: Any, row: int, column: int, value: Any, how: Any) -> None:
    if value is None:
        return
    if isinstance(value, date) and value.year >= FIRST_YEAR:
        page.write_datetime(row, column, value, how)
    elif isinstance(value, str | date):
        page.write_string(row, column, str(value)[:LONGEST], how)
    else:
        page.write_number(row, column, value, how)


def _about(page: Any, sheet: Sheet, bold: Any) -> None:
    page.set_column(0, 0, WIDE)
    page.set_column(1, 1, WIDEST)
    for n, (what, told) in enumerate(_told(sheet)):
        page.write_string(n, 0, sheet.say(what), bold)
        page.write_string(n, 1, told)


def _told(sheet: Sheet) -> Iterator[tuple[Said, str]]:
    asked, report = sheet.asked, sheet.asked.report
    yield Said("Relatório", "Report"), sheet.say(report.title)
    yield Said("O que diz", "What it tells"), sheet.say(report.about)
    yield Said("O que abrange", "What it covers"), sheet.say(report.covers)
    yield Said("De", "From"), str(asked.since or "")
    yield Said("Até", "To"), str(asked.until or "")
    for each in report.filters:
        if each.name in asked.filters:
            yield each.title, asked.filters[each.name]
    yield Said("Dados de", "Data as of"), sheet.as_of.isoformat() if sheet.as_of else ""
