"""The one door: every request has its slot, its time limit and an honest answer."""

from typing import Any

import orjson
import pytest
import requests

from sandbox.http import Request, Response
from shared.errors import (
    AccountElsewhere,
    AddressBlocked,
    CredentialsRefused,
    NotAvailable,
    PonteError,
    RateLimited,
    RequestRefused,
    VendorUnavailable,
)
from tests.worker.sources.vendors import NOW, Vendor, fixture, reply, vendor
from worker.sources import gestao_click, kommo
from worker.sources.http import LONG_SILENCE, Door, query_string

KOMMO = kommo.dialect("t0ken")
ERP = gestao_click.dialect("access", "secret")
ERRORS: dict[str, Any] = fixture("kommo/errors__all.json")
FINE = reply(body={"ok": 1})

MEANT: dict[str, type[PonteError]] = {
    "400_validation": RequestRefused,
    "401": CredentialsRefused,
    "401_oauth_revoked": CredentialsRefused,
    "402": NotAvailable,
    "403_scope": NotAvailable,
    "403_ip_block_html": AddressBlocked,
    "404": NotAvailable,
    "422_limit": RequestRefused,
    "429_json": RateLimited,
    "429_html": RateLimited,
    "500": VendorUnavailable,
    "504_html": VendorUnavailable,
}
TRIED_AGAIN = (RateLimited, VendorUnavailable)


def kommo_error(name: str) -> Response:
    error = ERRORS[name]
    return reply(error["status"], error["body"] or b"", error["content_type"] or "")


def ask(there: Vendor, dialect: Any = KOMMO, **more: Any) -> Any:
    return there.door(dialect).get("/api/v4/leads", **more)


def test_every_kind_of_error_in_the_fixtures_has_its_meaning() -> None:
    assert set(ERRORS) == {*MEANT, "204_empty"}


@pytest.mark.parametrize("name", MEANT)
def test_an_answer_of_kommo_becomes_the_error_that_it_means_and_only_passing_ones_are_tried_again(
    name: str,
) -> None:
    with vendor(kommo_error(name)) as there:
        with pytest.raises(MEANT[name]):
            ask(there)
        tries = 3 if issubclass(MEANT[name], TRIED_AGAIN) else 1
        assert (len(there.heard), there.slots.taken) == (tries, tries)


ERP_MEANT: dict[str, type[PonteError]] = {
    "error__200_empty_body.txt": VendorUnavailable,
    "error__200_status_error.json": RequestRefused,
    "error__401_invalid_token_inferred.json": CredentialsRefused,
    "error__404_controller_missing_transient.json": VendorUnavailable,
    "error__404_not_found_document.json": NotAvailable,
    "error__404_validation.json": NotAvailable,
    "error__429_rate_limit.json": RateLimited,
    "error__500_html.txt": VendorUnavailable,
}


@pytest.mark.parametrize("name", ERP_MEANT)
def test_an_answer_of_the_erp_becomes_the_error_that_it_means(name: str) -> None:
    status = int(name.removeprefix("error__")[:3])
    with vendor(reply(status, fixture(f"gestao_click/{name}"))) as there:
        with pytest.raises(ERP_MEANT[name]):
            ask(there, ERP)
        assert len(there.heard) == (3 if issubclass(ERP_MEANT[name], TRIED_AGAIN) else 1)


@pytest.mark.parametrize("code", [401, 429, 500])
def test_an_error_inside_a_200_of_the_erp_means_what_it_says(code: int) -> None:
    errors = {401: CredentialsRefused, 429: RateLimited, 500: VendorUnavailable}
    body = {"code": code, "status": "error", "data": {"mensagem": "x"}}
    with vendor(reply(200, body)) as there, pytest.raises(errors[code]):
        ask(there, ERP)


def test_a_passing_fault_is_not_noticed_by_who_asks() -> None:
    with vendor(kommo_error("504_html"), Response(0, dropped=True), FINE) as there:
        answer = ask(there)
        assert (answer.status, answer.body, answer.observed_at) == (200, {"ok": 1}, NOW)
        assert len(there.heard) == 3


def test_an_empty_answer_is_none() -> None:
    with vendor(Response(204)) as there:
        assert ask(there).body is None


@pytest.mark.parametrize(
    "broken",
    [
        Response(200, orjson.dumps({"a": "b" * 200}), "application/json", truncated=True),
        reply(200, b'{"_embedded": {"leads": [{"id": 1'),
        reply(200, "<html>Entrar</html>", "text/html"),
        reply(200, b'{"name": "raw \x00 NUL"}'),
        Response(0, dropped=True),
    ],
    ids=["truncated", "cut short", "login page", "invalid JSON", "hung up"],
)
def test_an_answer_that_is_not_whole_is_never_believed(broken: Response) -> None:
    with vendor(broken) as there, pytest.raises(VendorUnavailable):
        ask(there)
    assert len(there.heard) == 3


def test_null_characters_are_taken_out_of_keys_and_values_and_nothing_else_is() -> None:
    sent = {"a\x00": ["x\x00y", {"b": "\x00"}], "backslash": "\\u0000", "n": 1}
    with vendor(reply(200, sent)) as there:
        assert ask(there).body == {"a": ["xy", {"b": ""}], "backslash": "\\u0000", "n": 1}


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("body", [b"", b"<html>moved</html>", b"{}"], ids=["empty", "html", "json"])
def test_a_redirect_is_never_followed_and_says_what_to_correct(status: int, body: bytes) -> None:
    with vendor(FINE) as elsewhere:
        moved = reply(status, body, "text/html", Location=f"{elsewhere.server.url}/x")
        with vendor(moved) as there, pytest.raises(AccountElsewhere, match="KOMMO_API_URL"):
            ask(there)
        assert elsewhere.heard == []
        assert len(there.heard) == 1


def test_no_proxy_and_no_netrc_of_the_machine_sees_the_token(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    with vendor(FINE) as proxy, vendor(FINE) as there:
        monkeypatch.setenv("HTTP_PROXY", proxy.server.url)
        monkeypatch.setenv("ALL_PROXY", proxy.server.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        ask(there)
        assert proxy.heard == []
        assert there.heard[0].headers["authorization"] == "Bearer t0ken"


def test_the_token_is_in_no_error() -> None:
    def refuse(request: Request) -> Response:
        return reply(400, {"title": "Bad Request", "detail": "x"})

    with vendor(refuse) as there, pytest.raises(RequestRefused) as raised:
        ask(there)
    assert "t0ken" not in str(raised.value)


# --- silence


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (reply(429, {"retry_after": 300}), 300.0),
        (reply(429, {"title": "x"}), None),
        (reply(429, "<html>", "text/html", Retry_After="7"), 7.0),
        (reply(429, {"retry_after": 300}, Retry_After="7"), 300.0),
        (reply(429, b"", Retry_After="soon"), None),
        (reply(429, {"retry_after": "300"}), None),
    ],
    ids=["body", "neither", "header", "both", "nonsense", "text"],
)
def test_a_429_silences_everybody_for_as_long_as_the_vendor_asks(
    answer: Response, seconds: float | None
) -> None:
    with vendor(answer, FINE) as there:
        ask(there)
        assert there.slots.pauses == [(seconds, True)]


def test_html_403_opens_the_breaker_after_one_request() -> None:
    with vendor(kommo_error("403_ip_block_html")) as there:
        with pytest.raises(AddressBlocked):
            ask(there)
        assert there.slots.pauses == [(LONG_SILENCE, False)]
        assert len(there.heard) == 1


# --- what is asked


def test_a_status_that_is_an_answer_here_is_given_back_without_a_body() -> None:
    with vendor(kommo_error("404")) as there:
        assert ask(there, answers=(404,)).status == 404
        with pytest.raises(NotAvailable):
            ask(there, answers=(400,))


def test_a_write_is_never_repeated() -> None:
    with vendor(kommo_error("500"), FINE) as there:
        with pytest.raises(VendorUnavailable):
            there.door(KOMMO).send("POST", "/api/v4/webhooks", {"a": 1})
        assert [(r.method, r.json()) for r in there.heard] == [("POST", {"a": 1})]


def test_each_request_is_announced_and_counted_before_it_is_sent() -> None:
    said: list[str] = []
    with vendor(kommo_error("500"), FINE) as there:
        budget: Any = there.slots
        door = Door(
            there.server.url,
            KOMMO,
            budget,
            timeout=2,
            attempts=3,
            delay=0.001,
            waiting=lambda: said.append("waiting"),
            asked=lambda: said.append("asked"),
        )
        door.get("/x")
    assert said == ["waiting", "asked"] * 2


def test_who_lost_its_run_sends_nothing() -> None:
    class Lost(Exception):
        pass

    def lost() -> None:
        raise Lost

    with vendor(FINE) as there:
        door = there.door(KOMMO)
        door.waiting = lost
        with pytest.raises(Lost):
            door.get("/x")
        assert there.heard == []


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({}, ""),
        ({"limit": 250, "page": 1}, "limit=250&page=1"),
        ({"filter[id][]": ["1", "2"]}, "filter[id][]=1&filter[id][]=2"),
        ({"with": "contacts,leads"}, "with=contacts,leads"),
        ({"query": "a&b=c d"}, "query=a%26b%3Dc%20d"),
        ({"nome": "São"}, "nome=S%C3%A3o"),
    ],
)
def test_parameters_are_written_as_php_reads_them(params: dict[str, Any], text: str) -> None:
    assert query_string(params) == text


def test_a_vendor_that_cannot_be_reached_is_unavailable() -> None:
    with vendor(FINE) as there:
        door = there.door(KOMMO)
        there.server.stop()
        with pytest.raises(VendorUnavailable, match="ConnectionError"):
            door.get("/x")


def test_a_vendor_that_says_nothing_is_given_up_in_time() -> None:
    import time

    def slow(_: Request) -> Response:
        time.sleep(1.5)
        return FINE

    with vendor(slow) as there:
        door = there.door(KOMMO, attempts=1)
        door.timeout = 0.1
        with pytest.raises(VendorUnavailable, match="ReadTimeout"):
            door.get("/x")


def test_nothing_of_requests_leaks_through_the_door() -> None:
    assert not issubclass(VendorUnavailable, requests.RequestException)
