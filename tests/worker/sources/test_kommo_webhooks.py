"""What a webhook's body asks to look at, whatever shape it has."""

import time
import tracemalloc
from contextlib import suppress
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.resources import BY_NAME
from tests.worker.sources.vendors import FIXTURES, fixture
from worker.sources.kommo_webhooks import GROUPS, LARGEST_BODY, Heard, Undecodable, decode

ACCOUNT = "31990001"
Looks = set[tuple[str, str, bool]]

BODIES: dict[str, Looks] = {
    "lead__add": {("leads", "40010001", False)},
    "lead__update_stage": {("leads", "40010001", False)},
    "lead__status": {("leads", "40010001", False)},
    "lead__responsible": {("leads", "40010001", False)},
    "lead__delete": {("leads", "40010007", True)},
    "lead__restore": {("leads", "40010007", False)},
    "contact__update_responsible": {("contacts", "50010001", False)},
    "company__update": {("companies", "50020001", False)},
    "contact_and_company__delete": {
        ("contacts", "50010003", True),
        ("companies", "50020002", True),
    },
    "catalog__update": {("catalogs", "3001", False)},
    "message__add": set(),
    "note__lead_text": {("note", "120001", False)},
    "talk__update": {("talk", "191", False)},
    "task__add": {("task", "8001", False)},
    "task__delete": {("task", "8003", True)},
    "task__update_completed": {("task", "8001", False)},
    "unsorted__add_forms": {
        ("unsorted", "4278accf80c59e99411d5c6e01e4054864ca958e594699484ba8c5f40b01", False),
        ("leads", "40010009", False),
    },
}
"""By the group in the body; a group that is not mirrored yet asks for nothing."""


def looks(heard: Heard) -> Looks:
    groups = {resource: group for group, resource in GROUPS.items()}
    return {(groups[look.resource], look.id, look.deleted) for look in heard.looks}


def asked(*pairs: tuple[str, str]) -> Looks:
    return looks(decode(urlencode([("account[id]", ACCOUNT), *pairs]).encode()))


def test_every_body_of_the_fixtures_is_expected_here() -> None:
    assert {path.stem for path in (FIXTURES / "kommo").glob("*.txt")} == set(BODIES)


@pytest.mark.parametrize("name", BODIES)
def test_a_body_asks_for_its_records_and_names_its_account(name: str) -> None:
    heard = decode(fixture(f"kommo/{name}.txt"))
    mirrored = {look for look in BODIES[name] if look[0] in GROUPS}
    assert mirrored <= looks(heard)
    assert {look for look in looks(heard) if look[0] in {n for n, _, _ in BODIES[name]}} == mirrored
    assert heard.account == ACCOUNT
    assert bool(heard.looks) or bool(heard.other)


def test_groups_follow_from_the_declarations() -> None:
    assert GROUPS["leads"] is BY_NAME["kommo.leads"]
    assert all(resource.webhook and resource.webhook.group == g for g, resource in GROUPS.items())


def test_brackets_may_come_plain_or_encoded() -> None:
    plain = b"leads[update][0][id]=7&account[id]=31990001"
    assert looks(decode(plain)) == {("leads", "7", False)}
    assert decode(plain).account == ACCOUNT


def test_a_bulk_edit_asks_for_each_record_once_in_any_mixture_of_actions() -> None:
    pairs = [(f"leads[update][{n}][id]", str(n + 1)) for n in range(300)]
    pairs += [("leads[status][0][id]", "1"), ("leads[delete][0][id]", "400")]
    assert asked(*pairs) == {("leads", str(n + 1), False) for n in range(300)} | {
        ("leads", "400", True)
    }


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        (
            [("contacts[delete][id]", "7"), ("contacts[delete][type]", "contact")],
            {("contacts", "7", True)},
        ),
        ([("leads[delete][0]", "7")], {("leads", "7", True)}),
        ([("leads[delete][id]", "7")], {("leads", "7", True)}),
        ([("lead[mail_in][0][id]", "7")], {("leads", "7", False)}),
        ([("companies[update][0][id]", "7")], {("companies", "7", False)}),
        (
            [("companies[update][0][id]", "7"), ("companies[update][0][type]", "company")],
            {("companies", "7", False)},
        ),
        (
            [("contacts[update][0][id]", "7")],
            {("contacts", "7", False), ("companies", "7", False)},
        ),
        (
            [("contacts[update][0][id]", "7"), ("contacts[update][0][type]", "alien")],
            {("contacts", "7", False), ("companies", "7", False)},
        ),
    ],
    ids=[
        "no index",
        "bare id",
        "one id",
        "digital pipeline",
        "companies",
        "typed",
        "untyped",
        "odd type",
    ],
)
def test_shapes_that_were_seen_once_are_understood(
    pairs: list[tuple[str, str]], expected: Looks
) -> None:
    assert asked(*pairs) == expected


def slices(*pairs: tuple[str, str]) -> set[tuple[str, str, str]]:
    heard = decode(urlencode([("account[id]", ACCOUNT), *pairs]).encode())
    groups = {resource: group for group, resource in GROUPS.items()}
    return {(groups[look.resource], look.id, str(dict(look.slice))) for look in heard.looks}


@pytest.mark.parametrize(
    ("pairs", "parents"),
    [
        ([("leads[note][0][note][id]", "7")], {"leads"}),
        (
            [("contacts[note][0][note][id]", "7"), ("contacts[note][0][type]", "contact")],
            {"contacts"},
        ),
        (
            [("contacts[note][0][note][id]", "7"), ("contacts[note][0][type]", "company")],
            {"companies"},
        ),
        ([("contacts[note][0][note][id]", "7")], {"contacts", "companies"}),
    ],
)
def test_a_note_stands_below_the_entity_that_its_body_names(
    pairs: list[tuple[str, str]], parents: set[str]
) -> None:
    assert slices(*pairs) == {("note", "7", str({"entity_type": parent})) for parent in parents}


def test_one_name_may_be_a_scalar_and_a_map() -> None:
    """kommo-api.md 6.2, 3: `contacts[note][0][note][type]` beside `…[type][message_uuid]`."""
    first, second = ("contacts[note][0][note][type]", "3"), ("contacts[note][0][note][id]", "7")
    third = ("contacts[note][0][note][type][message_uuid]", "x")
    for pairs in ([first, second, third], [third, second, first]):
        assert {id_ for _, id_, _ in slices(*pairs)} == {"7"}


def test_an_element_stands_in_its_catalog() -> None:
    pairs = [("catalogs[delete][0][id]", "7"), ("catalogs[delete][0][catalog_id]", "9")]
    assert slices(*pairs) == {("catalogs", "7", str({"catalog_id": "9"}))}
    assert asked(*pairs) == {("catalogs", "7", True)}


def test_an_incoming_lead_that_was_accepted_is_a_lead() -> None:
    """kommo-api.md 6.5, and 9, 42: the same id goes on as a lead."""
    uid = "a" * 60
    accepted = [
        ("unsorted[delete][0][uid]", uid),
        ("unsorted[delete][0][action]", "accept"),
        ("unsorted[delete][0][accept_result][leads][0]", "7"),
    ]
    assert asked(*accepted) == {("unsorted", uid, True), ("leads", "7", False)}
    arrived = [("unsorted[add][0][uid]", uid), ("unsorted[add][0][lead_id]", "7")]
    assert asked(*arrived) == {("unsorted", uid, False), ("leads", "7", False)}


def test_customers_and_talks_are_looked_at() -> None:
    assert asked(("customers[responsible][0][id]", "7")) == {("customers", "7", False)}
    assert asked(("talk[add][0][talk_id]", "7")) == {("talk", "7", False)}


@pytest.mark.parametrize(
    "pair",
    [
        ("leads[update][0][id]", ""),
        ("leads[update][0][id]", "abc"),
        ("leads[update][0][id]", "-7"),
        ("leads[update][0][id]", "7 or 1=1"),
        ("leads[update][0][id]", "9" * 19),
        ("leads[update][0][id]", "٧"),
        ("leads[update][0][ID]", "7"),
        ("leads[update][0][custom_fields][0][id]", "7"),
        ("leads[update][0][tags][0][id]", "7"),
        ("tasks[note][0][note][id]", "7"),
        ("catalogs[update][0][id]", "7"),
        ("unsorted[add][0][uid]", "7 or 1=1"),
        ("leads[explode][0][id]", "7"),
        ("dragons[update][0][id]", "7"),
        ("contacts[update][0][linked_leads_id][7][ID]", "7"),
    ],
)
def test_what_is_no_id_of_a_record_asks_for_nothing(pair: tuple[str, str]) -> None:
    assert asked(pair) == set()


def test_an_id_is_asked_for_in_one_spelling() -> None:
    assert asked(("leads[update][0][id]", "007"), ("leads[update][1][id]", "7")) == {
        ("leads", "7", False)
    }


def test_a_field_that_is_a_value_and_a_map_at_once_does_no_harm() -> None:
    note = "contacts[note][0][note][type]"
    assert asked((note, "3"), (f"{note}[message_uuid]", "x"), ("leads[add][0][id]", "7")) == {
        ("leads", "7", False)
    }


def test_null_characters_and_broken_utf8_are_survived() -> None:
    body = b"leads[add][0][name]=\xff\xfe%00&leads[add][0][id]=7%00"
    assert looks(decode(body)) == {("leads", "7", False)}


def test_without_an_account_nobody_is_named() -> None:
    assert decode(b"leads[add][0][id]=7").account is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no field"),
        (b"hello", "no field"),
        (b"a=1&b=2", "no field"),
        (b'{"leads": {"add": [{"id": 1}]}}', "no field"),
        (b"\x00\xff" * 50, "no field"),
        (b"a[b]=1&" * 100_001, "more than 100000 fields"),
        (b"x" * LARGEST_BODY, "longer than"),
    ],
    ids=["empty", "text", "flat", "json", "binary", "too many fields", "too long"],
)
def test_what_is_no_form_of_kommos_is_undecodable_and_says_why(body: bytes, reason: str) -> None:
    with pytest.raises(Undecodable, match=reason):
        decode(body)


@given(st.binary(max_size=400))
def test_any_bytes_are_decoded_or_undecodable(body: bytes) -> None:
    try:
        decode(body)
    except Undecodable:
        return


PART = st.sampled_from(
    ["leads", "contacts", "update", "delete", "0", "id", "type", "", "[", "]", "account"]
)


@given(st.lists(st.tuples(PART, st.lists(PART, max_size=5), st.text(max_size=8)), max_size=10))
def test_any_form_is_decoded_and_asks_for_numbers_only(
    fields: list[tuple[str, list[str], str]],
) -> None:
    pairs = [
        (name + "".join(f"[{part}]" for part in parts), value) for name, parts, value in fields
    ]
    try:
        heard = decode(urlencode(pairs).encode())
    except Undecodable:
        return
    assert all(look.id.isascii() and look.id.isdigit() for look in heard.looks)


@pytest.mark.parametrize(
    "body",
    [
        b"leads" + b"[a" * 1_000_000 + b"=1",
        b"leads" + b"[0]" * 1_000_000 + b"=1",
        b"%5B" * 1_000_000 + b"=1",
        b"[" * 3_000_000,
        b"leads[update][0][id]=" + b"9" * 3_000_000,
    ],
    ids=["open brackets", "deep", "encoded", "only brackets", "long id"],
)
def test_hostile_bodies_are_answered_soon(body: bytes) -> None:
    started = time.monotonic()
    with suppress(Undecodable):
        decode(body)
    assert time.monotonic() - started < 3


def test_a_body_of_ten_megabytes_is_decoded_without_holding_it_twice() -> None:
    text = b"x" * 2_400
    entry = b"leads[update][%d][id]=%d&leads[update][%d][name]=" + text
    body = b"&".join(entry % (number, number + 1, number) for number in range(4_000))
    tracemalloc.start()
    try:
        heard = decode(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(heard.looks) == 4_000
    assert peak < len(body) / 2


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=8)), max_size=10))
def test_fields_are_read_as_forms_are_written(pairs: list[tuple[str, str]]) -> None:
    body = urlencode([*pairs, ("leads[update][0][id]", "7"), ("account[id]", "é +&=%")]).encode()
    heard = decode(body)
    assert heard.account == "é +&=%"
    assert ("leads", "7", False) in looks(heard)
