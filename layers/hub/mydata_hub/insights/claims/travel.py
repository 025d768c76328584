"""What can be asked of travel: how often, how far, when, and from which district to which."""

from __future__ import annotations

from typing import Final

from mydata_hub.fields import Wording
from mydata_hub.insights import places, travel
from mydata_hub.insights.claim import AnswerPeriod, Sensitivity
from mydata_hub.insights.entries import HABIT_FLOOR, QUARTER_FLOOR, Attribute, make_entry
from mydata_hub.insights.habits import NONE
from mydata_hub.insights.stations import DISTRICTS

_WINDOW: Final = Attribute(
    insight=travel.WINDOW,
    label=Wording(ko="출근길에 나서는 때", en="When the commute sets out"),
    cells=(NONE, *travel.WINDOWS.values()),
    ordered=False,
)
_DAYS: Final = Attribute(
    insight=travel.DAYS,
    label=Wording(ko="한 주에 출근하는 날", en="Commute days in a week"),
    cells=tuple(travel.COMMUTE_DAYS.values()),
    ordered=True,
)
_TRIPS: Final = Attribute(
    insight=travel.TRIPS_COUNT,
    label=Wording(ko="한 주의 이동 횟수", en="Trips in a week"),
    cells=tuple(travel.TRIPS_A_WEEK.values()),
    ordered=True,
)
_DISTANCE: Final = Attribute(
    insight=travel.KILOMETRES,
    label=Wording(ko="한 주의 이동 거리 (km)", en="Kilometres in a week"),
    cells=tuple(travel.KM_A_WEEK.values()),
    ordered=True,
)
_BIKE: Final = Attribute(
    insight=travel.SHARED_BIKE,
    label=Wording(ko="공유 자전거", en="Shared bike"),
    cells=tuple(travel.BIKE_DAYS.values()),
    ordered=True,
)
_HOME: Final = Attribute(
    insight=places.HOME,
    label=Wording(ko="아침을 시작하는 구", en="District where weekdays begin"),
    cells=DISTRICTS,
    ordered=False,
)
_WORK: Final = Attribute(
    insight=places.WORK,
    label=Wording(ko="출근하는 구", en="District where the commute ends"),
    cells=DISTRICTS,
    ordered=False,
)
_MOVED: Final = Attribute(
    insight=places.MOVED,
    label=Wording(ko="아침을 시작하는 곳의 변화", en="Change of where weekdays begin"),
    cells=(places.NO, places.YES),
    ordered=False,
)
_TRAVEL: Final = ("mobility_service", "personal_offers", "insurance_quote")
_PLACE: Final = ("mobility_service",)
ENTRIES: Final = (
    make_entry(
        "commute.window",
        "평일 아침 몇 시쯤 출근길에 나서나요?",
        "When does the weekday commute set out?",
        _WINDOW,
        HABIT_FLOOR,
        _TRAVEL,
    ),
    make_entry(
        "commute.days",
        "한 주에 며칠 출근하나요?",
        "On how many days a week does the person commute?",
        _DAYS,
        HABIT_FLOOR,
        _TRAVEL,
    ),
    make_entry(
        "mobility.trips",
        "한 주에 몇 번 이동하나요?",
        "How many trips does the person make in a week?",
        _TRIPS,
        HABIT_FLOOR,
        _TRAVEL,
    ),
    make_entry(
        "mobility.distance",
        "한 주에 몇 km를 이동하나요?",
        "How many kilometres does the person travel in a week?",
        _DISTANCE,
        HABIT_FLOOR,
        _TRAVEL,
    ),
    make_entry(
        "mobility.shared_bike",
        "매주 공유 자전거를 타나요?",
        "Does the person ride a shared bike every week?",
        _BIKE,
        HABIT_FLOOR,
        _TRAVEL,
        yes=("weekly",),
    ),
    make_entry(
        "mobility.home_district",
        "평일 아침을 어느 구에서 시작하나요?",
        "In which district do the person’s weekdays begin?",
        _HOME,
        HABIT_FLOOR,
        _PLACE,
        period=AnswerPeriod.YEAR,
        sensitivity=Sensitivity.SENSITIVE,
    ),
    make_entry(
        "mobility.work_district",
        "어느 구로 출근하나요?",
        "In which district does the commute end?",
        _WORK,
        HABIT_FLOOR,
        _PLACE,
        period=AnswerPeriod.YEAR,
        sensitivity=Sensitivity.SENSITIVE,
    ),
    make_entry(
        "life.moved",
        "최근 석 달 사이에 아침을 시작하는 곳이 바뀌었나요?",
        "Did the place where weekdays begin change in the last three months?",
        _MOVED,
        QUARTER_FLOOR,
        _PLACE,
        period=AnswerPeriod.HALF_YEAR,
        sensitivity=Sensitivity.SENSITIVE,
    ),
)
