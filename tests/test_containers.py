"""docker-compose.yml keeps its promises, as far as reading it can tell (no engine is asked)."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.queue import make_celery
from tests.ground import settings_for
from worker.commands import programs

ROOT = Path(__file__).parents[1]
PONTE = {"migrate", "web", "worker", "beat", "flower"}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return services


def test_the_same_processes_as_elsewhere(services: dict[str, Any]) -> None:
    assert services.keys() == PONTE | {"postgres", "redis"}


def test_only_the_dashboard_and_flower_are_published_and_on_loopback(
    services: dict[str, Any],
) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {
        "web": ["127.0.0.1:${PORT:-3000}:3000"],
        "flower": ["127.0.0.1:5555:5555"],
    }


def test_every_password_is_required(services: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("POSTGRES_PASSWORD", "REDIS_PASSWORD", "FLOWER_PASSWORD", "PONTE_SECRET_KEY"):
        assert f"${{{name}:?" in text
        assert f"${{{name}}}" not in text


def test_all_restart_but_the_migration(services: dict[str, Any]) -> None:
    restart = {name: service["restart"] for name, service in services.items()}
    assert restart.pop("migrate") == "no"
    assert set(restart.values()) == {"unless-stopped"}


def test_nothing_starts_before_the_schema_is_there(services: dict[str, Any]) -> None:
    for name in PONTE - {"migrate"}:
        condition = services[name]["depends_on"]["migrate"]["condition"]
        assert condition == "service_completed_successfully"


def test_a_stopped_worker_has_time_for_its_soft_shutdown(services: dict[str, Any]) -> None:
    assert services["worker"]["environment"]["REMAP_SIGTERM"] == "SIGQUIT"
    grace = float(services["worker"]["stop_grace_period"].removesuffix("s"))
    pools = programs.workers(settings_for("postgresql://h/x"))
    soft = make_celery(settings_for("postgresql://h/x")).conf.worker_soft_shutdown_timeout
    assert soft < min(pool.grace for pool in pools)
    assert sum(pool.grace for pool in pools) < grace, "they are stopped one after the other"


def test_the_image_gets_all_that_it_is_built_from() -> None:
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    assert allowed[0] == "*"
    for name in ("requirements.lock", "pyproject.toml", "README.md"):
        assert f"!{name}" in allowed
    for package in ("migrations", "sandbox", "shared", "webhook_app", "worker"):
        assert f"!{package}" in allowed
