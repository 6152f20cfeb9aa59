"""A new PONTE_SECRET_KEY: everything is written anew under it, and nobody is locked out on the way."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import LargeBinary, insert, select, update
from typer.testing import CliRunner

from shared import enrolment, integrations, oauth, questions, tokens
from shared.alerts import channels
from shared.db.bookkeeping import (
    api_tokens,
    integration_settings,
    oauth_states,
)
from shared.db.bookkeeping import questions as questions_table
from shared.db.mirror import metadata
from shared.enrolment import Wanted
from shared.secrets import Keyring
from tests.ground import SECRET_KEY
from worker import hook_rotation
from worker.cli import app
from worker.people import tombstones
from worker.reach import Reach
from worker.rotation import SEALED, rotate
from worker.sources.opening import credentials

NEW = "n" * 40
BOTH, ALONE = Keyring([NEW, SECRET_KEY]), Keyring([NEW])
CLIENT = {
    "kommo_client_id": "the-client",
    "kommo_client_secret": SecretStr("the-client-secret"),
    "ponte_public_url": "https://ponte.example.com",
}


def run(reach: Reach, work: Any, *args: Any, **named: Any) -> Any:
    with reach.engine.begin() as connection:
        return work(connection, *args, **named)


@pytest.fixture
def after(reach: Reach) -> Iterator[Reach]:
    """Everything that is ever encrypted was, with the former key; the new one stands in front of it now."""
    north = Wanted("kommo", "north", {"jwtToken": "the-token"})
    added = run(reach, enrolment.add, reach.settings, reach.keys, north)
    hook_rotation.replace(reach, added.integration)
    settings = reach.settings.model_copy(update=CLIENT)
    run(reach, oauth.consent_url, settings, reach.keys, user_id="south")
    questions.ask(reach.engine, reach.keys, questions.CONSENT, {"code": "the-code"})
    run(reach, tombstones.hashing_key)
    hook = {"url": "https://hooks.example.com/x"}
    run(reach, channels.add, reach.keys, kind="webhook", name="ops", settings=hook)
    yield replace(reach, keys=BOTH)


def stored(reach: Reach) -> dict[str, list[bytes]]:
    return {
        f"{column.table}.{column.name}": [
            bytes(v) for v in run(reach, lambda c, q: list(c.scalars(q)), select(column))
        ]
        for column in SEALED
    }


def test_every_column_that_is_encrypted_is_rotated() -> None:
    said = {
        column
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary) and "encrypted" in (column.comment or "")
    }
    assert said == set(SEALED)


def test_afterwards_the_new_key_alone_reads_everything(after: Reach) -> None:
    before = stored(after)
    assert all(before.values()), "something of each kind is there"
    rotated = rotate(after)
    assert rotated.rewritten == sum(len(values) for values in before.values())
    assert (rotated.already, rotated.unreadable, rotated.former_may_go) == (0, [], True)
    for values in stored(after).values():
        assert all(ALONE.decrypt(value) for value in values)
    again = rotate(after)
    assert (again.rewritten, again.already) == (0, rotated.rewritten)


def test_what_no_key_fits_is_named_and_left_as_it_is(after: Reach) -> None:
    foreign = Keyring(["f" * 40]).encrypt("x")
    table = integration_settings
    run(after, lambda c: c.execute(update(table).values(credentials=foreign)))
    rotated = rotate(after)
    (name,) = rotated.unreadable
    assert name.startswith("ponte.integration_settings.credentials ")
    assert not rotated.former_may_go
    assert foreign in stored(after)["ponte.integration_settings.credentials"]


@pytest.mark.parametrize("rotating", [True, False])
def test_what_is_known_of_credentials_stays_known(after: Reach, rotating: bool) -> None:
    """Proved ones are not asked about again, and refused ones are not tried again, before and after."""
    (north,) = run(after, integrations.all_of)
    former = Keyring([SECRET_KEY]).digest(credentials(after, north).seal)
    run(after, integrations.refuse, north.id, former)
    table = integration_settings
    run(after, lambda c: c.execute(update(table).values(credentials_seen=former)))
    if rotating:
        rotate(after)
    keys = ALONE if rotating else BOTH
    row = run(after, lambda c: c.execute(select(table)).one())
    seal = credentials(after, north).seal
    assert keys.knows(seal, row.credentials_seen)
    assert keys.knows(seal, row.metadata["refused"])
    assert not keys.knows(seal + "x", row.credentials_seen)


def test_tokens_that_a_former_key_signed_are_named_until_they_are_over(after: Reach) -> None:
    old = run(after, tokens.create, Keyring([SECRET_KEY]), "old")
    run(after, tokens.create, BOTH, "new")
    rotated = rotate(after)
    assert [token["name"] for token in rotated.tokens] == ["old"]
    assert not rotated.former_may_go
    assert run(after, tokens.verify, BOTH, old), "it goes on being valid"
    run(after, tokens.revoke, "old")
    assert rotate(after).former_may_go


def test_of_a_token_from_before_it_is_learnt_at_its_next_use(after: Reach) -> None:
    token = run(after, tokens.create, BOTH, "dash")
    run(after, lambda c: c.execute(update(api_tokens).values(signed_by=None)))
    assert [each["name"] for each in rotate(after).tokens] == ["dash"]
    assert run(after, tokens.verify, BOTH, token)
    assert rotate(after).tokens == []


def test_a_value_that_changes_meanwhile_is_not_overwritten(
    after: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = BOTH.encrypt("newer")
    really = Keyring.decrypt

    def decrypt(self: Keyring, sealed: bytes) -> str:
        run(after, lambda c: c.execute(update(oauth_states).values(wanted=newer)))
        return really(self, sealed)

    monkeypatch.setattr(Keyring, "decrypt", decrypt)
    rotate(after)
    monkeypatch.undo()
    assert stored(after)["ponte.oauth_states.wanted"] == [newer]


# --- the command


@pytest.fixture
def ponte(
    after: Reach, database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)

    def command(keys: str, *arguments: str) -> Any:
        monkeypatch.setenv("PONTE_SECRET_KEY", keys)
        return CliRunner().invoke(app, ["secrets", "rotate", *arguments])

    return command


def test_the_command_says_when_the_former_key_may_go(ponte: Any, after: Reach) -> None:
    alone = ponte(SECRET_KEY)
    assert "one key only" in alone.output
    run(after, tokens.create, Keyring([SECRET_KEY]), "dash")
    said = ponte(f"{NEW} {SECRET_KEY}")
    assert said.exit_code == 0
    assert "'dash' (sync) is signed by a former key" in said.output
    assert "may be taken out" not in said.output
    run(after, tokens.revoke, "dash")
    told = json.loads(ponte(f"{NEW},{SECRET_KEY}", "--json").stdout)
    assert (told["former_may_go"], told["unreadable"], told["rewritten"]) == (True, [], 0)


def test_the_command_fails_when_something_cannot_be_read(ponte: Any, after: Reach) -> None:
    foreign = {"id": "00000000-0000-4000-8000-000000000000", "kind": "x", "question": b"foreign"}
    run(after, lambda c: c.execute(insert(questions_table).values(foreign)))
    said = ponte(f"{NEW} {SECRET_KEY}")
    assert said.exit_code == 1
    assert "no key fits: sync.questions.question" in said.output


def test_former_secrets_of_webhooks_are_kept_encrypted(after: Reach) -> None:
    (sealed,) = stored(after)["ponte.former_webhook_secrets.secret"]
    secret = BOTH.decrypt(sealed)
    assert len(secret) == 43
    assert secret.encode() not in sealed
