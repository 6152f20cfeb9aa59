"""Notices: written before they are sent, sent once, again after a failure, in order, never for ever."""

from __future__ import annotations

import json

import pytest

from shared.alerts import channels
from tests.worker.alerts.conftest import Watch, sign
from tests.worker.alerts.receivers import Receiver
from worker.alerts import notices
from worker.alerts import round as alerts


def events(receiver: Receiver) -> list[str]:
    return [json.loads(body)["event"] for _, _, body in receiver.got]


def test_what_opens_and_what_is_over_is_sent_once_each(
    watch: Watch, ops: int, receiver: Receiver
) -> None:
    watch.see(sign())
    watch.tell()
    watch.tell()
    watch.see()
    watch.pass_time(minutes=4)
    watch.see()
    watch.tell()
    assert events(receiver) == ["opened", "closed"]
    assert [notice["state"] for notice in watch.notices()] == ["sent", "sent"]
    (shown,) = watch.run(channels.listed)
    assert shown["told_at"]
    assert shown["problem"] is None


def test_a_refused_notice_is_sent_again_later_under_the_same_name(
    watch: Watch, ops: int, receiver: Receiver
) -> None:
    receiver.answers = [500, 200]
    watch.see(sign())
    watch.tell()
    watch.tell()
    assert len(receiver.got) == 1, "not before its delay is over"
    (notice,) = watch.notices()
    assert (notice["state"], notice["reason"]) == ("waiting", "it was not taken: HTTP 500")
    assert watch.run(channels.listed)[0]["problem"] == "it was not taken: HTTP 500"
    watch.pass_time(minutes=1)
    watch.tell()
    assert [json.loads(body)["id"] for _, _, body in receiver.got] == [f"notice-{notice['id']}"] * 2
    assert watch.notices()[0]["state"] == "sent"
    assert watch.run(channels.listed)[0]["problem"] is None


def test_a_channel_that_fails_is_left_alone_for_a_while_with_all_that_waits_for_it(
    watch: Watch, ops: int, receiver: Receiver
) -> None:
    receiver.answers = [500]
    watch.see(*(sign(subject=f"integration:{n}") for n in range(5)))
    watch.tell()
    assert len(receiver.got) == 1


def test_the_end_is_not_told_before_the_beginning(
    watch: Watch, ops: int, receiver: Receiver
) -> None:
    receiver.answers = [500, 500, 200]
    watch.see(sign())
    watch.tell()
    watch.see()
    watch.pass_time(minutes=4)
    watch.see()
    for _ in range(4):
        watch.tell()
        watch.pass_time(minutes=5)
    assert events(receiver) == ["opened", "opened", "opened", "closed"]


def test_who_died_while_sending_is_stood_in_for_after_the_lease(
    watch: Watch, ops: int, receiver: Receiver
) -> None:
    watch.see(sign())
    dead = watch.run(notices.claim)
    watch.tell()
    assert receiver.got == [], "it is in hand"
    watch.pass_time(minutes=3)
    watch.tell()
    assert events(receiver) == ["opened"]
    watch.run(notices.failed, dead, "too late")
    assert watch.notices()[0]["state"] == "sent", "who lost the lease changes nothing"


def test_the_delay_grows_and_at_last_a_notice_is_given_up(
    watch: Watch, ops: int, receiver: Receiver
) -> None:
    assert [notices.delay(n) for n in (1, 2, 3, 30)] == [30, 60, 120, 3600]
    receiver.answers = [500]
    watch.see(sign())
    watch.sql("update ponte.alert_notices set attempts = 29")
    watch.tell()
    (notice,) = watch.notices()
    assert (notice["state"], notice["attempts"]) == ("given up", 30)
    assert notice["settled_at"]
    watch.pass_time(days=2)
    watch.tell()
    assert len(receiver.got) == 1


def test_what_a_removed_channel_was_to_be_told_goes_with_it(
    watch: Watch, ops: int, receiver: Receiver
) -> None:
    watch.see(sign())
    watch.run(channels.remove, ops)
    watch.tell()
    assert receiver.got == []
    assert watch.notices() == []


def test_more_than_a_stretch_can_send_is_told_to_be_there(
    watch: Watch, ops: int, receiver: Receiver
) -> None:
    watch.see(sign())
    assert alerts.tell(watch.reach, 0.0)
    assert not alerts.tell(watch.reach, 30.0)
    assert len(receiver.got) == 1


@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_a_program_is_told_both_languages_and_the_figure(
    watch: Watch, receiver: Receiver, language: str
) -> None:
    watch.channel("webhook", language=language, url=receiver.url)
    watch.see(sign(12))
    watch.tell()
    told = json.loads(receiver.got[0][2])
    assert told["message"] == {"pt-BR": "12 registros", "en": "12 records"}
    assert told["incident"] | {"opened_at": ""} == {
        "id": watch.incidents()[0]["id"],
        "rule": "rejects_above",
        "subject": "integration:1",
        "figure": "12",
        "unit": "records",
        "opened_at": "",
        "closed_at": None,
    }
