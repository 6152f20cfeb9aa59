"""What can be asked of deals and contacts: search, filters, order, and what `with` adds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from shared.db.bookkeeping import integration_settings
from shared.db.mirror import stamps_table
from shared.resources import BY_NAME
from tests.webhook_app.conftest import Web

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)


def field(name: str, *values: Any, code: str | None = None, **more: Any) -> dict[str, Any]:
    said = [{"value": value, **more} for value in values]
    return {"name": name, "code": code, "type": "text", "values": said}


def embedded(**kinds: Any) -> dict[str, Any]:
    return {"_embedded": kinds}


ANA: dict[str, Any] = {
    "id": 1,
    "name": "Ana João da Silva",
    "phones": ["+5511900000001"],
    "emails": ["ana@example.com"],
    "custom_fields": {"70": field("CPF", "123.456.789-09")},
    "company_id": 50,
    "updated_at": NOW,
}
BIA: dict[str, Any] = {
    "id": 2,
    "name": "Bia 🌻 O'Neil; drop table",
    "phones": ["+551140000002"],
    "custom_fields": {
        "70": field("CPF", "98765432100"),
        "71": field("Documentos", {"name": "Bia ME", "vat_id": "11.222.333/0001-81"}),
    },
    "updated_at": NOW - timedelta(days=1),
}
CAIO: dict[str, Any] = {"id": 3, "name": "Caio, lote 20261123", "deleted_at": NOW}
DAVI: dict[str, Any] = {"id": 4, "name": None, "updated_at": None, "custom_fields": None}
DEALS: list[dict[str, Any]] = [
    {
        "id": 10,
        "name": "Pedido 1001",
        "price": 10,
        "pipeline_id": 9,
        "status_id": 142,
        "responsible_user_id": 7,
        "company_id": 50,
        "main_contact_id": 1,
        "created_at": NOW - timedelta(days=9),
        "updated_at": NOW,
        "tags": ["VIP"],
        "custom_fields": {
            "80": field("Segmento", "Varejo", code="SEG", enum_id=910001),
            "81": field("Entrega", 1765767600),
        },
        "raw": embedded(
            tags=[{"id": 601, "name": "VIP", "color": None}],
            contacts=[{"id": 2, "is_main": False}, {"id": 1, "is_main": True}, {"id": 99}],
        ),
    },
    {
        "id": 11,
        "name": "Pedido 1002",
        "price": None,
        "pipeline_id": 8,
        "status_id": 142,
        "created_at": NOW - timedelta(days=1),
        "updated_at": NOW - timedelta(days=2),
        "custom_fields": {"82": field("Canais", "Loja", "WhatsApp"), "83": field("A=B", "C=D")},
        "raw": embedded(tags={"0": {"id": 602, "name": "Indicação"}}, contacts={"0": {"id": 3}}),
    },
    {"id": 12, "name": "pedido à parte", "price": 5, "raw": embedded(tags=None, contacts=[])},
]


@pytest.fixture
def mirror(web: Web) -> Web:
    web.mirror("kommo.contacts", ANA, BIA, CAIO, DAVI)
    web.mirror("kommo.leads", *DEALS)
    web.mirror("kommo.companies", {"id": 50, "name": "Acme"})
    web.mirror("kommo.pipelines", {"id": 9, "name": "Vendas"})
    web.mirror(
        "kommo.statuses",
        {"pipeline_id": 9, "id": 142, "name": "Ganho", "sort": 2},
        {"pipeline_id": 8, "id": 142, "name": "Ganho em outro"},
        {"pipeline_id": 9, "id": 5, "name": "Novo", "sort": 1},
    )
    return web


def ids(web: Web, path: str) -> list[Any]:
    answer = web.get(f"/api/kommo/{path}")
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json["data"]  # type: ignore[index]
    assert answer.json["pagination"]["total"] == len(rows)  # type: ignore[index]
    return [row["id"] for row in rows]


SEARCHES: list[tuple[str, Any]] = [
    ("(11) 9 0000-0001", [1]),
    ("%2B55 11 90000-0001", [1]),
    ("011 90000 0001", [1]),
    ("0000-0001", [1]),
    ("4000.0002", [2]),
    ("ANA@Example.COM", [1]),
    ("12345678909", [1]),
    ("123.456.789-09", [1]),
    ("123 456 789 09", [1]),
    ("987.654.321-00", [2]),
    ("11222333000181", [2]),
    ("11.222.333/0001-81", [2]),
    ("222.333", [2]),
    ("joão", [1]),
    ("JOÃO DA", [1]),
    ("joa\u0303o", [1]),
    ("🌻", [2]),
    ("O'Neil; drop", [2]),
    ("20261123", []),
    ("55119000000019", []),
    ("1" * 200, []),
    ("٣٣٣٣", []),
    ("\\", []),
    ("%25", []),
    ("' or 1=1 --", []),
]


def test_a_contact_is_found_however_it_is_typed(mirror: Web) -> None:
    for query, expected in SEARCHES:
        assert ids(mirror, f"contacts?query={query}") == expected, query


def test_what_is_gone_is_found_only_when_it_is_asked_for(mirror: Web) -> None:
    assert ids(mirror, "contacts?query=2026-1123&include_deleted=true") == [3]
    assert ids(mirror, "contacts") == [1, 2, 4]
    assert sorted(ids(mirror, "contacts?include_deleted=true")) == [1, 2, 3, 4]


WAYS: list[tuple[str, Any]] = [
    ("pipeline_id=9", [10]),
    ("status_id=142", [10, 11]),
    ("status_id=142&pipeline_id=8", [11]),
    ("responsible_user_id=7", [10]),
    ("company_id=50", [10]),
    ("main_contact_id=1", [10]),
    ("contact_id=2", [10]),
    ("contact_id=3", [11]),
    ("contact_id=-4", []),
    ("tag=vip", [10]),
    ("tag=601", [10]),
    ("tag=INDICAÇÃO", [11]),
    ("tag=602", [11]),
    ("tag=%25", []),
    ("tags=VIP", [10]),
    ("custom_field=80=varejo", [10]),
    ("custom_field=Segmento=VAREJO", [10]),
    ("custom_field=segmento=910001", [10]),
    ("custom_field=SEG=Varejo", [10]),
    ("custom_field=81=1765767600", [10]),
    ("custom_field=82=loja", [11]),
    ("custom_field=82=loja&custom_field=Canais=whatsapp", [11]),
    ("custom_field=82=loja&custom_field=80=varejo", []),
    ("custom_field=83=C%3DD", [11]),
    ('custom_field=8"0=x', []),
    ("custom_field=Segmento=Vare", []),
    ("updated_at_from=2026-05-04T00:00:00Z", [10]),
    ("created_at_from=2026-05-01T00:00:00Z", [11]),
    ("created_at_to=2026-05-01T00:00:00Z", [10]),
    ("price=10.0", [10]),
    ("query=1002", [11]),
    ("query=À PARTE", [12]),
    ("sort=price", [12, 10, 11]),
    ("sort=-price", [10, 12, 11]),
    ("sort=status_id", [10, 11, 12]),
    ("sort=-created_at", [11, 10, 12]),
    ("sort=-changed_at", [10, 11, 12]),
]


def test_deals_that_are_asked_for_in_one_way(mirror: Web) -> None:
    for query, expected in WAYS:
        assert ids(mirror, f"deals?{query}") == expected, query


def test_a_document_s_number_is_a_custom_field_in_any_typing(mirror: Web) -> None:
    for typed in ("123.456.789-09", "12345678909", "123 456 789 09"):
        assert ids(mirror, f"contacts?custom_field=cpf={typed}") == [1]
    assert ids(mirror, "contacts?custom_field=cpf=98765432100&query=bia") == [2]


def test_with_adds_what_the_mirror_holds_and_asks_nobody(mirror: Web) -> None:
    wanted = "contacts,company,main_contact,pipeline,status,responsible,tags,raw"
    row = mirror.get(f"/api/kommo/deals?pipeline_id=9&with={wanted}").json["data"][0]
    assert [one["id"] for one in row["contacts"]] == [2, 1]
    assert row["contacts"][1]["custom_fields"]["70"]["name"] == "CPF"
    assert (row["company"]["name"], row["main_contact"]["id"]) == ("Acme", 1)
    assert (row["pipeline"]["name"], row["status"]["name"]) == ("Vendas", "Ganho")
    assert row["responsible"] is None
    assert row["tags"] == [{"id": 601, "name": "VIP", "color": None}]
    assert row["raw"] == DEALS[0]["raw"]
    assert mirror.rung == []


def test_without_with_there_is_none_of_it(mirror: Web) -> None:
    row = mirror.get("/api/kommo/deals/10").json["data"]
    assert not {"contacts", "company", "status"} & set(row)
    assert row["tags"] == ["VIP"]
    assert "raw" in row
    assert "raw" not in mirror.get("/api/kommo/deals").json["data"][0]


def test_with_goes_for_one_row_and_for_a_body_too(mirror: Web) -> None:
    got = mirror.get("/api/kommo/deals/11?with=contacts,status").json["data"]
    assert [one["deleted_at"] for one in got["contacts"]] == ["2026-05-04T12:30:00Z"]
    assert got["status"]["name"] == "Ganho em outro"
    posted = mirror.post("/api/kommo/deals", {"dealId": 11, "with": "contacts,status"}, "read")
    assert posted.json["data"] == got
    listed = mirror.post("/api/kommo/deals", {"query": "1001", "with": "company"}, "read")
    assert listed.json["data"][0]["company"]["id"] == 50


def test_a_pipeline_comes_with_its_statuses(mirror: Web) -> None:
    row = mirror.get("/api/kommo/pipelines/9?with=statuses").json["data"]
    assert [status["name"] for status in row["statuses"]] == ["Novo", "Ganho"]


def test_a_row_whose_key_has_parts_is_asked_for_by_all_of_them(mirror: Web) -> None:
    mirror.mirror("kommo.custom_fields", {"entity_type": "catalogs/7001", "id": 3, "name": "SKU"})
    mirror.mirror("kommo.notes", {"entity_type": "leads", "id": 3, "text": "oi"})
    status = mirror.get("/api/kommo/statuses/8/142?with=pipeline").json["data"]
    assert (status["name"], status["pipeline"]) == ("Ganho em outro", None)
    assert mirror.get("/api/kommo/custom_fields/catalogs/7001/3").json["data"]["name"] == "SKU"
    assert mirror.get("/api/kommo/notes/leads/3").json["data"]["text"] == "oi"
    assert mirror.get("/api/kommo/notes/contacts/3").status_code == 404


def test_a_row_says_when_it_was_last_looked_at(mirror: Web) -> None:
    seen = {"integration_id": mirror.integration("kommo").id, "id": 10, "observed_at": NOW}
    stamps = stamps_table(BY_NAME["kommo.leads"])
    mirror.run(lambda c: c.execute(insert(stamps).values(**seen)))
    assert mirror.get("/api/kommo/deals/10").json["data"]["observed_at"] == "2026-05-04T12:30:00Z"
    rows = mirror.get("/api/kommo/deals").json["data"]
    assert [row["observed_at"] for row in rows] == ["2026-05-04T12:30:00Z", None, None]


def test_two_accounts_with_the_same_ids_never_see_each_other(mirror: Web) -> None:
    def second(connection: Connection) -> int:
        values = {"user_id": "second", "provider": "kommo"}
        made = insert(integration_settings).values(**values).returning(integration_settings.c.id)
        return int(connection.execute(made).scalar_one())

    other = mirror.run(second)
    for name, row in (("kommo.leads", DEALS[0]), ("kommo.contacts", BIA)):
        mirror.mirror(name, {**row, "integration_id": other, "name": "de outra conta"})
    assert ids(mirror, f"deals?integration={other}") == [10]
    assert ids(mirror, "deals?query=outra conta") == []
    theirs = mirror.get(f"/api/kommo/deals/10?integration={other}&with=contacts,company,status")
    row = theirs.json["data"]
    assert [one["name"] for one in row["contacts"]] == ["de outra conta"]
    assert row["company"] is row["status"] is None
    assert mirror.get("/api/kommo/deals/10").json["data"]["name"] == "Pedido 1001"
    assert mirror.get(f"/api/kommo/deals/11?integration={other}").status_code == 404
    for path in ("deals", "deals/10"):
        assert mirror.get(f"/api/kommo/{path}?integration=77").status_code == 404
    found = ids(mirror, f"contacts?integration={other}&query=98765432100")
    assert (found, ids(mirror, "contacts?query=98765432100")) == ([2], [2])


def test_every_row_stands_on_exactly_one_page(web: Web) -> None:
    same = [{"id": id_, "name": "x", "updated_at": NOW} for id_ in range(1, 24)]
    web.mirror("kommo.contacts", *same)
    for sort in ("", "&sort=name", "&sort=-updated_at", "&sort=company_id", "&query=x"):
        pages = [f"/api/kommo/contacts?limit=5&page={page}{sort}" for page in range(1, 6)]
        rows = [row["id"] for page in pages for row in web.get(page).json["data"]]
        assert rows == list(range(1, 24))
        beyond = web.get(f"/api/kommo/contacts?limit=250&page=1000000000{sort}").json
        assert (beyond["data"], beyond["pagination"]["total"]) == ([], 23)


WRONG: list[tuple[str, Any]] = [
    ("with=contact", "with: there are: contacts, main_contact, company"),
    ("with=contacts,", "with: there are"),
    ("sort=raw", "sort: there are: id, -id, name"),
    ("sort=-nonsense", "got '-nonsense'"),
    ("page=-1", "page: Input should be greater than or equal to 1; got '-1'"),
    ("limit=1000", "limit: Input should be less than or equal to 250; got '1000'"),
    ("custom_field=CPF", "custom_field.0"),
    ("custom_field==1", "custom_field.0"),
    ("contact_id=x", "contact_id"),
    ("include_deleted=1", "include_deleted"),
    ("integration=me", "integration"),
    ("tag=%00", "tag"),
    ("tag=a&tag=b", "given more than once: tag"),
    ("created_since=2026-01-01", "created_at_from"),
]


def test_what_is_wrong_is_named_with_what_it_got_and_what_there_is(web: Web) -> None:
    for query, told in WRONG:
        answer = web.get(f"/api/kommo/deals?{query}")
        assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
        assert told in answer.json["message"]


def test_earlier_names_of_parameters_are_understood(mirror: Web) -> None:
    one = mirror.integration("kommo").id
    assert ids(mirror, f"contacts?deleted=true&integration_id={one}&sort=id") == [1, 2, 3, 4]
    row = mirror.get("/api/kommo/deals?raw=true&with=company").json["data"][0]
    assert row["raw"] == DEALS[0]["raw"]
    assert row["company"]["id"] == 50
