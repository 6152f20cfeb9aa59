"""What a command loads before it does its work: who only looks, or only starts, does not wait for what others need."""

import subprocess
import sys

import pytest

HEAVY = ("alembic", "celery", "kombu", "flask", "requests", "worker.sources", "worker.sync")
COMMANDS = {
    "status": "worker.commands.opened, worker.commands.statusboard, shared.report",
    "web": "worker.commands.serving, worker.commands.programs",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_loads_neither_the_queue_nor_migrations_nor_sources(command: str) -> None:
    loads = f"import sys, worker.cli, {COMMANDS[command]}"
    told = f"{loads}; print([name for name in {HEAVY} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
