"""Tokens go to the vendors' own hosts and nowhere else, however an address was learnt."""

import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from shared import addresses
from shared.errors import Misuse, SettingsError, VendorUnavailable
from shared.integrations import Integration
from shared.settings import Settings, load
from tests.ground import settings_for
from tests.worker.sources.vendors import vendor
from worker.reach import Reach
from worker.sources import kommo
from worker.sources.budget import SYNC
from worker.sources.opening import Credentials, open_door, open_source

PUBLIC = {"ponte_public_url": "https://ponte.example.com"}
REAL = settings_for("postgresql://127.0.0.1:1/none", **PUBLIC)
BOXED = settings_for(
    "postgresql://127.0.0.1:1/none", **PUBLIC, kommo_api_url="http://127.0.0.1:4000"
)

FOREIGN = [
    "https://evil.example.com",
    "https://kommo.com.evil.example.com",
    "https://evilkommo.com",
    "https://evil.example.com#.kommo.com",
    "https://evil.example.com/.kommo.com",
    "https://evil.example.com?.kommo.com",
    "https://north.kommo.com@evil.example.com",
    "https://user:word@north.kommo.com",
    "https://north.kommo.com:22",
    "https://north.kommo.com/path",
    "https://kommo.com",
    "https://10.0.0.1",
    "https://169.254.169.254",
    "http://north.kommo.com",
    "http://127.0.0.1:5432",
    "http://localhost:6379",
    "https://127.0.0.1",
    "http://[::1]:5432",
    "https://[::ffff:10.0.0.1]",
    "file:///etc/passwd",
    "https://",
    "nonsense",
]


@pytest.mark.parametrize("given", FOREIGN)
def test_an_account_is_added_at_the_vendors_own_hosts_only(given: str) -> None:
    with pytest.raises(Misuse):
        addresses.checked(REAL, "kommo", given)


@pytest.mark.parametrize(
    ("provider", "given"),
    [
        ("kommo", "https://north.kommo.com"),
        ("kommo", "https://NORTH.kommo.com/"),
        ("kommo", "https://api-c.kommo.com"),
        ("kommo", "https://north.amocrm.ru"),
        ("gestao-click", "https://api.beteltecnologia.com"),
        ("gestao-click", "https://api.gestaoclick.com"),
    ],
)
def test_the_vendors_hosts_are_fine(provider: str, given: str) -> None:
    assert addresses.checked(REAL, provider, given) == given.rstrip("/")


def test_loopback_is_fine_where_the_settings_own_address_is_or_everything() -> None:
    assert addresses.checked(BOXED, "kommo", "http://127.0.0.1:4001") == "http://127.0.0.1:4001"
    with pytest.raises(Misuse):
        addresses.checked(BOXED, "gestao-click", "http://127.0.0.1:4001")
    here: dict[str, Any] = {"ponte_public_url": None}
    alone = BOXED.model_copy(update=here)
    assert addresses.checked(alone, "gestao-click", "http://127.0.0.1:4001")


def test_a_domain_of_ones_own_has_to_be_said() -> None:
    said: dict[str, Any] = {"kommo_domains": "kommo.com, crm.example.com"}
    own = REAL.model_copy(update=said)
    assert addresses.checked(own, "kommo", "https://a.crm.example.com")
    with pytest.raises(Misuse):
        addresses.checked(own, "kommo", "https://north.amocrm.ru")


@pytest.mark.parametrize("url", ["https://evil.example.com", "http://north.kommo.com"])
def test_the_door_does_not_open_to_an_address_that_got_into_the_database(
    reach: Reach, url: str
) -> None:
    """Whatever was checked before: a row altered by hand, a token's own word, an answer of the vendor."""
    given = Credentials("kommo", url, ("t",))
    with pytest.raises(Misuse, match="no token is sent there"):
        open_source(reach, Integration(1, "north", "kommo", url=url), given)


def test_a_real_vendors_tokens_do_not_go_to_this_machines_own_ports(reach: Reach) -> None:
    settings: Settings = reach.settings.model_copy(
        update={"kommo_api_url": REAL.kommo_api_url, **PUBLIC}
    )
    real = Reach(settings, reach.engine, reach.redis, reach.keys, reach.ring)
    url = "http://127.0.0.1:5432"
    with pytest.raises(Misuse, match="no token is sent there"):
        open_door(
            real,
            Integration(1, "north", "kommo", url=url),
            Credentials("kommo", url, ("t",)),
            kommo.dialect("t"),
            priority=SYNC,
        )


def test_a_name_that_leads_inside_is_not_spoken_to(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as inside:

        def listen() -> None:
            taken, _ = inside.accept()
            with taken:
                heard.append(taken.recv(100))

        listener = threading.Thread(target=listen)
        listener.start()
        port = inside.getsockname()[1]
        there = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [there])
        with vendor(lambda _: pytest.fail("not this one")) as made:
            door = made.door(kommo.dialect("t0ken"))
            door.base_url, door.attempts = "https://north.kommo.com", 1
            with pytest.raises(VendorUnavailable, match="no public address; nothing was sent"):
                door.get("/api/v4/leads")
        listener.join(5)
    assert heard == [b""]


def test_settings_refuse_a_foreign_address_and_say_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KOMMO_API_URL", "https://proxy.example.com")
    with pytest.raises(
        SettingsError, match=r"proxy\.example\.com is not below kommo\.com"
    ) as found:
        load()
    assert "KOMMO_DOMAINS" in str(found.value)
    monkeypatch.setenv("KOMMO_DOMAINS", "kommo.com example.com")
    assert load().kommo_api_url == "https://proxy.example.com"
