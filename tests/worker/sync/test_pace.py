"""Who iterates through everything without haste keeps to a share of the budget."""

import pytest

from shared.resources import BY_NAME
from tests.ground import Ground
from worker.sources import identity
from worker.sources.budget import AUDIT, SYNC

LEADS = BY_NAME["kommo.leads"]


@pytest.mark.parametrize(
    ("trigger", "full", "read_before", "priority"),
    [
        ("schedule", True, True, AUDIT),
        ("schedule", True, False, SYNC),
        ("schedule", False, True, SYNC),
        ("cli", True, True, SYNC),
    ],
    ids=["the walk of the night", "a first read", "an incremental", "somebody waits"],
)
def test_only_the_full_walk_of_the_night_is_paced(
    ground: Ground,
    monkeypatch: pytest.MonkeyPatch,
    trigger: str,
    full: bool,
    read_before: bool,
    priority: str,
) -> None:
    if read_before:
        ground.sync(LEADS)
    really, used = identity.open_source, set()

    def noting(*args: object, **named: object) -> object:
        used.add(named["priority"])
        return really(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(identity, "open_source", noting)
    report = ground.carry(ground.order(LEADS, full=full, trigger=trigger))
    assert (report["state"], used) == ("done", {priority})
