"""How well numbers order what came before what did not (AUC), with an interval over people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

SEED: Final = 0
RESAMPLES: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure with its 95 % interval over people."""

    figure: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.figure:.4f} [{self.low:.4f}, {self.high:.4f}]"


class AucByGroup:
    """The mean AUC over groups of rows, where rows count so many times; ties count half.

    Groups are arrays of row numbers; without any, all rows are one.
    """

    def __init__(self, scores: Any, came: Any, groups: Sequence[Any] | None = None) -> None:
        self.groups = []
        for rows in [np.arange(len(scores))] if groups is None else groups:
            order = rows[np.argsort(scores[rows], kind="stable")]
            _, begins = np.unique(scores[order], return_index=True)
            self.groups.append((order, begins, came[order]))

    def __call__(self, times: Any) -> float:
        """A group counts alike however large it is."""
        return float(np.mean([right / pairs for right, pairs in self.pairs(times)]))

    def pairs(self, times: Any) -> list[tuple[float, float]]:
        """Of each group the pairs in the right order, and all of them."""
        found = []
        for order, begins, came in self.groups:
            count = times[order]
            others = np.add.reduceat(np.where(came, 0, count), begins)
            ours = np.add.reduceat(np.where(came, count, 0), begins)
            below = np.cumsum(others) - others / 2
            found.append(((ours * below).sum(), ours.sum() * others.sum()))
        return found


def resamples_of(people: int) -> list[Any]:
    """How often each of so many people counts, in each of RESAMPLES draws of them."""
    draw = np.random.default_rng(SEED)
    return [
        np.bincount(draw.integers(people, size=people), minlength=people) for _ in range(RESAMPLES)
    ]


def interval_of(figure: Callable[[Any], float], weights: list[Any]) -> Interval:
    """A figure of how often each person counts, and its interval over such draws."""
    drawn = sorted(float(figure(times)) for times in weights)
    last = len(drawn)
    return Interval(
        figure=float(figure(np.ones(len(weights[0]), dtype=int))),
        low=drawn[last * 25 // 1000],
        high=drawn[last * 975 // 1000 - 1],
    )


class Tried:
    """Rows of people with what came, whose orderings are measured on the same draws of people."""

    def __init__(self, people: Sequence[str], came: Sequence[bool]) -> None:
        names, self._person = np.unique(people, return_inverse=True)
        self.people = len(names)
        self._came = np.array(came)
        self._draws = resamples_of(self.people)

    def auc(self, scores: Any) -> Interval:
        """Of all rows together."""
        return interval_of(self._auc(scores), self._draws)

    def difference(self, scores: Any, others: Any) -> Interval:
        """How much more the AUC of the first ordering is."""
        ours, beside = self._auc(scores), self._auc(others)
        return interval_of(lambda times: ours(times) - beside(times), self._draws)

    def auc_within(self, scores: Any, groups: Sequence[str]) -> Interval:
        """Of pairs of rows of one group."""
        kinds, which = np.unique(groups, return_inverse=True)
        parts = [np.flatnonzero(which == kind) for kind in range(len(kinds))]
        figure = AucByGroup(scores, self._came, parts)

        def within(times: Any) -> float:
            right, pairs = zip(*figure.pairs(times[self._person]), strict=True)
            return sum(right) / sum(pairs)

        return interval_of(within, self._draws)

    def auc_of_each(self, scores: Any) -> Interval:
        """Of pairs of rows of one person; a person who is drawn twice has no more pairs of rows."""
        parts = [np.flatnonzero(self._person == one) for one in range(self.people)]
        once = AucByGroup(scores, self._came, parts).pairs(np.ones(len(self._came), dtype=int))
        right, pairs = np.array(once).T
        return interval_of(lambda times: (times @ right) / (times @ pairs), self._draws)

    def _auc(self, scores: Any) -> Callable[[Any], float]:
        figure = AucByGroup(scores, self._came)
        return lambda times: figure(times[self._person])
