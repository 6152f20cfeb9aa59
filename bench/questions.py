"""What dashboards and other systems ask of the HTTP API, at a warm `ponte web`: how long each answer takes.

Part of "growth"; what PostgreSQL does for the heavy ones is kept in docs/benchmarks-explain.md.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median
from urllib.parse import quote

import requests

from bench import explained
from bench.deployed import Deployed
from bench.figures import Figure, Target
from bench.ground import Ground
from bench.leads import EPOCH, FIRST_CONTACT, id_of
from bench.measure import Failed
from bench.vendor import LOOPBACK
from shared import tokens

PART = "growth"
DEALS = "/api/kommo/deals"
WARMING = 3
HEAVY = 10.0
"""Milliseconds in PostgreSQL from which a statement's plan is worth keeping."""
NUMBER = "000777"


def addresses(leads: int) -> dict[str, str]:
    """By what they ask."""
    last = leads // 250
    week = f"created_at_from={_day(leads - 604_800 // 10)}"
    asked = {
        "the first page": "",
        "250 rows": "limit=250",
        "the middle page": f"limit=250&page={last // 2}",
        "the last page": f"limit=250&page={last}",
        "a filter that one in five passes": "status_id=142",
        "two filters": "pipeline_id=9100001&status_id=142&responsible_user_id=11500104",
        "a span of time": week,
        "one contact's": f"contact_id={FIRST_CONTACT + 7}",
        "a tag": f"tag={quote('campanha 3')}",
        "a custom field": f"custom_field={quote('Segmento=Varejo')}",
        "sorted by price": "sort=-price",
        "sorted by name": "sort=name",
        "sorted by creation, filtered": "sort=-created_at&status_id=142",
        "text": f"query={quote(f'Pedido {leads - 3}')}",
        "text that nothing holds": "query=inexistente",
        "a number": f"query={NUMBER}",
        "what changed here": f"updated_since={quote('2100-01-01T00:00:00Z')}&include_deleted=true",
        "with all there is to add": "with=contacts,main_contact,company,pipeline,status,responsible,tags",
        "with the record": "with=raw",
    }
    lists = {name: f"{DEALS}?{query}".rstrip("?") for name, query in asked.items()}
    others = {
        "runs": "/api/runs",
        "metrics": "/metrics",
        "status page": "/status",
    }
    return {**lists, "one row": f"{DEALS}/{id_of(leads // 2)}", **others}


def _day(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(EPOCH + max(0, seconds)))


def answers(ground: Ground, ponte: Deployed, leads: int, times: int) -> Iterator[Figure]:
    """Each at most 50 ms: the median of so many."""
    asked = addresses(leads)
    ground.rest(ponte.env["DATABASE_URL"])
    token, link = keys(ponte)
    ponte.start("web")
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        home = f"http://{LOOPBACK}:{ponte.port}"
        session.get(f"{home}/login?token={link}", timeout=60)
        for name, path in asked.items():
            ms = _ms(session, f"{home}{path}", times)
            note = f"`{path}`" if len(path) < 60 else ""
            yield Figure(PART, name, ms, "ms", Target(at_most=50), note, f"{leads:,} leads")


def explain(ground: Ground, ponte: Deployed, leads: int) -> str:
    """The plans of the heavy ones, as a document. Of the status page what /metrics asks: it is the same."""
    token, _ = keys(ponte)
    with ponte.reach() as reach:
        found = list(
            explained.plans(ponte.settings(), reach.engine, token, list(addresses(leads).values()))
        )
    heavy = [plan for plan in found if plan.ms >= HEAVY]
    return explained.document(heavy, ground.described(), leads)


def keys(ponte: Deployed) -> tuple[str, str]:
    """A token for the API, a link for the status page."""
    with ponte.reach() as reach, reach.engine.begin() as connection:
        token = tokens.create(connection, reach.keys, "bench", "read", 1)
        return token, tokens.login_link(connection, reach.keys)


def _ms(session: requests.Session, url: str, times: int) -> float:
    """The median, warm; of what is given up after the API's 8 seconds, how long that took."""
    seconds, answered = timed(session, url)
    if not answered:
        return seconds * 1000
    for _ in range(min(WARMING, times)):
        timed(session, url)
    return median(timed(session, url)[0] for _ in range(times)) * 1000


def timed(session: requests.Session, url: str) -> tuple[float, bool]:
    """Seconds, and whether there was an answer: else it was given up. Raises Failed for any other."""
    began = time.monotonic()
    answer = session.get(url, timeout=60, allow_redirects=False)
    seconds = time.monotonic() - began
    if answer.status_code not in (200, 503):
        raise Failed(f"{url} was answered {answer.status_code}: {answer.text[:300]}")
    return seconds, answer.status_code == 200
