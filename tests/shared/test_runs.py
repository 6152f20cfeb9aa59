"""Runs: the row is the order, the lock and the report."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text, update

from shared import integrations, runs
from shared.db.bookkeeping import checkpoints
from shared.db.bookkeeping import runs as table
from shared.errors import LostOwnership
from shared.integrations import Integration
from shared.resources import BY_NAME
from shared.runs import Requested, Run
from worker.reach import Reach

LEADS, VENDAS, LOJAS, PAGAMENTOS = (
    BY_NAME[name]
    for name in (
        "kommo.leads",
        "gestao_click.vendas",
        "gestao_click.lojas",
        "gestao_click.pagamentos",
    )
)


class Books:
    """The books of one vendor's integration."""

    def __init__(self, reach: Reach) -> None:
        self.reach = reach

    def run(self, work: Callable[..., Any], *args: Any, **named: Any) -> Any:
        with self.reach.engine.begin() as connection:
            return work(connection, *args, **named)

    def integration(self, provider: str) -> Integration:
        made = self.run(integrations.ensure, self.reach.settings)
        return next(each for each in made if each.provider == provider)  # type: ignore[no-any-return]

    def request(self, *wanted: Any, full: bool = False, trigger: str = "cli") -> Requested:
        ours = self.integration(wanted[0].provider)
        made: Requested = self.run(runs.request, ours, wanted, full=full, trigger=trigger)
        return made

    def claim(self, run_id: int, lease: float = 40) -> Run | None:
        found: Run | None = self.run(runs.claim, run_id, uuid4(), lease)
        return found

    def claimed(self, run_id: int, lease: float = 40) -> Run:
        found = self.claim(run_id, lease)
        assert found
        return found

    def report(self, run_id: int) -> dict[str, Any]:
        return dict(self.run(runs.listed, ids=[run_id])[0])

    def change(self, run_id: int, **values: Any) -> None:
        self.run(lambda c: c.execute(update(table).where(table.c.id == run_id).values(**values)))

    def checkpoint(self, resource: Any) -> None:
        key = {
            "integration_id": self.integration(resource.provider).id,
            "resource": resource.full_name,
        }
        values = {**key, "cursor": text("now()"), "run_id": 1}
        self.run(lambda c: c.execute(checkpoints.insert().values(**values)))


@pytest.fixture
def books(reach: Reach) -> Books:
    return Books(reach)


def test_asked_again_while_they_run_the_same_runs_and_the_same_request_come_back(
    books: Books,
) -> None:
    first = books.request(LEADS, BY_NAME["kommo.contacts"])
    books.claim(first.run_ids[0])
    again = books.request(LEADS, BY_NAME["kommo.contacts"])
    assert again == first
    assert len(books.run(runs.listed)) == 2


def test_who_joins_only_some_of_the_runs_finds_them_under_a_request_of_its_own(
    books: Books,
) -> None:
    first = books.request(LEADS)
    both = books.request(LEADS, BY_NAME["kommo.contacts"])
    assert both.request_id != first.request_id
    assert both.run_ids[0] == first.run_ids[0]
    found = books.run(runs.listed, request_id=both.request_id)
    assert {run["id"] for run in found} == set(both.run_ids)


def test_after_the_end_a_new_run_is_made(books: Books) -> None:
    first = books.request(LEADS)
    books.run(runs.finish, books.claimed(first.run_ids[0]))
    again = books.request(LEADS)
    assert again.run_ids != first.run_ids
    assert books.report(first.run_ids[0])["state"] == "done"


def test_wanted_in_full_while_it_waits_a_run_becomes_full(books: Books) -> None:
    books.checkpoint(LEADS)
    (run_id,) = books.request(LEADS).run_ids
    assert books.request(LEADS, full=True).run_ids == (run_id,)
    assert books.claimed(run_id).full


def test_wanted_in_full_while_it_is_read_a_run_is_done_again_in_full(books: Books) -> None:
    books.checkpoint(LEADS)
    (run_id,) = books.request(LEADS).run_ids
    running = books.claimed(run_id)
    books.request(LEADS, full=True)
    books.run(runs.finish, running)
    assert books.report(run_id)["state"] == "queued"
    again = books.claimed(run_id)
    assert (again.full, again.position) == (True, None)
    books.run(runs.finish, again)
    assert books.report(run_id)["state"] == "done"


def test_many_that_ask_at_once_get_one_run(books: Books) -> None:
    books.integration("kommo")
    made: list[Requested] = []
    threads = [threading.Thread(target=lambda: made.append(books.request(LEADS))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len({one.run_ids for one in made}) == 1


def test_what_a_resource_needs_is_ordered_first_unless_it_was_read_before(books: Books) -> None:
    made = books.request(VENDAS, PAGAMENTOS)
    names = [books.report(id_)["resource"] for id_ in made.run_ids]
    assert names == ["gestao_click.lojas", "gestao_click.vendas", "gestao_click.pagamentos"]
    for id_ in made.run_ids:
        books.run(runs.finish, books.claimed(id_))
    books.checkpoint(LOJAS)
    assert len(books.request(VENDAS).run_ids) == 1


def test_a_resource_that_was_never_read_is_read_in_full_whatever_was_asked(books: Books) -> None:
    assert books.report(books.request(LEADS).run_ids[0])["mode"] == "full"
    books.run(runs.finish, books.claimed(1))
    books.checkpoint(LEADS)
    assert books.report(books.request(LEADS).run_ids[0])["mode"] == "incremental"
    books.run(runs.finish, books.claimed(2))
    assert books.report(books.request(LEADS, full=True).run_ids[0])["mode"] == "full"


def test_a_claimed_run_is_nobody_elses_until_its_lease_is_over(books: Books) -> None:
    (run_id,) = books.request(LEADS).run_ids
    assert books.claim(run_id, lease=40)
    assert books.claim(run_id) is None
    books.change(run_id, lease_until=text("clock_timestamp() - interval '1 s'"))
    second = books.claimed(run_id)
    assert second.attempts == 2


def test_only_one_of_many_claims_a_run(books: Books) -> None:
    (run_id,) = books.request(LEADS).run_ids
    claimed: list[Run | None] = []
    threads = [
        threading.Thread(target=lambda: claimed.append(books.claim(run_id))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([run for run in claimed if run]) == 1


def test_who_lost_a_run_can_neither_renew_nor_end_nor_put_it_back(books: Books) -> None:
    (run_id,) = books.request(LEADS).run_ids
    former = books.claimed(run_id, lease=-1)
    books.claimed(run_id)
    before = books.report(run_id)
    for act in (
        lambda: books.run(runs.renew, former, 40, pages=9),
        lambda: books.run(runs.finish, former),
        lambda: books.run(runs.put_back, former, 0),
    ):
        with pytest.raises(LostOwnership):
            act()
    assert books.report(run_id) == before


def test_a_run_that_was_put_back_waits_and_keeps_its_position(books: Books) -> None:
    (run_id,) = books.request(LEADS).run_ids
    run = books.claimed(run_id)
    books.run(runs.renew, run, 40, position={"page": 3})
    books.run(runs.put_back, run, 30, "later")
    assert books.claim(run_id) is None
    assert books.run(runs.ready, [run.integration_id]) == []
    books.change(run_id, next_at=text("clock_timestamp()"))
    assert books.run(runs.ready, [run.integration_id]) == [run_id]
    assert books.claimed(run_id).position == {"page": 3}


def test_an_ended_run_keeps_no_position_and_says_why_it_failed(books: Books) -> None:
    (run_id,) = books.request(LEADS).run_ids
    run = books.claimed(run_id)
    books.run(runs.renew, run, 40, position={"page": 3})
    books.run(runs.finish, run, "no such list")
    report = books.report(run_id)
    assert (report["state"], report["reason"], report["position"]) == (
        "failed",
        "no such list",
        None,
    )


def test_old_runs_are_forgotten_but_the_newest_of_each_resource_is_kept(books: Books) -> None:
    for _ in range(3):
        (run_id,) = books.request(LEADS).run_ids
        books.run(runs.finish, books.claimed(run_id))
        books.change(run_id, finished_at=text("now() - interval '40 days'"))
    assert books.run(runs.forget_ended, 30) == 2
    assert [run["id"] for run in books.run(runs.listed)] == [run_id]


def test_nothing_wanted_makes_no_run(books: Books) -> None:
    made = books.run(runs.request, books.integration("kommo"), [], full=False, trigger="cli")
    assert made.run_ids == ()
