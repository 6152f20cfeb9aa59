"""Channels at the wire: signed webhooks, letters, bots; no redirect is followed and no secret is told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from shared.errors import NotDelivered, UnknownTarget
from tests.worker.alerts.conftest import SECRET, Watch, sign
from tests.worker.alerts.receivers import Mailbox, Receiver
from worker.alerts import posting
from worker.alerts import round as alerts
from worker.answers import answer


def test_a_webhooks_signature_proves_who_sent_it_and_when(
    watch: Watch, ops: int, receiver: Receiver
) -> None:
    alerts.test(watch.reach, ops)
    ((path, headers, body),) = receiver.got
    said = dict(part.split("=") for part in headers[posting.SIGNATURE].split(","))
    mine = hmac.new(SECRET.encode(), f"{said['t']}.".encode() + body, hashlib.sha256).hexdigest()
    assert said["v1"] == mine
    assert abs(time.time() - int(said["t"])) < 60
    assert path == "/hook"
    assert json.loads(body)["event"] == "test"
    assert SECRET.encode() not in body


@pytest.mark.parametrize("status", [301, 307, 404, 410, 500])
def test_everything_but_a_2xx_is_a_refusal_and_no_redirect_is_followed(
    watch: Watch, ops: int, receiver: Receiver, status: int
) -> None:
    receiver.answers = [status]
    with pytest.raises(NotDelivered, match=f"HTTP {status}"):
        alerts.test(watch.reach, ops)
    assert [path for path, _, _ in receiver.got] == ["/hook"]


def test_a_letter_has_a_subject_and_the_reasons_in_the_channels_language(
    watch: Watch, mailbox: Mailbox
) -> None:
    given = {"host": "127.0.0.1", "port": mailbox.port, "security": "none"}
    who = {"to": "ana@example.com, rui@example.com", "sender": "ponte@example.com"}
    watch.channel("email", **given, **who, user="ponte", password="pass-word-1")
    watch.see(sign(12))
    watch.tell()
    ((sender, to, letter),) = mailbox.letters
    assert (sender, to) == ("ponte@example.com", ["ana@example.com", "rui@example.com"])
    assert letter["Subject"] == "Ponte · Alerta: Registros rejeitados"
    assert letter["Message-ID"].endswith("@example.com>")
    assert "12 registros" in letter.get_content()
    assert base64.b64decode(mailbox.logins[0]) == b"\0ponte\0pass-word-1"


def test_a_mail_server_that_refuses_is_told_by_its_code_alone(
    watch: Watch, mailbox: Mailbox
) -> None:
    mailbox.says = "550 no such box: ana@example.com"
    given = {"host": "127.0.0.1", "port": mailbox.port, "security": "none"}
    id_ = watch.channel("email", **given, to="ana@example.com", sender="ponte@example.com")
    with pytest.raises(NotDelivered) as refused:
        alerts.test(watch.reach, id_)
    assert "ana@" not in str(refused.value)
    assert mailbox.letters == []


def test_no_letter_goes_in_the_clear_where_encryption_was_asked_for(
    watch: Watch, mailbox: Mailbox
) -> None:
    given = {"host": "127.0.0.1", "port": mailbox.port}
    id_ = watch.channel("email", **given, to="ana@example.com", sender="ponte@example.com")
    with pytest.raises(NotDelivered):
        alerts.test(watch.reach, id_)
    assert mailbox.letters == []


def test_a_bot_is_asked_to_send_a_message_as_telegrams_is(watch: Watch, receiver: Receiver) -> None:
    watch.channel("telegram", language="en", token="123:ABC", chat_id="-100", base=receiver.url)
    watch.see(sign(12))
    watch.tell()
    ((path, _, body),) = receiver.got
    told = json.loads(body)
    assert path == "/bot123:ABC/sendMessage"
    assert told["chat_id"] == "-100"
    assert told["text"].splitlines()[:2] == ["Ponte · Alert: Rejected records", "12 records"]


Making = Callable[[Watch, int], int]
UNREACHABLE: dict[str, dict[str, Any]] = {
    "webhook": {"url": "http://127.0.0.1:{port}/a-secret-path"},
    "telegram": {"token": "123:secret", "chat_id": "1", "base": "http://127.0.0.1:{port}"},
    "email": {"to": "a@b.c", "sender": "a@b.c", "host": "127.0.0.1", "port": "{port}"},
}


@pytest.mark.parametrize("kind", UNREACHABLE)
def test_nobody_there_is_a_reason_without_address_or_secret(watch: Watch, kind: str) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = str(nobody.getsockname()[1])
        given = {name: value.format(port=port) for name, value in UNREACHABLE[kind].items()}
        id_ = watch.channel(kind, **given)
        with pytest.raises(NotDelivered) as refused:
            alerts.test(watch.reach, id_)
    assert "secret" not in str(refused.value)
    assert port not in str(refused.value)


def test_the_web_process_is_told_whether_a_channel_took_it(
    watch: Watch, ops: int, receiver: Receiver
) -> None:
    question = {"channel": ops}
    assert answer(watch.reach, "test-channel", question)["ok"]
    receiver.answers = [500]
    assert answer(watch.reach, "test-channel", question) == {
        "ok": False,
        "message": "it was not taken: HTTP 500",
    }
    assert not answer(watch.reach, "test-channel", {"channel": 99})["ok"]
    with pytest.raises(UnknownTarget):
        alerts.test(watch.reach, 99)
