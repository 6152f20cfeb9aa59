"""Commands in this process, on a ground whose vendors are a sandbox."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from tests.ground import SECRET_KEY, Ground

Run = Callable[..., Result]


@pytest.fixture
def on_ground(
    ground: Ground, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Typer], Run]:
    """Runs a command's arguments; errors come as they are: main() turns them into exit codes."""
    settings = ground.reach.settings
    monkeypatch.chdir(tmp_path)
    access, secret = ground.box.gestao_click_tokens
    for name, value in {
        "DATABASE_URL": settings.database_url and settings.database_url.get_secret_value(),
        "REDIS_URL": redis_url,
        "PONTE_SECRET_KEY": SECRET_KEY,
        "KOMMO_JWT_TOKEN": ground.box.kommo_token,
        "KOMMO_API_URL": ground.box.kommo_url,
        "KOMMO_RATE_LIMIT": "0",
        "GESTAO_CLICK_API_KEY": access,
        "GESTAO_CLICK_SECRET_TOKEN": secret,
        "GESTAO_CLICK_API_URL": ground.box.gestao_click_url,
        "GESTAO_CLICK_RATE_LIMIT": "0",
    }.items():
        monkeypatch.setenv(name, str(value))

    def of(group: Typer) -> Run:
        def run(*arguments: str) -> Result:
            done = CliRunner().invoke(group, list(arguments))
            if done.exception and not isinstance(done.exception, SystemExit):
                raise done.exception
            return done

        return run

    return of
