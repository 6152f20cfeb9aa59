"""How long webhooks wait for the vendor while a backfill takes what it can: asks for slots as the drain does.

A program of its own, with the environment of a worker. For so many seconds it takes, now and then, a slot of the
shared budget as webhooks take theirs (worker/drain.py), notes how long that took, and uses it for one look, so
that the vendor sees what was taken. It says the waits: a list of milliseconds, as JSON.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

import orjson

from bench.leads import id_of
from shared import logs, resources
from shared.settings import load
from worker.reach import reach
from worker.sources.budget import WEBHOOKS
from worker.sources.opening import credentials, open_source
from worker.sources.protocol import Ask, Source
from worker.vendors import with_credentials

LEADS = resources.BY_NAME["kommo.leads"]
EVERY = (0.6, 1.4)
"""Seconds between two looks: not in step with the slots."""


@contextmanager
def opened() -> Iterator[Source]:
    """The account of the environment, at the priority of webhooks."""
    with reach(load(), "bench-waits") as here:
        (integration,) = with_credentials(here, ["kommo"])
        given = credentials(here, integration)
        yield open_source(here, integration, given, priority=WEBHOOKS)


def wait(source: Source) -> float:
    """Milliseconds until a slot was had; it is used."""
    began = time.monotonic()
    source.hold()
    took = time.monotonic() - began
    source.look(Ask(LEADS), [str(id_of(random.randrange(1_000)))])  # noqa: S311 - no secret
    return 1000 * took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, required=True)
    logs.configure("bench-waits")
    over, waits = time.monotonic() + parser.parse_args().seconds, []
    with opened() as source:
        while time.monotonic() < over:
            time.sleep(random.uniform(*EVERY))  # noqa: S311
            waits.append(wait(source))
    print(orjson.dumps(waits).decode())


if __name__ == "__main__":
    main()
