"""Strange values: any JSON, envelopes that are nearly right, records of which some part is wrong.

`FUZZ_EXAMPLES=2000 make fuzz` looks for new ones; `make test` takes the same few each time.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from shared.resources.columns import Column
from shared.resources.grammar import Child, Resource

GIVEN = os.environ.get("FUZZ_EXAMPLES")

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.sampled_from([0, 1, -1, 2**31, 2**63 - 1, 2**63, -(2**63), 1790000000]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(
        [
            *("", "0", "1", "-1", "true", "9" * 30, "1e999", "1e-999", "NaN", "sNaN"),
            *("2026-02-30", "0000-00-00", "31/12/2026", "2026-01-01 00:00:00", "Infinity"),
            *("٣", "²", "1_0", "\u202e", "\x00", "\ud800", "é" * 9),
            *("(11) 98765-4321", "ana@example.com", "000.000.114-79"),
        ]
    ),
    st.just(5000).map(lambda digits: "9" * digits),
)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=8,
)


def effort(examples: int) -> settings:
    """examples: in `make test`; else as many as are asked for, other ones each time."""
    return settings(
        max_examples=int(GIVEN or examples),
        derandomize=GIVEN is None,
        database=None,
        deadline=None,
        phases=list(Phase) if GIVEN else [Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def records(resource: Resource) -> st.SearchStrategy[Any]:
    """What might come in the place of a record: every place that a column or child reads, filled anyhow."""
    known = [path for column in resource.columns for path in column.at]
    places = st.dictionaries(st.sampled_from(known), ANYTHING, max_size=len(known))
    lists = st.fixed_dictionaries(
        {}, optional={child.path[0]: _elements(child) for child in resource.children}
    )
    ids = st.sampled_from([1, "1", 7, "7"])
    keys = {c.name: ids for c in resource.key_columns if not c.asked}
    sound = st.tuples(st.fixed_dictionaries(keys), places, lists).map(_record)
    return st.one_of(sound, sound, sound, ANYTHING)


def _elements(child: Child) -> st.SearchStrategy[Any]:
    names = [column.at[0][-1] for column in child.columns]
    element = st.dictionaries(st.sampled_from(names), ANYTHING, max_size=4)
    return st.one_of(ANYTHING, st.lists(st.one_of(element, ANYTHING), max_size=3))


def _record(parts: tuple[dict[str, Any], dict[tuple[str, ...], Any], dict[str, Any]]) -> Any:
    keys, places, lists = parts
    made: dict[str, Any] = {}
    for path, value in places.items():
        inside = made
        for name in path[:-1]:
            if not isinstance(inside.get(name), dict):
                inside[name] = {}
            inside = inside[name]
        inside[path[-1]] = value
    return made | lists | keys


def asked_of(resource: Resource) -> dict[str, str]:
    """Parameters as a walk would have them."""
    return {column.name: _parameter(column) for column in resource.columns if column.asked}


def _parameter(column: Column) -> str:
    return "1" if column.type == "bigint" else "leads"
