"""Spending: shares of categories, the price of lunch, deliveries in a week, and fuel for a car.

Amounts are told as shares or beside a published unit of their currency, never as such.
"""

from __future__ import annotations

import statistics
from typing import Final

from mydata_hub.fields import Wording
from mydata_hub.insights.amounts import MEAL
from mydata_hub.insights.bills import outgoing
from mydata_hub.insights.fold import CARD, EFIN, Finding
from mydata_hub.insights.moments import WEEK_DAYS, is_weekday, local_day, minute_of_day
from mydata_hub.insights.payments import PAYMENTS, Payment
from mydata_hub.insights.routine import SPAN_DAYS
from mydata_hub.insights.rule import (
    Asked,
    Rule,
    RuleInsight,
    by_week,
    cell_in,
    find,
    usual_cell,
    whole_weeks,
)

EATING_OUT: Final = ("restaurant", "cafe", "bakery", "chicken", "delivery")
DELIVERED: Final = ("delivery", "chicken")
SHARES: Final = {0: "under_10", 10: "10_to_29", 30: "30_to_49", 50: "50_or_more"}
# So many payments, and so much of the amount with a category, or a share says nothing.
MIN_PAYMENTS: Final = 20
KNOWN_PERCENT: Final = 60
# Eight weeks let chance look even too often.
DELIVERY_WEEKS: Final = 16
A_WEEK: Final = {0: "0", 1: "1_to_2", 3: "3_to_4", 5: "5_or_more"}
MEALS_PERCENT: Final = {0: "under_80", 80: "80_to_149", 150: "150_or_more"}
LUNCH: Final = (11 * 60, 14 * 60)
MIN_LUNCHES: Final = 12
SAME_PERCENT: Final = 60
# Fuel in so many weeks of the last twelve is a car; begun is what was not there before.
FUEL: Final = ("fuel", "parking")
CAR_DAYS: Final = 84
CAR_WEEKS: Final = 3
NEW_DAYS: Final = 56
BEFORE_DAYS: Final = 180
YES: Final = "yes"
NO: Final = "no"


def _share(attribute: str, categories: tuple[str, ...], word: Wording) -> RuleInsight:
    """The share of card and e-payments of eight weeks that goes to some categories."""

    def rule(asked: Asked) -> Finding:
        paid = outgoing(asked, SPAN_DAYS)
        total = sum(one.amount_minor for one in paid)
        known = sum(one.amount_minor for one in paid if one.category)
        mine = sum(one.amount_minor for one in paid if one.category in categories)
        one_currency = len({one.currency for one in paid}) == 1
        few = len(paid) < MIN_PAYMENTS or known * 100 < KNOWN_PERCENT * total
        if few or not one_currency:
            return find(
                None,
                "무엇을 샀는지 아는 결제가 적어 답하지 않아요.",
                "Of too few payments it is known what for: no answer.",
                payments=len(paid),
            )
        percent = mine * 100 // total
        return find(
            cell_in(SHARES, percent),
            f"지난 8주 동안 쓴 돈의 {percent}%가 {word.ko}예요.",
            f"In eight weeks {percent} % of what you spent was {word.en}.",
            payments=len(paid),
            percent=percent,
        )

    return _insight(attribute, rule)


def _deliveries(asked: Asked) -> Finding:
    days = [
        (local_day(one.minute), 1)
        for one in outgoing(asked, DELIVERY_WEEKS * WEEK_DAYS)
        if one.category in DELIVERED
    ]
    known = whole_weeks(asked, PAYMENTS, DELIVERY_WEEKS)
    weeks = by_week(days, asked.today, known)
    cell = usual_cell(A_WEEK, weeks) if known == DELIVERY_WEEKS else None
    # What falls at random into weeks varies as much as it is often; a habit varies a third of that.
    if cell and 3 * statistics.pvariance(weeks) > statistics.mean(weeks):
        cell = None
    if cell is None:
        return find(
            None,
            f"배달을 지난 {known}주에 {len(days)}번 시켰지만, "
            "주마다 다르거나 아직 짧아서 답하지 않아요.",
            f"You had food delivered {len(days)} times in {known} weeks, unevenly or not yet for "
            f"{DELIVERY_WEEKS} weeks: no answer.",
            weeks=weeks,
        )
    return find(
        cell,
        f"배달이나 치킨을 지난 16주에 {len(days)}번 시켰어요.",
        f"You had food delivered {len(days)} times in 16 weeks.",
        weeks=weeks,
    )


def _lunch(asked: Asked) -> Finding:
    lunches = [
        one
        for one in outgoing(asked, SPAN_DAYS)
        if one.category == "restaurant"
        and is_weekday(local_day(one.minute))
        and LUNCH[0] <= minute_of_day(one.minute) < LUNCH[1]
    ]
    currencies = {one.currency for one in lunches}
    unit = MEAL.get(currencies.pop()) if len(currencies) == 1 else None
    cells = [cell_in(MEALS_PERCENT, one.amount_minor * 100 // unit) for one in lunches if unit]
    cell = None
    if len(cells) >= MIN_LUNCHES:
        cell = statistics.mode(cells)
        cell = cell if cells.count(cell) * 100 >= SAME_PERCENT * len(cells) else None
    if cell is None:
        return find(
            None,
            "점심값이 일정하지 않아 답하지 않아요.",
            "Your lunches have no price of their own: no answer.",
            lunches=len(lunches),
        )
    usual = int(statistics.median(one.amount_minor for one in lunches))
    currency = lunches[0].currency
    return find(
        cell,
        f"평일 점심에 보통 간단한 한 끼의 {usual * 100 // MEAL[currency]}%쯤 써요.",
        f"A weekday lunch costs you about {usual * 100 // MEAL[currency]} % of a simple meal.",
        lunches=len(lunches),
        usual_minor=usual,
        currency=currency,
    )


def _drives(asked: Asked) -> Finding:
    weeks = _fuel_weeks(asked, outgoing(asked, CAR_DAYS))
    cell = YES if len(weeks) >= CAR_WEEKS else (None if weeks else NO)
    ko, en = {
        YES: ("주유나 주차에 꾸준히 돈을 써요.", "You keep paying for fuel or parking."),
        NO: ("주유나 주차에 쓴 돈이 없어요.", "You paid for no fuel and no parking."),
        None: ("주유나 주차가 드물어 답하지 않아요.", "You rarely pay for fuel: no answer."),
    }[cell]
    return find(cell, ko, en, weeks=len(weeks))


def _car_bought(asked: Asked) -> Finding:
    paid = outgoing(asked, BEFORE_DAYS)
    edge = asked.today - NEW_DAYS
    lately = _fuel_weeks(asked, [one for one in paid if local_day(one.minute) >= edge])
    before = _fuel_weeks(asked, [one for one in paid if local_day(one.minute) < edge])
    cell = None
    if not before and len(lately) >= CAR_WEEKS:
        cell = YES
    elif bool(before) == bool(lately):
        cell = NO
    ko, en = {
        YES: ("최근에 차를 타기 시작했어요.", "You began to run a car lately."),
        NO: ("차와 관련해 바뀐 것이 없어요.", "Nothing changed about a car."),
        None: (
            "차가 생겼는지 알 수 없어 답하지 않아요.",
            "Fuel does not tell of a car: no answer.",
        ),
    }[cell]
    return find(cell, ko, en, weeks_before=len(before), weeks_lately=len(lately))


def _fuel_weeks(asked: Asked, paid: list[Payment]) -> set[int]:
    """The weeks, counted back, in which fuel or parking was paid."""
    return {
        (asked.today - 1 - local_day(one.minute)) // WEEK_DAYS
        for one in paid
        if one.category in FUEL
    }


def _insight(attribute: str, rule: Rule) -> RuleInsight:
    return RuleInsight(attribute=attribute, fold=PAYMENTS, inputs=(CARD, EFIN), rule=rule)


EATING_OUT_SHARE: Final = _share(
    "spending.eating_out", EATING_OUT, Wording(ko="외식과 배달", en="eating out or delivered food")
)
GROCERIES_SHARE: Final = _share(
    "spending.groceries", ("groceries", "convenience"), Wording(ko="장보기", en="groceries")
)
DELIVERIES: Final = _insight("habits.deliveries", _deliveries)
LUNCH_PRICE: Final = _insight("habits.lunch_price", _lunch)
DRIVES: Final = _insight("mobility.drives", _drives)
CAR_BOUGHT: Final = _insight("life.car_bought", _car_bought)
