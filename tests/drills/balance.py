"""The balance sheet of a drill: one line for each promise, empty where it was kept.

`PROMISES` is read aloud by the report; each looks at the stage at rest and returns what contradicts it.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any
from uuid import UUID

from psycopg import connect
from psycopg.rows import dict_row

from shared import deaths
from shared.queue import QUEUES
from shared.resources import BY_NAME, of_provider
from shared.resources.grammar import Resource
from tests.contract.worlds import keyed, world, wrong_columns
from tests.drills.stage import Stage

Findings = list[str]
AT_MOST = 3
"""Examples of one kind that are told."""
KEYS = ("_kombu.binding", "unacked", "ponte:budget:", deaths.LIVED)
"""What Redis may hold besides the queues: bindings, rings in hand, reserved moments, who lives."""
MARK = re.compile(r"drill-\d+-")
FINE = ("done", "not mirrored yet")
TOLD = ("kommo.leads", "kommo.contacts", "kommo.companies")
"""Lists of which Kommo tells every change; of others some are found by full walks only (kommo-api.md 9.10): a merge
moves notes and tasks without a word."""


def all_came_right_by_itself(stage: Stage) -> Findings:
    """Everything came right by itself, each step back to rest within five minutes."""
    return _told("waited in vain for", stage.in_vain)


def acknowledged_is_settled(stage: Stage) -> Findings:
    """Every acknowledged delivery is in the inbox and settled."""
    rows = stage.query("select convert_from(body, 'UTF8'), outcome from sync.deliveries")
    kept = {mark for body, _ in rows for mark in MARK.findall(body)}
    marks = {
        mark
        for mark, given in stage.postman.acknowledged.items()
        if not any(
            given.at >= began and given.at - given.seconds <= ended for began, ended in stage.lost
        )
    }
    return [
        *_told("acknowledged, and not in the inbox", sorted(marks - kept)),
        *_told("not settled", [body[:80] for body, outcome in rows if outcome is None]),
        *_told(
            "settled, but not done",
            [f"{outcome}: {body[:80]}" for body, outcome in rows if outcome not in (*FINE, None)],
        ),
    ]


def kommo_is_followed(stage: Stage) -> Findings:
    """What Kommo tells of is mirrored without a full walk."""
    return list(_differences(stage, [BY_NAME[name] for name in TOLD]))


def kommo_is_mirrored(stage: Stage) -> Findings:
    """The mirror of Kommo equals its world, deletions included."""
    return list(_differences(stage, of_provider("kommo")))


def erp_is_mirrored(stage: Stage) -> Findings:
    """The mirror of Gestão Click equals its world, deletions included."""
    return list(_differences(stage, of_provider("gestao-click")))


def limits_are_kept(stage: Stage) -> Findings:
    """No vendor got more requests than it allows in any second."""
    return [
        f"{vendor}: {watch.rate} requests a second are allowed; these came, ms between them:"
        f" {', '.join(f'{1000 * (b - a):.0f}' for a, b in pairwise(times))}"
        for vendor, watch in stage.watches.items()
        for times in watch.passed[:AT_MOST]
    ]


def no_run_is_left(stage: Stage) -> Findings:
    """No run is left running or queued."""
    rows = stage.query(
        "select id, resource, state, attempts, reason from sync.runs"
        " where state in ('queued', 'running') and created_at < now() - interval '2 minutes'"
    )
    return _told("a run still stands", [str(row) for row in rows])


def no_lock_is_left(stage: Stage) -> Findings:
    """No lock is left, no transaction, no lease of the dead."""
    locks = stage.query(
        "select a.application_name, a.state, a.query from pg_locks l join pg_stat_activity a using (pid)"
        " where l.locktype = 'advisory' and a.state_change < now() - interval '15 s'"
    )
    idle = stage.query(
        "select application_name, query from pg_stat_activity"
        " where state like 'idle in transaction%%' and state_change < now() - interval '10 s'"
    )
    leases = stage.query(
        "select id from sync.runs where state = 'running' and lease_until < now() - interval '10 s'"
        " union all select id from sync.deliveries where settled_at is null and owner is not null"
        " and lease_until < now() - interval '10 s'"
    )
    return [
        *_told("an advisory lock", [str(row) for row in locks]),
        *_told("a transaction that does nothing", [str(row) for row in idle]),
        *_told("a lease that nobody holds", [str(row) for row in leases]),
    ]


def redis_holds_doorbells_only(stage: Stage) -> Findings:
    """Redis holds nothing but doorbells (a name and ids) and the budget's moments."""
    redis, queues = stage.redis, set(QUEUES.values())
    names = [key.decode() for key in redis.scan_iter()]
    strange = [n for n in names if n not in queues and not n.startswith(KEYS)]
    messages = [json.loads(held) for queue in queues for held in redis.lrange(queue, 0, -1)]
    messages += [json.loads(held)[0] for held in redis.hvals("unacked")]
    wrong = [str(message["headers"]) for message in messages if not _is_doorbell(message)]
    return [*_told("a key", strange), *_told("a message", wrong)]


def _is_doorbell(message: Any) -> bool:
    """Is it a task of ours with ids alone, to be done now?"""
    headers = message["headers"]
    args, named, _ = json.loads(b64decode(message["body"]))
    ids = all(isinstance(each, int) or UUID(each) for each in args)
    later = headers.get("eta") or headers.get("expires")
    return headers["task"] in QUEUES and ids and not named and not later


def everybody_works(stage: Stage) -> Findings:
    """Every process is there and working, and no integration has been stopped."""
    dead = stage.ponte.tend()
    fresh = stage.value("select count(*) from sync.workers where seen_at > now() - interval '20 s'")
    stopped = stage.query(
        "select provider, metadata->>'refused' from ponte.integration_settings"
        " where not active or metadata->>'refused' is not null"
    )
    return [
        *_told("a process that ended", dead),
        *([] if fresh >= 2 else [f"only {fresh} pools give signs of life"]),
        *_told("an integration that is not worked on", [str(row) for row in stopped]),
    ]


PROMISES: tuple[Callable[[Stage], Findings], ...] = (
    all_came_right_by_itself,
    acknowledged_is_settled,
    kommo_is_followed,
    kommo_is_mirrored,
    erp_is_mirrored,
    limits_are_kept,
    no_run_is_left,
    no_lock_is_left,
    redis_holds_doorbells_only,
    everybody_works,
)
WALKED = (kommo_is_mirrored, erp_is_mirrored)
"""Kept once everything was read in full."""


def _told(what: str, found: list[str]) -> Findings:
    more = f" (and {len(found) - AT_MOST} more)" if len(found) > AT_MOST else ""
    return [f"{what}: {'; '.join(found[:AT_MOST])}{more}"] if found else []


def _differences(stage: Stage, resources: Iterable[Resource]) -> Iterator[str]:
    with stage.box.world.lock:
        for resource in resources:
            if not resource.unlisted:
                yield from _difference(stage, resource)


def _difference(stage: Stage, resource: Resource) -> Iterator[str]:
    expected = {
        each.key(resource): each
        for each in world(stage.box, resource)
        if each.record.get(resource.tombstone or "") is not True
    }
    rows = keyed(resource, _rows(stage, resource))
    live = {k: r for k, r in rows.items() if r["deleted_at"] is None and r["missing_since"] is None}
    name = resource.full_name
    both = {key: each for key, each in expected.items() if key in live}
    yield from _told(
        f"{name}: marked gone, though it is there",
        _keys(expected.keys() & (rows.keys() - live.keys())),
    )
    yield from _told(f"{name}: lacking", _keys(expected.keys() - rows.keys()))
    if not resource.append_only:
        yield from _told(f"{name}: there, though it is gone", _keys(live.keys() - expected.keys()))
    yield from _told(
        f"{name}: wrong", [str(wrong) for wrong in wrong_columns(resource, both, live)]
    )


def _keys(found: Any) -> list[str]:
    return sorted("/".join(map(str, key)) for key in found)


def _rows(stage: Stage, resource: Resource) -> list[dict[str, Any]]:
    assert resource.full_name in BY_NAME
    with connect(stage.servers.postgres.url, row_factory=dict_row) as connection:
        return connection.execute(f"select * from {resource.full_name}").fetchall()
