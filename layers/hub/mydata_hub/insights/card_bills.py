"""Card bills: which were paid late, and what share of the card's limit they used."""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any, Final

from mydata_hub.collection.record import Record
from mydata_hub.insights.fold import BILLS, Finding, State
from mydata_hub.insights.moments import date_of, day_of, local_day
from mydata_hub.insights.rule import Asked, RuleInsight, cell_in, find
from mydata_hub.insights.series import Facts, SeriesFold

YEAR_DAYS: Final = 365
# A weekend or a holiday puts the debit off; and a provider tells it a day later.
GRACE_DAYS: Final = 4
LATE: Final = {0: "0", 1: "1_to_2", 3: "3_or_more"}
# Three months of bills, each put off by a few days at most.
USED_DAYS: Final = 97
USED_MONTHS: Final = 3
USED: Final = {0: "under_30", 30: "30_to_60", 60: "60_to_90", 90: "90_or_more"}
_UNKNOWN_DAY: Final = 2**32 - 1
_UNKNOWN: Final = -1


@dataclass(frozen=True, slots=True)
class CardBill:
    """One company's bill of a month; amounts in minor units, None where the provider told none."""

    due: int | None
    paid: int | None
    amount_minor: int | None
    limit_minor: int | None
    currency: str
    # The local day that it stands at: of the payment, else when it is due, else of its month.
    day: int

    def days_late(self, today: int) -> int | None:
        """How long after its due day it was paid, or is still open; None where that is unknown."""
        if self.due is None:
            return None
        return (today if self.paid is None else min(self.paid, today)) - self.due

    def is_late(self, today: int) -> bool:
        """Whether it was paid late or is overdue, a few days of grace allowed."""
        days = self.days_late(today)
        return days is not None and days > GRACE_DAYS and self.amount_minor != 0


def read_bill(facts: Facts, minute: int) -> CardBill:
    """The bill in a row of the fold."""
    due, paid, amount, limit, currency = facts
    return CardBill(
        due=None if due == _UNKNOWN_DAY else due,
        paid=None if paid == _UNKNOWN_DAY else paid,
        amount_minor=None if amount == _UNKNOWN else amount,
        limit_minor=None if limit == _UNKNOWN else limit,
        currency=currency.rstrip(b"\0").decode(),
        day=local_day(minute),
    )


def card_bills(state: State, *, collected_only: bool) -> list[CardBill]:
    """Every bill that counts, oldest first."""
    rows = BILLS_FOLD.rows(state, collected_only=collected_only)
    return [read_bill(row.facts, row.minute) for row in rows]


def utilisation_percent(state: State, today: int, *, collected_only: bool) -> int | None:
    """What the bills of the last three months used of the limit, in whole percent, rounded down.

    `state` is that of BILLS_FOLD, `today` the local day of the instant up to which it is complete.
    Of several companies all bills are taken beside all their limits. None where three months have
    no bill, or where one of them tells no amount, due day or limit: nothing is guessed.
    """
    lately = [
        bill
        for bill in card_bills(state, collected_only=collected_only)
        if today - USED_DAYS < (bill.day if bill.due is None else bill.due) <= today
    ]
    by_month: dict[str, list[CardBill]] = defaultdict(list)
    for bill in lately:
        if bill.due is None:
            return None
        by_month[date_of(bill.due).isoformat()[:7]].append(bill)
    months = sorted(by_month)[-USED_MONTHS:]
    if len(months) < USED_MONTHS:
        return None
    amount = limit = 0
    for bill in chain.from_iterable(by_month[month] for month in months):
        if bill.amount_minor is None or not bill.limit_minor:
            return None
        amount += bill.amount_minor
        limit += bill.limit_minor
    return 100 * amount // limit


def _bill_facts(record: Record) -> Facts | None:
    body, told = record.body, record.amount_minor
    # A bill is money owed; one in the person's favour asks for nothing.
    amount = _UNKNOWN if told is None else max(-told, 0)
    limit = _limit(body)
    currency = (record.currency or "").encode()
    return _day(body.get("due_on")), _day(body.get("paid_on")), amount, limit, currency


def _limit(body: Mapping[str, Any]) -> int:
    told = body.get("limit_minor")
    return told if type(told) is int and told > 0 else _UNKNOWN


def _day(told: object) -> int:
    try:
        return day_of(max(date.fromisoformat(str(told)), date_of(0)))
    except ValueError:
        return _UNKNOWN_DAY


BILLS_FOLD: Final = SeriesFold(
    id="bills",
    version=2,
    capacities={BILLS: 72},
    layout=struct.Struct(">IIqq3s"),
    facts_of=_bill_facts,
)


def _arrears(asked: Asked) -> Finding:
    bills = card_bills(asked.state, collected_only=asked.collected_only)
    owed = [bill for bill in bills if bill.amount_minor != 0]
    since = asked.today - YEAR_DAYS
    known = [bill for bill in owed if bill.due is not None and since <= bill.due <= asked.today]
    unknown = sum(bill.due is None and bill.day >= since for bill in owed)
    late = sum(bill.is_late(asked.today) for bill in known)
    if not known or unknown:
        return find(
            None,
            "카드 대금을 낼 날을 알 수 없어 답하지 않아요.",
            "Your card bills do not all tell when they were due: no answer.",
            bills=len(known),
        )
    return find(
        cell_in(LATE, late),
        f"지난 1년의 카드 대금 {len(known)}건 중 {late}건을 늦게 냈어요.",
        f"Of {len(known)} card bills in a year, {late} were paid late.",
        bills=len(known),
        late=late,
    )


def _utilisation(asked: Asked) -> Finding:
    percent = utilisation_percent(asked.state, asked.today, collected_only=asked.collected_only)
    if percent is None:
        return find(
            None,
            "최근 석 달의 카드 대금이나 한도를 다 알 수 없어 답하지 않아요.",
            "The card bills of the last three months do not all tell amount and limit: no answer.",
        )
    return find(
        cell_in(USED, percent),
        f"최근 석 달의 카드 대금은 한도의 {percent}%였어요.",
        f"Your card bills of the last three months used {percent} % of the limit.",
        percent=percent,
    )


ARREARS: Final = RuleInsight(
    attribute="payments.arrears", fold=BILLS_FOLD, inputs=(BILLS,), rule=_arrears
)
UTILISATION: Final = RuleInsight(
    attribute="payments.card_utilisation", fold=BILLS_FOLD, inputs=(BILLS,), rule=_utilisation
)
