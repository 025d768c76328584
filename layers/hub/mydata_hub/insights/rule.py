"""Rules: an insight as one function from a fold's state to a finding, and what it needs."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from mydata_hub.fields import Dataset, Wording
from mydata_hub.insights.fold import Finding, Fold, State
from mydata_hub.insights.moments import WEEK_DAYS, local_day, minute_of
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.routine import WEEKS
from mydata_hub.insights.series import SeriesFold

# In so many of the weeks the same: what chance spreads over several cells is not claimed.
SAME_WEEKS_PERCENT: Final = 75
# Of fewer weeks nothing is usual.
MIN_WEEKS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a rule reads: the state, and the instant up to which it is complete."""

    state: State
    now: datetime
    collected_only: bool
    inputs: tuple[Dataset, ...]

    @property
    def today(self) -> int:
        """The local day of the instant; it is not complete itself."""
        return local_day(minute_of(self.now))


Rule = Callable[[Asked], Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleInsight:
    """An attribute found by a rule."""

    attribute: str
    fold: Fold
    inputs: tuple[Dataset, ...]
    rule: Rule

    def answer(self, state: State, now: datetime, *, collected_only: bool) -> Finding:
        """What the rule says."""
        return self.rule(
            Asked(state=state, now=now, collected_only=collected_only, inputs=self.inputs)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileQuestion:
    """What a rule over a whole profile reads: that, and the instant up to which it is complete."""

    profile: Profile
    now: datetime
    collected_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileInsight:
    """An attribute found by a rule over several folds and over how far their sources reach.

    `whole` are the folds whose memory may have no gap within a floor's window; of the others, the
    rule itself heeds how far they remember.
    """

    attribute: str
    whole: tuple[Fold, ...]
    inputs: tuple[Dataset, ...]
    rule: Callable[[ProfileQuestion], Finding]


def find(cell: str | None, ko: str, en: str, **evidence: Any) -> Finding:
    """A finding with its words."""
    return Finding(cell=cell, evidence=evidence, explanation=Wording(ko=ko, en=en))


def cell_in(bounds: Mapping[int, str], number: float) -> str:
    """The cell that a number falls into; each is named by the least number in it, in order."""
    return list(bounds.values())[bisect_right(list(bounds), number) - 1]


def whole_weeks(asked: Asked, fold: SeriesFold, most: int = WEEKS) -> int:
    """How many of the last weeks are remembered whole: none before the first record, or before
    the last one that a full series let go, is a week without anything."""
    rows = fold.rows(asked.state, collected_only=asked.collected_only, inputs=asked.inputs)
    begun = min((row.minute for row in rows), default=None)
    if begun is None:
        return 0
    gone = [fold.let_go_until(asked.state, dataset) for dataset in asked.inputs]
    since = local_day(max(begun, *(minute for minute in gone if minute is not None), 0))
    return max(0, min(most, (asked.today - since - 1) // WEEK_DAYS))


def by_week(days: Iterable[tuple[int, int]], today: int, weeks: int = WEEKS) -> list[int]:
    """The sums of (local day, number) in each of the last weeks, the latest first."""
    sums = [0] * weeks
    for day, number in days:
        ago = (today - 1 - day) // WEEK_DAYS
        if 0 <= ago < weeks:
            sums[ago] += number
    return sums


def usual_cell(bounds: Mapping[int, str], weeks: Sequence[int]) -> str | None:
    """The cell that most weeks fall into, if so many do and there are enough."""
    if len(weeks) < MIN_WEEKS:
        return None
    cell, times = Counter(cell_in(bounds, number) for number in weeks).most_common(1)[0]
    return cell if times * 100 >= SAME_WEEKS_PERCENT * len(weeks) else None
