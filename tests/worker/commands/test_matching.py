"""`ponte match`: who is who, here and now."""

import json
from collections.abc import Callable

from typer import Typer
from typer.testing import Result

from shared.resources import BY_NAME
from tests.ground import Ground
from worker.cli import app


def test_it_matches_and_counts(
    ground: Ground, on_ground: Callable[[Typer], Callable[..., Result]]
) -> None:
    for name in ("kommo.contacts", "gestao_click.clientes"):
        ground.sync(BY_NAME[name])
    ponte = on_ground(app)
    told = json.loads(ponte("match", "--json").stdout)
    assert told["people"]["matched"] > 5
    assert (
        told["people"].keys() == told["deals"].keys() == {"matched", "review", "rejected", "apart"}
    )
    assert f"people: {told['people']['matched']} matched" in ponte("match").stdout
