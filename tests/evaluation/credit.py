"""Scorecards on real credit data, beside boosting and logistic regression, on the same folds.

Five stratified folds, seed 0. A card is fitted by the very function that `mydata score fit` calls,
on four of them, and scores the fifth with the hub's own evaluator. Protected columns are inputs of
nothing here, of the peers neither; they only sort people into the groups of the fairness table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from mydata_hub.cli.score_running import Asked, fit_table
from mydata_hub.cli.score_table import Table, read_column, read_table, read_target
from mydata_hub.scorecard.card import Card, NumericFeature
from mydata_hub.scorecard.evaluate import total_of
from mydata_hub.scorecard.forbidden import forbidden_in
from scipy.stats import ks_2samp
from sklearn.model_selection import StratifiedKFold

from tests.evaluation.credit_peers import boosted, logistic
from tests.evaluation.orderings import RESAMPLES, AucByGroup, Interval, interval_of, resamples_of
from tests.evaluation.shipped_card import EXPERT, make_card, read_mapped

FOLDS: Final = 5
SEED: Final = 0
TIERS: Final = (0, 600, 650, 700)
LEAST_OF_A_GROUP: Final = 100
AGES: Final = ((0, 30), (30, 40), (40, 50), (50, 200))


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A labelled set, and the columns that sort its people for the fairness table."""

    name: str
    path: str
    target: str
    drop: tuple[str, ...]
    groups: Callable[[dict[str, str]], dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """People of a tier."""

    name: str
    people: int
    share: float
    default_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """People who share an attribute that no card may read."""

    attribute: str
    value: str
    people: int
    default_rate: float
    expected: float
    auc: float
    # Of these people, from the lowest tier to the highest.
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardQuality:
    """What cards expected of people they had not seen, beside what came."""

    name: str
    people: int
    bads: int
    # Means over the folds.
    auc: Interval
    logistic: Interval | None
    boosting: Interval | None
    # Of the card above boosting.
    above_boosting: Interval | None
    ks: float
    brier: Interval
    brier_of_the_mean: float
    calibration_slope: Interval
    tiers: tuple[Tier, ...]
    groups: tuple[Group, ...]

    @property
    def falls_strictly(self) -> bool:
        """Whether each tier defaults less than the one below."""
        rates = [tier.default_rate for tier in self.tiers]
        return all(a > b for a, b in pairwise(rates))


@dataclass(frozen=True, slots=True)
class _Scored:
    """Each person's score, log odds of bad and tier, by a card that had not seen them."""

    total: np.ndarray[Any, Any]
    odds: np.ndarray[Any, Any]
    tier: np.ndarray[Any, Any]


def _taiwan_groups(row: dict[str, str]) -> dict[str, str]:
    return {
        "sex": {"1": "male", "2": "female"}.get(row["SEX"], "other"),
        "age": _age(row["AGE"]),
        "marriage": {"1": "married", "2": "single"}.get(row["MARRIAGE"], "other"),
        "education": {"1": "graduate school", "2": "university", "3": "high school"}.get(
            row["EDUCATION"], "other"
        ),
    }


def _german_groups(row: dict[str, str]) -> dict[str, str]:
    return {
        "sex": row["personal_status_and_sex"].partition(" ")[0],
        "age": _age(row["age_in_years"]),
        "foreign worker": row["foreign_worker"],
    }


def _age(told: str) -> str:
    low, high = next(one for one in AGES if float(told) < one[1])
    return (
        f"{low} to {high - 1}" if 0 < low < AGES[-1][0] else f"under {high}" if not low else "50+"
    )


TAIWAN: Final = DataSet(
    name="Taiwan credit cards",
    path="taiwan_credit/UCI_Credit_Card.csv",
    target="default.payment.next.month",
    drop=("ID",),
    groups=_taiwan_groups,
)
GERMAN: Final = DataSet(
    name="German credit",
    path="german_credit/germancredit.csv",
    target="creditability",
    drop=(),
    groups=_german_groups,
)


def evaluate_card(data: Path, which: DataSet) -> CardQuality:
    """What `mydata score fit` makes of a set, beside its peers."""
    table = read_table(data / which.path)
    bads = np.array(read_target(table, which.target, None).bads)
    folds = _folds(bads)
    asked = Asked(
        target=which.target, dropped=which.drop, kinds=(), bad=None, card_id="fold", version=1
    )

    def fitted(seen: np.ndarray[Any, Any]) -> Card:
        return fit_table(_some(table, seen), asked, lambda _: None).card

    scored = _out_of_fold(folds, fitted, lambda card, kept: _totals(card, _some(table, kept)))
    used = [
        name
        for name in table.names
        if name not in (which.target, *which.drop) and forbidden_in(name) is None
    ]
    rows = [dict(zip(table.names, row, strict=True)) for row in table.rows]
    return _quality(
        which.name,
        scored,
        bads,
        folds,
        [which.groups(row) for row in rows],
        logistic(table, used, bads, folds),
        boosted(table, used, bads, folds),
    )


def evaluate_shipped_way(data: Path) -> CardQuality:
    """The shipped card's three fitted features, made the same way on four folds of five.

    Everybody has the usual points of what people have set, of which these data say nothing.
    """
    people, defaulted, rows = read_mapped(data)
    bads = np.array(defaulted)
    folds = _folds(bads)
    usual = {name: _usual(name) for name in EXPERT}

    def fitted(seen: np.ndarray[Any, Any]) -> Card:
        return make_card([people[at] for at in seen], [defaulted[at] for at in seen])

    def totals(card: Card, kept: np.ndarray[Any, Any]) -> list[int]:
        return [total_of(card, {**people[at], **usual}) for at in kept]

    scored = _out_of_fold(folds, fitted, totals)
    groups = [_taiwan_groups(row) for row in rows]
    return _quality("The shipped card's way, on Taiwan", scored, bads, folds, groups, None, None)


def _usual(name: str) -> float:
    edges, points, typical = EXPERT[name]
    return ([edges[0] - 1, *edges])[points.index(typical)]


def _folds(bads: np.ndarray[Any, Any]) -> list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    return list(StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(bads, bads))


def _some(table: Table, rows: np.ndarray[Any, Any]) -> Table:
    return Table(
        table.path,
        table.names,
        tuple(table.rows[at] for at in rows),
        tuple(table.lines[at] for at in rows),
    )


def _totals(card: Card, table: Table) -> list[int]:
    columns = [
        read_column(table, one.id, numeric=isinstance(one, NumericFeature)) for one in card.features
    ]
    names = [column.name for column in columns]
    people = zip(*(column.values for column in columns), strict=True)
    return [total_of(card, dict(zip(names, values, strict=True))) for values in people]


def _out_of_fold(folds: Any, fitted: Callable[[Any], Card], totals: Any) -> _Scored:
    count = sum(len(kept) for _, kept in folds)
    total, odds, tier = (np.zeros(count) for _ in range(3))
    for seen, kept in folds:
        card = fitted(seen)
        for at, one in zip(kept, totals(card, kept), strict=True):
            total[at], odds[at] = one, card.scale.log_odds_of_bad(one)
            tier[at] = card.tier_of(one)
    return _Scored(total, odds, tier)


def _quality(
    name: str,
    scored: _Scored,
    bads: np.ndarray[Any, Any],
    folds: Any,
    groups: Sequence[dict[str, str]],
    logistic: Any,
    boosted: Any,
) -> CardQuality:
    parts = [kept for _, kept in folds]
    ours = AucByGroup(scored.odds, bads, parts)
    beside = None if boosted is None else AucByGroup(boosted, bads, parts)
    expected = 1 / (1 + np.exp(-scored.odds))
    weights = resamples_of(len(bads))
    return CardQuality(
        name=name,
        people=len(bads),
        bads=int(bads.sum()),
        auc=interval_of(ours, weights),
        logistic=None
        if logistic is None
        else interval_of(AucByGroup(logistic, bads, parts), weights),
        boosting=None if beside is None else interval_of(beside, weights),
        above_boosting=None
        if beside is None
        else interval_of(lambda times: ours(times) - beside(times), weights),
        ks=float(ks_2samp(scored.odds[bads], scored.odds[~bads], method="asymp").statistic),
        brier=interval_of(lambda times: np.average((expected - bads) ** 2, weights=times), weights),
        brier_of_the_mean=float(bads.mean() * (1 - bads.mean())),
        calibration_slope=interval_of(
            lambda times: _slope(scored.odds, bads, times), weights[: RESAMPLES // 5]
        ),
        tiers=tuple(_tier(at, scored.tier, bads) for at in TIERS),
        groups=tuple(_group(*one, scored, bads, groups) for one in _kinds(groups)),
    )


def _slope(odds: Any, bads: Any, times: Any) -> float:
    """The slope of what came on the log odds that were expected, by Newton's method."""
    slope = base = 0.0
    for _ in range(25):
        p = 1 / (1 + np.exp(-(base + slope * odds)))
        weight, miss = times * p * (1 - p), times * (bads - p)
        hessian = np.array([[weight.sum(), weight @ odds], [weight @ odds, weight @ (odds * odds)]])
        step = np.linalg.solve(hessian, np.array([miss.sum(), miss @ odds]))
        base, slope = base + step[0], slope + step[1]
        if np.abs(step).sum() < 1e-8:
            break
    return float(slope)


def _tier(low: int, tiers: Any, bads: Any) -> Tier:
    inside = tiers == low
    return Tier(
        name=str(low) if low else "below",
        people=int(inside.sum()),
        share=float(inside.mean()),
        default_rate=float(bads[inside].mean()) if inside.any() else 0.0,
    )


def _kinds(groups: Sequence[dict[str, str]]) -> list[tuple[str, str]]:
    found = sorted({one for row in groups for one in row.items()})
    counted = {one: sum(row[one[0]] == one[1] for row in groups) for one in found}
    return [one for one in found if counted[one] >= LEAST_OF_A_GROUP]


def _group(
    attribute: str, value: str, scored: _Scored, bads: Any, groups: Sequence[dict[str, str]]
) -> Group:
    inside = np.flatnonzero([row[attribute] == value for row in groups])
    expected = 1 / (1 + np.exp(-scored.odds[inside]))
    auc = AucByGroup(scored.odds[inside], bads[inside])
    return Group(
        attribute=attribute,
        value=value,
        people=len(inside),
        default_rate=float(bads[inside].mean()),
        expected=float(expected.mean()),
        auc=auc(np.ones(len(inside), dtype=int)),
        shares=tuple(float((scored.tier[inside] == low).mean()) for low in TIERS),
    )
