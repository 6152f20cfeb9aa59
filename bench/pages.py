"""Part "pages": every page of the dashboard, over a business with 100,000 leads and as many sales.

The sandbox plays both vendors; everything is read as `ponte sync` reads it, and matched, before the first page is asked
for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from statistics import median
from typing import Any

import requests

from bench import measure, questions
from bench.deployed import PONTE, Deployed, deployed
from bench.figures import Figure, Target
from bench.ground import Ground
from bench.measure import Failed
from bench.vendor import LOOPBACK, Vendor
from sandbox import Sandbox

PART = "pages"
QUICK, FULL = 500, 100_000
"""Leads, and sales."""
TIMES = {QUICK: 1, FULL: 7}
MONTHS = 24
UNLIMITED: dict[str, Any] = {
    "kommo_limit": 0,
    "gestao_click_limit": 0,
    "gestao_click_daily_limit": 0,
}
ADDRESSES = (
    "/",
    "/status",
    "/reports",
    "/people?query=pedro",
    "/matches",
    "/matches?kind=deals",
    "/wallet",
    "/runs",
    "/inbox",
    "/integrations",
    "/alerts",
)
LINKED = {
    "/people?query=pedro": (r"/people/[\w-]+", 1),
    "/runs": (r"/runs/\d+", 1),
    "/integrations": (r"/integrations/\d+", 1),
    "/reports": (r"/reports/[\w-]+", 100),
}
"""Where further pages are found, what their addresses look like, and how many of them are asked for."""
QUICK_ENOUGH = Target(at_most=300)


def play(ground: Ground, quick: bool) -> Iterator[Figure]:
    many = QUICK if quick else FULL
    with (
        Sandbox(leads=many, sales=many, months=MONTHS, **UNLIMITED) as box,
        Vendor(1) as vendor,
        deployed(ground, vendor, **_told(box)) as ponte,
    ):
        _read(ponte)
        ground.rest(ponte.env["DATABASE_URL"])
        yield from _answers(ponte, many)


def _told(box: Sandbox) -> dict[str, str]:
    access, secret = box.gestao_click_tokens
    return {
        "KOMMO_API_URL": box.kommo_url,
        "KOMMO_JWT_TOKEN": box.kommo_token,
        "KOMMO_RATE_LIMIT": "0",
        "GESTAO_CLICK_API_URL": box.gestao_click_url,
        "GESTAO_CLICK_API_KEY": access,
        "GESTAO_CLICK_SECRET_TOKEN": secret,
        "GESTAO_CLICK_RATE_LIMIT": "0",
    }


def _read(ponte: Deployed) -> None:
    for command in (("sync",), ("match",)):
        measure.run((PONTE, *command, "--json"), ponte.env, ponte.folder)


def _answers(ponte: Deployed, many: int) -> Iterator[Figure]:
    """Whole answers, warm: the median of so many."""
    _, link = questions.keys(ponte)
    ponte.start("web")
    with requests.Session() as session:
        home = f"http://{LOOPBACK}:{ponte.port}"
        session.get(f"{home}/login?token={link}", timeout=30)
        for path in (*ADDRESSES, *_linked(session, home)):
            taken = [_seconds(session, f"{home}{path}") for _ in range(TIMES[many] + 1)]
            ms = median(taken[1:]) * 1000
            case = f"{many:,} leads and sales"
            yield Figure(PART, f"`{path}`", ms, "ms", QUICK_ENOUGH, "", case)


def _linked(session: requests.Session, home: str) -> Iterator[str]:
    for path, (pattern, most) in LINKED.items():
        page = session.get(f"{home}{path}", timeout=60).text
        yield from sorted(set(re.findall(f'href="({pattern})"', page)))[:most]


def _seconds(session: requests.Session, url: str) -> float:
    seconds, answered = questions.timed(session, url)
    if not answered:
        raise Failed(f"{url} was given up")
    return seconds
