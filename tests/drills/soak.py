"""The soak: an ordinary life for long, looked at for what grows. `make soak MINUTES=30`

Twenty webhooks a second, changes in both vendors at their own limits, a full sync now and then. The second third of
the time is compared with the last: memory of each process, rows of each table and length of each key that are
not data; and how long acknowledgements took, while a full sync ran and otherwise.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from tests.drills.stage import Stage, staged

VENDORS_OWN = {"KOMMO_WEBHOOK_DELAY_MS": "200"}
"""Everything else as it is by default."""
WORLD = {"leads": 1000, "months": 3, "customers_mode": "segments", "latency_ms": 60.0}
WEBHOOKS_A_SECOND = 20.0
CHANGES_A_SECOND = 2.0
LOOK_EVERY = 5.0
FULL_EVERY = 300.0
MOST_GROWTH = 0.05
MOST_MS = 250.0
SLACK = 25
"""So many rows or entries come and go: what is due just now, an hour's new row of `sync.usage`."""
DATA = (
    "kommo.",
    "gestao_click.",
    "sync.deliveries",
    "sync.runs",
    "sync.journal",
    "sync.kommo_",
    "sync.gestao_click_",
    "sync.rejects",
)
"""Tables that hold what was sent, seen or done: they grow with it and are tidied by age."""


@dataclass
class Look:
    """What was there at one moment. memory: MB by process; rows, keys: by name."""

    at: float
    memory: dict[str, float]
    rows: dict[str, int]
    keys: dict[str, int]
    walking: bool


@dataclass
class Soak:
    stage: Stage
    looks: list[Look] = field(default_factory=list)

    def live(self, minutes: float) -> None:
        """So long, looking now and then and ordering everything in full now and then."""
        began = time.monotonic()
        self.stage.box.life.set_rate(CHANGES_A_SECOND)
        self._order_full()
        while (now := time.monotonic() - began) < minutes * 60:
            self.stage.tend()
            if now // FULL_EVERY > self.stage.walks:
                self._order_full()
            self.looks.append(self._look())
            time.sleep(LOOK_EVERY)

    def _order_full(self) -> None:
        for vendor in ("kommo", "gestao-click"):
            self.stage.api("POST", f"/api/{vendor}/sync", {"full": True})
        self.stage.walks += 1

    def _look(self) -> Look:
        walking = self.stage.value(
            "select exists (select 1 from sync.runs where mode = 'full' and state = 'running')"
        )
        return Look(time.monotonic(), self._memory(), self._rows(), self._keys(), walking)

    def _memory(self) -> dict[str, float]:
        return {
            name: sum(map(_proportional, self.stage.ponte.tree(name)))
            for name in ("web", "beat1", *self.stage.workers)
        }

    def _rows(self) -> dict[str, int]:
        """Every table that is not data, counted."""
        tables = self.stage.query(
            "select schemaname || '.' || relname from pg_stat_user_tables where schemaname !~ '^(public$|pg_temp)'"
        )
        names = [name for (name,) in tables if not name.startswith(DATA)]
        counted = " union all ".join(f"select '{name}', count(*) from {name}" for name in names)
        return dict(self.stage.query(counted))  # type: ignore[arg-type]

    def _keys(self) -> dict[str, int]:
        redis, found = self.stage.redis, {}
        length = {"list": redis.llen, "zset": redis.zcard, "hash": redis.hlen, "set": redis.scard}
        for key in redis.scan_iter():
            kind = redis.type(key).decode()
            found[key.decode()] = int(length[kind](key)) if kind in length else 1
        return found

    # --- the verdict

    def findings(self) -> Iterator[str]:
        """What grew, and what was late; each with its figures."""
        middle, last = self._thirds()
        yield from _grown(
            "MB of", _means(middle, "memory"), _means(last, "memory"), MOST_GROWTH, 0.0
        )
        yield from _grown("rows of", _tops(middle, "rows"), _tops(last, "rows"), 0.0, SLACK)
        yield from _grown("entries of", _tops(middle, "keys"), _tops(last, "keys"), 0.0, SLACK)
        for when, milliseconds in self.acknowledgements().items():
            if milliseconds > MOST_MS:
                yield f"p99 of acknowledgements {when}: {milliseconds:.0f} ms"

    def acknowledgements(self) -> dict[str, float]:
        """p99 in ms: while a full sync ran, and otherwise."""
        walking = [
            (a.at, b.at) for a, b in zip(self.looks, self.looks[1:], strict=False) if a.walking
        ]
        taken: dict[str, list[float]] = defaultdict(list)
        for given in self.stage.postman.acknowledged.values():
            within = any(began <= given.at <= ended for began, ended in walking)
            taken["while a full sync ran" if within else "otherwise"].append(given.seconds)
        return {when: 1000 * sorted(all_)[int(len(all_) * 0.99)] for when, all_ in taken.items()}

    def figures(self) -> Iterator[str]:
        middle, last = self._thirds()
        before, after = _means(middle, "memory"), _means(last, "memory")
        for name, megabytes in after.items():
            yield f"memory of {name}: {before[name]:.1f} → {megabytes:.1f} MB"
        began, ended = self.looks[0].at, self.looks[-1].at
        given = [
            one for one in self.stage.postman.acknowledged.values() if began <= one.at <= ended
        ]
        yield f"webhooks: {len(given) / (ended - began):.1f} a second; {dict(self.stage.postman.statuses)}"
        for when, milliseconds in self.acknowledgements().items():
            yield f"p99 of acknowledgements {when}: {milliseconds:.0f} ms"
        stats = self.stage.box.stats()
        for vendor in ("kommo", "gestao-click"):
            yield f"{vendor}: at most {stats[vendor]['max_in_950ms']} requests within 950 ms, {stats[vendor]['requests']} in all"

    def _thirds(self) -> tuple[list[Look], list[Look]]:
        third = len(self.looks) // 3
        return self.looks[third : 2 * third], self.looks[2 * third :]


def _proportional(pid: int) -> float:
    """MB of a process, shared pages by its part of them."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def _by_name(
    looks: Iterable[Look], what: str, folded: Callable[[list[float]], float]
) -> dict[str, float]:
    found: dict[str, list[float]] = defaultdict(list)
    for look in looks:
        for name, value in getattr(look, what).items():
            found[name].append(value)
    return {name: folded(values) for name, values in found.items()}


def _means(looks: Iterable[Look], what: str) -> dict[str, float]:
    return _by_name(looks, what, fmean)


def _tops(looks: Iterable[Look], what: str) -> dict[str, float]:
    return _by_name(looks, what, max)


def _grown(
    what: str, before: Mapping[str, float], after: Mapping[str, float], share: float, slack: float
) -> Iterator[str]:
    for name, value in after.items():
        former = before.get(name, 0.0)
        if value > former * (1 + share) + slack:
            yield f"{what} {name}: {former:.1f} in the second third, {value:.1f} in the last"


def main() -> int:
    parser = argparse.ArgumentParser("make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with (
        tempfile.TemporaryDirectory(prefix="ponte-soak-") as folder,
        staged(Path(folder), 1, world=WORLD, pace=VENDORS_OWN, rate=WEBHOOKS_A_SECOND) as stage,
    ):
        soak = Soak(stage)
        soak.live(options.minutes)
        stage.postman.stop()
        print("\n".join(soak.figures()))
        findings = list(soak.findings())
    print("\n".join(findings) or "nothing grew, nothing was late")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
