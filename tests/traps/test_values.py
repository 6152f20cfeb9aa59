"""Traps of values (kommo-api.md 9): what stands in records, and what becomes of it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
import pytest

from sandbox.http import Request, Response
from sandbox.kommo.samples import YEAR_1900, choice, field, plain
from tests.ground import Ground
from tests.traps.scene import (
    CONTACTS,
    LEADS,
    STATUSES,
    USERS,
    ask,
    between,
    change,
    ids,
    kept,
    live,
    read,
    shown,
)

TEXT, SELECT, DATE, NUMBER, CHANNELS, BIRTHDAY = (
    1400001, 1400002, 1400003, 1400005, 1400006, 1400014,
)  # fmt: skip
"""Ids of the sandbox's custom fields of leads."""


def test_trap_11_a_cleared_field_is_gone_from_the_row(shop: Ground, lead: int) -> None:
    """A field that was cleared is not sent any more: the whole set has to be replaced."""
    both = [plain(TEXT, "Observação", "text", "oi"), plain(NUMBER, "Quantidade", "numeric", "7")]
    row = kept(shop, lead, custom_fields_values=both)
    assert set(row["custom_fields"]) == {str(TEXT), str(NUMBER)}
    assert shown(shop, lead, TEXT) == "oi"
    row = kept(shop, lead, custom_fields_values=both[1:])
    assert set(row["custom_fields"]) == {str(NUMBER)}
    assert (shown(shop, lead, TEXT), shown(shop, lead, NUMBER)) == (None, 7)


@pytest.mark.parametrize("empty", [None, [], {}])
def test_trap_12_no_custom_fields_are_an_empty_set_however_they_are_sent(
    shop: Ground, lead: int, empty: Any
) -> None:
    """`custom_fields_values` is null or []; PHP's empty map may come as either."""
    kept(shop, lead, custom_fields_values=[plain(TEXT, "Observação", "text", "oi")])
    assert kept(shop, lead, custom_fields_values=empty)["custom_fields"] == {}


def test_trap_12_a_map_with_numeric_keys_is_a_list(shop: Ground, lead: int) -> None:
    """PHP cannot tell one from the other."""
    shop.box.options.change({"lists_as_objects": True})
    row = kept(shop, lead, custom_fields_values=[plain(TEXT, "Observação", "text", "oi")])
    shop.box.options.change({"lists_as_objects": False})
    assert isinstance(row["raw"]["custom_fields_values"], dict)
    assert shown(shop, lead, TEXT) == "oi"


@pytest.mark.parametrize("sent", ["12.5", 12.5])
def test_trap_12_a_number_is_a_number_as_text_and_as_json(
    shop: Ground, lead: int, sent: Any
) -> None:
    """Numbers come as strings or as JSON numbers; so may a price."""
    fields = [plain(NUMBER, "Quantidade", "numeric", sent)]
    row = kept(shop, lead, custom_fields_values=fields, price=sent)
    assert (row["price"], shown(shop, lead, NUMBER)) == (Decimal("12.5"), Decimal("12.5"))


@pytest.mark.parametrize(
    ("midnight", "day"), [(1528772400, date(2018, 6, 12)), (1545703200, date(2018, 12, 25))]
)
def test_trap_13_a_date_is_the_day_of_the_accounts_zone(
    shop: Ground, lead: int, midnight: int, day: date
) -> None:
    """A date comes as midnight there, in UTC seconds: three hours later, two in old summers."""
    kept(shop, lead, custom_fields_values=[plain(DATE, "Data de entrega", "date", midnight)])
    assert shown(shop, lead, DATE) == day
    kept(shop, lead, custom_fields_values=[plain(DATE, "Data", "date", midnight - 1)])
    assert shown(shop, lead, DATE) < day


@pytest.mark.parametrize(
    ("sent", "day"),
    [
        (-31525200, date(1969, 1, 1)),
        (YEAR_1900, date(1900, 1, 1)),
        (None, None),
        (-(10**15), None),
        (10**18, None),
        ("12.01.1980", date(1980, 1, 12)),
    ],
)
def test_trap_14_a_birthday_may_be_before_1970_absent_or_absurd(
    shop: Ground, lead: int, sent: Any, day: date | None
) -> None:
    """Negative seconds, null in a field that is there, moments that no calendar has."""
    fields = [plain(BIRTHDAY, "Aniversário do cliente", "birthday", sent)]
    row = kept(shop, lead, custom_fields_values=fields)
    assert shown(shop, lead, BIRTHDAY) == day
    assert row["custom_fields"][str(BIRTHDAY)]["values"] == [{"value": sent}]


def test_trap_15_won_and_lost_belong_to_their_pipeline(shop: Ground, lead: int) -> None:
    """142 and 143 are stages of every pipeline, under names of its own."""
    shop.box.acts.do("stages.rename", [9100001, 142], {"name": "Vendido"})
    shop.box.acts.do("stages.rename", [9100002, 142], {"name": "Renovado"})
    read(shop, STATUSES)
    stages = {(row["pipeline_id"], row["id"]): row["name"] for row in shop.rows(STATUSES)}
    assert (stages[9100001, 142], stages[9100002, 142]) == ("Vendido", "Renovado")
    for pipeline, name in ((9100001, "Vendido"), (9100002, "Renovado")):
        kept(shop, lead, pipeline_id=pipeline, status_id=142)
        sql = "select status from reports.kommo_leads where id = :id"
        assert ask(shop, sql, id=lead) == [{"status": name}]


@pytest.mark.parametrize("price", [None, 0, 12500, 99.9, "0.10", 9_007_199_254_740_993])
def test_trap_16_a_price_is_kept_to_the_cent_and_null_is_not_zero(
    shop: Ground, lead: int, price: Any
) -> None:
    """Whole units, unless the account has minor ones; not given is not free of charge."""
    shop.box.options.change({"minor_units": True})
    row = kept(shop, lead, price=price)
    shop.box.options.change({"minor_units": False})
    assert row["price"] == (None if price is None else Decimal(str(price)))
    assert row["raw"]["price"] == price
    if isinstance(price, int):
        assert row["raw"]["price_with_minor_units"] == price + 0.5


def test_trap_17_what_stands_twice_in_a_record_counts_once(shop: Ground, lead: int) -> None:
    """The same tag, the same option, the same phone, twice in one list."""
    tag = {"id": 7001, "name": "vip", "color": None}
    channels = choice(CHANNELS, "Canais", "multiselect", ("Loja", 910013), ("Loja", 910013))
    row = kept(shop, lead, _embedded__tags=[tag, tag], custom_fields_values=[channels])
    assert row["tags"] == ["vip"]
    assert shown(shop, lead, CHANNELS) == ["Loja"]
    assert row["raw"]["_embedded"]["tags"] == [tag, tag]
    contact = ids(shop, "contacts")[-1]
    phones = [{"value": "+5511900000001", "enum_id": kind} for kind in (901001, 901003)]
    sent = [field(1300001, "Telefone", "multitext", phones, "PHONE")]
    change(shop, "contacts", contact, custom_fields_values=sent)
    read(shop, CONTACTS)
    assert live(shop, CONTACTS)[contact]["phones"] == ["+5511900000001"]


def test_trap_18_of_two_states_on_one_page_the_later_one_is_kept(shop: Ground) -> None:
    """A page may hold the same record twice: one statement cannot write a row twice."""
    keys = ids(shop, "leads")[:3]
    for key in keys:
        change(shop, "leads", key, name="Nova")

    def twice(request: Request, made: Response) -> Response:
        body = orjson.loads(made.body or b"{}")
        sent = body.get("_embedded", {}).get("leads", [])
        older = {"name": "Velha", "updated_at": 1_700_000_000}
        sent += [{**record, **older} for record in sent if record["id"] in keys]
        return replace(made, body=orjson.dumps(body) if sent else made.body)

    with between(shop, twice):
        read(shop, LEADS, full=True)
    assert [live(shop, LEADS)[key]["name"] for key in keys] == ["Nova"] * 3


def test_trap_19_nobody_has_to_exist_to_be_named(shop: Ground, lead: int) -> None:
    """User 0 is a robot or nobody; users who left are still named by what they did."""
    for user in (0, 11500999):
        row = kept(shop, lead, responsible_user_id=user, created_by=user)
        assert (row["responsible_user_id"], row["created_by"]) == (user, user)
        sql = "select responsible_user_id as id, responsible_user as name from reports.kommo_leads where id = :id"
        assert ask(shop, sql, id=lead) == [{"id": user, "name": None}]
    leaver = shop.box.acts.do("users.remove", [11500102])["users"][0]
    for _ in range(2):
        read(shop, USERS, full=True)
    assert shop.row(USERS, leaver)["missing_since"]
    row = kept(shop, lead, responsible_user_id=leaver)
    assert row["responsible_user_id"] == leaver
    foreign = (
        "select 1 from pg_constraint where contype = 'f' and connamespace = 'kommo'::regnamespace"
    )
    assert ask(shop, foreign) == []


@pytest.mark.parametrize(
    ("typed", "phone"),
    [
        ("(11) 91234-5678", "+5511912345678"),
        ("+55 11 91234 5678", "+5511912345678"),
        ("ramal 2001", "2001"),
        ("12345", "12345"),
        ("não tem", None),
    ],
)
def test_trap_34_a_phone_is_brought_into_one_form_and_kept_as_typed(
    shop: Ground, typed: str, phone: str | None
) -> None:
    """Phones are free text."""
    contact = ids(shop, "contacts")[-1]
    sent = [field(1300001, "Telefone", "multitext", [{"value": typed, "enum_id": 901003}], "PHONE")]
    change(shop, "contacts", contact, custom_fields_values=sent)
    read(shop, CONTACTS)
    row = live(shop, CONTACTS)[contact]
    assert row["phones"] == ([phone] if phone else [])
    assert row["raw"]["custom_fields_values"][0]["values"][0]["value"] == typed
