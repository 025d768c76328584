"""Trust features: the numbers of a life that the trust score is made of, read from a profile.

Each is None where it cannot be known: its source is not connected, not fresh, or known for too
short a time. What a profile has let go of is filled up at the rate of what it remembers; before a
source's first record there was nothing. Nothing else of a person is read (decision 0036).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mydata_hub.fields import Dataset
from mydata_hub.insights.advance import fold_state
from mydata_hub.insights.bills import find_bills
from mydata_hub.insights.card_bills import (
    BILLS_FOLD,
    YEAR_DAYS,
    CardBill,
    card_bills,
    utilisation_percent,
)
from mydata_hub.insights.fold import BANK, BILLS, CARD, EFIN, HOLDINGS
from mydata_hub.insights.holdings import HOLDS, INVESTMENTS
from mydata_hub.insights.income import SAVING_RATE
from mydata_hub.insights.moments import WEEK_DAYS, first_minute, local_day, minute_of
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.sources import SOURCES

INPUTS: Final = (CARD, EFIN, BANK, BILLS, HOLDINGS)
# The records that each feature rests on.
RESTS_ON: Final[Mapping[str, tuple[Dataset, ...]]] = {
    "late_bills": (BILLS,),
    "overdue_now": (BILLS,),
    "utilisation_percent": (BILLS,),
    "regular_bills_paid": (BANK, CARD),
    "payment_weeks": (EFIN,),
    "saving_percent": (BANK,),
    "holds_investments": (HOLDINGS,),
    "history_months": (CARD, EFIN, BANK, BILLS),
}
# A source that was not complete for longer tells nothing of today.
FRESH: Final = timedelta(days=35)
# Of fewer days no habit of paying is told.
LEAST_DAYS: Final = 84
REGULAR: Final = ("utilities", "telecom", "rent", "insurance")
WEEKS: Final = 26
MONTH_DAYS: Final = 30
# A share of the income beyond these says nothing more.
MOST_PERCENT: Final = 100


def read_features(
    profile: Profile, now: datetime, *, collected_only: bool
) -> dict[str, int | None]:
    """Every feature of FEATURES at an instant; the same profile gives the same numbers.

    With `collected_only`, what the person supplied is left out: partners are told what providers
    say. For the person's own eyes, give `own_words.own_view` of the profile.
    """
    reading = _Reading(profile=profile, now=now, collected_only=collected_only)
    return {feature: read(reading) for feature, read in FEATURES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """A profile as it is read once: what counts, and since when each dataset is known."""

    profile: Profile
    now: datetime
    collected_only: bool

    @property
    def today(self) -> int:
        """The local day of the instant; it is not complete itself."""
        return local_day(minute_of(self.now))

    def since(self, *datasets: Dataset) -> int | None:
        """The local day of the first record of these, of sources that are fresh; None without."""
        state = fold_state(self.profile, SOURCES)
        first = [
            max(minute, state.get("gap", 0))
            for connection, at in self.profile.freshness.items()
            if at >= self.now - FRESH
            for dataset in datasets
            if (
                minute := SOURCES.since(
                    state, connection, dataset, collected_only=self.collected_only
                )
            )
            is not None
        ]
        return local_day(min(first)) if first else None

    def spans(self, dataset: Dataset, days: int) -> tuple[int, int] | None:
        """How many of the last days of payments are known and how many of them are remembered.

        None where either is less than LEAST_DAYS.
        """
        since = self.since(dataset)
        if since is None:
            return None
        let_go = PAYMENTS.let_go_until(fold_state(self.profile, PAYMENTS), dataset)
        known = min(days, self.today - since)
        # The day of the last record that was let go is not remembered whole.
        kept = known if let_go is None else min(known, self.today - local_day(let_go) - 1)
        return (known, kept) if kept >= LEAST_DAYS else None

    def bills(self) -> list[CardBill] | None:
        """The card bills that ask for anything; None where no source tells of them."""
        if self.since(BILLS) is None:
            return None
        state = fold_state(self.profile, BILLS_FOLD)
        every = card_bills(state, collected_only=self.collected_only)
        return [bill for bill in every if bill.amount_minor != 0]


def _late_bills(reading: _Reading) -> int | None:
    """Card bills of the last 12 months that were paid late or are overdue."""
    today, bills, since = reading.today, reading.bills() or [], reading.since(BILLS)
    if since is None or today - since < LEAST_DAYS:
        return None
    year = [
        bill
        for bill in bills
        if today - YEAR_DAYS <= (bill.day if bill.due is None else bill.due) <= today
    ]
    if not year or any(bill.due is None for bill in year):
        return None
    return sum(bill.is_late(today) for bill in year)


def _overdue_now(reading: _Reading) -> int | None:
    """Months, begun ones counted, that the oldest card bill still open is overdue; 0 for none."""
    today, bills = reading.today, reading.bills()
    if not bills:
        return None
    open_bills = [bill for bill in bills if bill.paid is None or bill.paid > today]
    late = [bill.days_late(today) or 0 for bill in open_bills if bill.is_late(today)]
    return -(-max(late, default=0) // MONTH_DAYS)


def _utilisation(reading: _Reading) -> int | None:
    """What the card bills of the last three months used of the limit, in percent."""
    if reading.since(BILLS) is None:
        return None
    state = fold_state(reading.profile, BILLS_FOLD)
    return utilisation_percent(state, reading.today, collected_only=reading.collected_only)


def _regular_bills(reading: _Reading) -> int | None:
    """Payments of a year for utilities, phone, rent and premiums that come in a rhythm."""
    state, today = fold_state(reading.profile, PAYMENTS), reading.today
    counts = []
    for dataset in RESTS_ON["regular_bills_paid"]:
        spans = reading.spans(dataset, YEAR_DAYS)
        if spans is None:
            continue
        known, kept = spans
        paid = PAYMENTS.payments(
            state,
            collected_only=reading.collected_only,
            inputs=(dataset,),
            between=(first_minute(today - kept), first_minute(today)),
        )
        counts.append(sum(len(bill.days) for bill in find_bills(paid, REGULAR)) * known // kept)
    return sum(counts) if counts else None


def _payment_weeks(reading: _Reading) -> int | None:
    """Of the last 26 weeks, those with an e-payment."""
    spans = reading.spans(EFIN, WEEKS * WEEK_DAYS)
    if spans is None:
        return None
    known, kept = (days // WEEK_DAYS for days in spans)
    today, state = reading.today, fold_state(reading.profile, PAYMENTS)
    paid = PAYMENTS.payments(
        state,
        collected_only=reading.collected_only,
        inputs=(EFIN,),
        between=(first_minute(today - kept * WEEK_DAYS), first_minute(today)),
    )
    seen = {(today - 1 - local_day(one.minute)) // WEEK_DAYS for one in paid}
    return len(seen) * known // kept


def _saving(reading: _Reading) -> int | None:
    """What was left of the last three pays, in percent; below 0 where more was spent."""
    if reading.since(BANK) is None:
        return None
    state = fold_state(reading.profile, PAYMENTS)
    found = SAVING_RATE.answer(state, reading.now, collected_only=reading.collected_only)
    percent = found.evidence.get("percent")
    return None if percent is None else max(-MOST_PERCENT, min(int(percent), MOST_PERCENT))


def _investments(reading: _Reading) -> int | None:
    """1 where an investment account holds anything, 0 where it holds nothing."""
    if reading.since(HOLDINGS) is None:
        return None
    state = fold_state(reading.profile, INVESTMENTS.fold)
    found = INVESTMENTS.answer(state, reading.now, collected_only=reading.collected_only)
    return int(found.cell == HOLDS)


def _history(reading: _Reading) -> int | None:
    """Whole months since the first record of a source of payments that is still connected."""
    since = reading.since(*RESTS_ON["history_months"])
    return None if since is None else max(reading.today - since, 0) * 12 // YEAR_DAYS


FEATURES: Final[Mapping[str, Callable[[_Reading], int | None]]] = {
    "late_bills": _late_bills,
    "overdue_now": _overdue_now,
    "utilisation_percent": _utilisation,
    "regular_bills_paid": _regular_bills,
    "payment_weeks": _payment_weeks,
    "saving_percent": _saving,
    "holds_investments": _investments,
    "history_months": _history,
}
