"""What measures: children with their time and memory, the bound."""

import os
import sys
from pathlib import Path

import psycopg
import pytest

from bench import bound, leads, measure
from bench.methods import seconds_said
from shared.resources.columns import Context
from shared.resources.kommo import LEADS
from worker.sync import rows

HOLDS = "import time; held = bytearray(60_000_000); time.sleep(0.8); print('held')"


def test_a_child_is_told_with_what_it_took(tmp_path: Path) -> None:
    nested = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLDS!r}], check=True)"
    )
    done = measure.run([sys.executable, "-c", nested], dict(os.environ), tmp_path)
    assert done.output == "held\n"
    assert done.spent.seconds > 0.8 and 0 < done.spent.cpu < 5
    assert done.spent.memory > 60_000_000


def test_a_child_that_fails_or_takes_too_long_is_no_result(tmp_path: Path) -> None:
    with pytest.raises(measure.Failed, match="ended with 3: so it goes"):
        measure.run(["/bin/sh", "-c", "echo so it goes >&2; exit 3"], {}, tmp_path)
    with pytest.raises(measure.Failed, match="ended with -9"):
        measure.run(["/bin/sleep", "20"], {}, tmp_path, timeout=0.2)


def test_a_method_says_how_long_it_took_or_when_it_was_done() -> None:
    assert seconds_said('{"seconds": 2.5}\n', began=0.0) == 2.5
    assert seconds_said('{"finished_at": 1002.5}', began=1000.0) == 2.5
    ponte = '{"runs": [{"finished_at": "1970-01-01T00:16:42.5+00:00"}], "success": true}'
    assert seconds_said(ponte, began=1000.0) == 2.5


def ready(revision: int) -> list[bound.Ready]:
    records = [leads.lead(number, revision) for number in range(10)]
    made = rows.batch(LEADS, records, Context({}, "BR"))
    return [(*row.values, row.raw, row.hash) for row in made.rows]


def test_the_bound_writes_what_is_new_or_changed_and_nothing_else(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(bound.MAKE)
        moved = []
        for revision in (0, 1, 1):
            bound.write(connection, ready(revision), size=4)
            told = connection.execute("select count(*), sum(price), max(ctid) from bench.leads")
            count, price, last = told.fetchone() or (0, 0, None)
            assert (count, price) == (10, sum(leads.price(n, revision) for n in range(10)))
            moved.append(last)
    assert moved[0] != moved[1] == moved[2]
