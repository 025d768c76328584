"""How well a card tells good from bad: figures over everybody it scored, whose outcome is known.

Scores are whole numbers, so all figures come from how many good and bad people each score has.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from mydata_hub.scorecard.card import Card

MAX_STEPS: Final = 50
PRECISION: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class TierQuality:
    """People between two thresholds: `low` is None below the first one."""

    low: int | None
    people: int
    bads: int
    # Of everybody; and of these people, 0 where there are none.
    share: float
    default_rate: float

    @property
    def name(self) -> str:
        """As a tier is named: "600", or what is below all."""
        return "below" if self.low is None else str(self.low)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """The figures of a card on a table.

    `auc` is the chance that of one good and one bad person the good one has the higher score, ties
    counting half; `ks` the greatest distance of the two distributions; `brier` the mean square of
    what the card expected less what came; `calibration_slope` the slope of what came on the log
    odds that the card expects: 1 is right, less is a card too sure of itself.
    """

    people: int
    bads: int
    auc: float
    ks: float
    brier: float
    # What the same figure would be if everybody were expected to be as bad as all are on average.
    brier_of_the_mean: float
    calibration_slope: float
    calibration_intercept: float
    tiers: tuple[TierQuality, ...]

    @property
    def falls_strictly(self) -> bool:
        """Whether each tier's default rate is below the one before."""
        return all(a.default_rate > b.default_rate for a, b in pairwise(self.tiers))


def measure(card: Card, scored: Iterable[tuple[int, bool]]) -> Quality:
    """The figures of scores, each with whether the person turned out badly.

    Takes at least one good and one bad person; ValueError otherwise.
    """
    goods: Counter[int] = Counter()
    bads: Counter[int] = Counter()
    for total, bad in scored:
        (bads if bad else goods)[total] += 1
    people, bad_people = goods.total() + bads.total(), bads.total()
    if not 0 < bad_people < people:
        raise ValueError("takes good and bad people")
    expected = card.scale.probability_of_bad
    slope, intercept = calibrate(goods, bads, card.scale.log_odds_of_bad)
    mean = bad_people / people
    return Quality(
        people=people,
        bads=bad_people,
        auc=auc_of(goods, bads),
        ks=ks_of(goods, bads),
        brier=_brier(goods, bads, expected),
        brier_of_the_mean=mean * (1 - mean),
        calibration_slope=slope,
        calibration_intercept=intercept,
        tiers=_tiers(card, goods, bads),
    )


def auc_of(goods: Mapping[int, int], bads: Mapping[int, int]) -> float:
    """The area under the ROC curve, exactly: pairs that are in order, ties counting half."""
    below = in_order = 0.0
    for total in sorted({*goods, *bads}):
        good, bad = goods.get(total, 0), bads.get(total, 0)
        in_order += good * (below + bad / 2)
        below += bad
    return in_order / (sum(goods.values()) * sum(bads.values()))


def ks_of(goods: Mapping[int, int], bads: Mapping[int, int]) -> float:
    """The greatest distance between the distributions of good and bad (Kolmogorov-Smirnov)."""
    good = bad = greatest = 0.0
    for total in sorted({*goods, *bads}):
        good += goods.get(total, 0) / sum(goods.values())
        bad += bads.get(total, 0) / sum(bads.values())
        greatest = max(greatest, abs(good - bad))
    return greatest


def calibrate(
    goods: Mapping[int, int], bads: Mapping[int, int], log_odds: Callable[[int], float]
) -> tuple[float, float]:
    """Slope and intercept of a logistic regression of being bad on the expected log odds of it.

    By Newton's method; where the scores part good and bad entirely, the last step counts.
    """
    rows = [(log_odds(at), goods.get(at, 0), bads.get(at, 0)) for at in {*goods, *bads}]
    slope, intercept = 1.0, 0.0
    for _ in range(MAX_STEPS):
        g0 = g1 = h00 = h01 = h11 = 0.0
        for x, good, bad in rows:
            p = 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, intercept + slope * x))))
            miss, weight = bad - (good + bad) * p, (good + bad) * p * (1.0 - p)
            g0 += miss
            g1 += miss * x
            h00 += weight
            h01 += weight * x
            h11 += weight * x * x
        det = h00 * h11 - h01 * h01
        if det <= PRECISION:
            break
        step0, step1 = (h11 * g0 - h01 * g1) / det, (h00 * g1 - h01 * g0) / det
        intercept, slope = intercept + step0, slope + step1
        if abs(step0) + abs(step1) < PRECISION:
            break
    return slope, intercept


def _brier(
    goods: Mapping[int, int], bads: Mapping[int, int], expected: Callable[[int], float]
) -> float:
    missed = sum(count * expected(total) ** 2 for total, count in goods.items())
    missed += sum(count * (1 - expected(total)) ** 2 for total, count in bads.items())
    return missed / (sum(goods.values()) + sum(bads.values()))


def _tiers(
    card: Card, goods: Mapping[int, int], bads: Mapping[int, int]
) -> tuple[TierQuality, ...]:
    people: Counter[int] = Counter()
    bad_people: Counter[int] = Counter()
    for counts, is_bad in ((goods, False), (bads, True)):
        for total, count in counts.items():
            people[card.tier_of(total)] += count
            bad_people[card.tier_of(total)] += count if is_bad else 0
    return tuple(
        TierQuality(
            low=tier or None,
            people=people[tier],
            bads=bad_people[tier],
            share=people[tier] / people.total(),
            default_rate=bad_people[tier] / people[tier] if people[tier] else 0.0,
        )
        for tier in (0, *card.tiers)
    )
