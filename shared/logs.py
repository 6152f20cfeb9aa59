"""Structured logs of every process: one JSON object a line, static event names, never a secret.

Bind identifiers (run, resource, integration, task) with `structlog.contextvars`; the masks below are
the last net, for what a library may print.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRETS = (
    re.compile(r"eyJ[\w-]{10,}\.[\w-]+\.[\w-]*"),
    re.compile(r"(?i)(bearer\s+)[\w.~+/-]{8,}"),
    re.compile(r"(?i)((?:token|secret|password|api[_-]?key)[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,}]{4,}"),
    re.compile(r"(://[^:/\s]*:)[^@\s]+(?=@)"),
    re.compile(r"(/webhooks/kommo/)[^\s/?\"']+"),
)


def mask(text: str) -> str:
    """`text` with everything that looks like a secret replaced by ***."""
    for pattern in _SECRETS:
        text = pattern.sub(lambda found: f"{found[1] if found.re.groups else ''}***", text)
    return text


def _mask_values(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = mask(value)
    return event


def configure(process: str, level: str = "INFO") -> None:
    """Sets up logging for one process; libraries' records come out in the same shape."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask_values,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("urllib3", "celery.beat", "celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(process=process)


def logger(name: str) -> Any:
    """The logger of a module."""
    return structlog.get_logger(name)
