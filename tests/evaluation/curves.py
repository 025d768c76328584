"""Precision against coverage, and its difference between two rankings with an interval over people.

A ranking is tried on candidates, each with its person, its score and whether it held. Equal scores
are claimed together: their precision is their mean, so a rule that scores coarsely is neither
favoured nor harmed by the order of its rows.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, NamedTuple

SEED: Final = 0
RESAMPLES: Final = 1000
# The shares of the most that is claimed at which precision is read.
COVERAGES: Final = tuple(step / 20 for step in range(2, 21))


class Candidate(NamedTuple):
    """Something that may be claimed of a person."""

    person: int
    score: float
    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Of two rankings at equal coverage: precision, and the difference with its 95 % interval."""

    people: int
    claims: int
    precision: float
    beside: float
    # Of the means over the whole curve, from a tenth of the claims to all of them.
    difference: float
    low: float
    high: float
    # (claims, precision, precision of the other) along the curve.
    curve: tuple[tuple[int, float, float], ...]

    def __str__(self) -> str:
        return f"{self.difference:+.4f} [{self.low:+.4f}, {self.high:+.4f}]"


def compare(
    ours: Sequence[Candidate], other: Sequence[Candidate], people: int, claims: int
) -> Difference:
    """Our ranking beside another one, each claiming as much, up to that number of claims."""
    sides = [_Ranked(ours), _Ranked(other)]
    one_each = [1] * people
    curves = [side.curve(one_each, claims) for side in sides]
    draw = random.Random(SEED)
    differences = []
    for _ in range(RESAMPLES):
        times = [0] * people
        for person in draw.choices(range(people), k=people):
            times[person] += 1
        # A resample of people claims as often as its people did.
        claimed = sides[0].weight(times, claims)
        mine, others = (side.curve(times, claimed) for side in sides)
        differences.append(_mean(mine) - _mean(others))
    differences.sort()
    return Difference(
        people=people,
        claims=claims,
        precision=curves[0][-1],
        beside=curves[1][-1],
        difference=_mean(curves[0]) - _mean(curves[1]),
        low=differences[RESAMPLES * 25 // 1000],
        high=differences[RESAMPLES * 975 // 1000 - 1],
        curve=tuple(
            (round(claims * share), round(mine, 4), round(beside, 4))
            for share, mine, beside in zip(COVERAGES, *curves, strict=True)
        ),
    )


class _Ranked:
    """Candidates in the order of their scores, equal ones together."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        ranked = sorted(candidates, key=lambda one: -one.score)
        self.groups = [list(group) for _, group in groupby(ranked, key=lambda one: one.score)]

    def weight(self, times: Sequence[int], claims: int) -> float:
        """How many claims the first so many are, where people count so many times."""
        left, total = claims, 0.0
        for group in self.groups:
            share = min(left / len(group), 1.0)
            total += share * sum(times[one.person] for one in group)
            left -= len(group)
            if left <= 0:
                break
        return total

    def curve(self, times: Sequence[int], claims: float) -> list[float]:
        """The precision at each of COVERAGES."""
        claimed, held = [0.0], [0.0]
        for group in self.groups:
            claimed.append(claimed[-1] + sum(times[one.person] for one in group))
            held.append(held[-1] + sum(times[one.person] for one in group if one.held))
            if claimed[-1] >= claims:
                break
        if not claims:
            return [0.0] * len(COVERAGES)
        return [_read(claimed, held, claims * share) / (claims * share) for share in COVERAGES]


def _read(claimed: list[float], held: list[float], at: float) -> float:
    """Held among the first `at`, with the last group in equal parts."""
    place = min(bisect_left(claimed, at), len(claimed) - 1)
    if place == 0 or claimed[place] == claimed[place - 1]:
        return held[place]
    part = (at - claimed[place - 1]) / (claimed[place] - claimed[place - 1])
    return held[place - 1] + min(part, 1.0) * (held[place] - held[place - 1])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
