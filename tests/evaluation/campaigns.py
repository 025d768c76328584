"""Who redeems a coupon of a campaign, foretold from their own past before the campaign began?

Campaigns of Complete Journey, split at their end: constants are fitted on those that had ended
before SPLIT, figures are of those that ended later, and of each household only what lay before the
campaign's first day is looked at.
"""

from __future__ import annotations

import csv
import math
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

import numpy as np
from mydata_hub.benefits.coupons import KEPT_AFTER
from mydata_hub.insights.moments import WEEK_DAYS
from mydata_hub.insights.weekly import MAX_WEEKS, score_weeks
from mydata_hub.offers.matching.chance import OwnPast, chance_of_taking, terms_of
from mydata_hub.offers.matching.remembering import COUNTED_DAYS
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.evaluation.orderings import Interval, Tried
from tests.evaluation.purchases import PYTHON, ROOT, is_reported

SEED: Final = 0
_EPOCH: Final = date(1970, 1, 1)
BEGIN: Final = (date(2017, 1, 1) - _EPOCH).days
SPLIT: Final = (date(2017, 7, 9) - _EPOCH).days
# A campaign that began sooner after the first rows has no past to speak of.
LEAST_PAST_DAYS: Final = 4 * WEEK_DAYS
LATELY_DAYS: Final = 13 * WEEK_DAYS
NEVER_DAYS: Final = 999


@dataclass(frozen=True, slots=True)
class Sent:
    """A campaign as one household had it, with what lay before it."""

    household: str
    campaign: str
    last_day: int
    redeemed: bool
    # `used` are coupons at the till, whoever gave them: as if all had come through the hub.
    past: OwnPast
    # The same as a vault counts it: coupons of earlier campaigns alone, all of half a year.
    counted: OwnPast
    # What the regression beside it reads.
    features: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChanceQuality:
    """AUC of who redeems in the campaigns that ended after SPLIT, over people."""

    people: int
    sent: int
    redeemed: int
    fitted_on: int
    ours: Interval
    # The same among pairs within a campaign, so that knowing popular ones is no help.
    ours_within: Interval
    logistic: Interval
    above_logistic: Interval
    # The share of earlier campaigns redeemed in,
    past_rate: Interval
    above_past_rate: Interval
    # and the coupons ever used, the strongest single number.
    coupons_used: Interval
    above_coupons_used: Interval
    # Ours as it ships: of what a vault counts, where no coupon but the campaigns' came by the hub.
    shipped: Interval
    above_need_alone: Interval
    # Ours with need alone: whoever has taken and let go nothing yet.
    need_alone: Interval
    # Constants fitted on half of the households, and tried on the other half.
    refitted_elsewhere: Interval
    # Pasts dealt out anew among the households of a campaign, within it again.
    shuffled_within: Interval
    # What the shipped constants expect in the mean, beside the share that came.
    expected: float
    came: float


def evaluate_chance(rows: Sequence[Sent]) -> ChanceQuality:
    """All of it, on what `read_campaigns` gives."""
    early = [one for one in rows if one.last_day < SPLIT]
    late = [one for one in rows if one.last_day >= SPLIT]
    tried = _tried(late)
    campaigns = [one.campaign for one in late]
    ours = _ours(late)
    logistic = _fit(_matrix(early), early).decision_function(_matrix(late))
    rate = np.array([_rate(one.past) for one in late])
    used = np.array([one.past.used for one in late])
    shipped = np.array([chance_of_taking(one.counted) for one in late])
    need = np.array([one.past.need_percent for one in late])
    return ChanceQuality(
        people=tried.people,
        sent=len(late),
        redeemed=sum(one.redeemed for one in late),
        fitted_on=len(early),
        ours=tried.auc(ours),
        ours_within=tried.auc_within(ours, campaigns),
        logistic=tried.auc(logistic),
        above_logistic=tried.difference(ours, logistic),
        past_rate=tried.auc(rate),
        above_past_rate=tried.difference(ours, rate),
        coupons_used=tried.auc(used),
        above_coupons_used=tried.difference(ours, used),
        shipped=tried.auc(shipped),
        above_need_alone=tried.difference(shipped, need),
        need_alone=tried.auc(need),
        refitted_elsewhere=_refitted_elsewhere(early, late),
        shuffled_within=tried.auc_within(_dealt_anew(late, ours), campaigns),
        expected=float(ours.mean()),
        came=sum(one.redeemed for one in late) / len(late),
    )


def fitted_constants(rows: Sequence[Sent]) -> tuple[float, tuple[float, ...], float]:
    """BASE, WEIGHTS and USUAL_NEED as campaigns that ended before SPLIT give them."""
    early = [one for one in rows if one.last_day < SPLIT]
    model = _fit(_terms(early), early)
    scaler, weighed = model[0], model[-1]
    weights = weighed.coef_[0] / scaler.scale_
    base = float(weighed.intercept_[0] - (weights * scaler.mean_).sum())
    return base, tuple(map(float, weights)), float(_terms(early)[:, -1].mean())


def read_campaigns() -> list[Sent]:
    """Every campaign that every household had, but those that began before there was a past."""
    told = subprocess.run(
        [PYTHON, "-m", "tests.evaluation.read_campaigns"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    lives: dict[str, Life] = defaultdict(Life)
    for kind, household, *row in csv.reader(told.stdout.splitlines()):
        lives[household].add(kind, row)
    return [
        one
        for household, life in sorted(lives.items())
        for campaign in life.sent
        if (one := life.at(household, campaign)) is not None
    ]


@dataclass(slots=True)
class Life:
    """Of one household, by day: campaigns sent, coupons redeemed, what was bought."""

    sent: dict[str, tuple[int, int]] = field(default_factory=dict)
    redeemed: list[tuple[str, int]] = field(default_factory=list)
    bought: list[tuple[int, int, int, int]] = field(default_factory=list)
    of: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, kind: str, row: Sequence[str]) -> None:
        """One line of `read_campaigns.py`."""
        numbers = [int(cell) if cell.isdigit() else cell == "True" for cell in row]
        match kind:
            case "sent":
                self.sent[row[0]] = (numbers[1], numbers[2])
            case "redeemed":
                self.redeemed.append((row[0], numbers[1]))
            case "bought":
                self.bought.append((numbers[0], numbers[1], numbers[2], numbers[3]))
            case "of":
                self.of[row[0]][numbers[1]] = numbers[2]

    def at(self, household: str, campaign: str) -> Sent | None:
        """What came of a campaign, and what lay before its first day."""
        first, last = self.sent[campaign]
        if first < BEGIN + LEAST_PAST_DAYS:
            return None
        before = [row for row in self.bought if row[0] < first]
        lately = [row for row in before if row[0] >= first - LATELY_DAYS]
        redeemed = [(one, day) for one, day in self.redeemed if day < first]
        taken = {one for one, _ in redeemed}
        ended = {one for one, (_, end) in self.sent.items() if end < first}
        of = {day: cents for day, cents in self.of[campaign].items() if day < first}
        within = [row for row in before if row[0] >= first - COUNTED_DAYS]
        used = sum(coupons for *_, coupons in within)
        need = score_weeks(_days_by_week(of, first), min(MAX_WEEKS, (first - BEGIN) // WEEK_DAYS))
        spent = sum(cents for _, _, cents, _ in lately)
        spent_of = sum(cents for day, cents in of.items() if day >= first - LATELY_DAYS)
        past = OwnPast(
            used=used,
            paid=sum(baskets for _, baskets, _, _ in within),
            taken=len(taken),
            ignored=len(ended - taken),
            need_percent=int(need * 100),
        )
        return Sent(
            household,
            campaign,
            last,
            any(one == campaign for one, _ in self.redeemed),
            past,
            self._counted(past, first),
            (
                math.log1p(len([1 for begin, _ in self.sent.values() if begin < first])),
                math.log1p(past.taken),
                math.log1p(len(redeemed)),
                math.log1p(used),
                spent_of / max(spent, 1),
                math.log1p(first - max(of) if of else NEVER_DAYS),
                math.log1p(sum(baskets for _, baskets, _, _ in lately)),
                math.log1p(spent),
            ),
        )

    def _counted(self, past: OwnPast, first: int) -> OwnPast:
        """As `offers.matching` counts: a wallet keeps coupons for a while after their end."""
        redeemed = [(one, day) for one, day in self.redeemed if day < first]
        taken, since = {one for one, _ in redeemed}, first - COUNTED_DAYS
        return replace(
            past,
            used=sum(day >= since for _, day in redeemed),
            taken=sum(self.sent[one][1] >= first - KEPT_AFTER.days for one in taken),
            ignored=sum(
                since <= end < first for one, (_, end) in self.sent.items() if one not in taken
            ),
        )


def _days_by_week(days: Iterable[int], first: int) -> list[int]:
    weeks = [0] * MAX_WEEKS
    for day in days:
        ago = (first - 1 - day) // WEEK_DAYS
        if ago < MAX_WEEKS:
            weeks[ago] += 1
    return weeks


def _tried(rows: Sequence[Sent]) -> Tried:
    return Tried([one.household for one in rows], [one.redeemed for one in rows])


def _ours(rows: Sequence[Sent]) -> Any:
    return np.array([chance_of_taking(one.past) for one in rows])


def _rate(past: OwnPast) -> float:
    """The share of campaigns redeemed in, with one more that was not."""
    return past.taken / (past.taken + past.ignored + 1)


def _matrix(rows: Sequence[Sent]) -> Any:
    return np.array([one.features for one in rows])


def _terms(rows: Sequence[Sent]) -> Any:
    return np.array([terms_of(one.past) for one in rows])


def _fit(columns: Any, rows: Sequence[Sent]) -> Any:
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    return model.fit(columns, [one.redeemed for one in rows])


def _refitted_elsewhere(early: Sequence[Sent], late: Sequence[Sent]) -> Interval:
    seen = [one for one in early if not is_reported(one.household)]
    kept = [one for one in late if is_reported(one.household)]
    return _tried(kept).auc(_fit(_terms(seen), seen).decision_function(_terms(kept)))


def _dealt_anew(rows: Sequence[Sent], scores: Any) -> Any:
    dealt, draw = scores.copy(), np.random.default_rng(SEED)
    campaigns = np.array([one.campaign for one in rows])
    for one in sorted(set(campaigns)):
        inside = np.flatnonzero(campaigns == one)
        dealt[inside] = draw.permutation(scores[inside])
    return dealt
