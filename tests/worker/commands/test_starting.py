"""What a command loads before it does its work: who only looks does not wait for what others need."""

import subprocess
import sys

HEAVY = ("alembic", "celery", "kombu", "flask", "requests", "worker.sources", "worker.sync")
STATUS = "worker.cli, worker.commands.opened, worker.commands.statusboard, shared.report"
LOADED = f"import sys, {STATUS}; print([name for name in {HEAVY} if name in sys.modules])"


def test_status_loads_neither_the_queue_nor_migrations_nor_sources() -> None:
    said = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "[]"
