"""Traps of getting in (kommo-api.md 9): addresses, tokens, blocks."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import jwt
import pytest
from pydantic import SecretStr

from sandbox.http import Request, Response
from shared import enrolment, integrations, runs
from shared.enrolment import Wanted
from shared.errors import AddressBlocked, CredentialsRefused, Paused
from shared.integrations import Integration
from tests.ground import Ground, ground_on, reaching
from tests.traps.scene import LEADS, ids, live, names, read, true_names
from tests.worker.sources.vendors import reply, vendor
from worker.reach import Reach
from worker.sources import kommo, oauth
from worker.sources.kommo import Kommo
from worker.sources.opening import Credentials, credentials, open_source
from worker.sources.protocol import Ask, Source
from worker.sync import walk
from worker.sync.carry import carry_out

SOON, LATER = timedelta(minutes=1), timedelta(hours=20)
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


@contextmanager
def consented(ground: Ground, ends: timedelta) -> Iterator[tuple[Reach, Integration]]:
    """An integration by OAuth, beside the environment's; its access token ends so soon."""
    box, now = ground.box.options, datetime.now(UTC)
    ours = {
        "kommo_client_id": box.oauth_client_id,
        "kommo_client_secret": SecretStr(box.oauth_client_secret),
        "kommo_redirect_uri": box.oauth_redirect_uri,
    }
    pair = ground.box.grants.issue()
    stored = {
        "jwtToken": pair["access_token"],
        "refreshToken": pair["refresh_token"],
        "expiresAt": (now + ends).isoformat(),
        "refreshUntil": (now + timedelta(days=90)).isoformat(),
    }
    wanted = Wanted("kommo", "south", {}, url=ground.box.kommo_url)
    with reaching(ground.reach.settings.model_copy(update=ours)) as (reach, _):
        made = ground.run(enrolment.keep, reach.keys, wanted, stored)
        yield reach, made.integration


def carried(ground: Ground, reach: Reach, integration: Integration) -> dict[str, Any]:
    """One run of that integration, taken up again as long as it is put back."""

    def order(connection: Any) -> int:
        asked = runs.request(connection, integration, [LEADS], full=True, trigger="cli")
        return int(asked.run_ids[-1])

    run_id = ground.run(order)
    for _ in range(3):
        ground.run(lambda c: c.exec_driver_sql("update sync.runs set next_at = clock_timestamp()"))
        while carry_out(reach, run_id, 60.0):
            pass
    return ground.report(run_id)


def test_trap_23_of_several_processes_one_renews_the_token(ground: Ground) -> None:
    """A refresh token serves once: whoever asks in parallel burns the pair of the other."""
    with consented(ground, SOON) as (reach, integration):
        got: list[Credentials] = []
        work = lambda: got.append(oauth.usable(reach, integration))  # noqa: E731
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({given.secrets for given in got}) == 1
        assert ground.asked("kommo") == {"/oauth2/access_token": 1}
        for given in got:
            assert open_source(reach, integration, given).account().ids == ("31990001",)


def test_trap_24_a_token_may_be_as_long_as_it_likes(ground: Ground) -> None:
    """Tokens of a thousand characters and more do not fit into a column of 255."""
    claims = {"account_id": 31990001, "exp": 4_000_000_000, "scopes": ["crm"], "more": "x" * 6000}
    token = jwt.encode(claims, "k" * 32, algorithm="HS256")
    ground.box.grants.know(token)
    wanted = Wanted("kommo", "south", {"jwtToken": token}, url=ground.box.kommo_url)
    ground.integration("kommo")
    added = ground.run(enrolment.add, ground.reach.settings, ground.reach.keys, wanted)
    assert credentials(ground.reach, added.integration).secrets == (token,)
    assert carried(ground, ground.reach, added.integration)["state"] == "done"
    assert names(ground, LEADS) == true_names(ground, "leads")


@pytest.mark.parametrize("answer", [401, 404, 302])
def test_trap_25_an_account_that_moved_away_loses_no_row(ground: Ground, answer: int) -> None:
    """A renamed account: the old address answers 401, 404, or sends to a marketing page."""
    read(ground, LEADS)
    before = live(ground, LEADS)
    home = ground.box.rename("another-name", answer)
    report = ground.sync(LEADS, full=True)
    assert (report["state"], str(answer) in report["reason"]) == ("failed", True)
    ground.box.reset_stats()
    assert ground.sync(LEADS)["state"] == "failed"
    assert ground.requests("kommo") <= 1, "what was refused is not asked again and again"
    assert live(ground, LEADS) == before
    with reaching(ground.reach.settings.model_copy(update={"kommo_api_url": home})) as (reach, _):
        moved = Ground(ground.box, reach)
        read(moved, LEADS, full=True)
        assert moved.integration("kommo").id == ground.integration("kommo").id
    assert set(live(ground, LEADS)) == set(before) == set(ids(ground, "leads"))


@pytest.mark.parametrize("answer", [401, 404, 302])
def test_trap_25_by_its_refresh_token_an_account_that_moved_is_found_again(
    ground: Ground, answer: int
) -> None:
    """The shard tells where the account lives now."""
    with consented(ground, LATER) as (reach, integration):
        assert carried(ground, reach, integration)["state"] == "done"
        home = ground.box.rename("another-name", answer)
        ground.box.kommo.create("leads", {"name": "Da casa nova"}, silent=True)
        assert carried(ground, reach, integration)["state"] == "done"
        assert ground.run(integrations.by_id, integration.id).url == home
        assert "Da casa nova" in names(ground, LEADS).values()


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
            assert [number for number, _ in walk.pages(partial(source.page, Ask(LEADS)), 1)] == [1]
            assert len(here.heard) >= 3
            assert {request.headers["authorization"] for request in here.heard} == {
                "Bearer the-token"
            }
        away: dict[str, Any] = {"Location": f"{elsewhere.server.url}/api/v4/leads"}
        for status in (301, 302, 303, 307, 308):
            with vendor(reply(status, **away)) as here:
                source = Kommo(here.door(kommo.dialect("the-token")))
                with pytest.raises(CredentialsRefused, match="KOMMO_API_URL"):
                    source.page(Ask(LEADS), 1)
        assert elsewhere.heard == []
