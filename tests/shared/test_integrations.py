"""Integrations: one row for each account, the sandbox's apart from the real ones."""

import threading
from typing import Any

import pytest
from pydantic import SecretStr

from shared import integrations
from shared.errors import UnknownTarget
from shared.integrations import Integration
from shared.settings import Settings
from worker.reach import Reach


def ensure(reach: Reach, **changes: Any) -> list[Integration]:
    settings = _without_cache(reach.settings, changes)
    with reach.engine.begin() as connection:
        return integrations.ensure(connection, settings)


def _without_cache(settings: Settings, changes: dict[str, Any]) -> Settings:
    made = settings.model_copy(update=changes)
    made.__dict__.pop("sandboxed", None)
    return made


def test_there_is_one_for_each_vendor_that_has_credentials(reach: Reach) -> None:
    assert [each.provider for each in ensure(reach)] == ["kommo", "gestao-click"]
    assert [each.provider for each in ensure(reach, kommo_jwt_token=None)] == ["gestao-click"]


def test_it_stays_the_same_row_and_uses_up_no_numbers(reach: Reach) -> None:
    first = ensure(reach)
    for _ in range(5):
        assert ensure(reach) == first
    assert [each.id for each in first] == [1, 2]


def test_many_processes_at_once_make_it_once(reach: Reach) -> None:
    made: list[Any] = []
    threads = [threading.Thread(target=lambda: made.append(ensure(reach))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 6
    assert all(each == made[0] for each in made)


def test_the_sandbox_is_an_integration_of_its_own(reach: Reach) -> None:
    real = ensure(reach)
    boxed = ensure(reach, ponte_sandbox="kommo")
    assert boxed[0].sandbox
    assert boxed[0].id not in [each.id for each in real]
    assert boxed[1] == real[1]


def test_an_unknown_one_says_which_there_are(reach: Reach) -> None:
    ensure(reach)
    with reach.engine.begin() as connection, pytest.raises(UnknownTarget, match="1, 2"):
        integrations.by_id(connection, 99)


@pytest.mark.parametrize(
    ("secret", "presented", "known"),
    [
        ("s" * 20, "s" * 20, True),
        ("s" * 20, "x", False),
        ("s" * 20, "", False),
        (None, "", False),
        ("ç" * 20, "ç" * 20, True),
    ],
)
def test_a_webhooks_path_names_its_integration_only_by_its_secret(
    reach: Reach, secret: str | None, presented: str, known: bool
) -> None:
    given = SecretStr(secret) if secret else None
    settings = reach.settings.model_copy(update={"kommo_webhook_secret": given})
    with reach.engine.begin() as connection:
        found = integrations.of_webhook(connection, settings, presented)
    assert (found is not None) is known
