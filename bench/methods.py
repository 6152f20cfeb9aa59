"""Who loads leads in the part "load": Ponte, what a user would pick instead, and PostgreSQL alone.

Each is a program of its own. It finds DATABASE_URL, VENDOR_URL and VENDOR_TOKEN in its environment and says one
line of JSON: `seconds`, or when all was committed.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from bench.bound import BATCH
from bench.environments import RIVALS, python_of, version_of
from bench.ground import ROOT
from bench.leads import FIRST_CONTACT

UNLIMITED = 1_000_000
"""Requests a second for who cannot be told that there is no limit."""


@dataclass(frozen=True)
class Method:
    """command: a program and its arguments; looks: SQL for its number of rows and the sum of their prices;
    prepare: run once on the fresh database, not measured; env: what else it is told; ours: its database has
    Ponte's tables; whole: the command does nothing but the work, so that its time, memory and CPU say something;
    once: it takes so long that it is not repeated."""

    name: str
    command: tuple[str, ...]
    looks: str
    note: str = ""
    prepare: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    ours: bool = True
    whole: bool = True
    once: bool = False


PONTE = Method(
    "Ponte",
    (str(Path(sys.executable).with_name("ponte")), "sync", "kommo.leads", "--full", "--json"),
    "select count(*), sum(price) from kommo.leads where deleted_at is null and missing_since is null",
    "`ponte sync kommo.leads --full`",
    env={"KOMMO_RATE_LIMIT": "0"},
)
BOUND = Method(
    "bound",
    (sys.executable, "-m", "bench.bound"),
    "select count(*), sum(price) from bench.leads",
    f"ready rows by psycopg alone, {BATCH:,} a transaction, nothing but a primary key",
    env={"PYTHONPATH": str(ROOT)},
    whole=False,
)
BOUND_WITH_FETCH = replace(
    BOUND,
    name="bound with the fetch alongside",
    command=(*BOUND.command, "--fetch"),
    note="a thread fetches and decodes the pages meanwhile",
)
DLT, AMOCHKA = "dlt", "amochka"
"""How the names of their methods begin."""
DEFAULT = "default"
ALONE = {"DLT_DATA_DIR": "dlt", "RUNTIME__DLTHUB_TELEMETRY": "false"}
"""It keeps its state in the folder of its run, not where an earlier one left some, and tells nobody of it."""
ADVISED = {
    "NORMALIZE__WORKERS": "2",
    "DATA_WRITER__DISABLE_COMPRESSION": "true",
    "SOURCES__DATA_WRITER__FILE_MAX_ITEMS": "10000",
    "DATA_WRITER__BUFFER_MAX_ITEMS": "10000",
}
"""dlt's performance guide: normalize in as many processes as there are cores, from files that are rotated, not
compressed, through larger buffers."""


def all_methods(count: int) -> list[Method]:
    """In the order in which they are told; makes the rivals' environments where they are missing."""
    return [PONTE, BOUND, BOUND_WITH_FETCH, *_dlt(), *_amochka(count)]


def _dlt() -> list[Method]:
    plain = Method(
        f"{DLT}, {DEFAULT}",
        (python_of("dlt"), str(RIVALS / "dlt_load.py")),
        "select count(*), sum(price) from dlt.leads",
        f"{version_of('dlt')}, nested lists in tables of their own",
        env=ALONE,
        ours=False,
        once=True,
    )
    flat = replace(
        plain,
        name=f"{DLT}, flat, CSV",
        once=False,
        command=(*plain.command, "--flat"),
        note="nested values as JSON",
    )
    advised = replace(
        flat,
        name=f"{DLT}, flat, CSV, as advised",
        command=(*flat.command, "--upsert"),
        env={**ALONE, **ADVISED},
        note="and two processes, rotated files, no compression, larger buffers, `upsert`",
    )
    return [plain, flat, advised]


def _amochka(count: int) -> list[Method]:
    script = (python_of("amochka"), str(RIVALS / "amochka_load.py"))
    plain = Method(
        f"{AMOCHKA}, {DEFAULT}",
        (*script, "--rate", str(UNLIMITED)),
        "select count(*), sum(price) from amocrm_leads_facts",
        f"{version_of('amochka')}, its limiter opened; it keeps no raw record",
        prepare=(*script, "--migrate", str(FIRST_CONTACT), str(count)),
        ours=False,
        once=True,
    )
    batched = replace(
        plain,
        name=f"{AMOCHKA}, batch 5,000",
        command=(*plain.command, "--batch", "5000"),
        note="",
        once=False,
    )
    return [plain, batched]


def seconds_said(output: str, began: float) -> float:
    """How long it took; who says when it was done has worked since `began` (Unix seconds)."""
    said: dict[str, Any] = orjson.loads(output)
    if "seconds" in said:
        return float(said["seconds"])
    return _finished_at(said) - began


def _finished_at(said: Mapping[str, Any]) -> float:
    if "finished_at" in said:
        return float(said["finished_at"])
    (run,) = said["runs"]
    return datetime.fromisoformat(run["finished_at"]).timestamp()
