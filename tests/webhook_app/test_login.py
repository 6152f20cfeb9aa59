"""The way in: one-time links, sessions that end when they are ended, guesses that have to wait."""

from typing import Any

from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import func, select, text, update

from shared import sessions, tokens
from shared.db.bookkeeping import sessions as sessions_table
from shared.db.bookkeeping import wrong_logins
from tests.webhook_app.conftest import Make, Web, settings_for
from webhook_app import throttle
from webhook_app.throttle import OVERALL, PER_ADDRESS, place


def link(web: Web, **more: Any) -> str:
    made: str = web.own.database.run(tokens.login_link, web.own.keys, **more)
    return made


def stranger(web: Web) -> FlaskClient:
    return web.client.application.test_client()


def guess(client: FlaskClient, address: str = "203.0.113.7", word: str = "guessed") -> Any:
    return client.get(f"/login?token={word}", environ_base={"REMOTE_ADDR": address})


def test_a_login_link_opens_one_session_once(web: Web) -> None:
    made = link(web)
    assert web.client.head(f"/login?token={made}").status_code == 200  # a preview uses nothing up
    opened = web.client.get(f"/login?token={made}")
    assert (opened.status_code, opened.headers["Location"]) == (302, "/")
    cookie = opened.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie
    assert web.client.get("/").status_code == 200
    assert web.client.get("/api/runs").status_code == 200
    assert web.client.get("/login").headers["Location"] == "/"

    again = stranger(web).get(f"/login?token={made}")
    assert again.status_code == 401
    assert "ponte token login-link" in again.text


def test_over_https_the_cookie_is_secure_and_the_browser_stays_with_https(web: Web) -> None:
    opened = web.client.get(f"/login?token={link(web)}", base_url="https://ponte.example")
    assert "Secure" in opened.headers["Set-Cookie"]
    assert opened.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in web.client.get("/login").headers


def test_a_session_changes_nothing_without_its_csrf_token(web: Web) -> None:
    csrf = web.login()
    assert web.client.post("/api/kommo/sync").status_code == 403
    assert web.client.post("/sync/kommo", data={"csrf": "wrong"}).status_code == 403
    assert web.client.post("/sync/kommo", data={"csrf": csrf}).status_code == 303
    allowed = web.client.post("/api/kommo/sync", headers={"X-CSRF-Token": csrf})
    assert allowed.status_code == 202


def cookie_of(client: FlaskClient) -> str:
    found = client.get_cookie("ponte_session")
    assert found
    return str(found.value)


def test_logging_out_ends_the_session_wherever_its_cookie_has_got_to(web: Web) -> None:
    csrf = web.login()
    thief = stranger(web)
    thief.set_cookie("ponte_session", cookie_of(web.client))
    assert thief.get("/api/runs").status_code == 200
    web.client.post("/logout", data={"csrf": csrf})
    assert web.client.get("/").headers["Location"] == "/login"
    assert thief.get("/api/runs").status_code == 401
    assert thief.get("/login").status_code == 200, "no redirect back and forth"


def test_whoever_is_not_logged_in_has_nothing_to_log_out_of(web: Web) -> None:
    assert stranger(web).post("/logout").headers["Location"] == "/login"
    assert web.client.post("/logout", headers=web.token("read")).headers["Location"] == "/login"


def test_a_session_ends_by_itself_after_a_week(web: Web) -> None:
    web.login()
    ends = web.run(lambda c: c.scalar(select(sessions_table.c.expires_at - func.now())))
    assert ends <= sessions.LIVES
    past = text("clock_timestamp()")
    web.run(lambda c: c.execute(update(sessions_table).values(expires_at=past)))
    assert web.client.get("/api/runs").status_code == 401


def test_every_session_can_be_ended_at_once(web: Web) -> None:
    web.login()
    assert web.run(sessions.end_all) == 1
    assert web.client.get("/api/runs").status_code == 401


def test_a_session_that_was_planted_does_not_become_the_victims(web: Web) -> None:
    attacker = stranger(web)
    attacker.get(f"/login?token={link(web)}")
    planted = cookie_of(attacker)
    web.client.set_cookie("ponte_session", planted)
    web.client.get(f"/login?token={link(web)}")
    assert cookie_of(web.client) != planted
    with web.client.session_transaction() as mine, attacker.session_transaction() as theirs:
        assert mine["word"] != theirs["word"]
        assert mine["csrf"] != theirs["csrf"]


def test_a_session_survives_a_rotation_of_the_key(make: Make, database_url: str) -> None:
    before = make(settings_for(database_url))
    before.login()
    both = f"{'n' * 40} {'k' * 40}"
    after = make(settings_for(database_url, ponte_secret_key=SecretStr(both)))
    after.client.set_cookie("ponte_session", cookie_of(before.client))
    assert after.client.get("/api/runs").status_code == 200


def test_a_forged_session_is_no_session(web: Web) -> None:
    client = stranger(web)
    client.set_cookie("ponte_session", "eyJjc3JmIjoieCJ9.aaaa.bbbb")
    assert client.get("/api/runs").status_code == 401


# --- guessing


def test_who_guesses_has_to_wait_and_is_told_how_long(web: Web) -> None:
    client = stranger(web)
    assert [guess(client).status_code for _ in range(PER_ADDRESS)] == [401] * PER_ADDRESS
    refused = guess(client)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    assert "Tentativas demais" in refused.text
    assert guess(client, "203.0.113.8").status_code == 401, "somebody else need not"


def test_the_count_holds_over_several_processes(make: Make, database_url: str) -> None:
    one, other = make(settings_for(database_url)), make(settings_for(database_url))
    for _ in range(PER_ADDRESS):
        guess(one.client)
    assert guess(other.client).status_code == 429


def test_many_addresses_guess_no_more_than_all_may_together(web: Web) -> None:
    web.run(lambda c: [throttle.note(c, f"198.51.100.{n % 250}") for n in range(OVERALL)])
    assert guess(stranger(web), "203.0.113.9").status_code == 429


def test_the_owner_is_never_locked_out(web: Web) -> None:
    """From the same address, behind the same proxy, in the middle of an attack."""
    client = stranger(web)
    guesses = [guess(client).status_code for _ in range(PER_ADDRESS + 1)]
    assert guesses[-1] == 429
    opened = guess(client, word=link(web))
    assert (opened.status_code, opened.headers["Location"]) == (302, "/")


def test_a_link_of_the_former_key_is_the_owners_too(make: Make, web: Web) -> None:
    made = link(web)
    url = web.own.settings.database_url
    assert url
    both = SecretStr(f"{'n' * 40} {'k' * 40}")
    rotated = make(settings_for(url.get_secret_value(), ponte_secret_key=both))
    assert [guess(rotated.client).status_code for _ in range(PER_ADDRESS + 1)][-1] == 429
    assert guess(rotated.client, word=made).status_code == 302


def test_a_genuine_link_that_is_over_opens_nothing(web: Web) -> None:
    assert guess(stranger(web), word=link(web, minutes=-1)).status_code == 401


def test_an_address_is_counted_with_its_neighbours_where_it_has_any(web: Web) -> None:
    assert place("2001:db8::1") == place("2001:db8::ffff") == "2001:db8::/64"
    assert place("203.0.113.7") == "203.0.113.7"
    assert place(None) == place("nonsense") == "unknown"
    old = text("clock_timestamp() - interval '1 hour'")
    web.run(throttle.note, "203.0.113.7")
    web.run(lambda c: c.execute(update(wrong_logins).values(at=old)))
    web.run(throttle.note, "203.0.113.8")
    kept = web.run(lambda c: list(c.scalars(select(wrong_logins.c.address))))
    assert kept == ["203.0.113.8"], "addresses are personal data: they go again"


def test_a_session_may_what_its_link_said(web: Web) -> None:
    for scope, orders, connects in (("read", 403, 403), ("sync", 303, 403), ("admin", 303, 200)):
        csrf = web.login(scope)
        assert web.client.get("/status").status_code == 200
        assert web.client.post("/sync/kommo", data={"csrf": csrf}).status_code == orders
        page = web.client.get("/integrations/new")
        assert page.status_code == connects
        assert ("--scope admin" in page.text) is (connects == 403)


def test_at_the_api_a_session_is_never_more_than_sync(web: Web) -> None:
    csrf = web.login("admin")
    headers = {"X-CSRF-Token": csrf}
    assert web.client.post("/api/kommo/sync", headers=headers).status_code == 202
    assert web.client.post("/api/integrations", headers=headers).status_code == 403
    assert web.client.get("/api/deliveries/1").status_code == 403
    web.login("read")
    assert web.client.get("/api/runs").status_code == 200
    with web.client.session_transaction() as session:
        read = {"X-CSRF-Token": session["csrf"]}
    assert web.client.post("/api/kommo/sync", headers=read).status_code == 403


def test_a_session_from_before_links_had_scopes_is_one_of_sync(web: Web) -> None:
    csrf = web.login()
    with web.client.session_transaction() as session:
        del session["scope"]
    assert web.client.get("/integrations/new").status_code == 403
    assert web.client.post("/sync/kommo", data={"csrf": csrf}).status_code == 303


def test_a_session_that_only_reads_can_be_ended(web: Web) -> None:
    csrf = web.login("read")
    assert web.client.post("/logout", data={"csrf": csrf}).headers["Location"] == "/login"
    assert web.client.get("/status").headers["Location"] == "/login"
