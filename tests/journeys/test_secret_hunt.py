"""Secrets are planted everywhere, trouble is made, and all that leaves a process is searched for them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from redis import Redis
from redis.exceptions import RedisError

from sandbox.tokens import kommo_token
from shared import queue
from shared.ports import any_free
from tests.ground import settings_for
from tests.journeys.deployment import Deployment, command_line, deployed, descendants
from tests.needles import Needles

pytestmark = [pytest.mark.timeout(400), pytest.mark.xdist_group("drills")]
CHOSEN = {
    "PONTE_SECRET_KEY": "planted-key-0123456789-0123456789-0123456789",
    "KOMMO_CLIENT_SECRET": "planted-client-secret-0123456789",
    "KOMMO_WEBHOOK_SECRET": "planted-hook-new-0123456789 planted-hook-former-0123456789",
    "FLOWER_PASSWORD": "planted-flower-0123456789",
}
NO_LIMITS = {"kommo_limit": 0, "gestao_click_limit": 0}
DATABASE, REDIS = "planted-database-0123456789", "planted-redis-0123456789"
OPEN = ("/healthz", "/readyz", "/login", "/webhooks/kommo/nobody", "/oauth/kommo/callback?state=x")
ASKED = (
    *("/", "/metrics", "/api/integrations", "/api/runs", "/api/openapi.json", "/api/docs"),
    *("/api/kommo/test-connection", "/api/gestao-click/test-connection", "/api/kommo/webhooks"),
    *("/api/runs/nonsense", "/api/kommo/deals?limit=x", "/api/kommo/deals?live=true&limit=2"),
)
COMMANDS = (
    *(
        ("status", "--json"),
        ("doctor", "--json"),
        ("plan", "--json"),
        ("test-connection", "--json"),
    ),
    *(("integrations", "list", "--json"), ("token", "list"), ("webhooks", "list", "--json")),
    *(("explain", "kommo.webhooks", "1", "--json"), ("secrets", "rotate", "--json")),
    *(("webhooks", "register"), ("sync", "kommo.webhooks", "kommo.account", "--json")),
)
BREAK = """
    create function refuse() returns trigger language plpgsql as $$
    begin raise exception 'nobody foresaw this'; end $$;
    create trigger refuse before insert or update on kommo.leads for each row execute function refuse();
"""


def with_password(url: str, user: str, password: str) -> str:
    """The address with a password in it: its own, or one that a server without any takes too."""
    parts = urlsplit(url)
    if parts.password:
        return url
    return urlunsplit(parts._replace(netloc=f"{parts.username or user}:{password}@{parts.netloc}"))


class Listener(threading.Thread):
    """Every command that Redis is given: what stands in messages for a moment only."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.heard: list[str] = []
        self._redis = Redis.from_url(url, socket_timeout=None)

    def run(self) -> None:
        with suppress(RedisError, OSError), self._redis.monitor() as monitor:
            for command in monitor.listen():
                self.heard.append(str(command["command"]))


@pytest.fixture
def hunted(
    tmp_path: Path, database_url: str, fresh_redis: str
) -> Iterator[tuple[Deployment, Needles]]:
    secrets = {
        "DATABASE_URL": with_password(database_url, "ponte", DATABASE),
        "REDIS_URL": with_password(fresh_redis, "default", REDIS),
    }
    env = {
        **CHOSEN,
        **secrets,
        "KOMMO_CLIENT_ID": "the-client",
        "PONTE_LOG_LEVEL": "DEBUG",
        "KOMMO_DEBUG": "true",
        "FLOWER_PORT": str(any_free()),
        "KOMMO_RETRY_DELAY": "1",
        "KOMMO_RATE_LIMIT": "0",
        "GESTAO_CLICK_RATE_LIMIT": "0",
        "GESTAO_CLICK_HISTORY_FROM": date.today().isoformat(),
    }
    with deployed(tmp_path, database_url, fresh_redis, env, leads=30, **NO_LIMITS) as ponte:
        needles = Needles({"jwt": ponte.box.kommo_token})
        for name, url in secrets.items():
            needles.add(name, urlsplit(url).password or "")
        for name, value in CHOSEN.items():
            for number, word in enumerate(value.split()):
                needles.add(f"{name} {number}", word)
        for name, token in zip(("access", "secret"), ponte.box.gestao_click_tokens, strict=True):
            needles.add(f"erp {name}", token)
        yield ponte, needles


def test_nothing_that_leaves_a_process_shows_a_secret(
    hunted: tuple[Deployment, Needles], fresh_redis: str
) -> None:
    ponte, needles = hunted
    places: list[tuple[str, str]] = []
    listener = Listener(fresh_redis)
    listener.start()
    ponte.start("web", "worker", "beat", "flower")
    token, browser = _let_in(ponte, needles)
    _add_accounts(ponte, needles, token, places)
    _make_trouble(ponte, token, places)
    places += _answers(ponte, token, browser)
    places += _flower(ponte)
    places += _commands(ponte)
    places += _process_list(ponte)
    _crash(ponte, fresh_redis)
    places += [("Redis, passing", line) for line in listener.heard]
    places += _redis(fresh_redis)
    places += _tables(ponte)
    places += [(f"log {log.name}", log.read_text()) for log in ponte.folder.glob("*.log")]
    assert len(listener.heard) > 100
    assert ponte.value("select count(*) from kommo.webhooks where destination like 'http://127%%'")
    assert len(needles.hunt([("what was set", str(ponte.env))])["what was set"]) >= 9
    assert needles.hunt(places) == {}


def _let_in(ponte: Deployment, needles: Needles) -> tuple[str, requests.Session]:
    """An admin's token, and a browser that is logged in."""
    made = ponte.run("token", "create", "hunter", "--scope", "admin").stdout.strip()
    link = ponte.run("token", "login-link").stdout.strip()
    needles.add("API token", made)
    needles.add("login link", link.rpartition("token=")[2])
    browser = requests.Session()
    assert browser.get(link, timeout=10).ok
    needles.add("session", browser.cookies["ponte_session"])
    return made, browser


def _add_accounts(
    ponte: Deployment, needles: Needles, token: str, places: list[tuple[str, str]]
) -> None:
    """One by the command, one over HTTP; their addresses for webhooks are shown this once."""
    first, second = needles.add("added", kommo_token(2)), needles.add("posted", kommo_token(3))
    secrets = ponte.folder / "token"
    secrets.write_text(first)
    wanted = ("integrations", "add", "kommo", "--user", "north", "--no-test", "--json")
    done = ponte.run(*wanted, "--url", ponte.box.kommo_url, "--secrets-file", str(secrets))
    assert done.returncode == 0, done.stderr
    needles.add("added hook", json.loads(done.stdout)["webhook_url"].rpartition("/")[2])
    places.append(("add", done.stderr))
    body = {"provider": "kommo", "user": "south", "url": ponte.box.kommo_url, "test": False}
    posted = _ask(
        ponte, token, "POST", "/api/integrations", {**body, "credentials": {"jwtToken": second}}
    )
    assert posted.status_code == 201, posted.text
    needles.add("posted hook", posted.json()["webhook_url"].rpartition("/")[2])
    for wrong in ({"jwtToken": second, "x": 1}, {"jwtToken": [second]}, {"apiKey": second}):
        again = _ask(ponte, token, "POST", "/api/integrations", {**body, "credentials": wrong})
        assert again.status_code in (400, 409), again.text
        places.append(("POST /api/integrations", again.text))


def _ask(
    ponte: Deployment, token: str, method: str, path: str, body: Any = None
) -> requests.Response:
    return requests.request(
        method,
        f"http://127.0.0.1:{ponte.port}{path}",
        json=body,
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )


def _make_trouble(ponte: Deployment, token: str, places: list[tuple[str, str]]) -> None:
    """Bad JSON, 401, 5xx, dropped lines, a crash nobody foresaw, a database that throws everybody out."""
    kinds = ("500_html", "truncate", "drop", "429")
    faults = [
        {"vendor": v, "kind": k, "times": 2} for v in ("kommo", "gestao-click") for k in kinds
    ]
    ponte.control("faults", faults)
    ponte.execute(BREAK)
    posted = {"jwtToken": kommo_token(9), "apiUrl": ponte.box.kommo_url}
    for path, body in (
        ("/api/kommo/sync", {"full": True, "resources": ["leads", "webhooks"]}),
        ("/api/kommo/test-connection", posted),
        ("/api/gestao-click/test-connection", {"apiKey": "a" * 40, "secretToken": "b" * 40}),
    ):
        places.append((path, _ask(ponte, token, "POST", path, body).text))
    lead = f"leads[update][0][id]={ponte.box.truth('kommo', 'leads')[0]['id']}"
    for body in (b"nonsense", lead.encode(), b"\0" * 1000):
        assert requests.post(
            ponte.hook_of(CHOSEN["KOMMO_WEBHOOK_SECRET"].split()[0]), body, timeout=10
        ).ok
    requests.post(ponte.hook_of("planted-nowhere"), b"x", timeout=10)
    ponte.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where starts_with(application_name, 'ponte') and datname = current_database()"
    )
    for name, port in (("DATABASE_URL", 1), ("REDIS_URL", 1)):
        away = ponte.env[name].rpartition("@")[0] + f"@127.0.0.1:{port}/0"
        done = ponte.run("status", **{name: away})
        assert done.returncode == 2, done.stderr
        places.append((f"{name} away", done.stdout + done.stderr))


def _crash(ponte: Deployment, redis_url: str) -> None:
    """A task that nobody foresaw: its traceback is in the log of the worker."""
    queue.send(
        queue.make_celery(settings_for(ponte.database_url, redis_url)), queue.ANSWER, "no id"
    )
    log = ponte.folder / "worker.log"
    ponte.until(lambda: "badly formed hexadecimal" in log.read_text(), 60, "the crash of a task")


def _answers(ponte: Deployment, token: str, browser: requests.Session) -> Iterator[tuple[str, str]]:
    home = f"http://127.0.0.1:{ponte.port}"
    for path in (*OPEN, *ASKED):
        for who, answer in (
            ("nobody", requests.get(f"{home}{path}", timeout=30)),
            ("a token", _ask(ponte, token, "GET", path)),
            ("a session", browser.get(f"{home}{path}", timeout=30)),
        ):
            told = {k: v for k, v in answer.headers.items() if k != "Set-Cookie"}
            yield f"GET {path} of {who}", f"{told}\n{answer.text}"


def _flower(ponte: Deployment) -> Iterator[tuple[str, str]]:
    home = f"http://127.0.0.1:{ponte.env['FLOWER_PORT']}"
    known = ("ponte", ponte.env["FLOWER_PASSWORD"])

    def ask(path: str) -> requests.Response:
        return requests.get(f"{home}{path}", auth=known, timeout=30)

    def up() -> bool:
        try:
            return ask("/api/workers?refresh=1").text.count("webhooks@") > 0
        except requests.RequestException:
            return False

    ponte.until(up, 60, "Flower")
    workers = ask("/api/workers?refresh=1")
    yield "Flower's workers", workers.text
    pages = ["/", "/tasks", "/broker", "/workers", "/metrics", "/api/tasks", "/api/queues/length"]
    for path in (*pages, *(f"/worker/{name}" for name in workers.json())):
        yield f"Flower {path}", ask(path).text
    assert requests.get(f"{home}/api/workers", timeout=10).status_code == 401


def _commands(ponte: Deployment) -> Iterator[tuple[str, str]]:
    for command in COMMANDS:
        done = ponte.run(*command)
        assert "Traceback" not in done.stderr, done.stderr
        yield f"ponte {' '.join(command)}", done.stdout + done.stderr


def _process_list(ponte: Deployment) -> Iterator[tuple[str, str]]:
    for name, process in ponte.running.items():
        for pid in (process.pid, *descendants(process.pid)):
            yield f"command line of {name}", command_line(pid)


def _redis(url: str) -> Iterator[tuple[str, str]]:
    redis = Redis.from_url(url)
    readers = {
        b"string": redis.get,
        b"list": lambda key: redis.lrange(key, 0, -1),
        b"hash": redis.hgetall,
        b"set": redis.smembers,
        b"zset": lambda key: redis.zrange(key, 0, -1),
    }
    for key in redis.scan_iter():
        kind = redis.type(key)
        value = readers[kind](key) if kind in readers else b""  # type: ignore[operator]
        yield f"Redis {key!r}", str(value)


def _tables(ponte: Deployment) -> Iterator[tuple[str, str]]:
    """Every table as it stands: what is encrypted or hashed shows nothing."""
    tables = ponte.query(
        "select table_schema || '.' || quote_ident(table_name) from information_schema.tables"
        " where table_schema in ('kommo', 'gestao_click', 'sync', 'ponte', 'reports')"
    )
    for (table,) in tables:
        rows = ponte.query(f"select t::text from {table} t")
        yield f"table {table}", "\n".join(str(row[0]) for row in rows)
