"""A storm: thousands of deliveries as fast as the receiver takes them, timed."""

import time
from dataclasses import dataclass
from random import Random

from sandbox.kommo.actions import KommoActions
from sandbox.records import Json
from sandbox.webhooks.body import body, entity
from sandbox.webhooks.codes import GROUPS
from sandbox.webhooks.courier import Batch, Courier
from sandbox.webhooks.subscriptions import Subscriptions, is_loopback
from sandbox.world import World

LEADS = GROUPS["/leads"]
CODE = "update_lead"


@dataclass(frozen=True)
class Storm:
    """`count` deliveries over `leads` leads; `double`: every body is sent twice."""

    count: int = 5000
    leads: int = 1000
    double: bool = True
    shuffle: bool = True
    concurrency: int = 16
    timeout: float = 120.0


def rage(
    storm: Storm,
    world: World,
    actions: KommoActions,
    courier: Courier,
    subscriptions: Subscriptions,
) -> Json:
    """Change leads, send, wait until all were acknowledged (or given up, or the time is over)."""
    targets = [s for s in subscriptions.wanting(CODE) if is_loopback(s["destination"])]
    if not targets:
        raise ValueError(f"nobody on this machine has subscribed to {CODE}")
    bodies = _bodies(storm, world, actions)
    batch = Batch(left=len(bodies) * len(targets))
    courier.want_workers(storm.concurrency)
    started = time.monotonic()
    for encoded in bodies:
        for subscription in targets:
            courier.send(subscription, encoded, batch)
    finished = batch.done.wait(storm.timeout)
    return _summary(batch, time.monotonic() - started, len(bodies) * len(targets), finished)


def _bodies(storm: Storm, world: World, actions: KommoActions) -> list[bytes]:
    rng = Random(world.options.seed + world.changes)
    with world.lock:
        ids = world.table("kommo", "leads").ids[-storm.leads :]
    if not ids:
        raise ValueError("there are no leads")
    distinct = (storm.count + 1) // 2 if storm.double else storm.count
    made = []
    for number in range(distinct):
        fields = {"price": rng.randrange(50, 20000)}
        [record] = actions.change("leads", [ids[number % len(ids)]], fields, silent=True)
        made.append(body(LEADS, "update", [entity(LEADS, "update", record, {})]))
    bodies = (made * 2)[: storm.count] if storm.double else made
    if storm.shuffle:
        rng.shuffle(bodies)
    return bodies


def _summary(batch: Batch, seconds: float, sent: int, finished: bool) -> Json:
    times = sorted(batch.seconds)
    return {
        "sent": sent,
        "acknowledged": batch.acknowledged,
        "failed": batch.failed,
        "pending": sent - batch.acknowledged - batch.failed,
        "finished": finished,
        "seconds": round(seconds, 3),
        "p50_ms": _percentile(times, 0.50),
        "p99_ms": _percentile(times, 0.99),
        "max_ms": _percentile(times, 1.0),
    }


def _percentile(times: list[float], share: float) -> float | None:
    """Of the acknowledging attempts, in ms."""
    if not times:
        return None
    return round(times[min(len(times) - 1, int(len(times) * share))] * 1000, 2)
