"""Figures as tables: in a terminal, and in docs/benchmarks.md between the marks of their part.

The prose around the marks is written by hand and stays; one part can be played and written without the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.figures import Figure

MISSED, REACHED = "missed", "reached"


@dataclass(frozen=True)
class Sheet:
    """A table ready to be shown; right: which of its columns are numbers."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[str]


def begin(part: str) -> str:
    return f"<!-- bench {part}: written by make bench -->"


def end(part: str) -> str:
    return f"<!-- bench {part}: end -->"


def write(document: Path, part: str, figures: Sequence[Figure], described: str) -> None:
    """Puts a part's table between its marks; raises ValueError when the document has no place for it."""
    text = document.read_text()
    before, opened, rest = text.partition(begin(part))
    _, closed, after = rest.partition(end(part))
    if not (opened and closed):
        raise ValueError(f"{document} has no place for {part}: {begin(part)} … {end(part)}")
    body = f"{described}\n\n{markdown(figures)}\n\n{verdict(figures)}"
    document.write_text(f"{before}{opened}\n{body}\n{closed}{after}")


def verdict(figures: Sequence[Figure]) -> str:
    """What was reached and what was not, plainly."""
    asked = [figure for figure in figures if figure.target]
    missed = [figure for figure in asked if not figure.reached]
    if not missed:
        return f"All {len(asked)} targets are reached."
    told = "; ".join(
        f"{_named(figure)} {number(figure.value)} {figure.unit} (should be {figure.target})"
        for figure in missed
    )
    return (
        f"{len(asked) - len(missed)} of {len(asked)} targets are reached. **Not reached**: {told}."
    )


def markdown(figures: Sequence[Figure]) -> str:
    return "\n\n".join(_markdown(sheet) for sheet in sheets(figures))


def _markdown(sheet: Sheet) -> str:
    ruled = tuple("---:" if head in sheet.right else "---" for head in sheet.heads)
    return "\n".join(f"| {' | '.join(row)} |" for row in (sheet.heads, ruled, *sheet.rows))


def show(part: str, figures: Sequence[Figure], console: Console) -> None:
    console.print(part)
    for sheet in sheets(figures):
        table = Table()
        for head in sheet.heads:
            table.add_column(head, justify="right" if head in sheet.right else "left")
        for row in sheet.rows:
            table.add_row(*row)
        console.print(table)
    console.print(verdict(figures))


def sheets(figures: Sequence[Figure]) -> list[Sheet]:
    """What was measured in several cases: a table for each unit, with a column for each case; what was not: all in
    one table."""
    found: dict[str, list[Figure]] = {}
    for figure in figures:
        found.setdefault(figure.unit if figure.case else "", []).append(figure)
    return [_sheet(unit, same) for unit, same in found.items()]


def _sheet(unit: str, figures: Sequence[Figure]) -> Sheet:
    cases = list(dict.fromkeys(figure.case for figure in figures))
    values = tuple(case or "value" for case in cases)
    rows = [_row(same, cases) for same in _by_name(figures)]
    heads = (unit, *values, *([] if unit else ["unit"]), "target", "note")
    filled = [
        place for place, head in enumerate(heads) if place == 0 or any(r[place] for r in rows)
    ]
    return Sheet(
        tuple(heads[place] for place in filled),
        tuple(tuple(row[place] for place in filled) for row in rows),
        frozenset(values),
    )


def _by_name(figures: Sequence[Figure]) -> list[list[Figure]]:
    found: dict[tuple[str, str], list[Figure]] = {}
    for figure in figures:
        found.setdefault((figure.name, figure.unit), []).append(figure)
    return list(found.values())


def _row(same: Sequence[Figure], cases: Sequence[str]) -> tuple[str, ...]:
    """Name, values, unit (where the table has no unit of its own), target, note."""
    by_case = {figure.case: figure for figure in same}
    values = (_cell(by_case[case]) if case in by_case else "" for case in cases)
    unit = () if same[0].case else (same[0].unit,)
    targets = _joined(str(figure.target) for figure in same if figure.target)
    return (same[0].name, *values, *unit, targets, _joined(figure.note for figure in same))


def _joined(said: Iterable[str]) -> str:
    """Each once."""
    return " / ".join(dict.fromkeys(each for each in said if each))


def _cell(figure: Figure) -> str:
    if figure.reached is None:
        return number(figure.value)
    return f"{number(figure.value)} {REACHED if figure.reached else MISSED}"


def number(value: float) -> str:
    """As many digits as are worth reading."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _named(figure: Figure) -> str:
    return f"{figure.name}, {figure.case}:" if figure.case else f"{figure.name}:"
