"""Columns that hold a moment."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, DateTime, text

NOW = text("clock_timestamp()")


def moment(name: str, **options: Any) -> Column[Any]:
    return Column(name, DateTime(timezone=True), **options)
