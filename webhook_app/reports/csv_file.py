"""A report as CSV: RFC 4180 with column names, decimal points and ISO dates; or as Excel in Brazil reads it."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from io import TextIOWrapper
from typing import IO, Any

from webhook_app.reports.grammar import Kind
from webhook_app.reports.sheets import PORTUGUESE, Sheet

FORMULAS = tuple("=+-@\t\r\n＝＋－＠")
"""What makes a spreadsheet take a text for something to compute."""


def write(file: IO[bytes], sheet: Sheet) -> None:
    local = sheet.locale == PORTUGUESE
    out = TextIOWrapper(file, "utf-8-sig" if local else "utf-8", newline="")
    rows = csv.writer(out, delimiter=";" if local else ",")
    shown, cell = sheet.asked.shown, _brazilian if local else _plain
    rows.writerow([sheet.heading(one) for one in shown])
    for row in sheet.rows:
        rows.writerow([cell(sheet.value(one, row), one.kind) for one in shown])
    out.detach()


def _plain(value: Any, kind: Kind) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    return _harmless(value) if isinstance(value, str) else _number(value)


def _brazilian(value: Any, kind: Kind) -> str:
    if isinstance(value, date):
        return value.strftime("%m/%Y" if kind is Kind.MONTH else "%d/%m/%Y")
    if kind is Kind.SHARE and value is not None:
        return f"{value * 100:.2f}%".replace(".", ",")
    if isinstance(value, Decimal):
        return format(value, "f").replace(".", ",")
    return _plain(value, kind)


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _harmless(value: str) -> str:
    return f"'{value}" if value.startswith(FORMULAS) else value
