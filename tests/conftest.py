"""What all tests share: the servers, and no way out of this machine."""

import os
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from shared.settings import is_loopback

pytest_plugins = ["tests.servers", "tests.clock", "tests.ground"]

_GIVEN = ("TEST_DATABASE_URL", "DATABASE_URL", "REDIS_URL")
ALLOWED = {urlsplit(os.environ[name]).hostname for name in _GIVEN if os.environ.get(name)}


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> Iterator[None]:
    """A test that reaches for another machine fails with the address that it wanted."""
    really = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = str(address[0])
            if host not in ALLOWED and not is_loopback(host):
                raise AssertionError(f"a test reached for {address}")
        really(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        yield
