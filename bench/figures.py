"""A measured number, what it should be, and what is made of several: medians and ratios."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median


@dataclass(frozen=True)
class Target:
    """What a figure should be, in its own unit; for a ratio to another figure that is a plain number."""

    at_least: float | None = None
    at_most: float | None = None

    def reached(self, value: float) -> bool:
        low = self.at_least is None or value >= self.at_least
        return low and (self.at_most is None or value <= self.at_most)

    def __str__(self) -> str:
        bounds = (("≥", self.at_least), ("≤", self.at_most))
        return " and ".join(f"{sign} {bound:,g}" for sign, bound in bounds if bound is not None)


@dataclass(frozen=True)
class Figure:
    """One number. case: which of several states of the same work it is of ("first"), if there are several;
    figures of one name and unit are one line of a table, their cases its columns."""

    part: str
    name: str
    value: float
    unit: str
    target: Target | None = None
    note: str = ""
    case: str = ""

    @property
    def reached(self) -> bool | None:
        """None: nothing was asked of it."""
        return None if self.target is None else self.target.reached(self.value)


def medians(repeats: Sequence[Sequence[Figure]]) -> list[Figure]:
    """One figure for each name, unit and case, in the order of their first appearance: the median of its values.

    What was measured fewer times than others is the median of what there is.
    """
    found: dict[tuple[str, str, str, str], list[Figure]] = {}
    for figure in (figure for repeat in repeats for figure in repeat):
        found.setdefault((figure.part, figure.name, figure.unit, figure.case), []).append(figure)
    return [_median(same) for same in found.values()]


def _median(same: Sequence[Figure]) -> Figure:
    value = median(figure.value for figure in same)
    nearest = min(same, key=lambda figure: abs(figure.value - value))
    return replace(nearest, value=value)


def ratio(name: str, ours: Figure, other: Figure, target: Target | None = None) -> Figure:
    """How many times another figure ours is: `ratio("Ponte ÷ dlt", …, Target(at_least=5))`."""
    value = ours.value / other.value if other.value else float("inf")
    return Figure(ours.part, name, value, "×", target, f"beside {other.name}", ours.case)
