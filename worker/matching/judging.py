"""Whether two parties that share facts are the same. Pure: the rules are a table that can be read.

An identifier of the state decides; an e-mail or a phone decides together with the name, or when nobody else has it;
a name alone is a hint. Whatever speaks against it is left to a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import fuzz

from shared.resources.columns import Personal

NAME = "name"
ALIKE, UNLIKE = 88.0, 60.0
"""Similarity of names, 0 to 100: from here on the same, below there another."""
CNPJ = len("tax id:") + 14
"""A firm has two names; a person's CPF under another name is somebody's mistake."""
CROWD = 5
"""A phone that so many on one side have is a switchboard's: without the name it says nothing."""


class State(StrEnum):
    MATCHED = "matched"
    DOUBTFUL = "doubtful"
    APART = "apart"


class Names(StrEnum):
    """How the names of two parties stand to each other."""

    ALIKE = "the names are alike"
    UNCLEAR = "the names are alike in part"
    UNLIKE = "the names differ"
    UNKNOWN = "one has no name"


@dataclass(frozen=True)
class Party:
    """names: plain (shared/plain_names.py); tax_ids: facts."""

    names: Sequence[str]
    city: str | None = None
    tax_ids: Set[str] = frozenset()


@dataclass(frozen=True)
class Judgement:
    """strength: 0 to 1; why: in words, for whoever reviews it."""

    state: State
    strength: float
    why: str


def judge(one: Party, other: Party, shared: Mapping[str, int]) -> Judgement:
    """shared: facts that both are known by, each with how many on the more crowded side are."""
    names = compare(one.names, other.names)
    kinds = {fact.partition(":")[0] for fact in shared}
    alone = min((n for fact, n in shared.items() if not fact.startswith(NAME)), default=0)
    firm = any(len(fact) == CNPJ for fact in shared if Personal.TAX_ID in fact)
    state, strength = _weigh(kinds, names, alone, firm=firm)
    why = [f"the same {kind}" for kind in sorted(kinds - {NAME})] + [str(names)]
    if alone > 1:
        why.append(f"{alone} are known by it")
    if _contradict(one.tax_ids, other.tax_ids):
        state, strength = min(state, State.DOUBTFUL, key=_rank), min(strength, 0.4)
        why.append("their tax ids differ")
    elif kinds == {NAME} and one.city and other.city and one.city != other.city:
        state, strength = State.APART, 0.0
        why.append("they live in different cities")
    return Judgement(state, strength, "; ".join(why))


def compare(ours: Sequence[str], theirs: Sequence[str]) -> Names:
    if not ours or not theirs:
        return Names.UNKNOWN
    best = max(_similar(a, b) for a in ours for b in theirs)
    return Names.ALIKE if best >= ALIKE else Names.UNLIKE if best < UNLIKE else Names.UNCLEAR


def _similar(one: str, other: str) -> float:
    """Words in any order; who leaves a middle name out is the same, who leaves all but one out is not."""
    fewest = min(len(one.split()), len(other.split()))
    subset = fuzz.token_set_ratio(one, other) if fewest > 1 else 0.0
    return max(fuzz.token_sort_ratio(one, other), subset)


def _weigh(kinds: Set[str], names: Names, alone: int, *, firm: bool) -> tuple[State, float]:
    if Personal.TAX_ID in kinds:
        if names is not Names.UNLIKE:
            return State.MATCHED, 0.99
        return (State.MATCHED, 0.95) if firm else (State.DOUBTFUL, 0.6)
    if kinds == {NAME}:
        return State.DOUBTFUL, 0.3
    return _weigh_reached(len(kinds & {Personal.PHONE, Personal.EMAIL}), names, alone)


def _weigh_reached(ways: int, names: Names, alone: int) -> tuple[State, float]:
    """By phone, e-mail, or both."""
    if names is Names.ALIKE or (ways == 2 and names is not Names.UNLIKE):
        return State.MATCHED, 0.97 if ways == 2 else 0.93
    if alone == 1 and names is Names.UNKNOWN:
        return State.MATCHED, 0.8
    if alone > CROWD:
        return State.APART, 0.1
    return State.DOUBTFUL, 0.5 if ways == 2 else 0.4


def _contradict(ours: Set[str], theirs: Set[str]) -> bool:
    """Both have one of the same kind, and none is shared. A firm's and its owner's say nothing of each other."""
    if ours & theirs:
        return False
    return bool({len(one) for one in ours} & {len(one) for one in theirs})


def _rank(state: State) -> int:
    return (State.APART, State.DOUBTFUL, State.MATCHED).index(state)
