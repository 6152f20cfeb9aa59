"""Where alerts are told: webhooks, e-mail, bots as Telegram has them. What a channel is given is encrypted; shown is
only where it leads.

Settings by kind: webhook {url, secret}; email {to, sender, host, port, security, user, password}; telegram {token,
chat_id, base}. Everything raises Misuse with what to write instead.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from shared.db.alerting import alert_channels as table
from shared.errors import Conflict, Misuse, UnknownTarget
from shared.secrets import Keyring
from shared.settings import is_loopback

LANGUAGES = ("pt-BR", "en")
TELEGRAM = "https://api.telegram.org"
PORTS = {"starttls": 587, "ssl": 465, "none": 25}
SHOWN = ("id", "name", "kind", "language", "place", "created_at", "told_at", "problem")
LONGEST_NAME = 100
Settings = dict[str, Any]


@dataclass(frozen=True)
class Channel:
    """settings: complete, and secret."""

    id: int
    name: str
    kind: str
    language: str
    settings: Settings = field(repr=False)


@dataclass(frozen=True)
class Kind:
    """needed, optional: names of its settings; complete: the settings as they are kept, and where they lead."""

    needed: tuple[str, ...]
    optional: tuple[str, ...]
    complete: Callable[[Settings], tuple[Settings, str]]


def _webhook(given: Settings) -> tuple[Settings, str]:
    url = _address("url", given["url"])
    secret = given.get("secret") or secrets.token_urlsafe(32)
    if len(secret) < 16:
        raise Misuse("secret: write at least 16 characters, or leave it out: one is made")
    return {"url": url, "secret": secret}, _host(url)


def _email(given: Settings) -> tuple[Settings, str]:
    security = given.get("security") or "starttls"
    if security not in PORTS:
        raise Misuse(f"security {security!r}: there are {', '.join(PORTS)}")
    host, port = given["host"].strip(), str(given.get("port") or PORTS[security])
    if not host.isascii() or set(host) & set(" /@") or not _is_port(port):
        raise Misuse("host, port: write those of an SMTP server: smtp.example.com, 587")
    if given.get("password") and security == "none" and not is_loopback(host):
        raise Misuse("password: it is not sent in the clear; security starttls or ssl")
    sender = _mailbox("sender", given["sender"])
    to = [_mailbox("to", one) for one in given["to"].replace(",", " ").split()]
    if not to:
        raise Misuse("to: write at least one address")
    kept = {"to": to, "sender": sender, "host": host, "port": int(port), "security": security}
    who = {name: given.get(name) or "" for name in ("user", "password")}
    return {**kept, **who}, f"{', '.join(to)} ({host}:{port})"


def _telegram(given: Settings) -> tuple[Settings, str]:
    base = _address("base", given.get("base") or TELEGRAM).rstrip("/")
    token, chat = given["token"].strip(), str(given["chat_id"]).strip()
    if not token.isascii() or set(token) & set("/?# %"):
        raise Misuse("token: write it as the bot's maker told it: 123456:ABC…")
    return {"token": token, "chat_id": chat, "base": base}, f"{chat} ({_host(base)})"


KINDS = {
    "webhook": Kind(("url",), ("secret",), _webhook),
    "email": Kind(("to", "sender", "host"), ("port", "security", "user", "password"), _email),
    "telegram": Kind(("token", "chat_id"), ("base",), _telegram),
}


def _address(name: str, given: str) -> str:
    """https; http on loopback alone."""
    try:
        parts = urlsplit(given.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port == 0 or not given.strip().isprintable():
        raise Misuse(f"{name}: write an address: https://…")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise Misuse(f"{name}: write https://…; plain http is accepted for loopback only")
    if "@" in parts.netloc:
        raise Misuse(f"{name}: no user and password in the address")
    return given.strip()


def _is_port(said: str) -> bool:
    return said.isascii() and said.isdecimal() and len(said) <= 5 and 0 < int(said) < 65536


def _host(url: str) -> str:
    """What of an address may be shown: its path may be a secret."""
    return urlsplit(url).netloc


def _mailbox(name: str, given: str) -> str:
    box = given.strip()
    before, at, domain = box.rpartition("@")
    if not (before and at and domain and box.isprintable()) or set(box) & set(" ,;<>"):
        raise Misuse(f"{name}: {box!r} is no e-mail address")
    return box


@dataclass(frozen=True)
class Added:
    """secret: with which a webhook's notices are signed, where none was given; it is not shown again."""

    id: int
    secret: str | None = field(repr=False)


def add(
    connection: Connection,
    keys: Keyring,
    *,
    kind: str,
    name: str,
    settings: Mapping[str, Any],
    language: str = LANGUAGES[0],
) -> Added:
    """Keeps a channel; raises Conflict when the name is taken. Nothing is sent: `test` does that."""
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise Misuse(f"a channel needs a name of 1 to {LONGEST_NAME} characters")
    if language not in LANGUAGES:
        raise Misuse(f"language {language!r}: there are {', '.join(LANGUAGES)}")
    kept, place = _complete(kind, settings)
    sealed = keys.encrypt(orjson.dumps(kept).decode())
    values = {"name": name.strip(), "kind": kind, "language": language, "place": place}
    made = insert(table).values(**values, settings=sealed).on_conflict_do_nothing()
    id_ = connection.scalar(made.returning(table.c.id))
    if id_ is None:
        raise Conflict(
            f"there is a channel {name.strip()!r} already: remove it, or name this otherwise"
        )
    return Added(id_, None if settings.get("secret") else kept.get("secret"))


def _complete(kind: str, settings: Mapping[str, Any]) -> tuple[Settings, str]:
    if kind not in KINDS:
        raise Misuse(f"unknown kind {kind!r}; there are: {', '.join(KINDS)}")
    one = KINDS[kind]
    given = {name: value for name, value in settings.items() if value not in (None, "")}
    missing = [name for name in one.needed if name not in given]
    unknown = sorted(set(given) - {*one.needed, *one.optional})
    if missing or unknown:
        told = f"{', '.join(one.needed)} are needed, {', '.join(one.optional)} possible"
        raise Misuse(f"settings of {kind}: {told}; {' '.join(missing or unknown)} is not right")
    return one.complete(given)


def listed(connection: Connection) -> list[dict[str, Any]]:
    """Every channel as it may be shown (SHOWN)."""
    rows = select(*(table.c[name] for name in SHOWN)).order_by(table.c.id)
    return [row._asdict() for row in connection.execute(rows)]


def opened(connection: Connection, keys: Keyring, id_: int) -> Channel:
    """With its secrets; raises UnknownTarget."""
    row = connection.execute(select(table).where(table.c.id == id_)).first()
    if row is None:
        raise _unknown(connection, str(id_))
    given = orjson.loads(keys.decrypt(row.settings))
    return Channel(row.id, row.name, row.kind, row.language, given)


def shown(connection: Connection, id_: int) -> dict[str, Any]:
    """One channel as it may be shown; raises UnknownTarget."""
    for row in listed(connection):
        if row["id"] == id_:
            return row
    raise _unknown(connection, str(id_))


def id_of(connection: Connection, said: str) -> int:
    """Of a channel by its name or its id; raises UnknownTarget."""
    rows = {row["name"]: row["id"] for row in listed(connection)}
    if said in rows:
        return int(rows[said])
    if said.isdecimal() and int(said) in rows.values():
        return int(said)
    raise _unknown(connection, said)


def remove(connection: Connection, id_: int) -> None:
    """It goes with everything that it was told; raises UnknownTarget."""
    if not connection.execute(delete(table).where(table.c.id == id_)).rowcount:
        raise _unknown(connection, str(id_))


def _unknown(connection: Connection, said: str) -> UnknownTarget:
    names = [f"{row['id']} ({row['name']})" for row in listed(connection)]
    return UnknownTarget(f"channel {said}", names or ["none yet"])
