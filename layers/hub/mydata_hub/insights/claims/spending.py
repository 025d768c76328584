"""What can be asked of what is spent on, of lunch, of deliveries and of running a car."""

from __future__ import annotations

from typing import Final

from mydata_hub.fields import Wording
from mydata_hub.insights import spending
from mydata_hub.insights.claim import AnswerPeriod
from mydata_hub.insights.entries import (
    CHANGE_FLOOR,
    HABIT_FLOOR,
    MONTHLY_FLOOR,
    QUARTER_FLOOR,
    Attribute,
    make_entry,
)

_EATING: Final = Attribute(
    insight=spending.EATING_OUT_SHARE,
    label=Wording(ko="지출 중 외식과 배달의 비율", en="Share of spending on eating out"),
    cells=tuple(spending.SHARES.values()),
    ordered=True,
)
_GROCERIES: Final = Attribute(
    insight=spending.GROCERIES_SHARE,
    label=Wording(ko="지출 중 장보기의 비율", en="Share of spending on groceries"),
    cells=tuple(spending.SHARES.values()),
    ordered=True,
)
_DELIVERIES: Final = Attribute(
    insight=spending.DELIVERIES,
    label=Wording(ko="한 주의 배달 횟수", en="Deliveries of food in a week"),
    cells=tuple(spending.A_WEEK.values()),
    ordered=True,
)
_LUNCH: Final = Attribute(
    insight=spending.LUNCH_PRICE,
    label=Wording(
        ko="평일 점심값 (간단한 한 끼 10,000원에 견준 퍼센트)",
        en="Price of a weekday lunch, in percent of a simple meal (10,000 won)",
    ),
    cells=tuple(spending.MEALS_PERCENT.values()),
    ordered=True,
)
_DRIVES: Final = Attribute(
    insight=spending.DRIVES,
    label=Wording(ko="차를 타는지", en="Running a car"),
    cells=(spending.YES, spending.NO),
    ordered=False,
)
_CAR: Final = Attribute(
    insight=spending.CAR_BOUGHT,
    label=Wording(ko="최근에 차가 생겼는지", en="A car since lately"),
    cells=(spending.YES, spending.NO),
    ordered=False,
)
_OFFERS: Final = ("personal_offers",)
_RUN: Final = ("insurance_quote", "mobility_service", "personal_offers")
ENTRIES: Final = (
    make_entry(
        "spending.eating_out",
        "쓰는 돈의 몇 퍼센트가 외식과 배달인가요?",
        "What percentage of spending is eating out or delivered food?",
        _EATING,
        HABIT_FLOOR,
        _OFFERS,
    ),
    make_entry(
        "spending.groceries",
        "쓰는 돈의 몇 퍼센트가 장보기인가요?",
        "What percentage of spending is groceries?",
        _GROCERIES,
        HABIT_FLOOR,
        _OFFERS,
    ),
    make_entry(
        "habits.deliveries",
        "배달이나 치킨을 한 주에 몇 번 시키나요?",
        "How often a week does the person have food delivered?",
        _DELIVERIES,
        MONTHLY_FLOOR,
        _OFFERS,
    ),
    make_entry(
        "habits.lunch_price",
        "평일 점심값이 보통 간단한 한 끼(10,000원)의 몇 퍼센트인가요?",
        "What percentage of a simple meal (10,000 won) does a weekday lunch usually cost?",
        _LUNCH,
        HABIT_FLOOR,
        _OFFERS,
    ),
    make_entry(
        "mobility.drives_car",
        "주유나 주차에 꾸준히 돈을 쓰나요?",
        "Does the person keep paying for fuel or parking?",
        _DRIVES,
        QUARTER_FLOOR,
        _RUN,
        yes=(spending.YES,),
    ),
    make_entry(
        "life.car_bought",
        "최근 두 달 사이에 차를 타기 시작했나요?",
        "Did the person begin to run a car in the last two months?",
        _CAR,
        CHANGE_FLOOR,
        _RUN,
        yes=(spending.YES,),
        period=AnswerPeriod.HALF_YEAR,
    ),
)
