"""`ponte views refresh`, and what `ponte status` tells of views."""

import os
import subprocess
import sys
from pathlib import Path

import orjson

from shared import report
from tests.ground import NOBODY, settings_for
from tests.worker.reports.accounts import Shop

ROOT = Path(__file__).parents[3]


def refresh(database_url: str, redis_url: str, home: Path) -> subprocess.CompletedProcess[str]:
    given = {"PATH": os.environ["PATH"], "DATABASE_URL": database_url, "REDIS_URL": redis_url}
    return subprocess.run(
        [sys.executable, "-m", "worker.cli", "views", "refresh", "--json"],
        check=False,
        env=given | {"PONTE_DATA_DIR": str(home), "PYTHONPATH": str(ROOT)},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_command_makes_the_views_and_names_what_is_in_the_way(
    shop: Shop, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    shop.field(1, "Valor")
    done = refresh(database_url, redis_url, tmp_path)
    assert done.returncode == 0, done.stderr
    assert {one["done"] for one in orjson.loads(done.stdout)} == {"made"}
    shop.run("create view public.mine as select valor from reports.kommo_leads")
    shop.field(1, "Valor", "numeric")
    done = refresh(database_url, redis_url, tmp_path)
    assert done.returncode == 1
    assert "view mine depends on view reports.kommo_leads" in done.stdout


def test_the_status_tells_which_view_is_not_as_it_should_be(shop: Shop, database_url: str) -> None:
    shop.field(1, "Valor")
    shop.refresh()
    shop.run("create view public.mine as select valor from reports.kommo_leads")
    shop.field(1, "Valor", "numeric")
    shop.refresh()
    with shop.engine.begin() as connection:
        found = report.status(connection, settings_for(database_url, NOBODY))
    assert [one.view for one in found.view_problems] == ["reports.kommo_leads"]
