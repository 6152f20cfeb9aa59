"""Answers to the web process: what a vendor or a user caused is an answer too."""

from typing import Any

import jwt
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from sandbox.tokens import ACCOUNT_ID
from shared import questions
from shared.errors import Misuse
from shared.resources import BY_NAME
from tests.ground import Ground, reaching
from worker import answers, tasks
from worker.erp_inquiry import SAMPLE
from worker.sources import claims

TEST = questions.TEST_CONNECTION
LEADS = BY_NAME["kommo.leads"]


def ask(ground: Ground, kind: str, **question: Any) -> dict[str, Any]:
    return answers.answer(ground.reach, kind, question)


@pytest.mark.parametrize("provider", ["kommo", "gestao-click"])
def test_a_connection_that_works_shows_the_account_and_a_small_sample(
    ground: Ground, provider: str
) -> None:
    said = ask(ground, TEST, provider=provider)
    assert (said["ok"], said["status"]) == (True, "connected")
    assert 1 <= len(said["sample"]) <= SAMPLE
    assert all(set(record) == {"id", "name"} for record in said["sample"])
    assert ground.requests(provider) == (4 if provider == "kommo" else 2)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("401", "refused"),
        ("403_html", "blocked"),
        ("500_html", "unreachable"),
        ("drop", "unreachable"),
    ],
)
def test_what_went_wrong_is_told_by_a_word(ground: Ground, kind: str, status: str) -> None:
    ground.box.faults.add({"vendor": "kommo", "kind": kind})
    said = ask(ground, TEST, provider="kommo")
    assert (said["ok"], said["status"]) == (False, status)
    assert said["message"]


def test_the_token_is_in_no_answer(ground: Ground) -> None:
    said = ask(ground, TEST, provider="kommo")
    ground.box.faults.add({"vendor": "kommo", "kind": "401"})
    assert ground.box.kommo_token not in str(said) + str(ask(ground, TEST, provider="kommo"))


def test_without_any_credentials_it_says_what_to_set(ground: Ground) -> None:
    nobody = ground.reach.settings.model_copy(
        update={"kommo_jwt_token": None, "gestao_click_api_key": None}
    )
    with reaching(nobody) as (reach, _), pytest.raises(Misuse, match="KOMMO_JWT_TOKEN"):
        answers.test_all(reach)


def test_a_live_look_is_kept_and_says_which_records_it_saw(ground: Ground) -> None:
    said = ask(ground, questions.LOOK_LIVE, resource="kommo.leads", page=1, limit=5)
    assert said["ok"]
    assert sorted(said["keys"]) == sorted(str(row["id"]) for row in ground.rows(LEADS))
    assert len(said["keys"]) == 5
    assert all(row["deleted_at"] is row["missing_since"] is None for row in ground.rows(LEADS))


def test_a_live_look_at_one_record_costs_one_request_and_says_what_is_gone(ground: Ground) -> None:
    first, second = (lead["id"] for lead in ground.box.truth("kommo", "leads")[:2])
    look = {"resource": "kommo.leads", "integration": ground.integration("kommo").id}
    for id_ in (first, second):
        assert ask(ground, questions.LOOK_LIVE, ids=[str(id_)], **look)["keys"] == [str(id_)]
    assert [row["id"] for row in ground.rows(LEADS)] == sorted((first, second))
    ground.box.kommo.delete("leads", [first])
    asked = ground.requests("kommo")
    assert ask(ground, questions.LOOK_LIVE, ids=[str(first)], **look)["ok"]
    assert ground.requests("kommo") - asked <= 2  # the account is proved, the record is looked at
    assert ground.row(LEADS, first)["missing_since"]
    assert not ground.row(LEADS, second)["missing_since"]


def test_a_live_look_at_a_note_needs_where_it_stands(ground: Ground) -> None:
    look = {"resource": "kommo.notes", "ids": ["1"]}
    assert ask(ground, questions.LOOK_LIVE, **look)["status"] == "malformed"
    assert ask(ground, questions.LOOK_LIVE, slice={"entity_type": "leads"}, **look)["ok"]


def test_a_live_look_for_an_account_that_is_not_there_is_refused(ground: Ground) -> None:
    said = ask(ground, questions.LOOK_LIVE, resource="kommo.leads", integration=77)
    assert (said["ok"], said["status"]) == (False, "unknown")
    assert ground.requests("kommo") == 0


def test_a_live_look_at_a_list_whose_rows_need_what_was_asked_for_is_refused(
    ground: Ground,
) -> None:
    said = ask(ground, questions.LOOK_LIVE, resource="gestao_click.vendas")
    assert said["ok"] is False
    assert ground.requests("gestao-click") == 0


def test_a_token_is_never_sent_to_an_address_that_somebody_posts(ground: Ground) -> None:
    posted = {"token": "t", "apiUrl": "https://evil.example.com"}
    said = ask(ground, TEST, provider="kommo", credentials=posted)
    assert said["ok"] is False
    assert ground.requests("kommo") == 0


def test_a_question_is_answered_once_through_its_task(ground: Ground) -> None:
    id_ = questions.ask(ground.reach.engine, ground.reach.keys, TEST, {"provider": "kommo"})
    tasks.answer(ground.reach, str(id_))
    tasks.answer(ground.reach, str(id_))
    said = questions.wait(ground.reach.engine, id_, 1)
    assert said
    assert said["ok"]
    assert ground.requests("kommo") == 4


# --- the whole answer, and each thing that can be wrong


def token(**claims: Any) -> str:
    return jwt.encode({"account_id": ACCOUNT_ID, **claims}, "x" * 32, algorithm="HS256")


def test_kommos_answer_tells_account_domains_scopes_expiry_features_and_limits(
    ground: Ground,
) -> None:
    said = ask(ground, TEST, provider="kommo")
    account = said["account"]
    assert (account["id"], account["subdomain"]) == (ACCOUNT_ID, "sandbox")
    assert account["domains"] == {
        "asked": ground.box.kommo_url,
        "address": "https://sandbox.kommo.com",
        "base_domain": "kommo.com",
        "api_domain": "api-c.kommo.com",
    }
    assert "crm" in account["token"]["scopes"]
    assert account["token"]["expires_at"].startswith("2100-01-01")
    assert account["token"]["days_left"] > 20_000
    assert said["features"]["webhooks"] == {"available": True, "reason": None}
    assert said["limits"]["requests_per_second_of_address"] == 7
    (contact,) = said["sample"]
    assert set(contact) == {"id", "name"}


def test_what_the_plan_does_not_give_is_told_with_its_reason(ground: Ground) -> None:
    ground.box.options.change({"refused": {"/webhooks": 402, "/users": 403}})
    said = ask(ground, TEST, provider="kommo")
    assert said["ok"]
    assert "402" in said["features"]["webhooks"]["reason"]
    assert "403" in said["features"]["users"]["reason"]


@pytest.mark.parametrize(
    ("posted", "code"),
    [
        ("", "missing"),
        ("not-a-token", "malformed"),
        ("a.b.c", "malformed"),
        ("def50200abcdef", "malformed"),
        (f"{token()} {token()}", "malformed"),
        (f"{token()}\r\nX-Evil: 1", "malformed"),
        (token(exp=1), "expired"),
        (token(exp=1.5), "expired"),
    ],
)
def test_what_is_wrong_with_a_token_is_said_without_asking(
    ground: Ground, posted: str, code: str
) -> None:
    said = ask(ground, TEST, provider="kommo", credentials={"jwtToken": posted})
    assert (said["ok"], said["code"]) == (False, code)
    assert said["message"]
    assert said["todo"]
    assert not posted or posted not in str(said)
    assert ground.requests("kommo") == 0


@pytest.mark.parametrize(
    ("kind", "code"),
    [("401", "revoked"), ("403_html", "blocked"), ("drop", "unreachable"), ("429", "limited")],
)
def test_what_the_vendor_refuses_has_a_code_of_its_own(
    ground: Ground, kind: str, code: str
) -> None:
    ground.box.faults.add({"vendor": "kommo", "kind": kind})
    said = ask(ground, TEST, provider="kommo")
    assert (said["ok"], said["code"]) == (False, code)
    assert said["todo"]


def with_token(ground: Ground, given: str) -> dict[str, Any]:
    other = ground.reach.settings.model_copy(update={"kommo_jwt_token": SecretStr(given)})
    with reaching(other) as (reach, _):
        return answers.answer(reach, TEST, {"provider": "kommo"})


def test_another_accounts_token_is_told_by_its_own_word_and_by_the_vendors(ground: Ground) -> None:
    assert ground.sync(BY_NAME["kommo.account"])["state"] == "done"
    ground.box.reset_stats()
    assert with_token(ground, token(account_id=4242))["code"] == "wrong_account"
    assert ground.requests("kommo") == 0
    ground.run(lambda c: c.execute(text("update ponte.integration_settings set account_id = '7'")))
    silent = jwt.encode({"exp": 4_000_000_000}, "x" * 32, algorithm="HS256")
    ground.box.options.more_kommo_tokens.append(silent)
    assert with_token(ground, silent)["code"] == "wrong_account"
    assert ground.requests("kommo") == 1


def test_without_a_token_the_code_is_missing(ground: Ground) -> None:
    bare = ground.reach.settings.model_copy(update={"kommo_jwt_token": None})
    with reaching(bare) as (reach, _):
        assert answers.answer(reach, TEST, {"provider": "kommo"})["code"] == "missing"


def test_an_unknown_integration_is_told(ground: Ground) -> None:
    assert ask(ground, TEST, provider="kommo", integration=99)["code"] == "unknown"


@pytest.mark.parametrize(
    "api_domain", ["evil.example.com", "evil.com/.kommo.com", "kommo.com.evil.com", 7, None]
)
def test_a_foreign_domain_in_a_token_is_not_believed(api_domain: object) -> None:
    assert "api_domain" not in claims.read(token(api_domain=api_domain))


# --- the ERP's pair of tokens

PAIR = ("apiKey", "secretToken")


def with_pair(ground: Ground, *pair: str, **changes: Any) -> dict[str, Any]:
    """The test of a pair that somebody posts; in `changes` the settings under which it is done."""
    settings = ground.reach.settings.model_copy(update=changes)
    question = {"provider": "gestao-click", "credentials": dict(zip(PAIR, pair, strict=True))}
    with reaching(settings) as (reach, _):
        return answers.answer(reach, TEST, question)


def test_the_erps_answer_tells_stores_clients_and_limits(ground: Ground) -> None:
    said = ask(ground, TEST, provider="gestao-click")
    stores = [{"id": s["id"], "nome": s["nome"]} for s in ground.box.truth("gestao-click", "lojas")]
    assert said["account"]["stores"] == stores
    clients = ground.box.truth("gestao-click", "clientes")
    assert said["diagnostics"]["clients"]["count"] == len(clients)
    names = {(client["id"], client["nome"]) for client in clients}
    shown = said["diagnostics"]["clients"]["items"]
    assert len(shown) == SAMPLE
    assert {(one["id"], one["name"]) for one in shown} <= names
    assert said["limits"]["requests_per_day"] == ground.reach.settings.gestao_click_daily_limit


def test_the_days_requests_are_those_of_the_company_whoever_posts_its_tokens(
    ground: Ground,
) -> None:
    stores = BY_NAME["gestao_click.lojas"]
    assert ground.sync(stores)["state"] == "done"
    used = ground.requests("gestao-click") - 1  # the first one asked which company it is
    said = with_pair(ground, *ground.box.gestao_click_tokens)
    assert said["limits"]["used_in_24_hours"] == used > 0


def test_tokens_that_are_exchanged_are_found_out_with_one_request_more(ground: Ground) -> None:
    access, secret = ground.box.gestao_click_tokens
    said = with_pair(ground, secret, access)
    assert (said["ok"], said["status"]) == (False, "swapped")
    assert ground.requests("gestao-click") == 2
    assert access not in str(said)
    assert secret not in str(said)


@pytest.mark.parametrize(
    ("pair", "told"),
    [
        (("a" * 40, "{secret}"), []),
        (("{access}", "b" * 40), []),
        (("{access}", "short"), ["secretToken has 5 characters"]),
        (("z" * 40, "short"), ["apiKey has 40 characters", "secretToken has 5 characters"]),
    ],
)
def test_a_pair_that_is_refused_says_what_was_tried_and_what_looks_odd(
    ground: Ground, pair: tuple[str, str], told: list[str]
) -> None:
    access, secret = ground.box.gestao_click_tokens
    given = [part.format(access=access, secret=secret) for part in pair]
    said = with_pair(ground, *given)
    assert (said["ok"], said["status"], said["code"]) == (False, "refused", "revoked")
    assert "the other way round they were refused too" in said["message"]
    assert [one for one in PAIR if f"{one} has" in said["message"]] == [t.split()[0] for t in told]
    assert all(one in said["message"] for one in told)
    assert not any(token in str(said) for token in given)
    assert ground.requests("gestao-click") == 2


def test_when_the_other_way_round_cannot_be_tried_it_is_said_after_one_request(
    ground: Ground,
) -> None:
    access, secret = ground.box.gestao_click_tokens
    ground.box.faults.add({"vendor": "gestao-click", "kind": "500_html"})
    said = with_pair(ground, secret, access)
    assert said["status"] == "refused"
    assert "could not be tried" in said["message"]
    assert ground.requests("gestao-click") == 2


@pytest.mark.parametrize(
    "pair", [("", "b" * 40), ("a" * 40, "b b"), ("a\r\nX-Evil: 1", "b"), ("ä", "b"), ("a", "a")]
)
def test_a_pair_that_cannot_be_one_is_not_sent(ground: Ground, pair: tuple[str, str]) -> None:
    said = with_pair(ground, *pair)
    assert (said["ok"], said["status"]) == (False, "malformed")
    assert "Kommo" not in str(said)
    assert ground.requests("gestao-click") == 0


@pytest.mark.parametrize(
    ("kind", "status"), [("429", "limited"), ("drop", "unreachable"), ("500_html", "unreachable")]
)
def test_what_else_goes_wrong_at_the_erp_has_a_word_of_its_own(
    ground: Ground, kind: str, status: str
) -> None:
    ground.box.faults.add({"vendor": "gestao-click", "kind": kind})
    said = ask(ground, TEST, provider="gestao-click")
    assert (said["ok"], said["status"]) == (False, status)
    assert said["todo"]


def test_clients_that_cannot_be_read_are_no_success(ground: Ground) -> None:
    ground.box.faults.add({"vendor": "gestao-click", "kind": "500_html", "path": "/clientes"})
    assert ask(ground, TEST, provider="gestao-click")["ok"] is False


def test_another_companys_pair_is_told_by_its_stores(ground: Ground) -> None:
    assert ground.sync(BY_NAME["gestao_click.lojas"])["state"] == "done"
    ground.run(lambda c: c.execute(text("update ponte.integration_settings set account_id = '7'")))
    assert ask(ground, TEST, provider="gestao-click")["code"] == "wrong_account"
