"""Our webhook at Kommo: registered once, and nobody else's is touched."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from sandbox import Sandbox
from sandbox.webhooks.codes import CODES
from shared import enrolment, integrations
from shared.enrolment import Wanted
from shared.errors import Misuse, VendorUnavailable
from shared.resources import BY_NAME
from shared.secrets import Keyring
from tests.ground import Ground, reaching
from worker import hook_rotation, subscription
from worker.sources import kommo_hooks

HOME = "http://127.0.0.1:9"
SECRET = "hook-secret-0123456789"


def register(ground: Ground, **changes: Any) -> tuple[bool, str]:
    given = {"kommo_webhook_secret": SecretStr(SECRET), "ponte_public_url": HOME, **changes}
    with reaching(ground.reach.settings.model_copy(update=given)) as (reach, _):
        return subscription.register(reach)


@pytest.fixture
def cared(ground: Ground) -> Iterator[Ground]:
    """A ground whose reach has an address for webhooks."""
    given = {"kommo_webhook_secret": SecretStr(SECRET), "ponte_public_url": HOME}
    with reaching(ground.reach.settings.model_copy(update=given)) as (reach, _):
        yield Ground(ground.box, reach)


def known_events(ground: Ground) -> set[str]:
    """Those of ours that the sandbox knows: doubtful codes are refused there too."""
    known = ground.box.subscriptions
    refused = set(ground.box.options.webhook_codes_refused)
    return set(subscription.EVENTS) & (CODES | known._declared_codes()) - refused


def ours(ground: Ground) -> Any:
    return hooks(ground)[f"{HOME}/webhooks/kommo/{SECRET}"]


def tend(ground: Ground) -> subscription.Care:
    return subscription.tend(ground.reach, ground.integration("kommo"))


def later(ground: Ground) -> None:
    """A day passes."""
    ground.run(
        lambda c: c.execute(
            text(
                "update ponte.integration_settings set metadata = jsonb_set(metadata,"
                " '{webhook,tried_at}', to_jsonb((now() - interval '25 h')::text))"
            )
        )
    )


def hooks(ground: Ground) -> dict[str, Any]:
    return {hook["destination"]: hook for hook in ground.box.truth("kommo", "webhooks")}


def test_it_subscribes_with_every_event_that_a_declaration_names(ground: Ground) -> None:
    others = hooks(ground)
    assert register(ground)[0]
    after = hooks(ground)
    (address,) = set(after) - set(others)
    assert address == f"{HOME}/webhooks/kommo/{SECRET}"
    assert set(after[address]["settings"]) == known_events(ground)
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
    assert set(ours["settings"]) == known_events(ground)


@pytest.mark.parametrize("missing", ["kommo_webhook_secret", "ponte_public_url"])
def test_where_kommo_cannot_reach_us_nothing_is_registered_and_it_says_so(
    ground: Ground, missing: str
) -> None:
    before = hooks(ground)
    away = {"kommo_api_url": "https://api-c.kommo.com"}
    registered, why = register(ground, **{missing: None, **away})
    assert not registered
    assert "PONTE_PUBLIC_URL" in why
    assert hooks(ground) == before


def test_rights_that_are_missing_are_told_and_stop_nothing(ground: Ground) -> None:
    ground.box.options.change({"refused": {"/webhooks": 403}})
    registered, why = register(ground)
    assert not registered
    assert "403" in why
    assert SECRET not in why


# --- kept so


def test_what_is_right_costs_one_look(cared: Ground) -> None:
    tend(cared)
    cared.box.reset_stats()
    assert tend(cared).subscribed
    assert cared.asked("kommo") == {"/webhooks": 1}


def test_codes_that_are_not_known_are_dropped_one_by_one_and_tried_again_after_a_day(
    cared: Ground,
) -> None:
    cared.box.options.change({"webhook_codes_refused": ["update_task", "add_talk"]})
    care = tend(cared)
    assert set(care.dropped) == set(subscription.EVENTS) - known_events(cared)
    assert {"update_task", "add_talk"} <= set(care.dropped)
    assert all(kommo_hooks.doubtful(code) for code in care.dropped)
    assert set(ours(cared)["settings"]) == known_events(cared)
    later(cared)
    cared.box.reset_stats()
    assert tend(cared).dropped == care.dropped
    assert cared.requests("kommo") > len(care.dropped)


@pytest.mark.parametrize(
    "spoilt", [{"disabled": True}, {"settings": ["add_lead"]}, {"settings": []}]
)
def test_a_hook_that_was_switched_off_or_changed_is_mended(
    cared: Ground, spoilt: dict[str, Any]
) -> None:
    tend(cared)
    cared.box.subscriptions._store({**ours(cared), **spoilt})
    assert tend(cared).subscribed
    assert not ours(cared)["disabled"]
    assert set(ours(cared)["settings"]) == known_events(cared)


def test_a_plan_without_webhooks_is_said_once_and_tried_again_after_a_day(cared: Ground) -> None:
    cared.box.options.change({"refused": {"/webhooks": 402}})
    care = tend(cared)
    assert (care.state, care.subscribed) == ("not available", False)
    assert "polled" in care.message
    cared.box.reset_stats()
    tend(cared)
    assert cared.requests("kommo") == 0
    later(cared)
    cared.box.options.change({"refused": {}})
    assert tend(cared).subscribed


def test_refused_credentials_are_not_tried_at_every_round(cared: Ground) -> None:
    cared.box.faults.add({"vendor": "kommo", "kind": "401"})
    for _round in range(3):
        assert tend(cared).state == "failed"
    assert cared.requests("kommo") == 1


def test_a_hook_that_was_removed_by_hand_stays_removed_until_it_is_registered(
    cared: Ground,
) -> None:
    others = hooks(cared)
    tend(cared)
    assert subscription.remove(cared.reach)
    assert hooks(cared) == others
    assert not subscription.remove(cared.reach)
    assert not tend(cared).subscribed
    assert hooks(cared) == others
    assert subscription.register(cared.reach)[0]
    assert tend(cared).subscribed


def test_the_list_shows_hosts_only(cared: Ground) -> None:
    tend(cared)
    listed = subscription.listed(cared.reach)
    assert [hook["destination"] for hook in listed if hook["ours"]] == ["http://127.0.0.1/…"]
    assert len(listed) == len(hooks(cared))
    assert SECRET not in str(listed)


def test_each_integration_has_a_hook_of_its_own(cared: Ground) -> None:
    with Sandbox(leads=3, months=1, seed=2, kommo_limit=0) as box:
        wanted = Wanted("kommo", "south", {"jwtToken": box.kommo_token}, url=box.kommo_url)
        cared.integration("kommo")
        made = cared.run(enrolment.add, cared.reach.settings, cared.reach.keys, wanted)
        before = len(box.truth("kommo", "webhooks"))
        subscription.tend_all(cared.reach)
        assert ours(cared)
        south = [hook["destination"] for hook in box.truth("kommo", "webhooks")]
        assert f"{HOME}/webhooks/kommo/{made.webhook_secret}" in south
        assert len(south) == before + 1


# --- another secret


@pytest.fixture
def north(cared: Ground) -> Iterator[Ground]:
    """An added account, subscribed at its own address; `north` is its integration."""
    wanted = Wanted("kommo", "north", {"jwtToken": cared.box.kommo_token}, url=cared.box.kommo_url)
    cared.run(enrolment.add, cared.reach.settings, cared.reach.keys, wanted)
    assert subscription.register(cared.reach, north_id(cared))[0]
    yield cared


def north_id(ground: Ground) -> int:
    return int(ground.run(integrations.find, "north", "kommo").id)


def address_of(ground: Ground) -> str:
    found = ground.run(integrations.by_id, north_id(ground))
    address = subscription.destination(ground.reach, found)
    assert address
    return address


def taken(ground: Ground, address: str) -> bool:
    """Would the web process take a delivery there, and for the right account?"""
    secret = address.rpartition("/")[2]
    found = ground.run(integrations.of_webhook, ground.reach.settings, secret)
    return found is not None and found.id == north_id(ground)


def over(ground: Ground) -> None:
    """The overlap is over."""
    past = text("update ponte.former_webhook_secrets set ends_at = clock_timestamp()")
    ground.run(lambda c: c.execute(past))


def test_the_subscription_moves_to_a_new_secret_and_the_former_one_is_taken_for_a_while(
    north: Ground,
) -> None:
    former = address_of(north)
    moved, _ = subscription.rotate_secret(north.reach, north_id(north))
    assert moved
    new = address_of(north)
    assert new != former
    assert new in hooks(north)
    assert former not in hooks(north)
    assert taken(north, new)
    assert taken(north, former), "what Kommo could not deliver it repeats there"
    over(north)
    assert taken(north, new)
    assert not taken(north, former)
    north.run(hook_rotation.forget_ended)
    left = text("select count(*) from ponte.former_webhook_secrets")
    assert north.run(lambda c: c.scalar(left)) == 0


def test_while_kommo_cannot_be_told_the_former_secret_stays(north: Ground) -> None:
    former = address_of(north)
    north.box.options.change({"refused": {"/webhooks": 403}})
    moved, told = subscription.rotate_secret(north.reach, north_id(north))
    assert not moved
    assert address_of(north) in told
    north.run(hook_rotation.forget_ended)
    assert taken(north, former)
    north.box.options.change({"refused": {}})
    later(north)
    subscription.tend_all(north.reach)
    assert address_of(north) in hooks(north)
    assert former not in hooks(north)
    assert taken(north, former)


def test_a_former_hook_that_cannot_be_removed_is_tried_again_at_the_next_round(
    north: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = address_of(north)

    def refuse(*_: Any) -> None:
        raise VendorUnavailable("Kommo", "HTTP 502")

    monkeypatch.setattr(kommo_hooks, "unsubscribe", refuse)
    assert subscription.rotate_secret(north.reach, north_id(north))[0]
    assert former in hooks(north)
    monkeypatch.undo()
    subscription.tend_all(north.reach)
    assert former not in hooks(north)
    assert taken(north, former)


def test_a_secret_that_has_leaked_is_ended_at_once(north: Ground) -> None:
    former = address_of(north)
    north.box.options.change({"refused": {"/webhooks": 403}})
    subscription.rotate_secret(north.reach, north_id(north), now=True)
    assert not taken(north, former)
    north.box.options.change({"refused": {}})
    later(north)
    subscription.tend_all(north.reach)
    assert former not in hooks(north), "it is remembered until Kommo has left it"


def test_several_rotations_in_a_row_leave_one_hook(north: Ground) -> None:
    before, first = len(hooks(north)), address_of(north)
    north.box.options.change({"refused": {"/webhooks": 403}})
    for _ in range(2):
        subscription.rotate_secret(north.reach, north_id(north))
    assert taken(north, first)
    north.box.options.change({"refused": {}})
    assert subscription.rotate_secret(north.reach, north_id(north))[0]
    assert len(hooks(north)) == before
    assert address_of(north) in hooks(north)


def test_the_environments_secret_is_changed_where_it_stands(cared: Ground) -> None:
    tend(cared)
    with pytest.raises(Misuse, match="in front of it in KOMMO_WEBHOOK_SECRET"):
        subscription.rotate_secret(cared.reach)
    both = {"kommo_webhook_secret": SecretStr(f"the-new-one-0123456789 {SECRET}")}
    with reaching(cared.reach.settings.model_copy(update=both)) as (reach, _):
        subscription.tend_all(reach)
        assert f"{HOME}/webhooks/kommo/the-new-one-0123456789" in hooks(cared)
        assert f"{HOME}/webhooks/kommo/{SECRET}" not in hooks(cared)
        for secret in ("the-new-one-0123456789", SECRET):
            assert integrations.is_environments_webhook(reach.settings, secret)
        assert not integrations.is_environments_webhook(reach.settings, "the-new-one")
        assert not integrations.is_environments_webhook(
            reach.settings, both["kommo_webhook_secret"].get_secret_value()
        )


def test_what_is_removed_by_hand_is_removed_at_the_former_address_too(
    north: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "_leave_former", lambda *_: None)
    former = address_of(north)
    subscription.rotate_secret(north.reach, north_id(north))
    assert [
        hook["former"] for hook in subscription.listed(north.reach, north_id(north)) if hook["ours"]
    ] == [True, False]
    assert subscription.remove(north.reach, north_id(north))
    assert not {former, address_of(north)} & set(hooks(north))


def test_one_whose_secrets_cannot_be_read_stops_no_others_care(cared: Ground) -> None:
    cared.integration("gestao-click")
    wanted = Wanted("kommo", "north", {"jwtToken": "t"})
    cared.run(enrolment.add, cared.reach.settings, Keyring(["another key" * 4]), wanted)
    subscription.tend_all(cared.reach)
    assert not ours(cared)["disabled"]


def test_an_outage_longer_than_kommo_retries_is_covered_by_the_next_incremental(
    cared: Ground,
) -> None:
    """Deliveries are lost and the hook is switched off; the cursor stands where it stood."""
    leads = BY_NAME["kommo.leads"]
    tend(cared)
    assert cared.sync(leads)["state"] == "done"
    cared.box.options.change({"webhook_lost": 1.0})
    first, second, third, *_ = [lead["id"] for lead in cared.box.truth("kommo", "leads")]
    cared.box.kommo.change("leads", [first], {"name": "Changed while we were away"})
    cared.box.kommo.delete("leads", [second])
    cared.box.kommo.change("leads", [third], {"price": 4711})
    cared.box.subscriptions._store({**ours(cared), "disabled": True})
    assert cared.deliveries() == []
    cared.box.options.change({"webhook_lost": 0.0})

    assert tend(cared).subscribed
    run = cared.sync(leads)
    assert (run["state"], run["mode"]) == ("done", "incremental")
    live = {r["id"]: (r["name"], r["price"]) for r in cared.rows(leads) if not r["deleted_at"]}
    assert live == {r["id"]: (r["name"], r["price"]) for r in cared.box.truth("kommo", "leads")}
    assert cared.row(leads, second)["deleted_at"]
    assert not ours(cared)["disabled"]
