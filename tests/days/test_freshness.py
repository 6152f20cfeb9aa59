"""How stale a small shop's mirror gets over midnight, when another day's rows come near."""

from datetime import timedelta

import pytest

from tests.days.company import company_on
from tests.days.freshness import TURNS, live

pytestmark = [pytest.mark.xdist_group("days"), pytest.mark.timeout(300)]
TURN = 24 * 3600 / TURNS
TO_MIDNIGHT = """
    select extract(epoch from date_trunc('day', now_ + interval '1 day') - now_)
    from (select clock_timestamp() at time zone time_zone as now_ from ponte.local_days limit 1) s
"""


def test_what_is_near_is_never_staler_than_a_turn_and_older_open_titles_than_an_hour(
    clock_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = {"leads": 20, "sales": 1500, "stores": 2, "months": 3, "seed": 5, "trade": 60.0}
    with company_on(clock_url, monkeypatch, **shop) as company:
        company.turn()
        company.advance(float(company.scalar(TO_MIDNIGHT)) - 3.5 * TURN)
        company.turn()
        worst = live(company, 8).worst
    # a turn that had been left out would make it two
    assert worst["documents of the last 30 days"] < 1.9 * TURN, worst
    assert worst["titles due or paid within 30 days of today"] < 1.9 * TURN, worst
    assert worst["older open titles"] < timedelta(hours=1).total_seconds() + TURN, worst
