"""Accounts, long-lived tokens, OAuth (kommo-api.md 1.1, 2, 9.23, 9.25)."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from sandbox_client import Client, Receiver

from sandbox import Sandbox

BACK = "http://127.0.0.1:3000/oauth/kommo/callback"


def status(client: Client, token: str = "", path: str = "/account") -> int:
    head = {"Authorization": f"Bearer {token or client.box.kommo_token}"}
    return requests.get(f"{client.box.kommo_url}/api/v4{path}", headers=head, timeout=5).status_code


def claims(token: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


def consent(client: Client, answer: str) -> dict[str, str]:
    params = {"client_id": client.box.options.oauth_client_id, "state": "s1", "answer": answer}
    url = f"{client.box.kommo_url}/oauth"
    back = requests.get(url, params=params, timeout=5, allow_redirects=False)
    assert back.status_code == 302
    assert back.headers["location"].startswith(BACK)
    query = parse_qs(urlsplit(back.headers["location"]).query)
    return {name: values[0] for name, values in query.items()}


def ask(client: Client, /, **body: str) -> requests.Response:
    options = client.box.options
    secret = {"client_id": options.oauth_client_id, "client_secret": options.oauth_client_secret}
    url = f"{client.box.kommo_url}/oauth2/access_token"
    return requests.post(url, json={**secret, "redirect_uri": BACK, **body}, timeout=5)


def redeem(client: Client) -> Any:
    code = consent(client, "allow")["code"]
    return ask(client, grant_type="authorization_code", code=code).json()


def refresh(client: Client, token: str) -> requests.Response:
    return ask(client, grant_type="refresh_token", refresh_token=token)


def test_two_boxes_are_two_accounts_with_the_same_ids(
    make_client: Callable[..., Client], receiver: Receiver
) -> None:
    first, second = make_client(), make_client(account_id=31990002, subdomain="outra")
    ids = [[row["id"] for row in client.walk("/leads")] for client in (first, second)]
    assert ids[0] == ids[1]
    account = second.kommo("/account").json()
    assert (account["id"], account["subdomain"]) == (31990002, "outra")
    lead = second.kommo("/leads/40010001").json()
    assert lead["account_id"] == 31990002
    assert lead["_links"]["self"]["href"].startswith("https://outra.kommo.com/")
    assert second.kommo("/leads").json()["_links"]["self"]["href"].startswith("https://outra.")
    assert claims(second.box.kommo_token)["account_id"] == 31990002
    assert (status(first, second.box.kommo_token), status(second, first.box.kommo_token)) == (
        401,
        401,
    )
    second.subscribe(receiver.url, "update_lead")
    change = {"vendor": "kommo", "list": "leads", "id": 40010001, "set": {"price": 2}}
    second.control("POST", "/change", change)
    body = receiver.wait(1)[0]
    assert b"account%5Bid%5D=31990002" in body
    assert b"account_id%5D=31990002" in body
    assert b"outra.kommo.com" in body
    assert b"31990001" not in body


def test_a_long_lived_token_is_revoked_expired_and_revived(client: Client) -> None:
    for call in ("revoke", "expire"):
        client.control("POST", f"/tokens/{call}", {"token": client.box.kommo_token})
        assert status(client) == 401
        client.control("POST", "/tokens/revive")
        assert status(client) == 200


def test_a_new_token_says_when_it_ends_and_what_it_may(client: Client) -> None:
    good = client.control("POST", "/tokens", {"seconds": 3600})["token"]
    assert 3500 < claims(good)["exp"] - claims(client.box.kommo_token)["iat"] < 10**10
    assert status(client, good) == 200
    assert status(client, client.control("POST", "/tokens", {"seconds": -1})["token"]) == 401
    narrow = client.control("POST", "/tokens", {"scopes": ["notifications"]})["token"]
    assert claims(narrow)["scopes"] == ["notifications"]
    assert status(client, narrow) == 403


def test_consent_leads_back_with_a_code_or_with_a_refusal(client: Client) -> None:
    params = {"client_id": client.box.options.oauth_client_id, "state": "s1"}
    page = requests.get(f"{client.box.kommo_url}/oauth", params=params, timeout=5)
    assert page.headers["content-type"].startswith("text/html")
    assert "answer=allow" in page.text
    allowed = consent(client, "allow")
    assert set(allowed) == {"code", "referer", "state", "client_id"}
    assert allowed["referer"] == client.box.kommo_url.removeprefix("http://")
    assert consent(client, "deny") == {"error": "access_denied", "state": "s1"}
    stranger = {"client_id": "somebody"}
    assert (
        requests.get(f"{client.box.kommo_url}/oauth", params=stranger, timeout=5).status_code == 400
    )


def test_a_code_is_redeemed_once_for_a_pair(client: Client) -> None:
    code = consent(client, "allow")["code"]
    pair = ask(client, grant_type="authorization_code", code=code).json()
    assert (pair["token_type"], pair["expires_in"]) == ("Bearer", 86400)
    assert pair["refresh_token"].startswith("def502")
    assert len(pair["refresh_token"]) == 992
    assert claims(pair["access_token"])["grant_type"] == "authorization_code"
    assert status(client, pair["access_token"]) == 200
    again = ask(client, grant_type="authorization_code", code=code)
    assert (again.status_code, again.headers["content-type"]) == (400, "application/problem+json")


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [({"redirect_uri": "http://evil"}, 400), ({"client_secret": "x"}, 401), ({"code": "x"}, 400),
     ({"grant_type": "password"}, 400)],
)  # fmt: skip
def test_a_wrong_exchange_is_refused(client: Client, wrong: dict[str, str], expected: int) -> None:
    code = consent(client, "allow")["code"]
    body = {"grant_type": "authorization_code", "code": code, **wrong}
    assert ask(client, **body).status_code == expected


def test_the_old_refresh_token_works_until_the_new_pair_is_used(client: Client) -> None:
    old = redeem(client)["refresh_token"]
    lost = refresh(client, old).json()
    kept = refresh(client, old).json()
    assert status(client, lost["access_token"]) == 401
    assert status(client, kept["access_token"]) == 200
    late = refresh(client, old)
    assert (late.status_code, late.json()["hint"]) == (401, "Token has been revoked")
    assert late.json()["type"].endswith("OAuthProblemJson")
    assert refresh(client, kept["refresh_token"]).status_code == 200


def test_an_expired_access_token_is_repaired_by_a_refresh_a_revoked_pair_is_not(
    client: Client,
) -> None:
    pair = redeem(client)
    client.control("POST", "/tokens/expire", {"token": pair["access_token"]})
    assert status(client, pair["access_token"]) == 401
    fresh = refresh(client, pair["refresh_token"]).json()
    assert status(client, fresh["access_token"]) == 200
    client.control("POST", "/tokens/revoke")
    assert status(client, fresh["access_token"]) == 401
    assert refresh(client, fresh["refresh_token"]).status_code == 401


@pytest.mark.parametrize("answer", [401, 404, 302])
def test_a_renamed_account_is_found_through_its_refresh_token(client: Client, answer: int) -> None:
    pair, old = redeem(client), client.box.kommo_url
    new = client.control("POST", "/account/rename", {"subdomain": "novo", "answer": answer})
    bearer = {"Authorization": f"Bearer {pair['access_token']}"}
    for path in ("/api/v4/account", "/oauth2/access_token"):
        gone = requests.get(f"{old}{path}", headers=bearer, timeout=5, allow_redirects=False)
        assert gone.status_code == answer
    where = f"{old}/oauth2/account/current/subdomain"
    found = requests.get(
        where, headers={"X-Refresh-Token": pair["refresh_token"]}, timeout=5
    ).json()
    assert found["subdomain"] == "novo"
    assert f"http://{found['domain']}" == new["kommo_url"] == client.box.kommo_url
    assert client.kommo("/account").json()["subdomain"] == "novo"
    assert refresh(client, pair["refresh_token"]).status_code == 200
    assert requests.get(where, headers={"X-Refresh-Token": "x"}, timeout=5).status_code == 401


def test_pairs_outlive_a_restart(tmp_path: Path) -> None:
    options: dict[str, Any] = {"leads": 10, "kommo_limit": 0, "state": tmp_path / "s.json"}
    with Sandbox(**options) as box:
        client = Client(box)
        pair = redeem(client)
        client.close()
    with Sandbox(**options) as box:
        client = Client(box)
        assert status(client, pair["access_token"]) == 200
        assert refresh(client, pair["refresh_token"]).status_code == 200
        client.close()
