"""Whatever is posted to the webhook: ids to look at, or a reason. Never a mistake of ours."""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from shared.deliveries import Delivery
from tests.fuzz.strange import effort
from tests.fuzz.target import FOUND, check
from tests.worker.sources.vendors import FIXTURES, NOW
from worker.drain import fold
from worker.sources.kommo_webhooks import ACTIONS, ALIASES, GROUPS

GROUP = st.sampled_from([*GROUPS, *ALIASES, "message", "account", "", "٣"])
ACTION = st.sampled_from([*ACTIONS, "note", "explode", ""])
PART = st.one_of(
    st.sampled_from(["0", "1", "id", "type", "note", "uid", "lead_id", "talk_id", "catalog_id"]),
    st.text(max_size=6),
)
VALUE = st.one_of(
    st.sampled_from(["7", "0", "-1", "9" * 18, "9" * 19, "contact", "company", "\x00", "٧", "²"]),
    st.text(max_size=10),
)


@st.composite
def forms(draw: st.DrawFn) -> bytes:
    """A form nearly as Kommo sends it."""
    pairs = []
    for _ in range(draw(st.integers(0, 8))):
        name = f"{draw(GROUP)}[{draw(ACTION)}]"
        name += "".join(f"[{part}]" for part in draw(st.lists(PART, max_size=5)))
        pairs.append((name, draw(VALUE)))
    return urlencode(pairs, errors="replace").encode()


@effort(100)
@given(st.one_of(forms(), st.binary(max_size=200)))
def test_any_body_asks_for_ids_or_says_why_not(body: bytes) -> None:
    check(body)


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A body of Kommo's with something cut out, doubled, or put in."""
    names = sorted(path.name for path in (FIXTURES / "kommo").glob("*.txt"))
    body = (FIXTURES / "kommo" / draw(st.sampled_from(names))).read_bytes()
    first, last = sorted(draw(st.tuples(*[st.integers(0, len(body))] * 2)))
    return body[:first] + draw(st.one_of(st.binary(max_size=8), st.just(body))) + body[last:]


@effort(60)
@given(spoilt())
def test_a_spoilt_body_of_kommos_is_told_from_a_sound_one_or_believed(body: bytes) -> None:
    check(body)


def test_what_was_found_once_is_mended() -> None:
    """`make fuzz` writes the bodies that break it into this folder."""
    for path in sorted(FOUND.glob("*")):
        check(path.read_bytes())


@effort(30)
@given(st.lists(st.one_of(forms(), st.binary(max_size=60)), max_size=6))
def test_a_batch_of_any_deliveries_is_folded_each_with_an_outcome(bodies: list[bytes]) -> None:
    folded = fold([(Delivery(n, NOW, 1), body) for n, body in enumerate(bodies)], "31990001")
    assert sorted(id_ for ids in folded.outcomes.values() for id_ in ids) == list(
        range(len(bodies))
    )
    assert all(
        re.fullmatch(r"[a-z_.]+:.+", name) for names in folded.about.values() for name in names
    )
    with suppress(KeyError):
        assert not folded.about[-1]
