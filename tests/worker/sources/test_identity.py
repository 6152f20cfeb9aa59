"""An integration stays itself, and nobody hammers a vendor with credentials that were refused."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from sandbox.tokens import kommo_token
from shared import integrations
from shared.db.bookkeeping import usage
from shared.errors import CredentialsRefused, NoCredentials, WrongAccount
from shared.resources import BY_NAME
from tests.ground import Ground, ground_on, reaching
from worker.reach import Reach
from worker.sources import claims, identity
from worker.sources.opening import credentials, open_source
from worker.sources.protocol import Account


def prove(ground: Ground, provider: str = "kommo", reach: Reach | None = None) -> Account:
    reach = reach or ground.reach
    integration = ground.integration(provider)
    given = credentials(reach, integration)
    return identity.prove(reach, integration, given, open_source(reach, integration, given))


@pytest.mark.parametrize("provider", ["kommo", "gestao-click"])
def test_the_first_account_that_is_met_is_the_integrations_own(
    ground: Ground, provider: str
) -> None:
    account = prove(ground, provider)
    row = ground.settings_row(provider)
    assert row["account_id"] == account.ids[0]
    assert ground.requests(provider) == 1


def test_credentials_that_are_known_are_not_proved_again(ground: Ground) -> None:
    assert prove(ground) == prove(ground)
    assert ground.requests("kommo") == 1


def test_new_credentials_of_the_same_account_are_proved_once(ground: Ground) -> None:
    prove(ground)
    ground.box.grants.know("renewed")
    renewed = ground.reach.settings.model_copy(update={"kommo_jwt_token": SecretStr("renewed")})
    with reaching(renewed) as (reach, _):
        assert prove(ground, reach=reach) == prove(ground, reach=reach)
    assert ground.requests("kommo") == 2


def test_another_accounts_token_stops_the_integration_before_it_writes_anything(
    ground: Ground,
) -> None:
    prove(ground)
    table = ground.box.world.table("kommo", "account")
    with ground.box.world.lock:
        account = table.live[table.ids[0]].open()
        table.drop(table.ids[0])
        table.put(table.make({**account, "id": 4242}))
    ground.box.grants.know("other")
    other = ground.reach.settings.model_copy(update={"kommo_jwt_token": SecretStr("other")})
    with reaching(other) as (reach, _):
        with pytest.raises(WrongAccount, match="4242"):
            prove(ground, reach=reach)
        assert ground.settings_row("kommo")["account_id"] != "4242"
        stranger = Ground(ground.box, reach)
        report = stranger.carry(
            stranger.order(__import__("shared.resources").resources.BY_NAME["kommo.leads"])
        )
    assert report["state"] == "failed"
    assert "bound to" in report["reason"]


def test_a_new_store_does_not_make_it_another_company(ground: Ground) -> None:
    prove(ground, "gestao-click")
    bound = ground.settings_row("gestao-click")["account_id"]
    with ground.box.world.lock:
        table = ground.box.world.table("gestao-click", "lojas")
        table.put(table.make({"id": "80001", "nome": "Nova"}))
    ground.run(
        lambda c: c.exec_driver_sql("update ponte.integration_settings set credentials_seen = null")
    )
    assert "80001" in prove(ground, "gestao-click").ids
    assert ground.settings_row("gestao-click")["account_id"] == bound


def test_refused_credentials_are_remembered_until_somebody_asks_again(ground: Ground) -> None:
    wrong = ground.reach.settings.model_copy(update={"kommo_jwt_token": SecretStr("wrong")})
    with reaching(wrong) as (reach, _):
        for _turn in range(3):
            with pytest.raises(CredentialsRefused):
                prove(ground, reach=reach)
        assert ground.requests("kommo") == 1
        ground.run(integrations.allow_again, ground.integration("kommo").id)
        with pytest.raises(CredentialsRefused):
            prove(ground, reach=reach)
        assert ground.requests("kommo") == 2
    prove(ground)
    assert ground.settings_row("kommo")["metadata"]["refused"] is None


def test_credentials_are_nowhere_in_the_books(ground: Ground) -> None:
    prove(ground)
    assert ground.box.kommo_token not in str(ground.settings_row("kommo"))


def test_credentials_that_are_missing_are_named(ground: Ground) -> None:
    bare = ground.reach.settings.model_copy(
        update={"kommo_jwt_token": None, "gestao_click_api_key": None}
    )
    kommo, erp = ground.integration("kommo"), ground.integration("gestao-click")
    with reaching(bare) as (reach, _):
        with pytest.raises(NoCredentials, match="KOMMO_JWT_TOKEN"):
            credentials(reach, kommo)
        with pytest.raises(NoCredentials, match="GESTAO_CLICK_SECRET_TOKEN"):
            credentials(reach, erp)


# --- what a token says of itself


def test_a_token_tells_its_account_and_its_end() -> None:
    said = claims.read(kommo_token(1))
    assert said["account_id"]
    assert not claims.expired(said)


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "eyJ.eyJ.x"])
def test_a_token_that_is_no_jwt_tells_nothing_and_is_not_expired(token: str) -> None:
    assert claims.read(token) == {}
    assert not claims.expired({})


@pytest.mark.parametrize(
    ("exp", "expired"),
    [(1, True), (1.5, True), (4_000_000_000, False), ("soon", False), (10**30, False)],
)
def test_the_end_of_a_token_may_be_any_number(exp: object, expired: bool) -> None:
    import jwt

    token = jwt.encode({"account_id": 1, "exp": 4_000_000_000}, "x" * 32, algorithm="HS256")
    head, _, rest = token.split(".")
    import base64
    import json

    body = base64.urlsafe_b64encode(json.dumps({"account_id": 1, "exp": exp}).encode()).rstrip(b"=")
    assert claims.expired(claims.read(f"{head}.{body.decode()}.{rest}")) is expired


def test_several_that_meet_an_account_at_once_ask_for_it_once(ground: Ground) -> None:
    with ThreadPoolExecutor(4) as threads:
        met = list(threads.map(lambda _: prove(ground, "gestao-click"), range(4)))
    assert all(account == met[0] for account in met)
    assert ground.requests("gestao-click") == 1


def test_from_the_first_page_on_it_is_the_accounts_own_quota_that_is_used(
    database_url: str, redis_url: str
) -> None:
    """Whoever went on with the quota of an account not yet met would, with others, pass the limit."""
    with ground_on(database_url, redis_url=redis_url) as ground:
        limited = ground.reach.settings.model_copy(update={"gestao_click_rate_limit": 50})
        with reaching(limited) as (reach, _):
            assert (
                Ground(ground.box, reach).sync(BY_NAME["gestao_click.clientes"])["state"] == "done"
            )
        used = ground.run(lambda c: list(c.scalars(select(usage.c.budget))))
        account = ground.settings_row("gestao-click")["account_id"]
        assert f"gestao-click:{account}" in used
