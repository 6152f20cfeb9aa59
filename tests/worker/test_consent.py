"""The whole way of a consent, against the sandbox's own consent page and token endpoint."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
import requests
from pydantic import SecretStr
from sqlalchemy import update

from shared import enrolment, integrations, oauth, questions, runs
from shared.db.bookkeeping import integration_settings as table
from shared.integrations import Integration
from shared.resources import BY_NAME
from tests.ground import Ground, reaching
from worker import answers
from worker.sources import oauth as tokens
from worker.sources.opening import credentials
from worker.sync.carry import carry_out

ACCOUNT = BY_NAME["kommo.account"]


@pytest.fixture
def consenting(ground: Ground) -> Iterator[Ground]:
    """A deployment whose only Kommo account comes by consent."""
    options = ground.box.options
    settings = ground.reach.settings.model_copy(
        update={
            "kommo_jwt_token": None,
            "kommo_client_id": options.oauth_client_id,
            "kommo_client_secret": SecretStr(options.oauth_client_secret),
            "kommo_redirect_uri": options.oauth_redirect_uri,
        }
    )
    with reaching(settings) as (reach, _):
        yield Ground(ground.box, reach)


def consent(ground: Ground) -> Integration:
    """The owner opens the page, allows, and is sent back: what the web process does with it."""
    reach = ground.reach
    url = ground.run(oauth.consent_url, reach.settings, reach.keys, user_id="south")
    sent = requests.get(f"{url}&answer=allow", allow_redirects=False, timeout=5)
    back = parse_qs(urlsplit(sent.headers["Location"]).query)
    sealed = ground.run(oauth.redeem, back["state"][0])
    question = {
        "url": oauth.account_url(reach.settings, back["referer"][0]),
        "code": back["code"][0],
        "wanted": oauth.wanted_of(reach.keys, sealed),
    }
    said = answers.answer(reach, questions.CONSENT, question)
    assert said["ok"], said
    made: Integration = ground.run(integrations.by_id, said["integration"])
    return made


def read(ground: Ground, integration: Integration) -> dict[str, Any]:
    made = ground.run(
        runs.request, integration, [ACCOUNT], full=True, trigger=runs.SCHEDULE
    ).run_ids[-1]
    carry_out(ground.reach, made, 60)
    return ground.report(made)


def near_its_end(ground: Ground, integration: Integration) -> None:
    stored = tokens._stored(ground.reach, integration)
    stored["expiresAt"] = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    sealed = ground.reach.keys.encrypt(orjson.dumps(stored).decode())
    row = update(table).where(table.c.id == integration.id).values(credentials=sealed)
    ground.run(lambda c: c.execute(row))


def test_a_consent_becomes_an_account_that_is_read(consenting: Ground) -> None:
    south = consent(consenting)
    assert read(consenting, south)["state"] == "done"
    (told,) = [
        row
        for row in consenting.run(enrolment.listed, consenting.reach.settings)
        if row["provider"] == "kommo"
    ]
    assert (told["user"], told["credentials"]) == ("south", "stored")
    assert told["account_id"] == str(consenting.box.options.account_id)


def test_tokens_are_renewed_while_it_is_read_again_and_again(consenting: Ground) -> None:
    south = consent(consenting)
    seen = set()
    for _turn in range(3):
        near_its_end(consenting, south)
        assert read(consenting, south)["state"] == "done"
        seen.add(credentials(consenting.reach, south).secrets)
    assert len(seen) == 3


@pytest.mark.parametrize("answer", [401, 404, 302])
def test_an_account_that_was_renamed_is_found_again(consenting: Ground, answer: int) -> None:
    south = consent(consenting)
    there = consenting.box.rename("south-pole", answer)
    near_its_end(consenting, south)
    assert read(consenting, south)["state"] == "done"
    assert consenting.run(integrations.by_id, south.id).url == there


def test_a_code_serves_once(consenting: Ground) -> None:
    south = consent(consenting)
    question = {"url": south.url, "code": "used", "wanted": {"user_id": "north"}}
    said = answers.answer(consenting.reach, questions.CONSENT, question)
    assert said["ok"] is False
    assert consenting.box.options.oauth_client_secret not in str(said)
