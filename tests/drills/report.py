"""The table of seeds and results in docs/drills.md: one line for each seed, the newest result of it."""

from __future__ import annotations

import re
from pathlib import Path

from tests.drills.drill import Report

BEGIN, END = "<!-- drills: written by make drills -->", "<!-- drills: end -->"
_LINE = re.compile(r"^\| (\d+) \|.*$", re.M)


def write(document: Path, report: Report) -> None:
    """Adds or replaces one seed's line, in the order of seeds."""
    text = document.read_text()
    before, _, rest = text.partition(BEGIN)
    table, _, after = rest.partition(END)
    lines = {int(found[1]): found[0] for found in _LINE.finditer(table)}
    lines[report.seed] = line(report)
    body = "\n".join(lines[seed] for seed in sorted(lines))
    head = "| seed | result | acknowledged | troubles |\n| --- | --- | --- | --- |"
    document.write_text(f"{before}{BEGIN}\n{head}\n{body}\n{END}{after}")


def line(report: Report) -> str:
    result = "balanced" if report.balanced else "; ".join(report.findings)
    troubles = "; ".join(report.troubles)
    return f"| {report.seed} | {result} | {report.figures.get('acknowledged', 0)} | {troubles} |"
