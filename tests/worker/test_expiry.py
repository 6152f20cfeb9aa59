"""The end of a token is told in time: in the log, on the status page, in the metrics."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from shared import integrations, report
from tests.ground import Ground, reaching
from worker import expiry, tasks
from worker.reach import Reach
from worker.sources.opening import credentials


@pytest.fixture
def ending(ground: Ground) -> Iterator[Any]:
    """A reach whose token ends in so many days."""
    with reaching(ground.reach.settings) as (reach, _):

        def in_days(days: float) -> Reach:
            ends = datetime.now(UTC) + timedelta(days=days, minutes=1)
            token = jwt.encode({"exp": ends}, "x" * 32, algorithm="HS256")
            settings = reach.settings.model_copy(update={"kommo_jwt_token": SecretStr(token)})
            return Reach(settings, reach.engine, reach.redis, reach.keys, reach.ring)

        yield in_days


def watch(ground: Ground, reach: Reach) -> list[dict[str, Any]]:
    kommo = ground.integration("kommo")
    with capture_logs() as logged:
        expiry.watch(reach, kommo, credentials(reach, kommo))
    return [line for line in logged if line["event"] == "token_expires"]


@pytest.mark.parametrize(("days", "told"), [(31, []), (30, [30]), (3, [3]), (-1, [-1])])
def test_from_thirty_days_before_it_is_warned_of_once_a_day(
    ground: Ground, ending: Any, days: int, told: list[int]
) -> None:
    assert [line["days"] for line in watch(ground, ending(days))] == told
    assert watch(ground, ending(days)) == []


def test_the_status_tells_the_days_that_are_left(ground: Ground, ending: Any) -> None:
    ground.integration("kommo")
    reach = ending(12)
    tasks.make_due_runs(reach)
    with reach.engine.begin() as connection:
        kommo = report.status(connection, reach.settings).integrations[0]
    assert kommo.token_days == 12
    assert kommo.token_expires_at


def test_a_token_that_lasts_is_known_and_nobody_is_told(ground: Ground) -> None:
    tasks.make_due_runs(ground.reach)
    kommo = ground.run(integrations.by_id, ground.integration("kommo").id)
    assert kommo.token_expires_at.year == 2100
    with ground.reach.engine.begin() as connection:
        told = report.status(connection, ground.reach.settings).integrations
    assert [one.token_days for one in told] == [None, None]


def test_a_token_that_has_ended_is_not_asked_with(ground: Ground, ending: Any) -> None:
    reach = ending(-1)
    stranger = Ground(ground.box, reach)
    from shared.resources import BY_NAME

    run = stranger.sync(BY_NAME["kommo.account"])
    assert run["state"] == "failed"
    assert "expired" in run["reason"]
    assert ground.requests("kommo") == 0
