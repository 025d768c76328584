"""Bills: what goes out to one payee in a rhythm, though its amount may change every time.

`recurring` finds equal amounts of anything; here the class of the payee is known, so a heating bill
that doubles in winter is one stream, and what a class has no payments of is told, too.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Final, NamedTuple

from mydata_hub.insights.amounts import amount_band
from mydata_hub.insights.moments import date_of, first_minute, local_day
from mydata_hub.insights.payments import BILL_CLASSES, PAYMENTS, Payment
from mydata_hub.insights.recurring import (
    LATE_DAYS,
    MAX_CHANGE_PERCENT,
    REGULAR_PERCENT,
    day_in,
)
from mydata_hub.insights.rule import Asked

SHOWN: Final = 20


class Cadence(NamedTuple):
    """A rhythm: the median days between two payments, its slack, and the least of payments."""

    name: str
    least_days: int
    most_days: int
    slack_days: int
    times: int
    months: int


WEEKLY: Final = Cadence("weekly", 6, 8, 1, 6, 0)
MONTHLY: Final = Cadence("monthly", 25, 36, 5, 3, 1)
QUARTERLY: Final = Cadence("quarterly", 84, 98, 8, 3, 3)
# Of two payments a year apart the amounts, too, have to be alike.
YEARLY: Final = Cadence("yearly", 355, 376, 10, 2, 12)
CADENCES: Final = (WEEKLY, MONTHLY, QUARTERLY, YEARLY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """Payments of one class to one payee in a rhythm, or, for incomes, of one payer."""

    payee: bytes
    category: str
    cadence: Cadence
    # The local days, in order, and what was paid on each.
    days: tuple[int, ...]
    amounts_minor: tuple[int, ...]
    gap_days: int
    currency: str

    @property
    def usual_day(self) -> int:
        """The day of the month that most of them fall on, the latest of equals."""
        return statistics.mode(date_of(day).day for day in reversed(self.days))

    @property
    def due(self) -> date:
        """When the next one is likely."""
        last = date_of(self.days[-1])
        if not self.cadence.months:
            return date_of(self.days[-1] + self.gap_days)
        year, month = divmod(last.year * 12 + last.month - 1 + self.cadence.months, 12)
        return day_in(year, month + 1, self.usual_day)

    def is_active(self, today: int) -> bool:
        """Whether the next one is not long overdue."""
        return today <= self.days[-1] + self.gap_days + LATE_DAYS


def find_bills(payments: Iterable[Payment], classes: Iterable[str | None]) -> list[Bill]:
    """Every stream of these classes, by payee and class; the longest known first."""
    wanted = set(classes)
    paid: dict[tuple[bytes, str, str], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for payment in payments:
        if payment.category in wanted:
            key = payment.payee, payment.category or "", payment.currency
            paid[key][local_day(payment.minute)] += payment.amount_minor
    found = [bill for key, amounts in paid.items() if (bill := _bill(key, amounts))]
    return sorted(found, key=lambda bill: (-len(bill.days), bill.payee, bill.category))


def _bill(key: tuple[bytes, str, str], amounts: dict[int, int]) -> Bill | None:
    payee, category, currency = key
    days = sorted(amounts)
    if len(days) < min(cadence.times for cadence in CADENCES):
        return None
    gaps = [later - earlier for earlier, later in pairwise(days)]
    median = statistics.median(gaps)
    for cadence in CADENCES:
        if len(days) < cadence.times or not cadence.least_days <= median <= cadence.most_days:
            continue
        near = sum(abs(gap - median) <= cadence.slack_days for gap in gaps)
        if near * 100 < REGULAR_PERCENT * len(gaps) or not _alike(days, amounts):
            return None
        return Bill(
            payee=payee,
            category=category,
            cadence=cadence,
            days=tuple(days),
            amounts_minor=tuple(amounts[day] for day in days),
            gap_days=int(median),
            currency=currency,
        )
    return None


def _alike(days: list[int], amounts: dict[int, int]) -> bool:
    """Whether so few payments as make no rhythm by themselves are at least of one price."""
    first, last = amounts[days[0]], amounts[days[-1]]
    return len(days) > 2 or abs(last - first) * 100 <= MAX_CHANGE_PERCENT * first


def outgoing(asked: Asked, days: int) -> list[Payment]:
    """What went out in so many days before today."""
    today = asked.today
    since = first_minute(today - days)
    return PAYMENTS.payments(
        asked.state,
        collected_only=asked.collected_only,
        inputs=asked.inputs,
        between=(since, first_minute(today)),
    )


def bills_of(asked: Asked, days: int, classes: Iterable[str] = BILL_CLASSES) -> list[Bill]:
    """The streams of so many days before today.

    None of a cadence that is too slow for these days: it would come and go with them.
    """
    return [
        bill
        for bill in find_bills(outgoing(asked, days), classes)
        if days >= bill.cadence.times * bill.cadence.most_days + LATE_DAYS
    ]


def evidence_of_bills(asked: Asked, bills: Iterable[Bill]) -> list[dict[str, Any]]:
    """What the person sees of each."""
    shown = []
    for bill in list(bills)[:SHOWN]:
        named = PAYMENTS.find_payee(asked.state, bill.payee)
        shown.append(
            {
                "payee": named.name if named else "",
                "class": bill.category,
                "cadence": bill.cadence.name,
                "amount_minor": bill.amounts_minor[-1],
                "amount_band": amount_band(bill.amounts_minor[-1], bill.currency),
                "currency": bill.currency,
                "times": len(bill.days),
                "last_on": date_of(bill.days[-1]).isoformat(),
                "due_on": bill.due.isoformat(),
            }
        )
    return shown


def usual_third(bills: Iterable[Bill], percent: int) -> str | None:
    """The third of the month that most of all payment days fall into, if so many do."""
    days = [date_of(day).day for bill in bills for day in bill.days]
    thirds = Counter(THIRDS[min((day - 1) // 10, 2)] for day in days)
    for third, times in thirds.most_common(1):
        if times * 100 >= percent * len(days):
            return third
    return None


THIRDS: Final = ("1_to_10", "11_to_20", "21_to_31")
