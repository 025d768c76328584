"""Paying: which bills a person has, when they are due, and what began, ended or changed."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Final

from mydata_hub.fields import Dataset, Wording
from mydata_hub.insights.bills import (
    MONTHLY,
    Bill,
    bills_of,
    evidence_of_bills,
    outgoing,
    usual_third,
)
from mydata_hub.insights.fold import BANK, CARD, EFIN, Finding
from mydata_hub.insights.payments import LOAN, PAYMENTS
from mydata_hub.insights.recurring import (
    LOOK_BACK_DAYS,
    MAX_CHANGE_PERCENT,
    SAME_PRICE_PERCENT,
    find_streams,
)
from mydata_hub.insights.rule import Asked, Rule, RuleInsight, cell_in, find

# Without a payment of a class for so long, there is none; what is younger than that is new.
LATELY_DAYS: Final = 120
MONTHLY_CELL: Final = "monthly"
NONE: Final = "none"
SUBSCRIPTIONS: Final = {0: "0", 1: "1", 2: "2_to_3", 4: "4_or_more"}
BILL_DAY_PERCENT: Final = 60
# Their price is fixed; a heating bill's is not.
PRICED: Final = ("subscription", "rent", "telecom", "insurance")
RAISED: Final = "raised"
LOWERED: Final = "lowered"
BOTH: Final = "both"
UNCHANGED: Final = "unchanged"
STARTED: Final = "started"
STOPPED: Final = "stopped"
_WORDS: Final = {
    "rent": Wording(ko="월세", en="rent"),
    "telecom": Wording(ko="통신 요금", en="a phone or internet plan"),
    "insurance": Wording(ko="보험료", en="an insurance premium"),
    LOAN: Wording(ko="대출 상환금", en="a loan repayment"),
}


def _pays(category: str, inputs: tuple[Dataset, ...]) -> RuleInsight:
    """Whether a bill of a class goes out every month; anything between is no answer.

    That there is none is said only where each of the inputs tells payments: it may go out there.
    """
    word = _WORDS[category]

    def rule(asked: Asked) -> Finding:
        active = _active(asked, (category,), MONTHLY.name)
        lately = [one for one in outgoing(asked, LATELY_DAYS) if one.category == category]
        told = all(_tells(asked, dataset) for dataset in inputs)
        cell = MONTHLY_CELL if active else (NONE if told and not lately else None)
        ko, en = {
            MONTHLY_CELL: (f"{word.ko}: 매달 나가요.", f"You pay {word.en} every month."),
            NONE: (f"{word.ko}: 나간 돈이 없어요.", f"Nothing went out for {word.en}."),
            None: (
                f"{word.ko}: 매달 나가는지 알 수 없어 답하지 않아요.",
                f"Whether you pay {word.en} every month cannot be told: no answer.",
            ),
        }[cell]
        return find(cell, ko, en, bills=evidence_of_bills(asked, active), lately=len(lately))

    return RuleInsight(attribute=f"payments.{category}", fold=PAYMENTS, inputs=inputs, rule=rule)


def _tells(asked: Asked, dataset: Dataset) -> bool:
    return bool(outgoing(replace(asked, inputs=(dataset,)), LATELY_DAYS))


def _subscriptions(asked: Asked) -> Finding:
    active = _active(asked, ("subscription",))
    # What recurs by card and is of no known class may be one more.
    unknown = [one for one in outgoing(asked, LOOK_BACK_DAYS) if one.category is None]
    maybe = sum(stream.is_active(asked.today) for stream in find_streams(unknown))
    if cell_in(SUBSCRIPTIONS, len(active)) != cell_in(SUBSCRIPTIONS, len(active) + maybe):
        return find(
            None,
            f"구독 {len(active)}개 밖에 모르는 정기 지출이 {maybe}건 있어 답하지 않아요.",
            f"Beside {len(active)} subscriptions, {maybe} unknown payments recur: no answer.",
            bills=evidence_of_bills(asked, active),
        )
    return find(
        cell_in(SUBSCRIPTIONS, len(active)),
        f"돈이 나가는 구독이 {len(active)}개 있어요.",
        f"You pay for {len(active)} subscriptions.",
        bills=evidence_of_bills(asked, active),
    )


def _bill_day(asked: Asked) -> Finding:
    active = _active(asked, ("utilities",), MONTHLY.name)
    cell = usual_third(active, BILL_DAY_PERCENT)
    evidence = evidence_of_bills(asked, active)
    if cell is None:
        return find(
            None,
            "공과금이 나가는 날을 알 수 없어 답하지 않아요.",
            "Your utilities are debited on no days of their own: no answer.",
            bills=evidence,
        )
    day = active[0].usual_day
    return find(
        cell,
        f"공과금이 주로 {day}일쯤 나가요.",
        f"Your utilities are mostly debited around day {day}.",
        bills=evidence,
    )


def _subscription_change(asked: Asked) -> Finding:
    bills = bills_of(asked, LOOK_BACK_DAYS, ("subscription",))
    edge = asked.today - LATELY_DAYS
    started = [one for one in bills if one.days[0] > edge and one.is_active(asked.today)]
    stopped = [one for one in bills if one.days[-1] > edge and not one.is_active(asked.today)]
    cell = {(True, True): BOTH, (True, False): STARTED, (False, True): STOPPED}.get(
        (bool(started), bool(stopped)), NONE
    )
    return find(
        cell,
        f"지난 {LATELY_DAYS}일 사이에 구독 {len(started)}개가 시작, {len(stopped)}개가 끝났어요.",
        f"In {LATELY_DAYS} days {len(started)} subscriptions began and {len(stopped)} ended.",
        started=evidence_of_bills(asked, started),
        stopped=evidence_of_bills(asked, stopped),
    )


def _price_change(asked: Asked) -> Finding:
    steps = [step for bill in _active(asked, PRICED) for step in _steps(bill, asked.today)]
    if not steps:
        return find(
            None,
            "값이 정해진 정기 지출이 없어 답하지 않아요.",
            "Nothing with a price of its own recurs: no answer.",
        )
    up, down = sum(step > 0 for step in steps), sum(step < 0 for step in steps)
    cell = {(True, True): BOTH, (True, False): RAISED, (False, True): LOWERED}.get(
        (up > 0, down > 0), UNCHANGED
    )
    return find(
        cell,
        f"지난 {LATELY_DAYS}일 사이에 값이 오른 정기 지출이 {up}건, 내린 것이 {down}건이에요.",
        f"In {LATELY_DAYS} days {up} recurring prices went up and {down} went down.",
        bills=len(steps),
        raised=up,
        lowered=down,
    )


def _steps(bill: Bill, today: int) -> list[int]:
    """Of a bill with a price: the change of it lately, as one number; nothing of any other."""
    told = list(pairwise(bill.amounts_minor))
    same = sum(before == after for before, after in told)
    large = any(abs(after - before) * 100 > MAX_CHANGE_PERCENT * before for before, after in told)
    if large or same * 100 < SAME_PRICE_PERCENT * len(told):
        return []
    before = [
        amount
        for day, amount in zip(bill.days, bill.amounts_minor, strict=True)
        if day <= today - LATELY_DAYS
    ]
    return [bill.amounts_minor[-1] - (before[-1] if before else bill.amounts_minor[0])]


def _active(asked: Asked, classes: tuple[str, ...], cadence: str | None = None) -> list[Bill]:
    return [
        bill
        for bill in bills_of(asked, LOOK_BACK_DAYS, classes)
        if bill.is_active(asked.today) and cadence in (None, bill.cadence.name)
    ]


def _insight(attribute: str, rule: Rule) -> RuleInsight:
    return RuleInsight(
        attribute=f"payments.{attribute}",
        fold=PAYMENTS,
        inputs=PAYMENTS.inputs,
        rule=rule,
    )


RENT: Final = _pays("rent", (BANK,))
TELECOM: Final = _pays("telecom", (CARD, BANK))
PREMIUM: Final = _pays("insurance", (CARD, BANK))
LOAN_REPAYMENT: Final = _pays(LOAN, (BANK,))
SUBSCRIPTION_COUNT: Final = replace(_insight("subscriptions", _subscriptions), inputs=(CARD, EFIN))
BILL_DAY: Final = _insight("bill_day", _bill_day)
SUBSCRIPTION_CHANGE: Final = _insight("subscription_change", _subscription_change)
PRICE_CHANGE: Final = _insight("price_change", _price_change)
