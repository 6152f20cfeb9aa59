"""Nothing that looks like a secret leaves in a log line."""

import orjson
import pytest
import structlog

from shared import logs

JWT = "eyJ0eXAiOiJKV1Qi.eyJhY2NvdW50X2lkIjoxfQ.c2lnbmF0dXJl_-x"


@pytest.mark.parametrize(
    ("said", "hidden"),
    [
        (f"Authorization: Bearer {JWT}", JWT),
        (f"token={JWT}", JWT),
        (f"it was {JWT}!", JWT),
        ("authorization: bearer abcdef123456", "abcdef123456"),
        ("access-token: 0123456789abcdef", "0123456789abcdef"),
        ("secret-access-token=0123456789abcdef", "0123456789abcdef"),
        ('{"client_secret": "0123456789"}', "0123456789"),
        ("password=hunter22", "hunter22"),
        ("api_key: abcd1234", "abcd1234"),
        ("postgresql://ponte:s3cr3t@db:5432/x", "s3cr3t"),
        ("redis://:s3cr3t@redis:6379/0", "s3cr3t"),
        ("POST /webhooks/kommo/Abc-123_x HTTP/1.1", "Abc-123_x"),
        ("POST /webhooks/kommo/Abc-123_x/ HTTP/1.1", "Abc-123_x"),
        ("https://h/webhooks/kommo/Abc-123_x?y=1", "Abc-123_x"),
    ],
)
def test_secrets_are_masked_wherever_they_stand(said: str, hidden: str) -> None:
    shown = logs.mask(said)
    assert hidden not in shown
    assert "***" in shown


@pytest.mark.parametrize(
    "said",
    [
        "run 7 of kommo.leads is done",
        "postgresql://db:5432/x",
        "GET /api/v4/leads?page=2",
        "token create",
    ],
)
def test_what_is_no_secret_stays(said: str) -> None:
    assert logs.mask(said) == said


def test_a_line_is_one_json_object_with_its_process_and_without_secrets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    try:
        logs.configure("tester")
        logs.logger("x").info("something_happened", why=f"Bearer {JWT}", run=7)
        line = orjson.loads(capsys.readouterr().err)
    finally:
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
    assert (line["event"], line["process"], line["run"]) == ("something_happened", "tester", 7)
    assert JWT not in str(line)
    assert line["level"] == "info"
