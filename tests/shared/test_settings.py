"""Settings: read once, refused with every problem at once, by name."""

import stat
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from shared import settings as module
from shared.errors import SettingsError
from shared.settings import Settings, is_loopback, load, secret_key
from tests.docs.declared_settings import declared

VENDORS = ("KOMMO", "GESTAO", "DATABASE", "REDIS", "PONTE", "PORT", "FLOWER")


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of this machine, no .env of this folder, and none left behind."""
    import os

    monkeypatch.setattr(os, "environ", dict(os.environ))
    for name in [name for name in os.environ if name.startswith(VENDORS)]:
        del os.environ[name]
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Any:
    def set_all(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return set_all


def shown(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def problems(**overrides: Any) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as raised:
        load(**overrides)
    return raised.value.problems


def test_without_anything_set_the_documented_defaults_hold() -> None:
    found = load()
    assert (found.port, found.kommo_api_url) == (3000, "https://api-c.kommo.com")
    assert found.gestao_click_api_url == "https://api.beteltecnologia.com"
    assert (found.kommo_timeout, found.kommo_retry_attempts, found.kommo_retry_delay) == (
        30000,
        3,
        1000,
    )
    assert (found.kommo_rate_limit, found.kommo_rate_limit_per_address) == (7, 7)
    assert (found.gestao_click_rate_limit, found.gestao_click_daily_limit) == (3, 30000)
    assert found.kommo_webhook_delay_ms == 200
    assert not found.configured("kommo")
    assert not found.configured("gestao-click")


def test_every_problem_is_named_at_once(put: Any) -> None:
    put(
        PORT="70000",
        KOMMO_TIMEOUT="0",
        KOMMO_API_URL="http://example.com",
        KOMMO_RETRY_ATTEMPTS="many",
        DATABASE_URL="mysql://x",
        REDIS_URL="localhost:6379",
        PONTE_LOG_LEVEL="loud",
    )
    found = problems()
    names = {problem.split(":")[0] for problem in found}
    assert names == {
        "PORT",
        "KOMMO_TIMEOUT",
        "KOMMO_API_URL",
        "KOMMO_RETRY_ATTEMPTS",
        "DATABASE_URL",
        "REDIS_URL",
        "PONTE_LOG_LEVEL",
    }


def test_a_problem_never_shows_the_secret(put: Any) -> None:
    put(DATABASE_URL="mysql://u:s3cr3t@h/x", REDIS_URL="s3cr3t")
    assert "s3cr3t" not in str(problems())


def test_an_empty_variable_is_an_absent_one(put: Any) -> None:
    put(KOMMO_JWT_TOKEN="", PORT="", KOMMO_RATE_LIMIT="")
    found = load()
    assert (found.port, found.kommo_rate_limit) == (3000, 7)
    assert not found.configured("kommo")


@pytest.mark.parametrize("name", ["KOMMO_JWT_TOKEN", "KOMMO_LONG_LIVED_TOKEN"])
def test_the_kommo_token_has_two_names(put: Any, name: str) -> None:
    put(**{name: "t"})
    assert shown(load().kommo_jwt_token) == "t"


def test_the_first_name_wins_over_the_fallback(put: Any) -> None:
    put(KOMMO_JWT_TOKEN="new", KOMMO_LONG_LIVED_TOKEN="old")
    assert shown(load().kommo_jwt_token) == "new"


@pytest.mark.parametrize("key", ["API_KEY", "ACCESS_TOKEN"])
@pytest.mark.parametrize("secret", ["SECRET_TOKEN", "SECRET_ACCESS_TOKEN"])
def test_gestao_clicks_tokens_have_two_names_each(put: Any, key: str, secret: str) -> None:
    put(**{f"GESTAO_CLICK_{key}": "a", f"GESTAO_CLICK_{secret}": "s"})
    found = load()
    assert (shown(found.gestao_click_api_key), shown(found.gestao_click_secret_token)) == ("a", "s")
    assert found.configured("gestao-click")


@pytest.mark.parametrize(
    ("given", "missing"), [("API_KEY", "SECRET_TOKEN"), ("SECRET_TOKEN", "API_KEY")]
)
def test_half_of_gestao_clicks_tokens_is_a_problem(put: Any, given: str, missing: str) -> None:
    put(**{f"GESTAO_CLICK_{given}": "x"})
    assert any(f"GESTAO_CLICK_{missing}" in problem for problem in problems())


@pytest.mark.parametrize("name", module.SECRETS)
def test_every_secret_may_come_from_a_file(put: Any, tmp_path: Path, name: str) -> None:
    values = {"DATABASE_URL": "postgresql://h/x", "REDIS_URL": "redis://h:6379/0"}
    value = values.get(name, "v" * 40)
    (tmp_path / "secret").write_text(f"{value}\n")
    put(**{f"{name}_FILE": str(tmp_path / "secret")})
    if name.startswith("GESTAO_CLICK"):
        other = "GESTAO_CLICK_API_KEY" if "SECRET" in name else "GESTAO_CLICK_SECRET_TOKEN"
        put(**{other: "other"})
    found = load()
    secrets = [v for v in found.model_dump().values() if isinstance(v, SecretStr)]
    assert value in [secret.get_secret_value() for secret in secrets]


def test_every_setting_that_is_a_secret_is_one_of_them() -> None:
    named = {name for one in declared() if "SecretStr" in one.kind for name in one.names}
    assert named == set(module.SECRETS)


def test_the_variable_wins_over_its_file(put: Any, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from the file")
    put(KOMMO_JWT_TOKEN="given", KOMMO_JWT_TOKEN_FILE=str(tmp_path / "token"))
    assert shown(load().kommo_jwt_token) == "given"


def test_a_file_that_cannot_be_read_is_a_problem_beside_the_others(put: Any) -> None:
    put(KOMMO_JWT_TOKEN_FILE="/nowhere/token", PORT="-1")
    found = problems()
    assert len(found) == 2
    assert "KOMMO_JWT_TOKEN_FILE: /nowhere/token cannot be read" in found[0]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://acme.kommo.com", "https://acme.kommo.com"),
        ("https://acme.kommo.com/", "https://acme.kommo.com"),
        ("https://acme.kommo.com/api/v4", "https://acme.kommo.com"),
        ("https://acme.kommo.com/api/v4/", "https://acme.kommo.com"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_a_vendors_address_is_kept_without_what_was_given_too_much(
    put: Any, given: str, kept: str
) -> None:
    put(KOMMO_API_URL=given)
    assert load().kommo_api_url == kept


@pytest.mark.parametrize(
    "given",
    [
        "http://acme.kommo.com",
        "http://10.0.0.1",
        "ftp://acme.kommo.com",
        "acme.kommo.com",
        "https://",
    ],
)
@pytest.mark.parametrize("name", ["KOMMO_API_URL", "GESTAO_CLICK_API_URL"])
def test_no_token_leaves_over_plain_http_but_to_loopback(put: Any, name: str, given: str) -> None:
    put(**{name: given})
    assert any(problem.startswith(name) for problem in problems())


@pytest.mark.parametrize("vendor", ["KOMMO", "GESTAO_CLICK"])
def test_no_limit_is_accepted_for_loopback_only(put: Any, vendor: str) -> None:
    put(KOMMO_JWT_TOKEN="t", GESTAO_CLICK_API_KEY="a", GESTAO_CLICK_SECRET_TOKEN="s")
    put(**{f"{vendor}_RATE_LIMIT": "0"})
    assert any(f"{vendor}_RATE_LIMIT" in problem for problem in problems())
    put(**{f"{vendor}_API_URL": "http://127.0.0.1:9"})
    load()


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        (None, True),
        ("0.0.0.0", False),  # noqa: S104
        ("10.0.0.1", False),
        ("localhost.example.com", False),
        ("db", False),
    ],
)
def test_loopback_is_told_from_everything_else(host: str | None, answer: bool) -> None:
    assert is_loopback(host) is answer


def test_one_or_several_keys_newest_first(put: Any) -> None:
    put(PONTE_SECRET_KEY=f"{'n' * 32} {'o' * 32},{'p' * 32}")
    assert secret_key(load()) == ["n" * 32, "o" * 32, "p" * 32]


def test_a_short_key_is_refused(put: Any) -> None:
    put(PONTE_SECRET_KEY=f"{'n' * 32} short")
    with pytest.raises(SettingsError, match=r"1 key.s. shorter than"):
        secret_key(load())


def test_on_loopback_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    here = load().model_copy(update={"ponte_data_dir": tmp_path / "data"})
    first = secret_key(here)
    assert secret_key(here) == first
    assert len(first[0]) >= 32
    assert stat.S_IMODE((tmp_path / "data/secret_key").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://u:p@db/x"),
        ("REDIS_URL", "redis://redis:6379/0"),
        ("PONTE_PUBLIC_URL", "https://ponte.example.com"),
        ("PONTE_HOST", "0.0.0.0"),  # noqa: S104
    ],
)
def test_a_key_must_be_given_when_anything_is_reached_from_elsewhere(
    put: Any, name: str, value: str
) -> None:
    put(**{name: value})
    with pytest.raises(SettingsError, match="PONTE_SECRET_KEY: missing"):
        secret_key(load())


def test_secrets_do_not_show_when_settings_are_printed(put: Any) -> None:
    put(
        KOMMO_JWT_TOKEN="s3cr3t",
        PONTE_SECRET_KEY="s3cr3t" * 8,
        DATABASE_URL="postgresql://u:s3cr3t@h/x",
    )
    assert "s3cr3t" not in repr(load())


def test_the_sandboxed_vendors_are_a_set(put: Any) -> None:
    assert load().sandboxed == frozenset()
    put(PONTE_SANDBOX="kommo,gestao-click")
    assert load().sandboxed == {"kommo", "gestao-click"}


def test_history_starts_five_years_back_on_the_first_of_a_month() -> None:
    found = Settings(_env_file=None).history_from  # type: ignore[call-arg]
    assert found.day == 1
    assert 4 <= module.date.today().year - found.year <= 5
