"""API tokens: forged, expired, revoked and unknown ones are nobody."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from sqlalchemy import text, update

from shared import tokens
from shared.db.bookkeeping import api_tokens, login_links
from shared.secrets import Keyring
from worker.reach import Reach


def made(reach: Reach, scope: str = "sync", days: int = 10) -> str:
    with reach.engine.begin() as connection:
        return tokens.create(connection, reach.keys, "dash", scope, days)


def verified(reach: Reach, token: str, keys: Keyring | None = None) -> tokens.Token | None:
    with reach.engine.begin() as connection:
        return tokens.verify(connection, keys or reach.keys, token)


def test_a_token_is_known_by_its_name_and_scope_and_its_use_is_noted(reach: Reach) -> None:
    found = verified(reach, made(reach, "read"))
    assert found
    assert (found.name, found.scope) == ("dash", "read")
    with reach.engine.begin() as connection:
        assert connection.execute(api_tokens.select()).one().used_at is not None


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [("read", {"read"}), ("sync", {"read", "sync"}), ("admin", {"read", "sync", "admin"})],
)
def test_scopes_nest(scope: str, allowed: set[str]) -> None:
    token = tokens.Token(uuid4(), "x", scope)
    assert {wanted for wanted in tokens.SCOPES if token.allows(wanted)} == allowed


def test_a_revoked_token_is_nobody_at_once(reach: Reach) -> None:
    token = made(reach)
    with reach.engine.begin() as connection:
        assert tokens.revoke(connection, "dash") == 1
        assert tokens.revoke(connection, "dash") == 0
    assert verified(reach, token) is None


def test_an_expired_token_is_nobody(reach: Reach) -> None:
    assert verified(reach, made(reach, days=-1)) is None
    token = made(reach)
    with reach.engine.begin() as connection:
        connection.execute(update(api_tokens).values(expires_at=text("now() - interval '1 s'")))
    assert verified(reach, token) is None


def claims(**changes: Any) -> dict[str, Any]:
    whole = {
        "jti": str(uuid4()),
        "sub": "x",
        "aud": tokens.AUDIENCE,
        "scope": "admin",
        "exp": datetime.now(UTC) + timedelta(days=1),
    }
    return {k: v for k, v in {**whole, **changes}.items() if v is not None}


def test_forged_and_foreign_tokens_are_nobody(reach: Reach) -> None:
    made(reach)
    good = reach.keys.signing[0]
    forged = [
        "",
        "nonsense",
        jwt.encode(claims(), "x" * 32, algorithm="HS256"),
        jwt.encode(claims(), good, algorithm="HS256"),  # well signed, but never kept
        jwt.encode(claims(jti="no uuid"), good, algorithm="HS256"),
        jwt.encode(claims(aud="somebody"), good, algorithm="HS256"),
        jwt.encode(claims(exp=None), good, algorithm="HS256"),
        jwt.encode(claims(jti=None), good, algorithm="HS256"),
        jwt.encode(claims(), None, algorithm="none"),
    ]
    assert [verified(reach, token) for token in forged] == [None] * len(forged)


def test_the_scope_that_counts_is_the_kept_one_not_the_one_in_the_token(reach: Reach) -> None:
    token = made(reach, "read")
    said = jwt.decode(token, options={"verify_signature": False})
    raised = jwt.encode({**said, "scope": "admin"}, reach.keys.signing[0], algorithm="HS256")
    found = verified(reach, raised)
    assert found
    assert found.scope == "read"


def test_tokens_survive_a_rotation_of_the_key(reach: Reach) -> None:
    token = made(reach)
    assert verified(reach, token, Keyring(["n" * 40, "k" * 40]))
    assert verified(reach, token, Keyring(["n" * 40])) is None


def test_the_list_never_holds_the_token_itself(reach: Reach) -> None:
    token = made(reach)
    with reach.engine.begin() as connection:
        (row,) = tokens.listed(connection)
    assert isinstance(row["jti"], UUID)
    assert token not in str(row)


def test_a_login_link_opens_once_and_only_while_it_lives(reach: Reach) -> None:
    with reach.engine.begin() as connection:
        link = tokens.login_link(connection, reach.keys)
        late = tokens.login_link(connection, reach.keys, minutes=-1)
        assert link not in str(connection.execute(login_links.select()).all())
        assert tokens.use_login_link(connection, "another") is None
        assert tokens.use_login_link(connection, late) is None
        assert [tokens.use_login_link(connection, link) for _ in range(2)] == ["admin", None]
