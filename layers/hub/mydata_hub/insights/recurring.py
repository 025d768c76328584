"""Recurring payments: the same payee, the same amount, about once a month."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Final

from mydata_hub.fields import Dataset, Wording
from mydata_hub.insights.amounts import amount_band
from mydata_hub.insights.fold import Finding, State
from mydata_hub.insights.moments import date_of, local_day, minute_of
from mydata_hub.insights.payments import PAYMENTS, Payment

# The rule as it was measured on real accounts: shorter and it finds weekly shopping, longer and
# it finds quarters; five days allow for weekends and holidays, 70 % for a month that slipped.
MIN_TIMES: Final = 3
MONTH_DAYS: Final = (25, 36)
SLACK_DAYS: Final = 5
REGULAR_PERCENT: Final = 70
LOOK_BACK_DAYS: Final = 400
# A price may change, rarely and not by much; else it is shopping at one place.
SAME_PRICE_PERCENT: Final = 60
MAX_CHANGE_PERCENT: Final = 40
# Later than this after the day it was due, it has ended.
LATE_DAYS: Final = 15
SHOWN: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A recurring payment."""

    payee: bytes
    # The latest price.
    amount_minor: int
    # The local days it was paid on, in order.
    days: tuple[int, ...]
    gap_days: int

    @property
    def due(self) -> date:
        """When the next one is likely: the same day of the next month."""
        last = date_of(self.days[-1])
        year, month = divmod(last.year * 12 + last.month, 12)
        usual = statistics.mode(date_of(day).day for day in reversed(self.days))
        return day_in(year, month + 1, usual)

    def is_active(self, day: int) -> bool:
        """Whether it still runs: the next one is not long overdue."""
        return day <= self.days[-1] + self.gap_days + LATE_DAYS


def find_streams(payments: Iterable[Payment]) -> list[Stream]:
    """Every recurring payment, the longest known first."""
    by_payee: dict[bytes, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for payment in payments:
        by_payee[payment.payee][payment.amount_minor].add(local_day(payment.minute))
    streams: list[Stream] = []
    for payee, days_by_amount in by_payee.items():
        if len(days_by_amount) > 1 and (changed := _changed_price(payee, days_by_amount)):
            streams.append(changed)
            continue
        for amount, days in days_by_amount.items():
            if stream := _stream(payee, amount, sorted(days)):
                streams.append(stream)
    return sorted(streams, key=lambda found: (-len(found.days), found.payee, found.amount_minor))


def _stream(payee: bytes, amount_minor: int, days: Sequence[int]) -> Stream | None:
    if len(days) < MIN_TIMES:
        return None
    gaps = [later - earlier for earlier, later in pairwise(days)]
    median = statistics.median(gaps)
    if not MONTH_DAYS[0] <= median <= MONTH_DAYS[1]:
        return None
    near = sum(abs(gap - median) <= SLACK_DAYS for gap in gaps)
    if near * 100 < REGULAR_PERCENT * len(gaps):
        return None
    return Stream(payee=payee, amount_minor=amount_minor, days=tuple(days), gap_days=int(median))


def _changed_price(payee: bytes, days_by_amount: dict[int, set[int]]) -> Stream | None:
    """All payments to a payee as one stream whose price changed, if they are one."""
    if max(len(days) for days in days_by_amount.values()) < MIN_TIMES:
        return None
    paid = sorted((day, amount) for amount, days in days_by_amount.items() for day in days)
    steps = list(pairwise(amount for _, amount in paid))
    same = sum(before == after for before, after in steps)
    if same * 100 < SAME_PRICE_PERCENT * len(steps):
        return None
    if any(abs(after - before) * 100 > MAX_CHANGE_PERCENT * before for before, after in steps):
        return None
    return _stream(payee, paid[-1][1], [day for day, _ in paid])


def day_in(year: int, month: int, day: int) -> date:
    """That day of the month, or the month's last where it is shorter."""
    for shorter in range(day, 28, -1):
        try:
            return date(year, month, shorter)
        except ValueError:
            continue
    return date(year, month, min(day, 28))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurringInsight:
    """How many recurring payments run, and for the person which."""

    attribute: str = "payments.recurring_count"
    fold = PAYMENTS
    inputs: tuple[Dataset, ...] = PAYMENTS.inputs

    def answer(self, state: State, now: datetime, *, collected_only: bool) -> Finding:
        """Counts the streams that are active at that instant."""
        today = local_day(minute_of(now))
        recent = [
            payment
            for payment in PAYMENTS.payments(state, collected_only=collected_only)
            if today - LOOK_BACK_DAYS <= local_day(payment.minute) <= today
        ]
        active = [stream for stream in find_streams(recent) if stream.is_active(today)]
        return Finding(
            cell=_cell(len(active)),
            evidence={
                "count": len(active),
                "streams": [_evidence(state, stream) for stream in active[:SHOWN]],
            },
            explanation=_explain(state, active),
        )


def _cell(count: int) -> str:
    if count == 0:
        return "0"
    if count <= 2:
        return "1_to_2"
    return "3_to_5" if count <= 5 else "6_or_more"


def _evidence(state: State, stream: Stream) -> dict[str, Any]:
    payee = PAYMENTS.payee(state, stream.payee)
    return {
        "payee": payee.name,
        "cadence": "monthly",
        "amount_minor": stream.amount_minor,
        "amount_band": amount_band(stream.amount_minor, payee.currency),
        "currency": payee.currency,
        "times": len(stream.days),
        "gap_days": stream.gap_days,
        "last_on": date_of(stream.days[-1]).isoformat(),
        "due_on": stream.due.isoformat(),
    }


def _explain(state: State, active: Sequence[Stream]) -> Wording:
    if not active:
        return Wording(
            ko="매달 같은 곳에 같은 금액으로 나가는 돈을 찾지 못했어요.",
            en="No payment goes to the same place at the same amount every month.",
        )
    first = active[0]
    name, day = PAYMENTS.payee(state, first.payee).name, first.due.day
    return Wording(
        ko=f"매달 나가는 돈이 {len(active)}건 있어요. 그중 하나는 ‘{name}’이고, {day}일쯤 나가며, "
        f"지금까지 {len(first.days)}번 있었어요.",
        en=f"{len(active)} payments go out every month. One of them is “{name}”, around day {day}, "
        f"seen {len(first.days)} times.",
    )


RECURRING: Final = RecurringInsight()
