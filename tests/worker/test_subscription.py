"""Our webhook at Kommo: registered once, and nobody else's is touched."""

from typing import Any

import pytest
from pydantic import SecretStr

from tests.ground import Ground, reaching
from worker import subscription

HOME = "http://127.0.0.1:9"
SECRET = "hook-secret-0123456789"


def register(ground: Ground, **changes: Any) -> tuple[bool, str]:
    given = {"kommo_webhook_secret": SecretStr(SECRET), "ponte_public_url": HOME, **changes}
    with reaching(ground.reach.settings.model_copy(update=given)) as (reach, _):
        return subscription.register(reach)


def hooks(ground: Ground) -> dict[str, Any]:
    return {hook["destination"]: hook for hook in ground.box.truth("kommo", "webhooks")}


def test_it_subscribes_with_every_event_that_a_declaration_names(ground: Ground) -> None:
    others = hooks(ground)
    assert register(ground)[0]
    after = hooks(ground)
    (address,) = set(after) - set(others)
    assert address == f"{HOME}/webhooks/kommo/{SECRET}"
    assert set(after[address]["settings"]) == set(subscription.EVENTS)
    assert {name: hook for name, hook in after.items() if name != address} == others


@pytest.mark.parametrize("again", ["replace", "merge"])
def test_registering_again_leaves_one_hook_with_the_same_events(ground: Ground, again: str) -> None:
    ground.box.options.change({"resubscribe": again})
    register(ground)
    before = hooks(ground)
    register(ground)
    after = hooks(ground)
    assert set(after) == set(before)
    ours = after[f"{HOME}/webhooks/kommo/{SECRET}"]
    assert set(ours["settings"]) == set(subscription.EVENTS)


@pytest.mark.parametrize("missing", ["kommo_webhook_secret", "ponte_public_url"])
def test_where_kommo_cannot_reach_us_nothing_is_registered_and_it_says_so(
    ground: Ground, missing: str
) -> None:
    before = hooks(ground)
    registered, why = register(ground, **{missing: None})
    assert not registered
    assert "PONTE_PUBLIC_URL" in why
    assert hooks(ground) == before


def test_rights_that_are_missing_are_told_and_stop_nothing(ground: Ground) -> None:
    ground.box.options.change({"refused": {"/webhooks": 403}})
    registered, why = register(ground)
    assert not registered
    assert "403" in why
    assert SECRET not in why
