"""Who would take a coupon offered on the way, foretold by constants that were fitted elsewhere?

Answers of drivers to coupons of five kinds (UCI in-vehicle coupon recommendation), in the order of
the survey: of each, only the respondent's own earlier answers and how often they say they visit
such places are looked at, nothing of the trip. The shipped constants come from another set, so all
that was chosen here, on half of the respondents, is that counts are of the coupon's own kind; the
figures, and the regression beside it fitted on the first half, are of the other half.

The set names no respondents: rows with the same answers about the person are one here.
"""

from __future__ import annotations

import csv
import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from mydata_hub.offers.matching.chance import OwnPast, chance_of_taking
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.evaluation.orderings import Interval, Tried

FILE: Final = "coupon_invehicle/train.csv"
SEED: Final = 0
WEEKS_A_MONTH: Final = 30.44 / 7
# Visits a month, as the survey asks for them, and the column for each kind of coupon.
VISITS: Final = {"never": 0.0, "less1": 0.5, "1~3": 2.0, "4~8": 6.0, "gt8": 10.0}
HABITS: Final = {
    "Bar": "Bar",
    "Coffee House": "CoffeeHouse",
    "Carry out & Take away": "CarryAway",
    "Restaurant(<20)": "RestaurantLessThan20",
    "Restaurant(20-50)": "Restaurant20To50",
}
ABOUT_THE_PERSON: Final = (
    *("gender", "age", "maritalStatus", "has_children", "education", "occupation", "income"),
    *HABITS.values(),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WayQuality:
    """AUC of who takes a coupon, over the respondents that nothing was chosen on."""

    people: int
    answers: int
    taken: int
    ours: Interval
    # Fitted on the other half of these very answers.
    logistic: Interval
    above_logistic: Interval
    # The share of earlier coupons taken: of the kind, and of all.
    past_rate_of_kind: Interval
    above_past_rate_of_kind: Interval
    past_rate: Interval
    above_past_rate: Interval
    # Ours with need alone: whoever has taken and let go nothing yet.
    need_alone: Interval
    # Among one person's own answers: what a vault orders.
    ours_within: Interval
    past_rate_of_kind_within: Interval
    need_within: Interval
    # Pasts dealt out anew among people.
    shuffled: Interval


@dataclass(frozen=True, slots=True)
class _Answer:
    person: str
    taken: bool
    past: OwnPast
    past_rate: float
    features: tuple[float, ...]


def evaluate_coupons_on_the_way(data: Path) -> WayQuality:
    """All of it, on the second half of the respondents."""
    answers = _read(data / FILE)
    seen = [one for one in answers if not _is_reported(one.person)]
    kept = [one for one in answers if _is_reported(one.person)]
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    model.fit([one.features for one in seen], [one.taken for one in seen])
    logistic = model.decision_function([one.features for one in kept])
    ours = np.array([chance_of_taking(one.past) for one in kept])
    of_kind = np.array([_rate(one.past.taken, one.past.ignored) for one in kept])
    rate = np.array([one.past_rate for one in kept])
    need = np.array([_need(one.past) for one in kept])
    tried = Tried([one.person for one in kept], [one.taken for one in kept])
    return WayQuality(
        people=tried.people,
        answers=len(kept),
        taken=sum(one.taken for one in kept),
        ours=tried.auc(ours),
        logistic=tried.auc(logistic),
        above_logistic=tried.difference(ours, logistic),
        past_rate_of_kind=tried.auc(of_kind),
        above_past_rate_of_kind=tried.difference(ours, of_kind),
        past_rate=tried.auc(rate),
        above_past_rate=tried.difference(ours, rate),
        need_alone=tried.auc(need),
        ours_within=tried.auc_of_each(ours),
        past_rate_of_kind_within=tried.auc_of_each(of_kind),
        need_within=tried.auc_of_each(need),
        shuffled=tried.auc(np.random.default_rng(SEED).permutation(ours)),
    )


def _read(path: Path) -> list[_Answer]:
    by_person: dict[str, list[dict[str, str]]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            by_person["|".join(row[name] for name in ABOUT_THE_PERSON)].append(row)
    return [one for person, rows in by_person.items() for one in _answers(person, rows)]


def _answers(person: str, rows: Sequence[dict[str, str]]) -> list[_Answer]:
    needs = {kind: _need_percent(rows[0][name]) for kind, name in HABITS.items()}
    told = [need for need in needs.values() if need is not None]
    taken: Counter[str] = Counter()
    ignored: Counter[str] = Counter()
    answers = []
    for row in rows:
        kind = row["coupon"]
        # A coupon taken in an answer is as good as used, and each answer a time to use one.
        past = OwnPast(
            used=taken[kind],
            paid=taken[kind] + ignored[kind],
            taken=taken[kind],
            ignored=ignored[kind],
            need_percent=needs[kind],
        )
        features = (
            *map(math.log1p, (taken[kind], ignored[kind], taken.total(), ignored.total())),
            _rate(taken[kind], ignored[kind]),
            _rate(taken.total(), ignored.total()),
            float(needs[kind] or 0),
            sum(told) / max(len(told), 1),
        )
        rate = _rate(taken.total(), ignored.total())
        answers.append(_Answer(person, row["Y"] == "1", past, rate, features))
        (taken if row["Y"] == "1" else ignored)[kind] += 1
    return answers


def _need_percent(visits: str) -> int | None:
    """How likely one of so many visits a month falls into a week, in whole percents."""
    if visits not in VISITS:
        return None
    return int(100 * (1 - math.exp(-VISITS[visits] / WEEKS_A_MONTH)))


def _need(past: OwnPast) -> float:
    return chance_of_taking(replace(past, used=0, paid=0, taken=0, ignored=0))


def _rate(taken: int, ignored: int) -> float:
    return (taken + 1) / (taken + ignored + 2)


def _is_reported(person: str) -> bool:
    """Whether a respondent is of the half that nothing was chosen on."""
    return int(hashlib.sha256(person.encode()).hexdigest(), 16) % 2 == 1
