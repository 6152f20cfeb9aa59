"""/reports and the page of each, in both languages; what the address says is what is shown."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from tests.webhook_app.conftest import Web
from tests.webhook_app.reports.conftest import Business, Shop, furnish
from webhook_app.reports import catalog, periods
from webhook_app.reports.grammar import Period

ALWAYS = "period=all"


def page(web: Web, address: str, language: str = "pt-BR") -> str:
    if not web.client.get_cookie("ponte_session"):
        web.login()
    web.client.set_cookie("ponte_lang", language)
    said = web.client.get(address)
    assert said.status_code == 200, said.text
    return said.text


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("\xa0", " ").split())


@pytest.mark.parametrize("language", ["pt-BR", "en"])
@pytest.mark.parametrize("name", catalog.BY_NAME)
def test_every_report_has_a_page_in_every_way(web: Web, name: str, language: str) -> None:
    report = catalog.BY_NAME[name]
    title = report.title.en if language == "en" else report.title.pt
    assert title in page(web, "/reports", language)
    for by in report.ways:
        found = page(web, f"/reports/{name}?by={by}", language)
        assert f"<h1>{title}</h1>" in found
        assert ("Nothing here" if language == "en" else "Nada por aqui") in found
    assert page(web, f"/reports/{name}/figure", language)


def test_figures_are_written_as_the_reader_writes_them(shop: Shop) -> None:
    pt = words(page(shop.web, f"/reports/ganhos?{ALWAYS}"))
    assert "Instagram 2 1 R$ 1.050,25 R$ 1.000,00 R$ 600,05 R$ 399,95 R$ 0,00 60,0%" in pt
    assert "Total 4 1 R$ 1.320,25" in pt
    assert "não informado 1 0 R$ 70,00" in pt
    en = words(page(shop.web, f"/reports/ganhos?{ALWAYS}", "en"))
    assert "Instagram 2 1 R$1,050.25 R$1,000.00" in en


def test_the_chart_and_the_table_have_the_same_figures(shop: Shop) -> None:
    found = page(shop.web, f"/reports/ganhos?{ALWAYS}")
    assert '"labels": ["Instagram", "Google", "n\\u00e3o informado"]' in found
    assert '"values": [600.05, 200.0, 0.0]' in found
    assert "data-chart" not in page(shop.web, f"/reports/ganhos?{ALWAYS}&by=linha")


def test_filters_stand_in_the_address_and_are_kept(shop: Shop) -> None:
    shop.row("kommo.sources", id=1, name="Instagram")
    found = page(shop.web, f"/reports/ganhos?{ALWAYS}&source=1&by=vendedor&campaign=")
    assert "Bia 2 1 R$ 1.050,25" in words(found)
    assert '<option value="1" selected>Instagram' in found
    assert '<option value="vendedor" selected>' in found
    assert "/api/reports/ganhos.csv?by=vendedor&amp;sort=-recebido&amp;source=1" in found


def test_files_of_a_page_are_of_its_period(shop: Shop) -> None:
    found = page(shop.web, "/reports/ganhos?since=2026-06-01&until=2026-06-30")
    assert 'value="2026-06-01"' in found
    address = re.search(r'href="(/api/reports/ganhos.csv[^"]+)"', found)
    assert address
    told = shop.web.client.get(address[1].replace("&amp;", "&")).data.decode("utf-8-sig")
    assert told.splitlines()[1].startswith("Instagram;2;")
    assert len(told.splitlines()) == 3


def test_a_period_is_meant_unless_one_is_chosen(shop: Shop) -> None:
    since, until = periods.days(Period.MONTHS_12, date.today())
    assert f"since={since}&amp;until={until}" in page(shop.web, "/reports/ganhos")
    assert (
        "since=" not in page(shop.web, f"/reports/ganhos?{ALWAYS}").split("/api/reports")[1][:200]
    )
    shop.deal(7, "5", date.today() - timedelta(days=100), origem="Rádio")
    assert "Rádio" in page(shop.web, "/reports/ganhos")
    assert "Rádio" not in page(shop.web, "/reports/ganhos?period=90d")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("since=ontem", "since"),
        ("by=loja", "by"),
        ("page=0", "page"),
        ("since=2026-07-01&until=2026-06-01", "until"),
        ("sort=nome", "sort"),
    ],
)
def test_what_is_not_understood_is_said_and_left_out(shop: Shop, query: str, name: str) -> None:
    found = page(shop.web, f"/reports/ganhos?{query}")
    assert f"Não foi possível usar {name};" in found


def test_another_grouping_forgets_a_sort_that_it_does_not_show(shop: Shop) -> None:
    found = page(shop.web, f"/reports/ganhos?{ALWAYS}&by=mes&sort=origem&nonsense=1")
    assert "Não foi possível usar" not in found
    assert words(found).index("jun. de 2026") < words(found).index("jul. de 2026")


def test_how_it_is_computed_is_shown_and_runs(shop: Shop) -> None:
    found = page(shop.web, f"/reports/ganhos?{ALWAYS}&tag=vip&campaign=100%25")
    statement = re.search(r"<pre tabindex=\"0\"><code>(.+?)</code>", found, re.DOTALL)
    assert statement
    sql = statement[1].replace("&#39;", "'").replace("&gt;", ">").replace("&lt;", "<")
    options = {"no_parameters": True}
    rows = shop.web.run(
        lambda c: c.exec_driver_sql(sql.replace("&#34;", '"'), execution_options=options).all()
    )
    assert rows == []
    assert "100%" in sql


def test_businesses_are_chosen_between_and_never_mixed(shop: Shop, business: Business) -> None:
    north = furnish(business("north"))
    north.deal(8, "1", date(2026, 6, 1), origem="Feira")
    assert "Feira" not in page(shop.web, f"/reports/ganhos?{ALWAYS}")
    found = page(shop.web, f"/reports/ganhos?{ALWAYS}&integration={north.kommo}")
    assert "Feira" in found
    assert f'<option value="{north.kommo}" selected>north</option>' in found


def test_pages_of_a_long_report_have_the_totals_of_the_whole(shop: Shop) -> None:
    for n in range(100, 160):
        shop.deal(n, "1", date(2026, 6, 1), origem="Feira")
    found = words(page(shop.web, f"/reports/ganhos?{ALWAYS}&by=linha&page=2&sort=lead_id"))
    assert "51–64 de 64" in found
    assert "R$ 1.380,25" in found


def test_an_unknown_report_is_not_found(web: Web) -> None:
    web.login()
    assert web.client.get("/reports/lucro").status_code == 404
    assert web.client.get("/reports/lucro/figure").status_code == 404


def test_nobody_reads_a_report_without_a_session(web: Web) -> None:
    for address in ("/reports", "/reports/ganhos", "/reports/ganhos/figure"):
        assert web.client.get(address).headers["Location"] == "/login"
