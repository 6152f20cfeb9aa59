"""What the sandbox's tests talk with: a client of both vendors, a receiver of webhooks."""

import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import requests

from sandbox import Sandbox
from sandbox.http import Request, Response, Server


class Client:
    """Talks to one box over the wire as a client of either vendor would."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self.session = requests.Session()
        access, secret = box.gestao_click_tokens
        self.bearer = {"Authorization": f"Bearer {box.kommo_token}"}
        self.tokens = {"access-token": access, "secret-access-token": secret}

    def kommo(self, path: str, **params: Any) -> requests.Response:
        """Brackets in parameter names: filter__updated_at__from -> filter[updated_at][from]."""
        url = f"{self.box.kommo_url}/api/v4{path}"
        pairs = {_brackets(name): value for name, value in params.items()}
        return self.session.get(url, params=pairs, headers=self.bearer, timeout=10)

    def erp(self, path: str, **params: Any) -> requests.Response:
        url = f"{self.box.gestao_click_url}{path}"
        return self.session.get(url, params=params, headers=self.tokens, timeout=10)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        url = f"{self.box.kommo_url}/_sandbox{path}"
        response = self.session.request(method, url, json=body, timeout=30)
        response.raise_for_status()
        return response.json()

    def subscribe(self, destination: str, *settings: str) -> requests.Response:
        url = f"{self.box.kommo_url}/api/v4/webhooks"
        body = {"destination": destination, "settings": list(settings)}
        return self.session.post(url, json=body, headers=self.bearer, timeout=10)

    def walk(self, path: str, limit: int = 250, **params: Any) -> list[Any]:
        """All rows of a Kommo list, to the 204."""
        rows: list[Any] = []
        page = 1
        while True:
            answer = self.kommo(path, page=page, limit=limit, **params)
            if answer.status_code == 204:
                return rows
            assert answer.status_code == 200, answer.text
            rows += next(iter(answer.json()["_embedded"].values()))
            page += 1

    def close(self) -> None:
        self.session.close()


def _brackets(name: str) -> str:
    first, *rest = name.split("__")
    return first + "".join(f"[{part}]" for part in rest)


class Receiver:
    """Takes webhooks; answers what `answers` says, then 200."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.answers: list[int] = []
        self.always: int | None = None
        self.delay = 0.0
        self._came = threading.Condition()
        self.server = Server(self._take)
        self.server.start()

    @property
    def url(self) -> str:
        return f"{self.server.url}/hook"

    def _take(self, request: Request) -> Response:
        if self.delay:
            time.sleep(self.delay)
        with self._came:
            self.bodies.append(request.body)
            self._came.notify_all()
            status = self.always or (self.answers.pop(0) if self.answers else 200)
        return Response(status, b"ok", "text/plain", {"Location": "/elsewhere"})

    def wait(self, count: int, timeout: float = 5.0) -> list[bytes]:
        with self._came:
            assert self._came.wait_for(lambda: len(self.bodies) >= count, timeout), self.bodies
        return self.bodies


def eventually(check: Callable[[], bool], timeout: float = 5.0) -> None:
    until = time.monotonic() + timeout
    while not check():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.005)


def act(client: Client, action: str, /, *ids: Any, **more: Any) -> dict[str, list[Any]]:
    done = client.control("POST", "/act", {"action": action, "ids": list(ids), **more})
    did: dict[str, list[Any]] = done["did"]
    return did


def events(client: Client, kind: str) -> list[Any]:
    return client.walk("/events", filter__type=kind)


def form(raw: bytes) -> dict[str, str]:
    return dict(parse_qsl(raw.decode(), keep_blank_values=True))


def one(client: Client, name: str, key: Any) -> Any:
    world = client.control("GET", f"/world/kommo/{name}")["records"]
    return next(record for record in world if key in (record.get("id"), record.get("uid")))
