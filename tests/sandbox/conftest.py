"""A small sandbox in this process, without limits unless a test sets them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sandbox_client import Client, Receiver

from sandbox import Sandbox


@pytest.fixture
def make_client() -> Iterator[Callable[..., Client]]:
    clients: list[Client] = []

    def make(**options: Any) -> Client:
        defaults = {"leads": 60, "seed": 1, "kommo_limit": 0, "gestao_click_limit": 0}
        clients.append(Client(Sandbox(**{**defaults, **options}).start()))
        return clients[-1]

    yield make
    for client in clients:
        client.close()
        client.box.stop()


@pytest.fixture
def client(make_client: Callable[..., Client]) -> Client:
    return make_client()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.stop()
