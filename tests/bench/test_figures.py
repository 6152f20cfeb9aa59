"""Figures, their targets, medians and ratios; the report that they are written into."""

from pathlib import Path

import pytest

from bench import load, report
from bench.figures import Figure, Target, medians, ratio
from bench.load import REVISIONS, ROWS


def rate(name: str, value: float, case: str = "first", target: Target | None = None) -> Figure:
    return Figure("load", name, value, "rows/s", target, case=case)


def test_a_target_is_reached_or_not() -> None:
    assert Target(at_least=5).reached(5.0)
    assert not Target(at_most=100).reached(100.5)
    assert str(Target(at_least=5, at_most=100)) == "≥ 5 and ≤ 100"
    assert rate("Ponte", 1.0).reached is None


def test_of_several_repeats_the_median_counts_case_by_case() -> None:
    repeats = [[rate("a", value), rate("a", value * 10, "changed")] for value in (1.0, 9.0, 3.0)]
    assert [(one.case, one.value) for one in medians(repeats)] == [("first", 3), ("changed", 30)]


def test_a_ratio_names_what_it_is_beside() -> None:
    found = ratio("a ÷ b", rate("a", 10), rate("b", 4), Target(at_least=3))
    assert (found.value, found.unit, found.reached, found.note) == (2.5, "×", False, "beside b")


FIGURES = [
    rate("a", 12_345.6),
    rate("a", 98.76, "changed"),
    rate("b", 2.5, target=Target(at_least=3)),
    Figure("load", "quota used", 98.2, "%", Target(at_least=95)),
]


def test_cases_are_columns_and_units_tables() -> None:
    cased, plain = report.sheets(FIGURES)
    assert cased.heads == ("rows/s", "first", "changed", "target")
    assert cased.rows == (("a", "12,346", "98.8", ""), ("b", "2.50 missed", "", "≥ 3"))
    assert plain.heads == ("", "value", "unit", "target")
    assert plain.rows == (("quota used", "98.2 reached", "%", "≥ 95"),)


def test_the_report_says_plainly_what_was_not_reached() -> None:
    said = report.verdict(FIGURES)
    assert said.startswith("1 of 2 targets are reached. **Not reached**: b, first: 2.50 rows/s")
    assert report.verdict(FIGURES[-1:]) == "All 1 targets are reached."


def test_a_part_is_written_between_its_marks_again_and_again(tmp_path: Path) -> None:
    document = tmp_path / "benchmarks.md"
    marks = f"{report.begin('load')}\n{report.end('load')}"
    document.write_text(f"# Before\n\n{marks}\n\nAfter\n")
    for _ in range(2):
        report.write(document, "load", FIGURES, "2 cores")
    text = document.read_text()
    assert text.startswith("# Before\n") and text.endswith("\nAfter\n")
    assert text.count("| a | 12,346 | 98.8 |") == 1
    with pytest.raises(ValueError, match="no place for quota"):
        report.write(document, "quota", FIGURES, "2 cores")


def test_the_document_has_a_place_for_every_part() -> None:
    from bench.__main__ import PARTS, REPORT

    text = REPORT.read_text()
    assert [part for part in PARTS if report.begin(part) not in text] == []


def test_quick_is_small_and_full_is_what_the_targets_are_for() -> None:
    quick, full = load.size_of(quick=True), load.size_of(quick=False)
    assert (quick.leads, quick.repeats) == (4_000, 1)
    assert (full.leads, full.repeats) == (100_000, 3)


def test_ponte_stands_beside_the_best_of_each_rival() -> None:
    values = {
        "Ponte": 10.0,
        "bound with the fetch alongside": 10.0,
        "dlt, default": 0.5,
        "dlt, flat, CSV": 1.0,
        "amochka, default": 4.0,
    }
    rates = {
        (name, case): Figure("load", name, value, ROWS, case=case)
        for name, value in values.items()
        for case in REVISIONS
    }
    found = {(one.name, one.case): one for one in load.ratios(rates)}
    assert found["Ponte ÷ dlt, its best", "first"].value == 10.0
    assert found["Ponte ÷ dlt, default", "changed"].value == 20.0
    assert found["Ponte ÷ amochka, its best", "unchanged"].reached is False
