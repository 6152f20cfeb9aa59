"""`ponte sync`: the same runs that workers carry out, in this process, one thread per vendor."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from uuid import uuid4

from rich.console import Console

from shared import resources, runs
from shared.db.engine import clock
from shared.errors import Misuse
from shared.resources.grammar import Resource
from worker.audit import cost
from worker.commands import progress
from worker.reach import Reach
from worker.sync.carry import carry_out
from worker.vendors import with_credentials

STRETCH = 30.0


def wanted(targets: Sequence[str]) -> list[Resource]:
    """The resources behind TARGETs, each once, in the order of declaration; no target means all."""
    if not targets:
        return list(resources.ALL)
    chosen = {resource for target in targets for resource in resources.named(target)}
    if all(resource.unlisted for resource in chosen):
        names = ", ".join(resource.full_name for resource in chosen)
        raise Misuse(
            f"{names}: the vendor has no list of it to read; its webhooks bring the records"
        )
    return [resource for resource in resources.ALL if resource in chosen]


def tell_cost(reach: Reach, chosen: Sequence[Resource], console: Console) -> None:
    """What reading all of it again will cost, before it starts."""
    walked = [resource for resource in chosen if not resource.unlisted]
    with reach.engine.begin() as connection:
        for integration in with_credentials(reach, dict.fromkeys(r.provider for r in walked)):
            mine = [resource for resource in walked if resource.provider == integration.provider]
            costs = cost.of(connection, reach.settings, integration, mine, clock(connection), 1.0)
            requests, minutes = sum(c.requests for c in costs), sum(c.minutes or 0 for c in costs)
            console.print(
                f"{integration.provider} {integration.id}: about {requests:,} requests, "
                f"at least {minutes:.1f} minutes"
            )


def request(reach: Reach, chosen: Sequence[Resource], *, full: bool, trigger: str) -> list[int]:
    """Makes (or joins) the runs; raises Misuse when none of the vendors has credentials."""
    ours = with_credentials(reach, dict.fromkeys(r.provider for r in chosen))
    request_id = uuid4()
    ids: list[int] = []
    with reach.engine.begin() as connection:
        for integration in ours:
            mine = [resource for resource in chosen if resource.provider == integration.provider]
            asked = runs.request(
                connection, integration, mine, full=full, trigger=trigger, request_id=request_id
            )
            ids += asked.run_ids
    return ids


def sync(reach: Reach, run_ids: Sequence[int], console: Console) -> list[dict[str, Any]]:
    """Carries the runs out here; those that a worker has taken are waited for. Returns them all."""
    groups: dict[int, list[int]] = {}
    for run in progress.read(reach, run_ids):
        groups.setdefault(run["integration_id"], []).append(run["id"])
    pool = ThreadPoolExecutor(len(groups))
    working = [pool.submit(_carry, reach, ids) for ids in groups.values()]
    try:
        found = progress.follow(reach, run_ids, console, lambda: _raise_failure(working))
    except BaseException:  # whoever ends the command does not wait for the vendor's answer
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    # all is over; a thread that looks once more would open a connection that nobody closes
    pool.shutdown()
    return found


def _raise_failure(working: Sequence[Future[None]]) -> None:
    """What ended a thread ends the command: nobody would carry its runs on."""
    for work in working:
        if work.done():
            work.result()


def _carry(reach: Reach, run_ids: Sequence[int]) -> None:
    while not progress.over(progress.read(reach, run_ids)):
        for run_id in run_ids:
            while carry_out(reach, run_id, STRETCH):
                pass
        time.sleep(progress.EVERY)
