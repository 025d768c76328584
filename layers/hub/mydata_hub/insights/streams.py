"""Streams: in which rhythm, on which days and of about which amount the bills of a class go out.

A partner is told the third of the month and never "due in so many days": an answer stands for a
period of 30 days at least, and such a number is wrong by the next morning. The person reads the
next date of every stream.
"""

from __future__ import annotations

import statistics
from datetime import date
from typing import Final

from mydata_hub.fields import Dataset, Wording
from mydata_hub.insights.amounts import meals
from mydata_hub.insights.bills import (
    CADENCES,
    MONTHLY,
    WEEKLY,
    YEARLY,
    Bill,
    bills_of,
    evidence_of_bills,
    usual_third,
)
from mydata_hub.insights.fold import BANK, CARD, Finding
from mydata_hub.insights.income import find_salary
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.insights.recurring import LATE_DAYS, LOOK_BACK_DAYS
from mydata_hub.insights.rule import Asked, Rule, RuleInsight, cell_in, find

# What finds a payment of every year: two of them, and the next one late.
YEARS_DAYS: Final = YEARLY.times * YEARLY.most_days + LATE_DAYS
RHYTHMS: Final = tuple(cadence.name for cadence in CADENCES if cadence is not WEEKLY)
RENT_DAY_PERCENT: Final = 60
# Percent of one pay that one rent is.
RENT_SHARES: Final = {0: "under_20", 20: "20_to_39", 40: "40_or_more"}
# Simple meals a month.
TELECOM_MEALS: Final = {0: "under_3", 3: "3_to_5", 6: "6_or_more"}
UTILITIES_MEALS: Final = {0: "under_10", 10: "10_to_29", 30: "30_or_more"}


def _premium_cadence(asked: Asked) -> Finding:
    premiums = [
        bill
        for bill in bills_of(asked, YEARS_DAYS, ("insurance",))
        if bill.is_active(asked.today) and bill.cadence is not WEEKLY
    ]
    evidence = evidence_of_bills(asked, premiums)
    if not premiums:
        return find(
            None,
            "보험료가 나가는 주기를 알 수 없어 답하지 않아요.",
            "Your insurance premiums have no rhythm of their own: no answer.",
            bills=evidence,
        )
    shortest = min((bill.cadence for bill in premiums), key=CADENCES.index)
    ko, en = _RHYTHM_WORDS[shortest.name]
    return find(
        shortest.name,
        f"보험료가 {ko} 나가요. 다음은 {premiums[0].due.month}월 {premiums[0].due.day}일쯤이에요.",
        f"An insurance premium goes out every {en}, next around {_day(premiums[0].due)}.",
        bills=evidence,
    )


def _rent_day(asked: Asked) -> Finding:
    rents = _monthly(asked, "rent")
    cell = usual_third(rents, RENT_DAY_PERCENT)
    if cell is None:
        return find(
            None,
            "월세가 나가는 날을 알 수 없어 답하지 않아요.",
            "Your rent goes out on no days of its own: no answer.",
            bills=evidence_of_bills(asked, rents),
        )
    return find(
        cell,
        f"월세가 주로 {rents[0].usual_day}일쯤 나가요.",
        f"Your rent mostly goes out around day {rents[0].usual_day} of the month.",
        bills=evidence_of_bills(asked, rents),
    )


def _rent_share(asked: Asked) -> Finding:
    rents, salary = _monthly(asked, "rent"), find_salary(asked)
    currencies = {bill.currency for bill in [*rents, *([salary] if salary else [])]}
    if not rents or salary is None or len(currencies) > 1:
        return find(
            None,
            "매달 내는 월세와 매달 들어오는 급여를 함께 알 수 없어 답하지 않아요.",
            "Monthly rent and monthly pay are not both known: no answer.",
            bills=evidence_of_bills(asked, rents),
        )
    percent = sum(bill.amounts_minor[-1] for bill in rents) * 100 // salary.amounts_minor[-1]
    return find(
        cell_in(RENT_SHARES, percent),
        f"월세가 급여의 {percent}%예요.",
        f"Your rent is {percent} % of your pay.",
        bills=evidence_of_bills(asked, rents),
        percent=percent,
    )


def _price(category: str, cells: dict[int, str], word: Wording) -> Rule:
    """What all bills of a class together come to in a month, in simple meals."""

    def rule(asked: Asked) -> Finding:
        active = _monthly(asked, category)
        evidence = evidence_of_bills(asked, active)
        currencies = {bill.currency for bill in active}
        # A heating bill doubles in winter: the usual one counts, not the latest.
        total = sum(round(statistics.median(bill.amounts_minor)) for bill in active)
        bought = meals(total, currencies.pop()) if len(currencies) == 1 else None
        if bought is None:
            return find(
                None,
                f"{word.ko}의 금액을 알 수 없어 답하지 않아요.",
                f"What you pay for {word.en} cannot be told: no answer.",
                bills=evidence,
            )
        return find(
            cell_in(cells, bought),
            f"{word.ko}: 한 달에 간단한 한 끼 {bought:.0f}번 값쯤이에요.",
            f"What you pay for {word.en} would buy about {bought:.0f} simple meals a month.",
            bills=evidence,
            usual_minor=total,
        )

    return rule


def _monthly(asked: Asked, category: str) -> list[Bill]:
    return [
        bill
        for bill in bills_of(asked, LOOK_BACK_DAYS, (category,))
        if bill.cadence is MONTHLY and bill.is_active(asked.today)
    ]


def _day(on: date) -> str:
    return f"{on.day} {on:%B}"


def _insight(attribute: str, rule: Rule, inputs: tuple[Dataset, ...]) -> RuleInsight:
    return RuleInsight(attribute=f"payments.{attribute}", fold=PAYMENTS, inputs=inputs, rule=rule)


_RHYTHM_WORDS: Final = {
    "monthly": ("매달", "month"),
    "quarterly": ("석 달마다", "quarter"),
    "yearly": ("해마다", "year"),
}
PREMIUM_CADENCE: Final = _insight("premium_cadence", _premium_cadence, (CARD, BANK))
RENT_DAY: Final = _insight("rent_day", _rent_day, (BANK,))
RENT_SHARE: Final = _insight("rent_share", _rent_share, (BANK,))
TELECOM_PRICE: Final = _insight(
    "telecom_price",
    _price("telecom", TELECOM_MEALS, Wording(ko="통신 요금", en="phone and internet")),
    (CARD, BANK),
)
UTILITIES_PRICE: Final = _insight(
    "utilities_price",
    _price("utilities", UTILITIES_MEALS, Wording(ko="공과금", en="utilities")),
    (BANK,),
)
