"""Part "memory": what a sync of a million leads holds, what a body of 10 MB adds, how soon commands answer.

Memory is proportional (Pss): what processes share is counted once. It is looked at ten times a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from statistics import mean, median
from urllib.parse import quote_plus, urlsplit

from bench import measure
from bench.deployed import PONTE, Deployed, deployed
from bench.figures import Figure, Target
from bench.ground import Ground
from bench.leads import id_of
from bench.measure import Failed, Peak, memory_of
from bench.vendor import Vendor

PART = "memory"
MEGABYTE = 1_000_000
SYNC = (PONTE, "sync", "kommo.leads", "--full", "--json")
SYNC_SECONDS = 7200.0
BODY = 9_990_000
"""Bytes: of 10,000,000 and more a worker keeps the body and looks at nothing (worker/sources/kommo_webhooks.py)."""
TEXT = quote_plus("Cliente pediu a segunda via da nota e entrega até o fim do mês. " * 30)
WARMING = 20
"""Small bodies before the large one: what a process loads with its first work is not the body's."""


@dataclass(frozen=True)
class Size:
    leads: int
    starts: int


QUICK, FULL = Size(20_000, 2), Size(1_000_000, 5)


def play(ground: Ground, quick: bool) -> Iterator[Figure]:
    size = QUICK if quick else FULL
    with Vendor(size.leads, living=True) as vendor:
        with deployed(ground, vendor, KOMMO_RATE_LIMIT="0") as ponte:
            yield from _of_a_sync(ponte, size.leads)
        with deployed(ground, vendor, KOMMO_RATE_LIMIT="0") as ponte:
            yield from _starts(ponte, size.starts)
            yield from _of_a_large_body(ponte)


def _of_a_sync(ponte: Deployed, leads: int) -> Iterator[Figure]:
    looks = measure.run(SYNC, ponte.env, ponte.folder, SYNC_SECONDS).spent.looks
    _ensure_there(ponte, leads)
    name = f"`ponte sync` of {leads:,} leads"
    yield Figure(PART, name, max(looks) / MEGABYTE, "MB at most", Target(at_most=200))
    note = "last third of its time ÷ the third before"
    yield Figure(PART, f"{name}, growth", grown(looks), "×", Target(at_most=1.05), note)


def grown(looks: Sequence[int]) -> float:
    """How many times the memory of the second third of the time the last third holds, on average."""
    third = len(looks) // 3
    return mean(looks[2 * third :]) / mean(looks[third : 2 * third])


def _ensure_there(ponte: Deployed, leads: int) -> None:
    if (found := ponte.value("select count(*) from kommo.leads")) != leads:
        raise Failed(f"{found} leads are there, not {leads}")


def _starts(ponte: Deployed, times: int) -> Iterator[Figure]:
    def web() -> float:
        began = time.monotonic()
        ponte.start("web")
        seconds = time.monotonic() - began
        ponte.stop("web")
        return seconds

    def status() -> float:
        return measure.run((PONTE, "status"), ponte.env, ponte.folder).spent.seconds

    note = "from the command to the first 200 of /healthz"
    yield Figure(PART, "`ponte web`", _usual(web, times), "s", Target(at_most=1.5), note)
    note = "the whole command, on a database with one integration"
    yield Figure(PART, "`ponte status`", _usual(status, times), "s", Target(at_most=0.7), note)


def _usual(start: Callable[[], float], times: int) -> float:
    """The median, after a start that is not counted: the first one after an installation writes bytecode."""
    start()
    return median(start() for _ in range(times))


def _of_a_large_body(ponte: Deployed) -> Iterator[Figure]:
    ponte.start("web", "worker")
    for number in range(WARMING):
        _send(ponte, entry(number))
    ponte.until(ponte.settled, 60, "small bodies to be looked at")
    before = {name: memory_of(ponte.pid(name)) for name in ("web", "worker")}
    entries = large_body()
    body = b"&".join(entries)
    with Peak(ponte.pid("web")) as web, Peak(ponte.pid("worker")) as worker:
        _send(ponte, body)
        ponte.until(ponte.settled, 120, "the large body to be looked at")
    _ensure_there(ponte, len(entries))
    of = f"a body of {len(body) / MEGABYTE:.0f} MB, {len(entries):,} leads"
    for name, peak in (("web", web), ("worker", worker)):
        more = (peak.bytes - before[name]) / MEGABYTE
        note = f"beside {before[name] / MEGABYTE:.0f} MB, all processes of `ponte {name}`"
        yield Figure(PART, f"{of}: {name}", more, "MB more", Target(at_most=50), note)


def entry(number: int) -> bytes:
    """One changed lead, as Kommo writes it (kommo-api.md 6.1); a long text makes it 2.6 kB."""
    fields = {
        "[id]": id_of(number),
        "[name]": f"Pedido+{number}",
        "[status_id]": 142,
        "[price]": number,
        "[updated_at]": 1_760_000_000 + number,
        "[custom_fields][0][id]": 1_400_001,
        "[custom_fields][0][values][0][value]": TEXT,
    }
    of = quote_plus(f"leads[update][{number}]")
    return "&".join(f"{of}{quote_plus(name)}={said}" for name, said in fields.items()).encode()


def large_body() -> list[bytes]:
    """Entries for the first leads, as many as go into one body."""
    entries, size = [entry(0)], 0
    while (size := size + len(entries[-1]) + 1) < BODY:
        entries.append(entry(len(entries)))
    return entries[:-1]


def _send(ponte: Deployed, body: bytes) -> None:
    hook = urlsplit(ponte.hook)
    connection = HTTPConnection(hook.netloc, timeout=30)
    try:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", hook.path, body, form)
        if (status := connection.getresponse().status) != 200:
            raise Failed(f"a webhook was answered {status}")
    finally:
        connection.close()
