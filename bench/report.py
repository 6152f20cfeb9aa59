"""Figures as tables: in a terminal, and in docs/benchmarks.md between the marks of their part.

The prose around the marks is written by hand and stays; one part can be played and written without the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.figures import Figure

MISSED, REACHED = "missed", "reached"


@dataclass(frozen=True)
class Line:
    """One line of a table: what is measured, its value in each case, what it should be."""

    name: str
    unit: str
    cells: tuple[str, ...]
    target: str
    note: str


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
    heads = ["", "unit", *_heads(figures), "target", "note"]
    rows = [[line.name, line.unit, *line.cells, line.target, line.note] for line in lines(figures)]
    ruled = ["---", "---", *("---:" for _ in cases(figures)), "---", "---"]
    return "\n".join(f"| {' | '.join(row)} |" for row in (heads, ruled, *rows))


def show(part: str, figures: Sequence[Figure], console: Console) -> None:
    table = Table(title=part, title_justify="left")
    for head in ("", "unit", *_heads(figures), "target", "note"):
        table.add_column(head, justify="right" if head in _heads(figures) else "left")
    for line in lines(figures):
        table.add_row(line.name, line.unit, *line.cells, line.target, line.note)
    console.print(table)
    console.print(verdict(figures))


def cases(figures: Sequence[Figure]) -> list[str]:
    """Each once, in the order of their first appearance."""
    return list(dict.fromkeys(figure.case for figure in figures))


def _heads(figures: Sequence[Figure]) -> list[str]:
    return [case or "value" for case in cases(figures)]


def lines(figures: Sequence[Figure]) -> list[Line]:
    """Figures of one name and unit side by side."""
    found: dict[tuple[str, str], list[Figure]] = {}
    for figure in figures:
        found.setdefault((figure.name, figure.unit), []).append(figure)
    return [_line(same, cases(figures)) for same in found.values()]


def _line(same: Sequence[Figure], cases: Sequence[str]) -> Line:
    by_case = {figure.case: figure for figure in same}
    cells = tuple(_cell(by_case[case]) if case in by_case else "" for case in cases)
    targets = list(dict.fromkeys(str(figure.target) for figure in same if figure.target))
    notes = list(dict.fromkeys(figure.note for figure in same if figure.note))
    return Line(same[0].name, same[0].unit, cells, " / ".join(targets), "; ".join(notes))


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
