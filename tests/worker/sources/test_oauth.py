"""OAuth: a code becomes a pair, a pair is renewed once, in time, and by one process only."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import orjson
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from sandbox.http import Request, Response
from shared import enrolment, integrations, oauth, questions
from shared.db.bookkeeping import integration_settings
from shared.enrolment import Wanted
from shared.errors import CredentialsRefused, Misuse, TokenRenewed, VendorUnavailable
from shared.integrations import Integration
from tests.ground import UNLIMITED, reaching, settings_for
from tests.worker.sources.vendors import Vendor, reply, vendor
from worker import answers, expiry
from worker.reach import Reach
from worker.sources import identity
from worker.sources import oauth as tokens
from worker.sources.opening import credentials, open_source

ACCOUNT = 4242
CLIENT_SECRET = "the-client-secret"
SOON, LATER = timedelta(minutes=1), timedelta(hours=20)


def access(number: int) -> str:
    claims = {"account_id": ACCOUNT, "exp": 4_000_000_000, "jti": str(number)}
    return jwt.encode(claims, "x" * 32, algorithm="HS256")


def pair(number: int) -> dict[str, Any]:
    return {
        "token_type": "Bearer",
        "expires_in": 86400,
        "access_token": access(number),
        "refresh_token": f"def50-{number}",
    }


@dataclass
class Kommo:
    """Plays the account: pairs in their order, and who is let in."""

    vendor: Vendor
    reach: Reach
    refusing: bool = False
    """The token endpoint says 401."""
    lost: int = 0
    """So many token answers are lost on their way."""
    locked: bool = False
    """The API says 401 to everybody."""
    moved_to: str = ""
    issued: int = 0
    asked: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    seen: Callable[[Request], None] = lambda _: None

    def answer(self, request: Request) -> Response:
        self.asked.append(request.path)
        if request.path == tokens.CURRENT:
            return reply(body={"id": ACCOUNT, "domain": self.moved_to})
        if request.path == tokens.TOKEN:
            return self._token(request)
        self.seen(request)
        if self.locked:
            return reply(401, {"title": "Unauthorized", "status": 401})
        return reply(body={"id": ACCOUNT, "name": "South"})

    def _token(self, request: Request) -> Response:
        self.bodies.append(orjson.loads(request.body))
        if self.refusing or self.moved_to:
            return reply(401, {"title": "Unauthorized", "status": 401, "hint": "revoked"})
        time.sleep(0.05)
        if self.lost:
            self.lost -= 1
            return reply(502, "<html>gateway</html>", "text/html")
        self.issued += 1
        return reply(body=pair(self.issued))

    def run(self, work: Any, *args: Any, **named: Any) -> Any:
        with self.reach.engine.begin() as connection:
            return work(connection, *args, **named)

    def row(self, id_: int) -> dict[str, Any]:
        chosen = select(integration_settings).where(integration_settings.c.id == id_)
        return dict(self.run(lambda c: c.execute(chosen).mappings().one()))

    def stored(self, id_: int) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.reach.keys.decrypt(self.row(id_)["credentials"]))
        return found

    def integration(self, ends: timedelta) -> Integration:
        """One whose access token number 0 ends so soon."""
        now = datetime.now(UTC)
        kept = {
            "jwtToken": access(0),
            "refreshToken": "def50-0",
            "expiresAt": (now + ends).isoformat(),
            "refreshUntil": (now + timedelta(days=90)).isoformat(),
        }
        wanted = Wanted("kommo", "south", {}, url=self.vendor.server.url)
        made: Integration = self.run(enrolment.keep, self.reach.keys, wanted, kept).integration
        return made


@pytest.fixture
def kommo(database_url: str) -> Iterator[Kommo]:
    made: list[Kommo] = []

    def play(request: Request) -> Response:
        return made[0].answer(request)

    with vendor(play) as played:
        settings = settings_for(
            database_url,
            kommo_api_url=played.server.url,
            kommo_client_id="the-client",
            kommo_client_secret=SecretStr(CLIENT_SECRET),
            kommo_redirect_uri="http://127.0.0.1:3000/oauth/kommo/callback",
            **UNLIMITED,
        )
        with reaching(settings) as (reach, _):
            made.append(Kommo(played, reach))
            yield made[0]


def prove(kommo: Kommo, integration: Integration) -> Any:
    given = tokens.usable(kommo.reach, integration)
    source = open_source(kommo.reach, integration, given)
    return identity.prove(kommo.reach, integration, given, source)


# --- consent


def test_a_code_becomes_an_integration_with_tokens_of_its_own(kommo: Kommo) -> None:
    url = kommo.run(oauth.consent_url, kommo.reach.settings, kommo.reach.keys, user_id="south")
    state = url.partition("state=")[2].partition("&")[0]
    sealed = kommo.run(oauth.redeem, state)
    question = {
        "url": kommo.vendor.server.url,
        "code": "the-code",
        "wanted": oauth.wanted_of(kommo.reach.keys, sealed),
    }
    said = answers.answer(kommo.reach, questions.CONSENT, question)
    assert said["ok"]
    (body,) = kommo.bodies
    assert body == {
        "client_id": "the-client",
        "client_secret": CLIENT_SECRET,
        "grant_type": "authorization_code",
        "redirect_uri": "http://127.0.0.1:3000/oauth/kommo/callback",
        "code": "the-code",
    }
    integration = kommo.run(integrations.by_id, said["integration"])
    assert (integration.user_id, integration.url) == ("south", kommo.vendor.server.url)
    assert kommo.stored(integration.id)["refreshToken"] == "def50-1"
    assert prove(kommo, integration).ids == (str(ACCOUNT),)
    assert access(1) not in str(kommo.row(integration.id)) + str(said)


def test_a_second_consent_renews_the_integration_that_is_there(kommo: Kommo) -> None:
    there = kommo.integration(LATER)
    kommo.run(integrations.refuse, there.id, "digest")
    wanted = {"user_id": "south", "wallet_id": "global", "sync_frequency": None}
    question = {"url": kommo.vendor.server.url, "code": "c", "wanted": wanted}
    said = answers.answer(kommo.reach, questions.CONSENT, question)
    assert said["integration"] == there.id
    assert kommo.stored(there.id)["refreshToken"] == "def50-1"
    assert kommo.run(integrations.refused_digest, there.id) is None


def test_another_accounts_consent_changes_nothing(kommo: Kommo) -> None:
    there = kommo.integration(LATER)
    bound = integration_settings.update().values(account_id="1")
    kommo.run(lambda c: c.execute(bound))
    wanted = {"user_id": "south", "wallet_id": "global", "sync_frequency": None}
    question = {"url": kommo.vendor.server.url, "code": "c", "wanted": wanted}
    said = answers.answer(kommo.reach, questions.CONSENT, question)
    assert (said["ok"], said["status"]) == (False, "wrong_account")
    assert kommo.stored(there.id)["refreshToken"] == "def50-0"


def test_a_state_serves_once_and_not_for_ever(kommo: Kommo) -> None:
    states = [
        kommo.run(oauth.consent_url, kommo.reach.settings, kommo.reach.keys, user_id="south")
        .partition("state=")[2]
        .partition("&")[0]
        for _ in range(2)
    ]
    assert kommo.run(oauth.redeem, states[0])
    assert kommo.run(oauth.redeem, states[0]) is None
    kommo.run(
        lambda c: c.exec_driver_sql("update ponte.oauth_states set expires_at = clock_timestamp()")
    )
    assert kommo.run(oauth.redeem, states[1]) is None
    assert kommo.run(oauth.redeem, "made up") is None


@pytest.mark.parametrize(
    "referer",
    [
        "evil.example.com",
        "kommo.com.evil.com",
        "north.kommo.com@evil.com",
        "evil.com/.kommo.com",
        "evil.com#.kommo.com",
        "north.kommo.com:8443",
        "127.0.0.1:80",
        "localhost",
        "",
    ],
)
def test_our_secret_is_sent_to_none_but_the_vendors_hosts(kommo: Kommo, referer: str) -> None:
    real = kommo.reach.settings.model_copy(update={"kommo_api_url": "https://api-c.kommo.com"})
    with pytest.raises(Misuse):
        oauth.account_url(real, referer)
    with reaching(real) as (reach, _), pytest.raises(Misuse):
        tokens.exchange(reach, f"https://{referer}", "the-code")
    assert kommo.asked == []


@pytest.mark.parametrize("host", ["north.kommo.com", "North.Kommo.com", "n.amocrm.ru"])
def test_an_account_at_the_vendors_hosts_is_taken(kommo: Kommo, host: str) -> None:
    assert oauth.account_url(kommo.reach.settings, host) == f"https://{host.lower()}"


@pytest.mark.parametrize("missing", ["kommo_client_id", "kommo_client_secret"])
def test_what_oauth_needs_is_named(kommo: Kommo, missing: str) -> None:
    bare = kommo.reach.settings.model_copy(update={missing: None})
    with pytest.raises(Misuse, match=missing.upper()):
        kommo.run(oauth.consent_url, bare, kommo.reach.keys, user_id="south")


# --- renewing


def test_a_token_near_its_end_is_renewed_and_one_that_lives_is_not(kommo: Kommo) -> None:
    one = kommo.integration(SOON)
    assert tokens.usable(kommo.reach, one).secrets == (access(1),)
    assert kommo.bodies[0]["refresh_token"] == "def50-0"
    assert kommo.stored(one.id)["refreshToken"] == "def50-1"
    assert tokens.usable(kommo.reach, one).secrets == (access(1),)
    assert kommo.issued == 1


def test_several_processes_renew_once(kommo: Kommo) -> None:
    one, got = kommo.integration(SOON), []
    work = lambda: got.append(tokens.usable(kommo.reach, one).secrets)  # noqa: E731
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [(access(1),)] * 4
    assert kommo.issued == 1


def test_the_new_pair_is_committed_before_it_is_used(kommo: Kommo) -> None:
    one, kept_then = kommo.integration(SOON), []
    kommo.seen = lambda _: kept_then.append(kommo.stored(one.id)["jwtToken"])
    prove(kommo, one)
    assert kept_then == [access(1)]


def test_a_lost_answer_is_asked_for_again_with_the_old_refresh_token(kommo: Kommo) -> None:
    one = kommo.integration(-SOON)
    kommo.lost = 1
    assert tokens.usable(kommo.reach, one).secrets == (access(1),)
    assert [body["refresh_token"] for body in kommo.bodies] == ["def50-0"] * 2
    kommo.lost = 99
    late = -timedelta(hours=1)
    kommo.run(lambda c: c.exec_driver_sql("delete from ponte.integration_settings"))
    other = kommo.integration(late)
    with pytest.raises(VendorUnavailable):
        tokens.usable(kommo.reach, other)
    kommo.lost = 0
    assert tokens.usable(kommo.reach, other).secrets == (access(2),)


def test_while_a_token_lives_a_vendor_that_is_away_stops_nothing(kommo: Kommo) -> None:
    kommo.lost = 99
    assert tokens.usable(kommo.reach, kommo.integration(SOON)).secrets == (access(0),)


def test_a_renamed_account_is_found_at_its_present_address(kommo: Kommo) -> None:
    one = kommo.integration(SOON)
    there = Kommo(kommo.vendor, kommo.reach)
    with vendor(there.answer) as new_home:
        kommo.moved_to = new_home.server.url.removeprefix("http://")
        assert tokens.usable(kommo.reach, one).url == new_home.server.url
    assert kommo.row(one.id)["url"] == new_home.server.url
    assert there.bodies[0]["refresh_token"] == "def50-0"
    assert kommo.asked == [tokens.TOKEN, tokens.CURRENT]


def test_a_foreign_present_address_is_not_believed(kommo: Kommo) -> None:
    one = kommo.integration(SOON)
    kommo.moved_to = "evil.example.com"
    with pytest.raises(CredentialsRefused):
        tokens.usable(kommo.reach, one)
    assert kommo.row(one.id)["url"] == kommo.vendor.server.url


def test_a_token_that_cannot_be_renewed_stops_the_integration_and_is_never_hammered(
    kommo: Kommo,
) -> None:
    one = kommo.integration(-SOON)
    kommo.refusing = True
    for _turn in range(4):
        with pytest.raises(CredentialsRefused):
            prove(kommo, one)
    assert kommo.asked.count(tokens.TOKEN) == 1
    assert kommo.run(integrations.by_id, one.id).refused


def test_a_refused_token_is_renewed_once_and_then_the_integration_stops(kommo: Kommo) -> None:
    one = kommo.integration(LATER)
    kommo.locked = True
    with pytest.raises(TokenRenewed):
        prove(kommo, one)
    assert kommo.issued == 1
    for _turn in range(4):
        with pytest.raises(CredentialsRefused):
            prove(kommo, one)
    assert kommo.issued == 1
    assert kommo.asked.count("/api/v4/account") == 2
    kommo.locked = False
    kommo.run(integrations.allow_again, one.id)
    assert prove(kommo, one).ids == (str(ACCOUNT),)


def test_a_refused_token_whose_renewal_helps_goes_on(kommo: Kommo) -> None:
    one = kommo.integration(LATER)
    kommo.locked = True
    with pytest.raises(TokenRenewed):
        prove(kommo, one)
    kommo.locked = False
    assert prove(kommo, one).ids == (str(ACCOUNT),)
    assert not kommo.run(integrations.by_id, one.id).refused


def test_what_is_watched_of_a_pair_is_the_end_of_its_refresh_token(kommo: Kommo) -> None:
    one = kommo.integration(LATER)
    ends = expiry.end_of(credentials(kommo.reach, one))
    assert ends
    assert ends - datetime.now(UTC) > timedelta(days=89)
