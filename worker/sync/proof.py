"""Whether a vendor's answer is what was asked for: filters that are ignored in silence, pages that repeat."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import orjson

from worker.sources.protocol import Ask, Page
from worker.sync.rows import Batch


def acted(ask: Ask, batch: Batch) -> bool:
    """Did the filter act? Most rows have to lie where they were asked for (kommo-api.md 9, 6)."""
    if not _filtered(ask):
        return True
    outside = sum(
        not _inside(ask, dict(zip(_names(ask), row.values, strict=True))) for row in batch.rows
    )
    return outside * 2 <= len(batch.rows)


def ends(page: Page) -> str:
    """Recognises a page by its first and its last record."""
    ends = orjson.dumps([page.records[0], page.records[-1]], default=str)
    return hashlib.blake2b(ends, digest_size=8).hexdigest()


def _names(ask: Ask) -> list[str]:
    return [column.name for column in ask.resource.columns]


def _filtered(ask: Ask) -> bool:
    """Was a filter asked for that the rows can prove?"""
    windows = ask.resource.windows
    return ask.since is not None or (windows is not None and windows.start in ask.slice)


def _inside(ask: Ask, row: dict[str, object]) -> bool:
    """Does a row lie inside what was asked for, as far as its columns tell?"""
    proof = ask.resource.since
    if ask.since and proof:
        value = row[proof.column]
        return not isinstance(value, datetime) or value >= ask.since - timedelta(seconds=1)
    windows = ask.resource.windows
    if windows and windows.start in ask.slice:
        value = next((row[name] for name in windows.columns if row[name] is not None), None)
        return value is None or ask.slice[windows.start] <= str(value) <= ask.slice[windows.end]
    return True
