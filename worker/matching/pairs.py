"""The pairs of dirty parties, judged anew and written where they differ from what stands.

What a person has decided stays; what the facts say of such a pair is brought up to date beside it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from worker.matching.facts import TAX_ID
from worker.matching.judging import Judgement, Party, State, judge

MANY = 50
"""A fact that so many on one side are known by is a filler (0000-0000, nao@tem.com): nobody is found by it."""
BATCH = 5000
Key = tuple[int, str, str]
"""Integration, resource, record."""


@dataclass(frozen=True)
class Pair:
    ours: Key
    theirs: Key
    facts: Mapping[str, int]
    judgement: Judgement


def refresh(connection: Connection, kommo: Sequence[int], erp: Sequence[int]) -> int:
    """Judges up to BATCH dirty parties of these integrations; returns how many. The caller commits."""
    given = {"kommo": list(kommo), "erp": list(erp), "many": MANY, "batch": BATCH}
    dirty = [tuple(row) for row in connection.exec_driver_sql(TAKE, given)]
    if not dirty:
        return 0
    columns = [list(column) for column in zip(*dirty, strict=True)]
    mine = dict(zip(("integrations", "resources", "records"), columns, strict=True))
    found = [_pair(row) for row in connection.exec_driver_sql(PAIRS, {**given, **mine})]
    _write(connection, mine, _telling(found))
    return len(dirty)


def _pair(row: Row[Any]) -> Pair:
    facts = dict(zip(row.facts, row.crowds, strict=True))
    ours = Party(row.names, row.city, frozenset(row.tax_ids))
    theirs = Party(row.erp_names, row.erp_city, frozenset(row.erp_tax_ids))
    key: Key = (row.integration_id, row.resource, row.record)
    erp_key: Key = (row.erp_integration_id, row.erp_resource, row.erp_record)
    return Pair(key, erp_key, facts, judge(ours, theirs, facts))


def _telling(found: Iterable[Pair]) -> list[Pair]:
    """Without those that say nothing: apart, or doubtful for facts by which the party is matched elsewhere."""
    by_party: dict[Key, list[Pair]] = defaultdict(list)
    for pair in found:
        by_party[pair.ours].append(pair)
    kept = []
    for pairs in by_party.values():
        explained = {
            fact for pair in pairs if pair.judgement.state is State.MATCHED for fact in pair.facts
        }
        for pair in pairs:
            matched = pair.judgement.state is State.MATCHED
            doubtful = pair.judgement.state is State.DOUBTFUL and not pair.facts.keys() <= explained
            if matched or doubtful:
                kept.append(pair)
    return kept


def _write(connection: Connection, mine: Mapping[str, Any], pairs: Sequence[Pair]) -> None:
    columns = {
        "ours_integration": [pair.ours[0] for pair in pairs],
        "ours_resource": [pair.ours[1] for pair in pairs],
        "ours_record": [pair.ours[2] for pair in pairs],
        "theirs_integration": [pair.theirs[0] for pair in pairs],
        "theirs_resource": [pair.theirs[1] for pair in pairs],
        "theirs_record": [pair.theirs[2] for pair in pairs],
        "state": [pair.judgement.state.value for pair in pairs],
        "strength": [pair.judgement.strength for pair in pairs],
        "facts": ["\n".join(sorted(pair.facts)) for pair in pairs],
        "why": [pair.judgement.why for pair in pairs],
    }
    connection.exec_driver_sql(CLEAR, {**mine, **columns})
    connection.exec_driver_sql(WRITE, columns)


_DIRTY = """
    from ponte.parties where dirty and integration_id = any(%(kommo)s::int[]) and resource like 'kommo.%%'"""
TAKE = f"""
    update ponte.parties p set dirty = false
    from (select integration_id, resource, record {_DIRTY}
        order by integration_id, resource, record limit %(batch)s for update skip locked) t
    where (p.integration_id, p.resource, p.record) = (t.integration_id, t.resource, t.record)
    returning p.integration_id, p.resource, p.record"""  # noqa: S608
_TAX_IDS = f"""
    array(select fact from ponte.party_facts x where (x.integration_id, x.resource, x.record)
        = ({{0}}.integration_id, {{0}}.resource, {{0}}.record) and x.fact like '{TAX_ID}%%')"""  # noqa: S608
PAIRS = f"""
    with mine as (
        select f.* from unnest(%(integrations)s::int[], %(resources)s::text[], %(records)s::text[])
            as g (integration_id, resource, record)
        join ponte.party_facts f using (integration_id, resource, record)),
    crowds as (
        select fact, greatest(
            count(*) filter (where integration_id = any(%(kommo)s::int[])),
            count(*) filter (where integration_id = any(%(erp)s::int[]))) as crowd
        from ponte.party_facts where fact in (select fact from mine) group by fact),
    pairs as (
        select m.integration_id, m.resource, m.record, e.integration_id as erp_integration_id,
            e.resource as erp_resource, e.record as erp_record,
            array_agg(m.fact order by m.fact) as facts, array_agg(c.crowd::int order by m.fact) as crowds,
            bool_and(m.fact like 'name:%%' and c.crowd > 1) as homonyms
        from mine m join crowds c using (fact) join ponte.party_facts e using (fact)
        where c.crowd <= %(many)s and e.integration_id = any(%(erp)s::int[])
        group by 1, 2, 3, 4, 5, 6)
    select p.integration_id, p.resource, p.record, p.erp_integration_id, p.erp_resource, p.erp_record,
        p.facts, p.crowds, a.names, a.city, {_TAX_IDS.format("a")} as tax_ids,
        b.names as erp_names, b.city as erp_city, {_TAX_IDS.format("b")} as erp_tax_ids
    from pairs p
    join ponte.parties a on (a.integration_id, a.resource, a.record) = (p.integration_id, p.resource, p.record)
    join ponte.parties b
        on (b.integration_id, b.resource, b.record) = (p.erp_integration_id, p.erp_resource, p.erp_record)
    where not p.homonyms"""  # noqa: S608
_GIVEN = """
    unnest(%(ours_integration)s::int[], %(ours_resource)s::text[], %(ours_record)s::text[],
        %(theirs_integration)s::int[], %(theirs_resource)s::text[], %(theirs_record)s::text[],
        %(state)s::text[], %(strength)s::numeric[], %(facts)s::text[], %(why)s::text[])
        as g (integration_id, resource, record, erp_integration_id, erp_resource, erp_record, state, strength, facts, why)"""
CLEAR = f"""
    update ponte.matches m set state = 'apart', strength = 0, facts = '{{}}', why = 'nothing is the same any more',
        changed_at = clock_timestamp()
    from unnest(%(integrations)s::int[], %(resources)s::text[], %(records)s::text[])
        as d (integration_id, resource, record)
    where (m.integration_id, m.resource, m.record) = (d.integration_id, d.resource, d.record) and m.state <> 'apart'
    and not exists (select from {_GIVEN} where
        (g.integration_id, g.resource, g.record, g.erp_integration_id, g.erp_resource, g.erp_record)
        = (m.integration_id, m.resource, m.record, m.erp_integration_id, m.erp_resource, m.erp_record))"""  # noqa: S608
WRITE = f"""
    insert into ponte.matches as m (integration_id, resource, record, erp_integration_id, erp_resource, erp_record,
        state, strength, facts, why)
    select g.integration_id, g.resource, g.record, g.erp_integration_id, g.erp_resource, g.erp_record,
        g.state, g.strength, string_to_array(g.facts, chr(10)), g.why
    from {_GIVEN}
    on conflict on constraint matches_pair do update
    set state = excluded.state, strength = excluded.strength, facts = excluded.facts, why = excluded.why,
        changed_at = clock_timestamp()
    where (m.state, m.strength, m.facts, m.why)
        is distinct from (excluded.state, excluded.strength, excluded.facts, excluded.why)"""  # noqa: S608
