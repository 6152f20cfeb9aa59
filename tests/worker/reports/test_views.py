"""The views: one column for each field, names instead of ids, kept while nothing changes."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from shared.resources import BY_NAME
from tests.ground import Ground
from tests.worker.reports.accounts import Shop, fields, open_shop
from worker import reports
from worker.reports.views import Done

DAY = datetime(2026, 11, 2, tzinfo=UTC)


def test_every_account_has_its_views_and_the_main_one_the_short_names(engine: Engine) -> None:
    second = open_shop(engine, 555, user="someone")
    first = open_shop(engine, 777, user="default")
    assert set(second.refresh()) == {f"kommo_555_{e}" for e in ("leads", "contacts", "companies")}
    assert set(first.refresh()) >= {"kommo_leads", "kommo_777_leads", "kommo_companies"}
    for shop, name in ((first, "of the first"), (second, "of the second")):
        shop.lead(1, name=name)
    assert first.one("select name from reports.kommo_leads")["name"] == "of the first"
    assert first.one("select name from reports.kommo_555_leads")["name"] == "of the second"


def test_the_sandbox_is_the_main_account_until_there_is_a_real_one(engine: Engine) -> None:
    open_shop(engine, 1, user="aaa")
    box = open_shop(engine, 2, user="sandbox")
    assert "kommo_leads" in box.refresh()
    real = open_shop(engine, 3, user="default")
    assert "kommo_leads" in real.refresh()
    assert "kommo_leads" not in box.refresh()


def test_an_account_that_was_not_met_yet_has_none(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("insert into ponte.integration_settings (user_id, provider) values ('x', 'kommo')")
        )
    assert reports.refresh_all(engine) == []


def test_ids_come_with_their_names(shop: Shop) -> None:
    shop.put("users", id=11, name="Ana")
    shop.put("pipelines", id=5, name="Vendas")
    shop.put("statuses", pipeline_id=5, id=143, name="Perdido")
    shop.put("statuses", pipeline_id=6, id=143, name="Lost elsewhere")
    shop.put("companies", id=70, name="ACME")
    shop.put("contacts", id=80, name="Bia", phones=["+5511900000001"])
    shop.put("loss_reasons", id=9, name="Preço")
    tags = [{"id": 1, "name": "vip"}, {"id": 1, "name": "vip"}, {"id": 2, "name": "novo"}]
    raw = {"_embedded": {"tags": tags}}
    ids = {"company_id": 70, "main_contact_id": 80, "loss_reason_id": 9, "responsible_user_id": 11}
    shop.lead(1, pipeline_id=5, status_id=143, price=Decimal("12.5"), raw=raw, **ids)
    shop.refresh()
    row = shop.one("select * from reports.kommo_leads")
    wanted = {
        "pipeline": "Vendas",
        "status": "Perdido",
        "outcome": "lost",
        "responsible_user": "Ana",
        "company": "ACME",
        "main_contact": "Bia",
        "main_contact_phones": ["+5511900000001"],
        "loss_reason": "Preço",
        "tags": ["vip", "novo"],
        "price": Decimal("12.5"),
    }
    assert {name: row[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    "sent", [[{"id": 9, "name": "Preço"}], {"id": 9, "name": "Preço"}, {"0": {"name": "Preço"}}]
)
def test_a_loss_reason_that_is_not_listed_is_named_by_the_lead_itself(
    shop: Shop, sent: object
) -> None:
    shop.lead(1, loss_reason_id=9, raw={"_embedded": {"loss_reason": sent}})
    shop.refresh()
    assert shop.one("select loss_reason from reports.kommo_leads") == {"loss_reason": "Preço"}


def test_deleted_and_missing_rows_are_left_out(shop: Shop) -> None:
    shop.lead(1)
    shop.lead(2, deleted_at=DAY)
    shop.lead(3, missing_since=DAY)
    shop.refresh()
    assert shop.run("select id from reports.kommo_leads") == [{"id": 1}]


def test_each_field_is_a_column_of_its_own_entity_with_its_type(shop: Shop) -> None:
    shop.field(1, "Segmento", "select")
    shop.field(2, "Valor", "monetary")
    shop.field(1, "Cargo", "text", entity="contacts")
    shop.refresh()
    assert shop.columns()["segmento"] == "text"
    assert shop.columns()["valor"] == "numeric"
    assert "cargo" not in shop.columns()
    assert shop.columns("kommo_contacts")["cargo"] == "text"
    assert shop.comment("segmento") == "Segmento (Kommo field 1, select)"


def test_a_renamed_field_keeps_its_column_and_its_comment_says_the_new_name(shop: Shop) -> None:
    shop.field(1, "Segmento")
    shop.refresh()
    shop.field(1, "Ramo 100% de :atividade 'x'")
    assert shop.refresh()["kommo_leads"].done == Done.REPLACED
    assert "ramo" not in "".join(shop.columns())
    assert shop.comment("segmento").startswith("Ramo 100% de :atividade 'x' (Kommo field 1")


def test_two_fields_of_one_name_and_one_like_a_base_column(shop: Shop) -> None:
    shop.field(1, "Origem", sort=2)
    shop.field(2, "Origem", sort=1)
    shop.field(3, "Status")
    shop.field(4, "Order")
    shop.refresh()
    assert {"origem", "origem_1", "status_3", "order_4"} <= set(shop.columns())
    assert shop.comment("origem").endswith("(Kommo field 2, text)")


def test_nothing_is_replaced_while_definitions_stay(shop: Shop) -> None:
    shop.field(1, "Segmento")
    assert {one.done for one in shop.refresh().values()} == {Done.MADE}
    before = shop.run("select xmin::text, oid from pg_class where relname = 'kommo_leads'")
    shop.put("custom_fields", entity_type="leads", id=1, name="Segmento", type="text", sort=9)
    assert {one.done for one in shop.refresh().values()} == {Done.UNCHANGED}
    assert shop.run("select xmin::text, oid from pg_class where relname = 'kommo_leads'") == before


def test_a_view_that_somebody_dropped_is_made_again(shop: Shop) -> None:
    shop.refresh()
    shop.run("drop view reports.kommo_leads")
    assert shop.refresh()["kommo_leads"].done == Done.MADE


def test_new_fields_stand_at_the_end_and_views_upon_ours_live_on(shop: Shop) -> None:
    shop.field(5, "Zebra")
    shop.refresh()
    shop.run("create view public.mine as select id, zebra from reports.kommo_leads")
    shop.run("grant select on reports.kommo_leads to public")
    shop.field(1, "Abelha", sort=1)
    assert shop.refresh()["kommo_leads"].problem is None
    shop.field(3, "Cobra", sort=1)
    assert shop.refresh()["kommo_leads"].problem is None
    assert list(shop.columns())[-3:] == ["zebra", "abelha", "cobra"]
    assert shop.run("select * from public.mine") == []
    assert _granted(shop)


def test_a_field_that_kommo_no_longer_lists_keeps_its_column_until_it_is_given_up(
    shop: Shop,
) -> None:
    shop.field(1, "Velho")
    shop.field(2, "Novo")
    shop.lead(1, custom_fields=fields(_1=[{"value": "x"}]))
    shop.refresh()
    shop.field(1, "Velho", deleted_at=DAY)
    shop.refresh()
    assert shop.comment("velho").endswith("; not in Kommo's list since 2026-11-02")
    assert shop.one("select velho from reports.kommo_leads") == {"velho": "x"}
    assert shop.refresh(prune=True)["kommo_leads"].done == Done.REPLACED
    assert "velho" not in shop.columns()
    shop.field(3, "Nunca visto", deleted_at=DAY)
    shop.refresh()
    assert "nunca_visto" not in shop.columns()


def test_after_columns_were_given_up_new_ones_still_stand_at_the_end(shop: Shop) -> None:
    for number in (7, 8, 9):
        shop.field(number, f"Campo {number}")
    shop.refresh()
    shop.field(7, "Campo 7", deleted_at=DAY)
    shop.refresh(prune=True)
    shop.field(1, "Novo")
    for _ in range(2):
        shop.refresh()
        assert list(shop.columns())[-3:] == ["campo_8", "campo_9", "novo"]
        shop.run("drop view reports.kommo_leads")


def test_another_type_replaces_the_view_and_its_grants_survive(shop: Shop) -> None:
    shop.field(1, "Valor", "text")
    shop.refresh()
    shop.run("grant select on reports.kommo_leads to public")
    shop.field(1, "Valor", "numeric")
    assert shop.refresh()["kommo_leads"].done == Done.REPLACED
    assert shop.columns()["valor"] == "numeric"
    assert _granted(shop)


def test_a_view_that_somebody_reads_from_is_kept_and_says_who(shop: Shop) -> None:
    shop.field(1, "Valor", "text")
    shop.refresh()
    shop.run("create view public.mine as select valor from reports.kommo_leads")
    shop.field(1, "Valor", "numeric")
    shop.field(2, "Novo")
    outcomes = shop.refresh()
    assert outcomes["kommo_leads"].done == Done.KEPT
    assert "mine depends on view reports.kommo_leads" in str(outcomes["kommo_leads"].problem)
    assert outcomes["kommo_31990001_leads"].problem is None, "the others are not held up"
    assert shop.columns()["valor"] == "text"
    problems = shop.run("select name from ponte.report_views where problem is not null")
    assert problems == [{"name": "kommo_leads"}]
    shop.run("drop view public.mine")
    assert shop.refresh()["kommo_leads"].problem is None
    assert shop.columns()["valor"] == "numeric"
    assert shop.run("select name from ponte.report_views where problem is not null") == []


def test_a_reader_who_holds_a_view_delays_it_and_stops_nothing(shop: Shop) -> None:
    shop.refresh()
    shop.field(1, "Novo")
    with shop.engine.begin() as reader:
        reader.execute(text("select * from reports.kommo_leads"))
        outcomes = shop.refresh()
        assert "lock timeout" in str(outcomes["kommo_leads"].problem)
        assert "novo" in shop.columns("kommo_31990001_leads")
    assert shop.refresh()["kommo_leads"].problem is None
    assert "novo" in shop.columns()


def test_two_refreshes_at_once_make_the_views_once(shop: Shop) -> None:
    with ThreadPoolExecutor(1) as pool:
        with shop.engine.begin() as first:
            reports.refresh(first, shop.id)
            second = pool.submit(shop.refresh)
            _wait_for_a_lock(shop)
        assert {one.done for one in second.result().values()} == {Done.UNCHANGED}


def _wait_for_a_lock(shop: Shop) -> None:
    """Until somebody waits for what we hold."""
    waiting = "select count(*) as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"  # fmt: skip
    while not shop.one(waiting)["n"]:
        time.sleep(0.01)


def test_a_time_zone_that_nobody_knows_is_utc(shop: Shop) -> None:
    midnight = int(datetime(2026, 5, 3, tzinfo=UTC).timestamp())
    shop.field(1, "Dia", "date")
    shop.lead(1, custom_fields=fields(_1=[{"value": midnight}]))
    for zone, day in (
        ("America/Sao_Paulo", 2),
        ("Asia/Tokyo", 3),
        ("Mars/Olympus", 3),
        ("x' y", 3),
    ):
        shop.put("account", id=shop.account, timezone=zone)
        shop.refresh()
        assert shop.one("select dia from reports.kommo_leads") == {"dia": date(2026, 5, day)}


def test_a_sync_makes_the_views_and_a_failed_view_fails_no_sync(ground: Ground) -> None:
    leads, account = BY_NAME["kommo.leads"], BY_NAME["kommo.account"]
    assert ground.sync(leads)["state"] == "done"
    mine = Shop(ground.reach.engine, ground.integration("kommo").id, 31990001)
    mine.field(1400002, "Segmento", "select")
    assert ground.sync(account)["state"] == "done"
    answers = mine.run("select segmento from reports.kommo_leads")
    assert len(answers) == 40
    assert {row["segmento"] for row in answers} >= {"Varejo", "Atacado"}
    mine.run("drop table ponte.report_views")
    assert ground.sync(account)["state"] == "done"


def _granted(shop: Shop) -> bool:
    """Somebody without any other right may read the view."""
    with shop.engine.connect() as connection, connection.begin() as transaction:
        connection.execute(text("create role ponte_reader"))
        connection.execute(text("grant usage on schema reports to ponte_reader"))
        connection.execute(text("set local role ponte_reader"))
        connection.execute(text("select * from reports.kommo_leads")).all()
        transaction.rollback()
    return True
