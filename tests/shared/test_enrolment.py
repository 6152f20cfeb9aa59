"""Adding, changing and removing integrations: encrypted, named, and never by surprise."""

from typing import Any

import pytest
from sqlalchemy import select

from shared import enrolment, integrations, leaving, runs
from shared.db.bookkeeping import integration_settings
from shared.db.bookkeeping import runs as runs_table
from shared.enrolment import Added, Wanted
from shared.errors import Conflict, Misuse, UnknownTarget
from shared.resources import BY_NAME
from worker.reach import Reach

TOKEN = "eyJhbGciOi.not-a-real-token.x"


def wanted(**changes: Any) -> Wanted:
    given = {"provider": "kommo", "user_id": "north", "credentials": {"jwtToken": TOKEN}}
    return Wanted(**{**given, **changes})


def add(reach: Reach, **changes: Any) -> Added:
    with reach.engine.begin() as connection:
        return enrolment.add(connection, reach.settings, reach.keys, wanted(**changes))


def run(reach: Reach, work: Any, *args: Any) -> Any:
    with reach.engine.begin() as connection:
        return work(connection, *args)


def change(reach: Reach, id_: int, **changes: Any) -> integrations.Integration:
    found: integrations.Integration = run(
        reach, enrolment.change, reach.settings, reach.keys, id_, changes
    )
    return found


def listed(reach: Reach) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run(reach, enrolment.listed, reach.settings)
    return found


def row(reach: Reach, id_: int) -> dict[str, Any]:
    chosen = select(integration_settings).where(integration_settings.c.id == id_)
    return dict(run(reach, lambda c: c.execute(chosen).mappings().one()))


def test_what_is_added_is_worked_on_and_its_secrets_are_encrypted(reach: Reach) -> None:
    added = add(reach, sync_frequency="hourly")
    assert added.integration in run(reach, integrations.worked_on, reach.settings)
    kept = row(reach, added.integration.id)
    assert TOKEN.encode() not in kept["credentials"]
    assert TOKEN in reach.keys.decrypt(kept["credentials"])
    assert added.webhook_secret
    assert added.webhook_secret.encode() not in kept["webhook_secret"]
    assert reach.keys.decrypt(kept["webhook_secret"]) == added.webhook_secret


def test_nothing_that_is_told_holds_a_secret(reach: Reach) -> None:
    added = add(reach)
    assert TOKEN not in str(listed(reach)) + str(added) + repr(wanted())
    assert added.webhook_secret
    assert added.webhook_secret not in str(listed(reach)) + str(added)


def test_only_kommo_sends_webhooks(reach: Reach) -> None:
    tokens = {"apiKey": "a", "secretToken": "s"}
    assert add(reach, provider="gestao-click", credentials=tokens).webhook_secret is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"provider": "hubspot"}, "there are: kommo, gestao-click"),
        ({"user_id": "default"}, "environment"),
        ({"user_id": "sandbox"}, "environment"),
        ({"user_id": " "}, "name"),
        ({"wallet_id": "a\nb"}, "name"),
        ({"credentials": {}}, "jwtToken"),
        ({"credentials": {"jwtToken": " "}}, "jwtToken"),
        ({"credentials": {"apiKey": "a", "secretToken": "s"}}, "jwtToken"),
        ({"sync_frequency": "4"}, "minutes from 5 to 10080"),
        ({"sync_frequency": "10081"}, "minutes from 5 to 10080"),
        ({"sync_frequency": "often"}, "hourly, daily, weekly"),
        ({"url": "https://evil.example.com"}, "kommo"),
        ({"url": "https://kommo.com.example.com"}, "kommo"),
        ({"url": "https://user@north.kommo.com"}, "kommo"),
        ({"url": "https://north.kommo.com/elsewhere"}, "kommo"),
        ({"url": "http://north.kommo.com"}, "https"),
        ({"url": "https://api.beteltecnologia.com"}, "kommo"),
    ],
)
def test_what_cannot_be_added_is_refused_with_what_to_do(
    reach: Reach, changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(Misuse, match=why) as refused:
        add(reach, **changes)
    assert TOKEN not in str(refused.value)
    assert listed(reach) == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://north.kommo.com/", "https://north.kommo.com"),
        ("https://north.amocrm.ru/api/v4", "https://north.amocrm.ru"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_an_accounts_own_address_is_kept_as_it_is_used(reach: Reach, given: str, kept: str) -> None:
    assert add(reach, url=given).integration.url == kept


def test_a_duplicate_is_refused_and_another_wallet_is_not(reach: Reach) -> None:
    first = add(reach)
    with pytest.raises(Conflict, match=f"integration {first.integration.id}"):
        add(reach)
    assert add(reach, wallet_id="shop 2").integration.id != first.integration.id


def test_pausing_and_resuming_take_it_out_of_the_work_and_back(reach: Reach) -> None:
    id_ = add(reach).integration.id
    paused = change(reach, id_, active=False)
    assert (paused.state, paused.removed) == ("paused", False)
    assert id_ not in [one.id for one in run(reach, integrations.worked_on, reach.settings)]
    assert change(reach, id_, active=True).state == "active"


def test_a_frequency_can_be_set_and_taken_back(reach: Reach) -> None:
    id_ = add(reach).integration.id
    assert change(reach, id_, sync_frequency="15").sync_frequency == "15"
    assert change(reach, id_, sync_frequency=None).sync_frequency is None
    with pytest.raises(Misuse, match="minutes"):
        change(reach, id_, sync_frequency="1")


def test_other_credentials_take_the_place_of_the_first(reach: Reach) -> None:
    id_ = add(reach).integration.id
    change(reach, id_, credentials={"jwtToken": "another"})
    assert "another" in reach.keys.decrypt(row(reach, id_)["credentials"])
    with pytest.raises(Misuse, match="jwtToken"):
        change(reach, id_, credentials={"jwtToken": ""})


def test_the_environments_credentials_are_changed_in_the_environment(reach: Reach) -> None:
    kommo = run(reach, integrations.ensure, reach.settings)[0]
    with pytest.raises(Conflict, match="environment"):
        change(reach, kommo.id, credentials={"jwtToken": "x"})
    with pytest.raises(Conflict, match="environment"):
        run(reach, leaving.remove, reach.settings, kommo.id, "keep")
    assert change(reach, kommo.id, active=False, sync_frequency="daily").state == "paused"


def test_an_unknown_one_is_told_with_those_that_exist(reach: Reach) -> None:
    id_ = add(reach).integration.id
    with pytest.raises(UnknownTarget, match=str(id_)):
        change(reach, 99, active=False)


def test_removing_deletes_the_credentials_and_ends_the_runs(reach: Reach) -> None:
    one = add(reach).integration
    with reach.engine.begin() as connection:
        leads = [BY_NAME["kommo.account"]]
        runs.request(connection, one, leads, full=True, trigger="cli")
    gone = run(reach, leaving.remove, reach.settings, one.id, "keep")
    assert gone.state == "removed"
    assert row(reach, one.id)["credentials"] is None
    states = run(reach, lambda c: list(c.scalars(select(runs_table.c.state))))
    assert states == ["failed"]
    with pytest.raises(Conflict, match="no credentials"):
        change(reach, one.id, active=True)


def test_a_removed_one_comes_back_with_its_rows_by_being_added_again(reach: Reach) -> None:
    first = add(reach)
    run(reach, leaving.remove, reach.settings, first.integration.id, "keep")
    again = add(reach)
    assert again.integration.id == first.integration.id
    assert again.integration.state == "active"
    assert again.webhook_secret != first.webhook_secret


# --- which one is meant


def chosen(reach: Reach, id_: int | None = None) -> integrations.Integration | None:
    found: integrations.Integration | None = run(
        reach, integrations.chosen, reach.settings, "kommo", id_
    )
    return found


def without_token(reach: Reach) -> Reach:
    bare = reach.settings.model_copy(update={"kommo_jwt_token": None})
    return Reach(bare, reach.engine, reach.redis, reach.keys, reach.ring)


def test_the_only_active_one_is_meant_even_if_it_is_not_the_environments(reach: Reach) -> None:
    assert chosen(reach) is None
    run(reach, integrations.ensure, reach.settings)
    added = add(reach).integration
    assert chosen(without_token(reach)) == added


def test_of_several_the_environments_is_meant(reach: Reach) -> None:
    own = run(reach, integrations.ensure, reach.settings)[0]
    added = add(reach).integration
    assert chosen(reach) == own
    assert chosen(reach, added.id) == added
    change(reach, own.id, active=False)
    assert chosen(reach) == added


def test_of_several_without_the_environments_one_has_to_be_said(reach: Reach) -> None:
    for user in ("north", "south"):
        add(reach, user_id=user)
    with pytest.raises(Misuse, match="several kommo integrations: 1, 2"):
        chosen(reach)
    with pytest.raises(UnknownTarget, match="1, 2"):
        chosen(reach, 77)


def test_one_whose_credentials_are_gone_can_still_be_looked_at(reach: Reach) -> None:
    own = run(reach, integrations.ensure, reach.settings)[0]
    bare = without_token(reach)
    assert chosen(bare) == own
    working = run(bare, integrations.worked_on, bare.settings)
    assert own not in working
