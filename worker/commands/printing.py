"""What `--json` prints."""

from __future__ import annotations

import sys
from typing import Any

import orjson


def print_json(found: Any) -> None:
    # SQLAlchemy's column names are a subclass of str
    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    sys.stdout.write(orjson.dumps(found, default=str, option=options).decode() + "\n")
