"""What people come to do, done in a browser against running processes."""

import csv
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import openpyxl
import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.conftest import Reader, Site, reports

SAME = re.compile("^São o mesmo")
pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("browser")]


def test_the_first_visit_asks_for_a_link_and_the_link_opens_the_dashboard(
    reader: Reader, site: Site
) -> None:
    reader.context.clear_cookies()
    page = reader.open("/")
    expect(page).to_have_url(f"{site.address}/login")
    expect(page.locator("code", has_text="ponte token login-link")).to_be_visible()
    link = site.link()
    page.goto(link)
    expect(page).to_have_url(f"{site.address}/")
    expect(page.get_by_role("navigation", name="Principal")).to_be_visible()


def test_the_language_is_switched_and_stays(reader: Reader) -> None:
    page = reader.open("/reports")
    expect(page.locator("html")).to_have_attribute("lang", "pt-BR")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("heading", level=1)).to_have_text("Reports")
    reader.open("/runs")
    expect(page.get_by_role("heading", level=1)).to_have_text("Runs")
    page.get_by_role("button", name="Português").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Execuções")


def test_an_account_is_connected_tested_and_its_first_sync_watched(
    reader: Reader, site: Site
) -> None:
    page = reader.open("/integrations/new?way=gestao-click")
    page.get_by_label("Nome da empresa").fill("filial")
    page.locator("[name=apiKey]").fill("errado")
    page.locator("[name=secretToken]").fill("errado")
    page.get_by_label("Endereço da API").fill(site.ponte.box.gestao_click_url)
    with reader.complaining("401", "400", "422"):
        page.get_by_role("button", name="Testar e conectar").click()
        expect(page.get_by_role("alert").filter(has_text="credenciais")).to_be_visible()
    page.locator("[name=apiKey]").fill(site.secrets["apiKey"])
    page.locator("[name=secretToken]").fill(site.secrets["secretToken"])
    page.get_by_role("button", name="Testar e conectar").click()
    expect(page.locator(".flash.good")).to_be_visible()
    row = site.ponte.query("select id from ponte.integration_settings where user_id = 'filial'")
    assert len(row) == 1
    reader.open("/runs")
    done = "select count(*) from sync.runs where integration_id = %s and state = 'done'"
    site.ponte.until(lambda: site.ponte.value(done, row[0][0]) > 3, 90, "the first lists")
    expect(page.locator("#results")).to_contain_text("filial", timeout=20_000)


def test_the_owner_of_an_account_grants_access_at_kommo_itself(reader: Reader, site: Site) -> None:
    page = reader.open("/integrations/new?way=consent")
    page.get_by_label("Nome da empresa").fill("matriz")
    page.get_by_role("button", name="Gerar o endereço").click()
    with reader.complaining("not ours", "404"):
        page.get_by_role("link", name="Abrir no Kommo").click()
        page.get_by_role("link", name="Permitir").click()
        expect(page).to_have_url(re.compile(f"^{site.address}/oauth/kommo/callback"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Conta conectada")
    added = "select provider from ponte.integration_settings where user_id = 'matriz'"
    assert site.ponte.query(added) == [("kommo",)]


def test_every_report_is_opened_filtered_and_exported(reader: Reader, tmp_path: Path) -> None:
    exported = 0
    for path in reports(reader):
        page = reader.open(f"{path}?period=all")
        ensure_filters(page)
        reader.open(f"{path}?period=all")
        if page.get_by_role("link", name="CSV").count():
            ensure_exports(page, tmp_path)
            exported += 1
    assert exported >= 10


def ensure_filters(page: Page) -> None:
    """Every choice of the form stands in the address, and the page keeps it when it is loaded anew."""
    names = [str(one.get_attribute("name")) for one in page.locator("form.filters select").all()]
    for name in names:
        choice = page.locator(f"form.filters [name='{name}']")
        value = str(choice.locator("option").last.get_attribute("value"))
        if choice.input_value() != value:
            choice.select_option(value)
            page.wait_for_url(
                lambda url, said=(name, value): said in parse_qsl(urlsplit(url).query)
            )
        page.reload()
        expect(page.locator(f"form.filters [name='{name}']")).to_have_value(value)
        expect(page.locator("#results .figures-line")).to_be_visible()


def ensure_exports(page: Page, folder: Path) -> None:
    """As many rows in either file as the page says that there are."""
    files = {}
    for name in ("CSV", "Excel"):
        with page.expect_download() as downloading:
            page.get_by_role("link", name=name).click()
        files[name] = folder / downloading.value.suggested_filename
        downloading.value.save_as(files[name])
    with files["CSV"].open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.reader(opened, delimiter=";"))
    sheet = openpyxl.load_workbook(files["Excel"]).worksheets[0]
    filled = [row for row in sheet.iter_rows(values_only=True) if any(row)]
    assert len(rows) > 1
    assert len(filled) >= len(rows)


def test_a_filter_changes_the_page_and_stands_in_its_address(reader: Reader) -> None:
    page = reader.open("/runs")
    page.get_by_label("Estado").select_option("failed")
    page.wait_for_url("**/runs?**state=failed**")
    expect(page.locator("#results")).to_contain_text("Nenhuma execução assim")
    page.go_back()
    expect(page.locator("#results tbody tr").first).to_be_visible()


def test_a_pair_is_reviewed_and_the_verdict_stays(reader: Reader, site: Site) -> None:
    page = reader.open("/matches")
    decided = "select count(*) from ponte.matches where verdict = 'accepted'"
    before = site.ponte.value(decided)
    page.locator("#results").get_by_role("button", name=SAME).first.click()
    site.ponte.until(lambda: site.ponte.value(decided) == before + 1, 20, "the verdict")
    assert site.ponte.run("match").returncode == 0
    assert site.ponte.value(decided) == before + 1
    reader.open("/matches?standing=matched")
    expect(page.locator("#results article, #results section").first).to_be_visible()


def test_a_delivery_is_looked_at_and_replayed(reader: Reader, site: Site) -> None:
    lead = site.ponte.value("select min(id) from kommo.leads")
    answer = requests.post(site.ponte.hook, data={"leads[update][0][id]": lead}, timeout=10)
    assert answer.status_code == 200
    site.ponte.until(site.ponte.settled, 30, "the delivery")
    settled = "select settled_at from sync.deliveries order by id desc limit 1"
    before = site.ponte.value(settled)
    page = reader.open("/inbox")
    page.locator("tbody th a").first.click()
    expect(page.locator("pre")).to_contain_text(str(lead))
    page.get_by_role("button", name="Repetir").click()
    expect(page.locator(".flash.good")).to_be_visible()
    site.ponte.until(lambda: (site.ponte.value(settled) or before) > before, 30, "another look")


def test_a_person_is_found_by_a_part_of_the_name_and_both_sides_are_shown(
    reader: Reader, site: Site
) -> None:
    name = site.ponte.value(
        "select c.name from ponte.matches m join kommo.contacts c on c.integration_id = m.integration_id"
        " and c.id = m.record::bigint where m.resource = 'kommo.contacts' and m.state = 'matched' limit 1"
    )
    page = reader.open("/people")
    page.get_by_role("searchbox").first.fill(name.split()[0])
    page.get_by_role("searchbox").first.press("Enter")
    page.locator("main a[href^='/people/']", has_text=name).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    expect(page.locator("main")).to_contain_text("Kommo")
    expect(page.locator("main")).to_contain_text("Gestão Click")


def test_signing_out_closes_the_door(reader: Reader, site: Site) -> None:
    page = reader.open("/")
    page.get_by_role("button", name="Sair").click()
    reader.open("/runs")
    expect(page).to_have_url(f"{site.address}/login")
