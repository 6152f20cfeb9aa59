"""What surrounds every page: the reader's language, theme, numbers and dates; links that lead somewhere."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from tests.webhook_app.conftest import Make, Web, settings_for
from webhook_app import formats, shell


def app_of(web: Web) -> Flask:
    return web.client.application


@pytest.fixture
def app(web: Web) -> Flask:
    return app_of(web)


def english(app: Flask) -> Any:
    return app.test_request_context("/", headers={"Cookie": "ponte_lang=en"})


def test_a_reader_reads_portuguese_unless_he_chose_english(web: Web) -> None:
    page = web.client.get("/login").text
    assert '<html lang="pt-BR"' in page and "Peça um novo" in page
    chosen = web.client.post(
        "/preferences", data={"ponte_lang": "en"}, headers={"Referer": "http://localhost/login?a=1"}
    )
    assert (chosen.status_code, chosen.headers["Location"]) == (303, "/login?a=1")
    page = web.client.get("/login").text
    assert '<html lang="en"' in page and "Get a new one" in page and "Peça um novo" not in page


def test_a_theme_is_kept_and_drawn_by_the_server(web: Web) -> None:
    assert 'data-theme="auto"' in web.client.get("/login").text
    web.client.post("/preferences", data={"ponte_theme": "dark"})
    assert 'data-theme="dark"' in web.client.get("/login").text


@pytest.mark.parametrize("word", ["fr", "", "<script>", "en\r\nSet-Cookie: a=b"])
def test_a_word_that_is_no_choice_changes_nothing(web: Web, word: str) -> None:
    answer = web.client.post("/preferences", data={"ponte_lang": word, "ponte_theme": word})
    assert "Set-Cookie" not in answer.headers
    web.client.set_cookie("ponte_lang", "fr")
    web.client.set_cookie("ponte_theme", "fr")
    page = web.client.get("/login").text
    assert '<html lang="pt-BR" data-theme="auto">' in page


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("", "/"),
        ("http://localhost/status", "/status"),
        ("https://elsewhere.example//evil.example/x", "/evil.example/x"),
        ("https://elsewhere.example/\\evil.example", "/evil.example"),
    ],
)
def test_nobody_is_sent_to_another_host(web: Web, referer: str, back: str) -> None:
    answer = web.client.post(
        "/preferences", data={"ponte_lang": "en"}, headers={"Referer": referer}
    )
    assert answer.headers["Location"] == back


def test_every_link_of_the_navigation_leads_somewhere_and_one_is_marked(web: Web) -> None:
    web.login()
    page = web.client.get("/status").text
    links = re.findall(r'<li><a href="([^"]+)"( aria-current="page")?>', page)
    assert [url for url, current in links if current] == ["/status"]
    for url, _ in links:
        assert web.client.get(url).status_code == 200, url


def test_a_part_that_refreshes_itself_takes_no_message_away(web: Web) -> None:
    csrf = web.login()
    web.client.post("/sync/kommo", data={"csrf": csrf})
    assert "sincronização" not in web.client.get("/status", headers={"HX-Request": "true"}).text
    assert "sincronização pedida" in web.client.get("/runs").text


def test_who_is_not_logged_in_sees_no_navigation(web: Web) -> None:
    assert "<nav" not in web.client.get("/login").text
    assert "popovertarget" not in web.client.get("/nothing").text


def test_numbers_are_written_as_the_reader_writes_them(app: Flask) -> None:
    with app.test_request_context("/"):
        assert formats.money(Decimal("-1234.5")) == "-R$\xa01.234,50"
        assert formats.money(1234567, cents=False) == "R$\xa01.234.567"
        assert formats.count(1234567) == "1.234.567"
        assert formats.count(Decimal("1.25"), 1) == "1,2"
        assert formats.percent(0.125) == "12,5%"
        assert formats.day(date(2026, 11, 3)) == "03/11/2026"
        assert formats.month(date(2026, 11, 3)) == "nov. de 2026"
        assert formats.every(timedelta(days=7)) == "7 dias"
    with english(app):
        assert formats.money(Decimal("1234.5")) == "R$1,234.50"
        assert formats.count(1234567) == "1,234,567"
        assert formats.percent(0.125, 0) == "12%"
        assert formats.day(date(2026, 11, 3)) == "Nov 3, 2026"
        assert formats.every(timedelta(days=7)) == "7 days"


def test_moments_are_told_in_the_zone_of_the_business(make: Make, database_url: str) -> None:
    manaus = app_of(make(settings_for(database_url, ponte_timezone="America/Manaus")))
    late = datetime(2026, 11, 4, 2, 30, tzinfo=UTC)
    with manaus.test_request_context("/"):
        assert formats.moment(late) == "03/11/2026 22:30"
        assert formats.day(late) == "03/11/2026"


def test_ages_are_told_in_words(app: Flask) -> None:
    now = datetime(2026, 11, 4, tzinfo=UTC)
    with app.test_request_context("/"):
        assert [formats.ago(each) for each in (None, 3, 200, 7200, 200_000)] == [
            "nunca",
            "há 3 s",
            "há 3 min",
            "há 2 h",
            "há 2 d",
        ]
        assert formats.until(now + timedelta(minutes=4), now) == "em 4 min"
        assert formats.until(now, now) == "agora"
        assert formats.span(200) == "3 min 20 s"
    with english(app):
        assert formats.ago(200) == "3 min ago"
        assert formats.until(now + timedelta(minutes=4), now) == "in 4 min"


def test_what_is_not_known_is_a_dash(app: Flask) -> None:
    with app.test_request_context("/"):
        for each in (formats.money, formats.count, formats.percent, formats.day, formats.moment):
            assert each(None) == "—"


def test_an_address_keeps_its_filters_while_one_changes(app: Flask) -> None:
    with app.test_request_context("/runs?state=failed&page=3&state=done"):
        assert shell.here(page=4) == "/runs?state=failed&state=done&page=4"
        assert shell.here(page=None) == "/runs?state=failed&state=done"
        assert shell.here(state="", page=None) == "/runs"
