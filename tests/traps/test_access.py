"""Traps of getting in (kommo-api.md 9): addresses, tokens, blocks."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import jwt
import pytest

from sandbox.http import Request, Response
from shared.errors import AddressBlocked, Paused, RequestRefused
from tests.ground import Ground, ground_on, reaching
from tests.traps.scene import LEADS, ids, live, names, read, true_names
from tests.worker.sources.vendors import reply, vendor
from worker.reach import Reach
from worker.sources import kommo
from worker.sources.kommo import Kommo
from worker.sources.opening import Credentials, open_source
from worker.sources.protocol import Ask, Source
from worker.sync import walk

OTHER = "4242"
"""Another account behind the same address."""


@contextmanager
def limited(database_url: str, redis_url: str, rate: int) -> Iterator[tuple[Ground, Reach]]:
    """A ground that keeps Kommo's limits, and a Kommo that counts; its books are closed afterwards."""
    with ground_on(database_url, redis_url=redis_url, kommo_limit=rate) as ground:
        given = {"kommo_rate_limit": rate, "kommo_rate_limit_per_address": rate}
        with reaching(ground.reach.settings.model_copy(update=given)) as (reach, _):
            try:
                yield ground, reach
            finally:
                for key in reach.redis.scan_iter("ponte:budget:{kommo}*"):
                    reach.redis.delete(key)


def opened(ground: Ground, reach: Reach, account: str | None = None) -> Source:
    """A source for the ground's account, or for another one behind the same address."""
    integration = ground.integration("kommo")
    token = ground.box.kommo_token
    if account:
        integration = replace(integration, account_id=account)
        token = ground.box.grants.long_lived(3600.0, ["crm"])
    return open_source(reach, integration, Credentials("kommo", ground.box.kommo_url, (token,)))


def test_trap_22_a_block_of_the_address_silences_every_account_behind_it(
    database_url: str, redis_url: str
) -> None:
    """HTML 403: the address is blocked, for whatever else asks from there."""
    with limited(database_url, redis_url, 20) as (ground, reach):
        ground.box.faults.add({"vendor": "kommo", "kind": "403_html", "times": 1})
        with pytest.raises(AddressBlocked):
            opened(ground, reach).account()
        with pytest.raises(Paused):
            opened(ground, reach, OTHER).account()
        assert ground.requests("kommo") == 1


def test_trap_22_accounts_behind_one_address_share_its_limit(
    database_url: str, redis_url: str
) -> None:
    """Each keeps its own limit, and together they would pass that of the address."""
    with limited(database_url, redis_url, 20) as (ground, reach):
        sources = [opened(ground, reach), opened(ground, reach, OTHER)]
        work = [threading.Thread(target=ask_often, args=(source, 14)) for source in sources]
        for thread in work:
            thread.start()
        for thread in work:
            thread.join()
        assert ground.box.stats()["kommo"]["by_status"] == {"200": 28}


def ask_often(source: Source, times: int) -> None:
    for _ in range(times):
        source.account()


def test_trap_24_a_token_may_be_as_long_as_it_likes(database_url: str) -> None:
    """Tokens of a thousand characters and more do not fit into a column of 255."""
    claims = {"account_id": 31990001, "exp": 4_000_000_000, "scopes": ["crm"], "more": "x" * 6000}
    token = jwt.encode(claims, "k" * 32, algorithm="HS256")
    with ground_on(database_url, kommo_token=token) as ground:
        assert len(token) > 8000
        read(ground, LEADS)
        assert names(ground, LEADS) == true_names(ground, "leads")
        tokens = "select table_name, column_name from information_schema.columns where table_schema = 'ponte'"
        short = f"{tokens} and character_maximum_length is not null"
        assert ground.run(lambda c: c.exec_driver_sql(short).all()) == []


@pytest.mark.parametrize("answer", [401, 404, 302])
def test_trap_25_an_account_that_moved_away_loses_no_row(ground: Ground, answer: int) -> None:
    """A renamed account: the old address answers 401, 404, or sends to a marketing page."""
    read(ground, LEADS)
    before = live(ground, LEADS)
    home = ground.box.rename("another-name", answer)
    report = ground.sync(LEADS, full=True)
    assert report["state"] in ("failed", "unavailable")
    assert str(answer) in report["reason"]
    assert live(ground, LEADS) == before
    with reaching(ground.reach.settings.model_copy(update={"kommo_api_url": home})) as (reach, _):
        moved = Ground(ground.box, reach)
        read(moved, LEADS, full=True)
        assert moved.integration("kommo").id == ground.integration("kommo").id
    assert set(live(ground, LEADS)) == set(before) == set(ids(ground, "leads"))


def test_trap_26_a_link_or_redirect_to_another_host_is_not_followed() -> None:
    """Links in answers name other hosts: the token stays with the one that was configured."""
    with vendor(Response(204)) as elsewhere:

        def page(request: Request) -> Response:
            if request.one("page") != "1":
                return Response(204)
            away = f"{elsewhere.server.url}/api/v4/leads?page=2"
            links = {"self": {"href": away}, "next": {"href": away}}
            return reply(200, {"_links": links, "_embedded": {"leads": [{"id": 1}]}})

        with vendor(page) as here:
            source = Kommo(here.door(kommo.dialect("the-token")))
            assert [number for number, _ in walk.pages(source, Ask(LEADS), 1)] == [1]
            assert len(here.heard) >= 3
            assert {request.headers["authorization"] for request in here.heard} == {
                "Bearer the-token"
            }
        away: dict[str, Any] = {"Location": f"{elsewhere.server.url}/api/v4/leads"}
        for status in (301, 302, 303, 307, 308):
            with vendor(reply(status, **away)) as here:
                source = Kommo(here.door(kommo.dialect("the-token")))
                with pytest.raises(RequestRefused, match="KOMMO_API_URL"):
                    source.page(Ask(LEADS), 1)
        assert elsewhere.heard == []
