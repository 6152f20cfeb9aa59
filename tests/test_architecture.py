"""Who imports whom, and where the names of vendors may stand (docs/architecture.md)."""

import ast
from pathlib import Path

import pytest

from shared import resources

ROOT = Path(__file__).resolve().parents[1]
OURS = {"shared", "webhook_app", "worker", "sandbox", "migrations", "bench", "tests"}


def modules(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert found
    return found


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(path: Path) -> set[str]:
    """Every module that a file imports, also inside functions: `worker.sources.kommo`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{shown(path)}: relative import"
            assert node.module
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def tops(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(path)} & OURS


ALLOWED = {
    "shared": {"shared"},
    "webhook_app": {"shared", "webhook_app"},
    "worker": {"shared", "worker"},
    "sandbox": {"sandbox"},
    "migrations": {"shared"},
    "bench": {"shared", "webhook_app", "worker", "sandbox", "bench"},
}
EMBEDDED = {
    "worker/commands/up.py",
    "worker/commands/servers.py",
    "worker/commands/programs.py",
    "worker/cli.py",
    "worker/commands/serving.py",
}
"""Commands that start the sandbox or the embedded servers."""


@pytest.mark.parametrize("folder", ALLOWED)
def test_packages_import_only_what_they_may(folder: str) -> None:
    wrong = {}
    for path in modules(folder):
        allowed = ALLOWED[folder] | ({"sandbox"} if shown(path) in EMBEDDED else set())
        if extra := tops(path) - allowed:
            wrong[shown(path)] = extra
    assert wrong == {}


def test_the_engine_knows_the_protocol_of_sources_and_no_vendor() -> None:
    vendors = {f"worker.sources.{name}" for name in ("kommo", "gestao_click", "kommo_webhooks")}
    vendors |= {"shared.resources.kommo", "shared.resources.gestao_click", "requests"}
    assert {
        shown(p): found for p in modules("worker/sync") if (found := imported(p) & vendors)
    } == {}


NAMES = {r.name for r in resources.ALL} | {r.full_name for r in resources.ALL}
NAMES |= {r.provider for r in resources.ALL} | {r.source for r in resources.ALL}


def literals(path: Path) -> set[str]:
    """Every string of a file but its docstrings."""
    tree = ast.parse(path.read_text())
    told = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
    }


def test_no_name_of_a_vendor_or_resource_occurs_in_the_engine() -> None:
    assert {shown(p): found for p in modules("worker/sync") if (found := literals(p) & NAMES)} == {}


def test_declarations_know_no_database_no_settings_and_no_network() -> None:
    foreign = {"sqlalchemy", "psycopg", "redis", "celery", "flask", "requests", "pydantic"}
    for path in modules("shared/resources"):
        names = imported(path)
        assert not {name.split(".")[0] for name in names} & foreign, shown(path)
        assert not {name for name in names if name.startswith(("shared.db", "shared.settings"))}


def test_only_the_door_talks_http_to_vendors() -> None:
    users = {
        shown(p)
        for p in modules("worker", "webhook_app", "shared")
        if {name.split(".")[0] for name in imported(p)} & {"requests", "urllib3"}
    }
    channels = {"worker/alerts/posting.py"}  # of alerts: whom people name, and no vendor
    assert users - channels == {"worker/sources/http.py", "worker/sources/wire.py"}


def test_only_the_queue_is_a_door_to_celery_for_the_web_app_and_shared() -> None:
    users = {
        shown(p)
        for p in modules("webhook_app", "shared")
        if {name.split(".")[0] for name in imported(p)} & {"celery", "kombu"}
    }
    assert users == {"shared/queue.py"}


def test_a_module_lives_in_shared_only_if_two_packages_use_it() -> None:
    users: dict[str, set[str]] = {}
    for folder in ("webhook_app", "worker", "migrations", "shared"):
        for path in modules(folder):
            for name in imported(path):
                users.setdefault(name, set()).add(folder)
    lonely = [
        shown(path)
        for path in modules("shared")
        if path.name not in ("__init__.py", "document.py")  # the latter is a command, for the docs
        and not users.get(".".join(path.relative_to(ROOT).with_suffix("").parts), set())
    ]
    assert lonely == []


def test_product_code_never_imports_the_tests() -> None:
    for path in modules("shared", "webhook_app", "worker", "sandbox", "migrations"):
        assert "tests" not in tops(path), shown(path)
