"""Sending to a channel, once: outside any transaction, with a deadline, following no redirect.

Raises NotDelivered with a reason that names no address and no secret.
"""

from __future__ import annotations

import hashlib
import hmac
import smtplib
import ssl
import time
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any

import orjson
import requests

from shared.alerts.channels import Channel
from shared.errors import NotDelivered
from worker.alerts.wording import Message

SECONDS = 7.0
"""For connecting, and for each answer; a test is asked for by somebody who waits 10 s."""
SIGNATURE = "Ponte-Signature"


def deliver(channel: Channel, message: Message) -> None:
    _KINDS[channel.kind](channel.settings, message)


def _webhook(settings: Mapping[str, Any], message: Message) -> None:
    body = orjson.dumps({"id": message.id, **message.told})
    headers = {
        "Content-Type": "application/json",
        "Ponte-Notice": message.id,
        SIGNATURE: signature(settings["secret"], int(time.time()), body),
    }
    _post(settings["url"], body, headers)


def signature(secret: str, at: int, body: bytes) -> str:
    """`t=1764000000,v1=…`: HMAC-SHA256 of `t.body`, so that who has the secret knows who sent it, and when."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"


def _telegram(settings: Mapping[str, Any], message: Message) -> None:
    url = f"{settings['base']}/bot{settings['token']}/sendMessage"
    told = {"chat_id": settings["chat_id"], "text": message.text, "disable_web_page_preview": True}
    _post(url, orjson.dumps(told), {"Content-Type": "application/json"})


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> None:
    given = {"User-Agent": "Ponte", **headers}
    session = requests.Session()
    session.trust_env = False  # a .netrc would add credentials of another
    try:
        with (
            session,
            session.post(
                url, body, headers=given, timeout=SECONDS, allow_redirects=False, stream=True
            ) as answer,
        ):
            status = answer.status_code
    except requests.RequestException as error:
        raise NotDelivered(type(error).__name__) from None  # its text has the address in it
    if not 200 <= status < 300:
        raise NotDelivered(f"HTTP {status}")


def _email(settings: Mapping[str, Any], message: Message) -> None:
    try:
        with _connected(settings) as server:
            if settings["user"]:
                server.login(settings["user"], settings["password"])
            server.send_message(_letter(settings, message))
    except smtplib.SMTPResponseException as error:
        raise NotDelivered(f"SMTP {error.smtp_code}") from None
    except (smtplib.SMTPException, OSError) as error:
        raise NotDelivered(type(error).__name__) from None


def _connected(settings: Mapping[str, Any]) -> smtplib.SMTP:
    host, port = settings["host"], settings["port"]
    if settings["security"] == "ssl":
        return smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=ssl.create_default_context())
    server = smtplib.SMTP(host, port, timeout=SECONDS)
    if settings["security"] == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except (smtplib.SMTPException, OSError):
            server.close()
            raise
    return server


def _letter(settings: Mapping[str, Any], message: Message) -> EmailMessage:
    letter = EmailMessage()
    letter["Subject"] = message.title
    letter["From"] = settings["sender"]
    letter["To"] = ", ".join(settings["to"])
    letter["Date"] = formatdate()
    letter["Message-ID"] = make_msgid(domain=settings["sender"].rpartition("@")[2])
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content("\n\n".join(message.lines) + "\n")
    return letter


_KINDS: Mapping[str, Callable[[Mapping[str, Any], Message], None]] = {
    "webhook": _webhook,
    "email": _email,
    "telegram": _telegram,
}
