"""Older rows that may still change: asked for alone, where the vendor acts upon that, else by their days."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from shared.db.bookkeeping import unavailable
from shared.resources import BY_NAME
from shared.resources.grammar import Resource
from tests.ground import Ground, Row, ground_on
from worker.doctor import work
from worker.sync import sweep

SALES, TITLES = BY_NAME["gestao_click.vendas"], BY_NAME["gestao_click.recebimentos"]
SHOP = {"leads": 0, "sales": 900, "months": 12, "open_titles": 0.15, "seed": 3}
DONE = {"situacao_id": "60002", "nome_situacao": "Concretizada"}
OLD = timedelta(days=45)


@pytest.fixture(params=[True, False], ids=["acted upon", "ignored"])
def shop(database_url: str, request: pytest.FixtureRequest) -> Iterator[Ground]:
    """Read once; `liquidado` is acted upon, or ignored in silence."""
    with ground_on(database_url, **SHOP, liquidado_filters=request.param) as ground:
        for resource in (SALES, TITLES):
            assert ground.sync(resource)["state"] == "done"
        yield ground


def old_open(ground: Ground, resource: Resource) -> list[Row]:
    before = date.today() - OLD
    if resource is TITLES:
        return [
            r for r in ground.rows(TITLES) if not r["liquidado"] and r["data_vencimento"] < before
        ]
    words = ("Em aberto", "Em andamento")
    return [r for r in ground.rows(SALES) if r["nome_situacao"] in words and r["data"] < before]


def change(ground: Ground, resource: Resource, row: Row, **fields: Any) -> None:
    ground.box.gestao_click.change(resource.name, [int(row["id"])], fields)


def ignored(ground: Ground, resource: Resource) -> list[str]:
    """Slices of which it is known that asking for open rows alone is ignored."""
    rows = ground.run(lambda c: [dict(r._mapping) for r in c.execute(unavailable.select())])
    return [row["slice"] for row in rows if row["resource"] == resource.full_name]


def test_an_older_open_sale_that_is_concluded_is_noticed_for_a_few_requests(shop: Ground) -> None:
    open_ = old_open(shop, SALES)
    assert len(open_) > 2
    change(shop, SALES, open_[0], **DONE)
    shop.box.gestao_click.delete("vendas", [int(open_[1]["id"])])
    report = shop.sync(SALES)
    assert (report["state"], report["reason"]) == ("done", None)
    assert shop.row(SALES, open_[0]["id"])["nome_situacao"] == "Concretizada"
    assert shop.row(SALES, open_[1]["id"])["deleted_at"]
    stores, kinds, situations = len(shop.rows(BY_NAME["gestao_click.lojas"])), 3, 2
    assert report["requests"] <= stores * kinds * (2 + situations) + 4
    assert ignored(shop, SALES) == []


def test_older_open_titles_are_kept_true_whatever_the_filter_does(shop: Ground) -> None:
    open_ = old_open(shop, TITLES)
    assert len(open_) > 20
    due = open_[0]["data_vencimento"].isoformat()
    change(shop, TITLES, open_[0], liquidado="1", data_liquidacao=due)
    shop.box.gestao_click.delete("recebimentos", [int(open_[1]["id"])])
    change(shop, TITLES, open_[2], valor_total="1.23")
    report = shop.sync(TITLES)
    assert (report["state"], report["gone"]) == ("done", 1)
    assert shop.row(TITLES, open_[0]["id"])["liquidado"] is True
    assert shop.row(TITLES, open_[1]["id"])["deleted_at"]
    assert str(shop.row(TITLES, open_[2]["id"])["valor_total"]) in ("1.23", "1.2300")
    acts = shop.box.options.liquidado_filters
    stores = len(shop.rows(BY_NAME["gestao_click.lojas"]))
    assert (report["requests"] <= stores * 4 + 4) is acts
    assert bool(ignored(shop, TITLES)) is not acts


def test_what_was_ignored_is_not_asked_for_again_on_that_day_and_is_no_complaint(
    shop: Ground,
) -> None:
    first, second = shop.sync(TITLES)["requests"], shop.sync(TITLES)["requests"]
    refused = ignored(shop, TITLES)
    assert second == first - (1 if refused else 0)
    with shop.reach.engine.begin() as connection:
        assert list(work.not_given(connection, shop.reach.settings)) == []
        connection.execute(
            text("update sync.unavailable set checked_at = now() - interval '25 hours'")
        )
    assert shop.sync(TITLES)["requests"] == first
    assert ignored(shop, TITLES) == refused


def test_a_filter_that_hides_open_rows_is_not_believed(
    shop: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "SUSPICIOUS_COUNT", 5)
    hide: Any = lambda asked, _: [lambda _: False] if asked else []  # noqa: E731
    monkeypatch.setattr("sandbox.gestao_click.listing._liquidado", hide)
    shop.box.options.liquidado_filters = True
    before = shop.rows(TITLES)
    report = shop.sync(TITLES)
    assert (report["state"], report["gone"]) == ("done", 0)
    assert shop.rows(TITLES) == before
    assert ignored(shop, TITLES)
    assert shop.asked("gestao-click").get("/recebimentos/{id}", 0) == 0
