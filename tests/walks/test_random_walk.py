"""Whatever happens, in whatever order: at rest the mirror equals the world.

WALK_EXAMPLES and WALK_STEPS make the walks more, longer and different each time.
"""

import os
import sys
import time
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)
from structlog.testing import capture_logs

from sandbox.kommo.acts import ACTS
from shared.resources import BY_NAME
from shared.resources.grammar import Resource
from tests.ground import ground_on, pages_of
from tests.servers import copy_of
from tests.walks.hand import FATES, Workers, World
from tests.walks.standing import LISTED, differences
from worker.sync import checkpoint, engine, plan

LONGER = "WALK_EXAMPLES" in os.environ or "WALK_STEPS" in os.environ
EXAMPLES = int(os.environ.get("WALK_EXAMPLES", "3"))
STEPS = int(os.environ.get("WALK_STEPS", "40"))
UNCONFIRMED = [each for each in LISTED if each.by_id is None and not each.append_only]
"""Only two walks in a row can tell that something is gone from these."""
PAGES = {"events": 25, **dict.fromkeys(("leads", "contacts", "companies", "tasks", "notes"), 5)}
"""A small world has many pages then."""
CRASHES = ("run_crashed", "batch_crashed")

seeds = st.integers(0, 2**16)
fates = st.sampled_from(FATES)
names = st.sampled_from([resource.name for resource in LISTED])
HIDEABLE = ("leads", "contacts", "companies", "tasks", "leads_notes", "catalogs/9001/elements")
QUIET_ENDS = ("notes.delete", "customers.delete")
SHIFTING = ("leads", "contacts", "companies")
TROUBLE = ("429", "429_html", "500_html", "500_json", "504_html", "200_html", "drop", "truncate",
           "empty_page", "repeat_page", "wrong_total")  # fmt: skip
REFUSABLE = ("/leads/unsorted", "/leads/notes", "/contacts/notes", "/tasks", "/customers", "/events", "/talks",
             "/users", "/catalogs", "/contacts/tags", "/companies", "/contacts")  # fmt: skip


def acts(*beginnings: str) -> st.SearchStrategy[str]:
    return st.sampled_from([name for name in ACTS if name.startswith(beginnings)])


def _named(name: str) -> Resource:
    return BY_NAME[f"kommo.{name}"]


class Walk(RuleBasedStateMachine):
    """One account, one mirror, and everything that may happen to either."""

    def __init__(self, postgres_url: str, template_url: str) -> None:
        super().__init__()
        self.stack = ExitStack()
        url = self.stack.enter_context(copy_of(postgres_url, template_url))
        self.ground = self.stack.enter_context(
            ground_on(url, leads=12, months=1, webhook_concurrency=1, retry_after=0.01)
        )
        self.logs = self.stack.enter_context(capture_logs())
        for name, size in PAGES.items():
            self.stack.enter_context(pages_of(_named(name), size))
        self.box = self.ground.box
        self.world = World(self.ground)
        self.workers = Workers(self.ground, self.world.ledger)
        self.sharp = False
        self.stack.callback(self.world.close)

    # --- how this account is

    @initialize(
        sharp=st.booleans(),
        read=st.booleans(),
        link_bumps_updated_at=st.booleans(),
        stage_deletion_bumps=st.booleans(),
        deleted_elements_listed=st.booleans(),
        next_always=st.booleans(),
        merge_losers=st.sampled_from(("deleted", "vanish")),
        stage_change=st.sampled_from(("both", "status", "update")),
        heavy_rows=st.sampled_from((0, 0, 2)),
        events_page_max=st.sampled_from((7, 100)),
        lowered=st.sampled_from((0, 0, 3)),
        next_missing=st.sampled_from(([], ["/"])),
    )
    def account(self, sharp: bool, read: bool, lowered: int, **options: Any) -> None:
        """sharp: nothing is met a second time by an overlap, and nothing is committed late."""
        self.sharp = sharp
        lists = ("/leads", "/contacts", "/tasks", "/catalogs/9001/elements")
        page_max = dict.fromkeys(lists, lowered) if lowered else {}
        self.box.options.change({**options, "page_max": page_max})
        patch = self.stack.enter_context(pytest.MonkeyPatch.context())
        if sharp:
            for module in (checkpoint, engine, plan):
                patch.setattr(module, "OVERLAP", timedelta(0))
            patch.setattr(checkpoint, "MARGIN", timedelta(0))
        self.world.open()
        if read:
            self.workers.sync(LISTED)

    # --- what people do

    def _act(self, name: str, seed: int, fate: str, late: int = 0) -> None:
        if not (self.sharp and name in QUIET_ENDS):
            self.world.act(name, seed, fate, 0 if self.sharp else late)

    @rule(name=acts("leads.", "contacts.", "companies.", "customers."), seed=seeds, fate=fates)
    def people_work(self, name: str, seed: int, fate: str) -> None:
        self._act(name, seed, fate)

    @rule(
        name=st.sampled_from(
            [n for n in ACTS if n.endswith((".delete", ".restore", ".merge", ".decline"))]
        ),
        seed=seeds,
        fate=fates,
    )
    def something_ends_or_comes_back(self, name: str, seed: int, fate: str) -> None:
        self._act(name, seed, fate)

    @rule(name=acts("tasks.", "notes.", "elements.", "unsorted.", "talks."), seed=seeds, fate=fates)
    def people_write(self, name: str, seed: int, fate: str) -> None:
        self._act(name, seed, fate)

    @rule(name=acts("fields.", "stages.", "pipelines.", "tags.", "users."), seed=seeds)
    def the_account_is_set_up_anew(self, name: str, seed: int) -> None:
        self._act(name, seed, "arrives")

    @rule(name=st.sampled_from(sorted(ACTS)), seed=seeds, fate=fates, late=st.integers(1, 500))
    def something_is_committed_late(self, name: str, seed: int, fate: str, late: int) -> None:
        self._act(name, seed, fate, late)

    @rule(name=st.sampled_from(HIDEABLE), seed=seeds, hidden=st.booleans())
    def rights_change(self, name: str, seed: int, hidden: bool) -> None:
        if not self.sharp:
            self.world.veil(name, seed, hidden)

    @rule(path=st.sampled_from(REFUSABLE), status=st.sampled_from((402, 403)))
    def the_plan_takes_away(self, path: str, status: int) -> None:
        if not self.sharp or path != "/events":
            self.box.options.change({"refused": {path: status}})

    @rule()
    def the_plan_gives_back(self) -> None:
        self.box.options.change({"refused": {}})

    # --- what goes wrong on the way

    @rule(most=st.integers(1, 9), seed=seeds)
    def late_webhooks_arrive(self, most: int, seed: int) -> None:
        self.world.late_ones_arrive(most, seed)

    @rule(
        kind=st.sampled_from(TROUBLE),
        times=st.integers(1, 6),
        after=st.integers(0, 3),
        path=st.sampled_from(("", "", "/leads", "/contacts", "/events", "/tasks")),
    )
    def trouble(self, kind: str, times: int, after: int, path: str) -> None:
        fault = {"vendor": "kommo", "kind": kind, "times": times, "after": after, "path": path}
        self.box.faults.add(fault)

    @rule()
    def the_second_changes(self) -> None:
        time.sleep(1.001 - time.time() % 1)

    # --- what Ponte does

    @rule()
    def webhooks_are_drained(self) -> None:
        self.workers.drain()

    @rule(resource=names, full=st.booleans())
    def one_is_synced(self, resource: str, full: bool) -> None:
        self.workers.sync([_named(resource)], full=full)

    @rule(full=st.booleans())
    def all_are_synced(self, full: bool) -> None:
        self.workers.sync(LISTED, full=full)

    @rule(resource=names, full=st.booleans())
    def a_run_is_interrupted(self, resource: str, full: bool) -> None:
        self.workers.begin(_named(resource), full=full)

    @rule(resource=names, full=st.booleans())
    def a_worker_dies_with_its_run(self, resource: str, full: bool) -> None:
        self.workers.die_with_run(_named(resource), full=full)

    @rule(most=st.integers(1, 5))
    def a_worker_dies_with_its_deliveries(self, most: int) -> None:
        self.workers.die_with_deliveries(most)

    @rule()
    def what_was_put_off_goes_on(self) -> None:
        self.workers.go_on()

    @rule(
        resource=names,
        full=st.booleans(),
        name=st.sampled_from(sorted(ACTS)),
        seed=seeds,
        fate=fates,
        answer=st.integers(0, 4),
    )
    def something_happens_during_a_sync(
        self, resource: str, full: bool, name: str, seed: int, fate: str, answer: int
    ) -> None:
        """An answer is held back meanwhile, and webhooks overtake it."""

        def overtake() -> None:
            self._act(name, seed, fate)
            self.workers.drain()

        with self.world.meanwhile(answer, overtake):
            self.workers.sync([_named(resource)], full=full)

    @rule(
        resource=st.sampled_from(SHIFTING),
        full=st.booleans(),
        kind=st.sampled_from(("shift_delete", "shift_insert")),
    )
    def pages_shift_during_a_sync(self, resource: str, full: bool, kind: str) -> None:
        since = int(time.time())
        fault = self.box.faults.add(
            {"vendor": "kommo", "kind": kind, "path": _named(resource).path, "times": 1}
        )
        self.workers.sync([_named(resource)], full=full)
        fault.times = 0
        self.world.ledger.note(since)

    # --- at rest

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self.come_to_rest()
        finally:
            self.stack.close()

    def come_to_rest(self) -> None:
        self.box.faults.clear()
        self.box.options.change({"refused": {}})
        self.world.late_ones_arrive(10_000, 0)
        self.workers.go_on()
        assert self.workers.unsettled() == []
        self.rests(whole=False)
        self.rests(whole=True)
        assert [log for log in self.logs if log["event"] in CRASHES] == []
        assert self.ground.rejects() == []

    def rests(self, *, whole: bool) -> None:
        for wanted in (LISTED, UNCONFIRMED) if whole else (LISTED,):
            reports = self.workers.sync(wanted, full=whole, trigger="cli")
            assert {(r["state"], r["reason"]) for r in reports} == {("done", None)}, reports
        heard = self.world.heard
        assert differences(self.ground, self.world.ledger, whole=whole, heard=heard) == []


@pytest.mark.timeout(3600 if LONGER else 240)
def test_at_rest_the_mirror_equals_the_world(postgres_url: str, template_url: str) -> None:
    run_state_machine_as_test(
        lambda: Walk(postgres_url, template_url),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize=not LONGER,
            phases=[Phase.generate, Phase.shrink] if LONGER else [Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
