"""An accepted webhook is never lost, and every answer comes far inside Kommo's two seconds."""

import io
import logging
import os
import signal
import socket
import time
from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text

from shared import enrolment
from shared.db.bookkeeping import deliveries
from shared.enrolment import Wanted
from shared.queue import DRAIN, doorbell
from tests.webhook_app.conftest import NOBODY, SECRET, Make, Web, settings_for
from webhook_app.webhooks import CAP

URL = f"/webhooks/kommo/{SECRET}"
BODY = b"leads%5Bupdate%5D%5B0%5D%5Bid%5D=40010001&account%5Bid%5D=30500123"


def kept(web: Web) -> list[bytes]:
    rows = select(deliveries.c.body).order_by(deliveries.c.id)
    return [bytes(body) for body in web.run(lambda c: list(c.scalars(rows)))]


@pytest.mark.parametrize("url", [URL, f"{URL}/"])
def test_a_delivery_is_kept_then_rung_for(web: Web, url: str) -> None:
    answer = web.client.post(url, data=BODY, content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.text) == (200, "ok")
    assert kept(web) == [BODY]
    assert web.rung == [(DRAIN, web.integration("kommo").id)]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", ""),
        (b"\x00\xff\xfe not utf-8", "application/octet-stream"),
        (b'{"leads": []}', "application/json"),
        (b"--x\r\nbroken multipart", "multipart/form-data; boundary=x"),
        (b"%zz=%", "application/x-www-form-urlencoded; charset=utf-7"),
        (b"a=1", "weird/\x00type"),
    ],
)
def test_whatever_the_body_is_it_is_kept_as_it_came(
    web: Web, body: bytes, content_type: str
) -> None:
    answer = web.client.post(URL, data=body, environ_overrides={"CONTENT_TYPE": content_type})
    assert answer.status_code == 200
    assert kept(web) == [body]


def test_equal_bodies_are_two_deliveries(web: Web) -> None:
    for _ in range(2):
        web.client.post(URL, data=BODY)
    assert kept(web) == [BODY, BODY]


def test_a_chunked_body_is_read_to_its_end(web: Web) -> None:
    chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    answer = web.client.post(URL, input_stream=io.BytesIO(BODY * 999), environ_overrides=chunked)
    assert answer.status_code == 200
    assert kept(web) == [BODY * 999]


def test_of_a_body_beyond_the_cap_the_beginning_is_kept(web: Web) -> None:
    assert web.client.post(URL, data=b"a" * (CAP + 5000)).status_code == 200
    assert [len(body) for body in kept(web)] == [CAP]


def test_the_right_secret_answers_whoever_looks(web: Web) -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        assert web.client.open(URL, method=method).status_code == 200
        assert web.client.open(f"{URL}/", method=method).status_code == 200
    assert web.client.put(URL).status_code == 405


@pytest.mark.parametrize("path", ["wrong", SECRET[:-1], f"{SECRET}/more", "é", "", f"/{SECRET}"])
def test_a_wrong_secret_does_not_exist(web: Web, path: str) -> None:
    for method in ("GET", "POST"):
        unread = io.BytesIO(b"x" * 100)
        answer = web.client.open(f"/webhooks/kommo/{path}", method=method, input_stream=unread)
        assert answer.status_code == 404
        assert unread.tell() == 0
    assert kept(web) == []


def test_without_a_secret_the_route_is_closed(make: Make, database_url: str) -> None:
    web = make(settings_for(database_url, kommo_webhook_secret=None))
    assert web.client.post("/webhooks/kommo/None", data=BODY).status_code == 404
    assert web.client.get("/webhooks/kommo/").status_code == 404


def test_a_sandbox_delivery_goes_to_the_sandbox(make: Make, database_url: str) -> None:
    web = make(settings_for(database_url, ponte_sandbox="kommo"))
    web.client.post(URL, data=BODY)
    assert web.integration("kommo").sandbox
    assert web.rung == [(DRAIN, web.integration("kommo").id)]


def added(web: Web, user: str) -> tuple[int, str]:
    """An integration of its own: its id and the address of its webhook."""
    wanted = Wanted("kommo", user, {"jwtToken": "t"})
    made = web.run(enrolment.add, web.own.settings, web.own.keys, wanted)
    return made.integration.id, f"/webhooks/kommo/{made.webhook_secret}"


def test_the_secret_names_the_integration(web: Web) -> None:
    north, south = added(web, "north"), added(web, "south")
    for address in (north[1], URL, f"{south[1]}/"):
        assert web.client.get(address).status_code == 200
        assert web.client.post(address, data=BODY).status_code == 200
    rang = [north[0], web.integration("kommo").id, south[0]]
    assert web.rung == [(DRAIN, id_) for id_ in rang]
    owners = select(deliveries.c.integration_id).order_by(deliveries.c.id)
    assert web.run(lambda c: list(c.scalars(owners))) == rang


def test_an_added_secret_is_found_under_the_next_secret_key_too(
    make: Make, database_url: str, web: Web
) -> None:
    address = added(web, "north")[1]
    rotated = make(settings_for(database_url, ponte_secret_key=SecretStr("n" * 40)))
    assert rotated.client.post(address, data=BODY).status_code == 200


def test_what_could_be_an_added_secret_is_never_404_without_postgresql(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        web = make(settings_for(f"postgresql://ponte@127.0.0.1:{silent.getsockname()[1]}/none"))
        refused_in_time(web, f"/webhooks/kommo/{'a' * 43}")
        assert web.client.get(f"/webhooks/kommo/{'a' * 43}").status_code == 503
        assert web.client.post("/webhooks/kommo/short", data=BODY).status_code == 404


def test_looking_up_a_secret_and_keeping_its_delivery_share_the_time(web: Web) -> None:
    address = added(web, "north")[1]
    assert web.client.post(address, data=BODY).status_code == 200
    web.rung.clear()
    with web.own.database.engine.begin() as other:
        other.execute(text("lock table sync.deliveries in access exclusive mode"))
        refused_in_time(web, address)


def refused_in_time(web: Web, url: str = URL) -> None:
    began = time.monotonic()
    answer = web.client.post(url, data=BODY)
    assert time.monotonic() - began < 1.6
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert web.rung == []


def test_postgresql_down_means_503(make: Make) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql://ponte@127.0.0.1:{taken.getsockname()[1]}/none"
    refused_in_time(make(settings_for(url)))


def test_postgresql_that_accepts_and_says_nothing_means_503(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        web = make(settings_for(f"postgresql://ponte@127.0.0.1:{silent.getsockname()[1]}/none"))
        for _ in range(6):  # more than there are threads for it
            refused_in_time(web)


@pytest.fixture
def frozen(web: Web) -> Iterator[Web]:
    """PostgreSQL stops in the middle: the backends of this database are frozen."""
    assert web.client.post(URL, data=BODY).status_code == 200
    pids = web.run(
        lambda c: list(
            c.scalars(
                text(
                    "select pid from pg_stat_activity where datname = current_database()"
                    " and application_name = 'ponte-inbox'"
                )
            )
        )
    )
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
    except (PermissionError, ProcessLookupError):
        pytest.skip("the server's processes are not ours to freeze")
    web.rung.clear()
    yield web
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def test_a_frozen_postgresql_means_503(frozen: Web) -> None:
    refused_in_time(frozen)


def test_a_table_that_is_locked_means_503(web: Web) -> None:
    assert web.client.post(URL, data=BODY).status_code == 200
    web.rung.clear()
    with web.own.database.engine.begin() as other:
        other.execute(text("lock table sync.deliveries in access exclusive mode"))
        refused_in_time(web)
    assert web.client.post(URL, data=BODY).status_code == 200


def test_a_database_that_was_never_migrated_means_503(make: Make, postgres_url: str) -> None:
    refused_in_time(make(settings_for(postgres_url)))


@pytest.mark.parametrize("frozen_redis", [True, False])
def test_redis_gone_or_frozen_changes_nothing(
    make: Make, database_url: str, frozen_redis: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        there = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        settings = settings_for(
            database_url, redis_url=SecretStr(there if frozen_redis else NOBODY)
        )
        web = make(settings)
        web.own.ring = doorbell(settings)
        web.client.post(URL, data=BODY)
        began = time.monotonic()
        for _ in range(20):
            assert web.client.post(URL, data=BODY).status_code == 200
        assert time.monotonic() - began < 1.5
        assert len(kept(web)) == 21


def test_the_secret_is_never_logged(web: Web, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        web.client.post(URL, data=BODY)
        web.client.post(f"{URL}x", data=BODY)
        web.own.inbox.keep = None  # type: ignore[method-assign,assignment]  # a mistake of ours
        assert web.client.post(URL, data=BODY).status_code == 500
    assert SECRET not in caplog.text
