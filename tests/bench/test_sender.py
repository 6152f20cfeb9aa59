"""The sender of deliveries, against a server that answers as it is told."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bench.leads import id_of
from bench.measure import Failed
from bench.post import Played, Post, Round
from bench.sender import Playing
from worker.sources.kommo_webhooks import decode

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CLOSED = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
WRONG = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
Answer = Callable[[Writer], Awaitable[None]]


class Dummy:
    """A server on a free port; keeps the bodies that came."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.bodies: list[bytes] = []

    async def serve(self, reader: Reader, writer: Writer) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                self.bodies.append(await reader.readexactly(length))
                await self._answer(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def saying(answer: bytes, seconds: float = 0.0) -> Answer:
    async def say(writer: Writer) -> None:
        await asyncio.sleep(seconds)
        writer.write(answer)
        if answer == CLOSED:
            writer.close()

    return say


def play(answer: Answer, **plan: float) -> tuple[Played, Dummy]:
    async def both() -> tuple[Played, Dummy]:
        dummy = Dummy(answer)
        server = await asyncio.start_server(dummy.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        round_ = Round(f"http://127.0.0.1:{port}/hook", leads=3, **plan)  # type: ignore[arg-type]
        played = await Playing(round_).play()
        server.close()
        await asyncio.sleep(0.01)
        return played, dummy

    return asyncio.run(both())


def test_what_waits_for_a_slow_server_is_late_from_its_planned_moment_on() -> None:
    played, _ = play(saying(GOOD, 0.02), rate=200.0, count=10, connections=1)
    # the last of ten was planned after 45 ms, and had its answer after 200 ms
    assert played.sent == 10
    assert played.longest > 140
    assert played.p50 > 60


def test_at_a_rate_deliveries_come_no_faster_than_that() -> None:
    played, dummy = play(saying(GOOD), rate=100.0, seconds=0.2)
    assert played.sent == len(dummy.bodies) == 20
    assert played.a_second < 115


def test_without_a_rate_all_connections_are_busy_all_the_time() -> None:
    played, _ = play(saying(GOOD, 0.02), count=40, connections=8)
    assert played.sent == 40
    assert played.a_second > 60
    assert played.longest < 400


def test_a_round_without_a_count_is_over_after_its_seconds() -> None:
    played, dummy = play(saying(GOOD, 0.01), seconds=0.1, connections=2)
    assert 0 < played.sent == len(dummy.bodies) <= 24


def test_a_connection_that_the_server_closes_is_opened_again() -> None:
    played, _ = play(saying(CLOSED), count=6, connections=2)
    assert (played.sent, played.other) == (6, {})


def test_an_answer_that_is_no_good_one_is_no_delivery() -> None:
    played, _ = play(saying(WRONG), count=5, connections=2)
    assert (played.sent, played.other) == (0, {"404": 5})


def test_what_is_refused_is_sent_again_and_late_from_its_first_moment_on() -> None:
    answers = iter([BUSY, BUSY])

    async def recovering(writer: Writer) -> None:
        await asyncio.sleep(0.02)
        writer.write(next(answers, GOOD))

    played, dummy = play(recovering, count=3, connections=1)
    assert (played.sent, played.refused, len(dummy.bodies)) == (3, 2, 5)
    assert played.longest > 55


def test_deliveries_name_the_leads_in_turn_as_kommo_does() -> None:
    _, dummy = play(saying(GOOD), count=4, connections=1, first=5)
    heard = [decode(body) for body in dummy.bodies]
    assert {one.account for one in heard} == {"31990001"}
    named = [look.id for one in heard for look in one.looks]
    assert named == [str(id_of(number)) for number in (5, 6, 7, 5)]


def test_nobody_measures_a_server_that_is_not_there() -> None:
    with Post() as post, pytest.raises(Failed, match="0 deliveries were taken"):
        post.play(Round("http://127.0.0.1:1/hook", count=3, leads=1, seconds=0.1))
