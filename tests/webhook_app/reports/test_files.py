"""A report as a file, read back: the whole of it, numbers as numbers, and no text that computes."""

from __future__ import annotations

import csv
import gc
from io import BytesIO, StringIO
from typing import Any

import openpyxl
import pytest

from tests.webhook_app.conftest import Web
from tests.webhook_app.reports.conftest import JUNE, Shop
from webhook_app.reports import catalog

DEALS = "/api/reports/ganhos"
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x")']


def lines(web: Web, address: str) -> list[list[str]]:
    said = web.get(address)
    assert said.status_code == 200, said.text
    assert said.mimetype == "text/csv"
    assert int(said.headers["Content-Length"]) == len(said.data)
    return list(csv.reader(StringIO(said.data.decode(), newline="")))


def book(web: Web, address: str) -> Any:
    said = web.get(address)
    assert said.status_code == 200, said.text
    assert said.headers["Content-Disposition"].endswith('.xlsx"')
    return openpyxl.load_workbook(BytesIO(said.data))


def test_csv_is_as_programs_read_it(shop: Shop) -> None:
    heading, *rows = lines(shop.web, f"{DEALS}.csv")
    assert heading[:4] == ["origem", "negocios", "sem_venda", "valor_negocio"]
    assert rows[0] == ["Instagram", "2", "1", "1050.25", "1000", "600.05", "399.95", "0", "0.6001"]
    assert rows[2][0] == ""
    assert shop.web.get(f"{DEALS}.csv").data.count(b"\r\n") == 4
    assert lines(shop.web, f"{DEALS}.csv?by=mes")[1][0] == "2026-06-01"
    assert lines(shop.web, f"{DEALS}.csv?locale=en")[0][:2] == ["Source", "Deals"]


def test_csv_for_brazil_is_as_excel_reads_it_there(shop: Shop) -> None:
    data = shop.web.get(f"{DEALS}.csv?locale=pt-BR").data
    assert data.startswith(b"\xef\xbb\xbfOrigem;Neg")
    assert "Instagram;2;1;1050,25;1000;600,05;399,95;0;60,01%" in data.decode()
    by_month = shop.web.get(f"{DEALS}.csv?locale=pt-BR&by=mes").data.decode()
    assert "06/2026;3;" in by_month
    rows = shop.web.get(f"{DEALS}.csv?locale=pt-BR&by=linha").data.decode()
    assert "10/06/2026;Negócio 1;" in rows


def test_a_file_is_the_whole_of_what_was_asked(shop: Shop) -> None:
    for n in range(100, 1400):
        shop.deal(n, "1", JUNE, origem="Google")
    assert len(lines(shop.web, f"{DEALS}.csv?by=linha&source=2")) == 1 + 1301
    sheet = book(shop.web, f"{DEALS}.xlsx?by=linha&source=2&locale=en").worksheets[0]
    assert sheet.max_row == 1 + 1301 + 1
    assert lines(shop.web, f"{DEALS}.csv?source=9")[1:] == []


def test_xlsx_has_numbers_dates_totals_and_says_what_it_is(shop: Shop) -> None:
    made = book(shop.web, f"{DEALS}.xlsx?by=linha&sort=lead_id&locale=pt-BR&source=1")
    heading, first, _, total = made.worksheets[0].iter_rows(values_only=True)
    assert heading[:2] == ("Ganho em", "Negócio")
    assert (first[0].date(), first[1]) == (JUNE, "Negócio 1")
    assert first[6:9] == (1000, 1000, 600.05)
    assert total[0] == "Total"
    assert total[6:9] == (1050.25, 1000, 600.05)
    formats = [cell.number_format for cell in made.worksheets[0][2]]
    assert (formats[0], formats[6]) == ("dd/mm/yyyy", '"R$" #,##0.00')
    about = dict(made.worksheets[1].iter_rows(values_only=True))
    assert about["Relatório"] == "Negócios ganhos"
    assert about["Origem"] == "1"


@pytest.mark.parametrize("name", FORMULAS)
def test_no_text_becomes_a_formula(shop: Shop, name: str) -> None:
    shop.deal(9, "1", JUNE, origem=name)
    for locale in ("", "&locale=pt-BR"):
        told = shop.web.get(f"{DEALS}.csv?sort=-origem{locale}").data.decode("utf-8-sig")
        cells = [
            row[0]
            for row in csv.reader(StringIO(told, newline=""), delimiter=";" if locale else ",")
        ]
        assert f"'{name}" in cells
    sheet = book(shop.web, f"{DEALS}.xlsx").worksheets[0]
    cell = next(row[0] for row in sheet.iter_rows() if row[0].value == name)
    assert (cell.data_type, cell.hyperlink) == ("s", None)


def test_strange_texts_are_kept(shop: Shop) -> None:
    strange = 'a;b,"c"\nd\x01' + "é" * 40_000
    shop.deal(9, "1", JUNE, origem=strange)
    assert strange in [row[0] for row in lines(shop.web, f"{DEALS}.csv")]
    sheet = book(shop.web, f"{DEALS}.xlsx").worksheets[0]
    assert any(str(row[0].value).startswith('a;b,"c"') for row in sheet.iter_rows())


def test_a_file_that_nobody_reads_is_closed(shop: Shop) -> None:
    head = shop.web.client.head(f"{DEALS}.csv", headers=shop.web.token("read"))
    assert int(head.headers["Content-Length"]) == len(shop.web.get(f"{DEALS}.csv").data)
    del head
    gc.collect()  # a file left open would be a warning, and so an error


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_what_is_not_understood_makes_no_file(shop: Shop, suffix: str) -> None:
    for query in ("by=loja", "sort=mes", "page=1", "locale=de", "since=x", "nonsense=1"):
        assert shop.web.get(f"{DEALS}.{suffix}?{query}").status_code == 400
    assert shop.web.client.get(f"{DEALS}.{suffix}").status_code == 401


@pytest.mark.parametrize("name", catalog.BY_NAME)
def test_every_report_becomes_a_file_without_any_row(web: Web, name: str) -> None:
    for by in catalog.BY_NAME[name].ways:
        heading, *rows = lines(web, f"/api/reports/{name}.csv?by={by}")
        assert heading == [one.name for one in catalog.BY_NAME[name].shown(by)]
        assert rows == []
        assert book(web, f"/api/reports/{name}.xlsx?by={by}").worksheets[0].max_row == 2
