"""Travel: how often and how far a person goes in a week, when the commute sets out, and by bike."""

from __future__ import annotations

from collections import Counter
from typing import Final

from mydata_hub.insights.commute import METRES, MODES, SETS_OUT, TRIPS_FOLD, first_of_each_day
from mydata_hub.insights.fold import TRIPS, Finding
from mydata_hub.insights.habits import CELL_PERCENT, NONE, evidence_of
from mydata_hub.insights.moments import (
    WEEK_DAYS,
    first_minute,
    is_weekday,
    local_day,
    minute_of_day,
)
from mydata_hub.insights.routine import Regularity, explain_routine, find_routine
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
from mydata_hub.insights.series import Row

COMMUTE_DAYS: Final = {0: "0", 1: "1_to_2", 3: "3_or_more"}
TRIPS_A_WEEK: Final = {0: "0_to_2", 3: "3_to_7", 8: "8_to_12", 13: "13_or_more"}
KM_A_WEEK: Final = {0: "under_20", 20: "20_to_59", 60: "60_to_149", 150: "150_or_more"}
WINDOWS: Final = {0: "before_7", 7: "7_to_8", 8: "8_to_9", 9: "after_9"}
BIKE_DAYS: Final = {0: "rarely", 1: "weekly"}
_BIKE: Final = MODES.index("bike")


def trips_of(asked: Asked) -> list[Row]:
    """Every trip before today."""
    rows = TRIPS_FOLD.rows(asked.state, collected_only=asked.collected_only)
    end = first_minute(asked.today)
    return [row for row in rows if row.minute < end]


def mornings_of(asked: Asked) -> list[Row]:
    """The first trip of each weekday that sets out as a commute does."""
    return first_of_each_day(
        row
        for row in trips_of(asked)
        if is_weekday(local_day(row.minute))
        and SETS_OUT[0] <= minute_of_day(row.minute) < SETS_OUT[1]
    )


def _commute_days(asked: Asked) -> Finding:
    mornings = mornings_of(asked)
    routine = find_routine((row.minute for row in mornings), asked.today)
    if routine.regularity is Regularity.IRREGULAR:
        wording = explain_routine(routine, "길을 나섰어요", "set out")
        return find(None, wording.ko, wording.en, **evidence_of(routine))
    if routine.regularity is Regularity.ROUTINE:
        mornings = [row for row in mornings if row.minute in routine.minutes]
    days = [(local_day(row.minute), 1) for row in mornings]
    words = ("일", "평일 아침에 출근길에 나선 날", "weekday mornings you set out on")
    return _weekly(asked, COMMUTE_DAYS, days, words)


def _trips(asked: Asked) -> Finding:
    days = [(local_day(row.minute), 1) for row in trips_of(asked)]
    return _weekly(asked, TRIPS_A_WEEK, days, ("번", "이동", "trips"))


def _km(asked: Asked) -> Finding:
    """Told where trips without a distance could change no cell, however far they went.

    That is: if they went nowhere, and if each went as far as the longest of all.
    """
    known = whole_weeks(asked, TRIPS_FOLD)
    begin = asked.today - known * WEEK_DAYS
    trips = [row for row in trips_of(asked) if local_day(row.minute) >= begin]
    longest = max((row.facts[2] for row in trips), default=0)
    least, most = (
        _km_by_week([(row, row.facts[2] or otherwise) for row in trips], asked.today, known)
        for otherwise in (0, longest)
    )
    if longest == 0 or usual_cell(KM_A_WEEK, least) != usual_cell(KM_A_WEEK, most):
        return find(
            None,
            "거리를 알 수 없는 이동이 있어 답하지 않아요.",
            "Some trips do not tell their distance: no answer.",
            weeks=least,
        )
    return _told(KM_A_WEEK, least, ("km", "이동 거리", "km travelled"))


def _km_by_week(trips: list[tuple[Row, int]], today: int, weeks: int) -> list[int]:
    units = [(local_day(row.minute), far) for row, far in trips]
    return [total * METRES // 1000 for total in by_week(units, today, weeks)]


def _shared_bike(asked: Asked) -> Finding:
    days = {local_day(row.minute) for row in trips_of(asked) if row.facts[0] == _BIKE}
    if not days:
        # A bus card tells no bikes: without any ride, perhaps no service would tell one.
        return find(
            None,
            "자전거를 탄 기록이 하나도 없어, 알려 주는 곳이 연결됐는지 몰라 답하지 않아요.",
            "No ride of a bike was ever told; perhaps no connected service would: no answer.",
        )
    told = [(day, 1) for day in days]
    return _weekly(asked, BIKE_DAYS, told, ("일", "공유 자전거를 탄 날", "days on a shared bike"))


def _weekly(
    asked: Asked,
    bounds: dict[int, str],
    days: list[tuple[int, int]],
    words: tuple[str, str, str],
) -> Finding:
    return _told(bounds, by_week(days, asked.today, whole_weeks(asked, TRIPS_FOLD)), words)


def _told(bounds: dict[int, str], weeks: list[int], words: tuple[str, str, str]) -> Finding:
    cell, (unit, ko, en), total = usual_cell(bounds, weeks), words, sum(weeks)
    silent_ko, silent_en = (
        ("", "")
        if cell
        else (" 주마다 다르거나 아직 짧아서 답하지 않아요.", " Too uneven, or too short.")
    )
    return find(
        cell,
        f"지난 {len(weeks)}주 {ko}: 모두 {total}{unit}.{silent_ko}",
        f"In the last {len(weeks)} weeks: {total} {en}.{silent_en}",
        weeks=weeks,
    )


def _window(asked: Asked) -> Finding:
    routine = find_routine((row.minute for row in mornings_of(asked)), asked.today)
    cell = None
    if routine.regularity is Regularity.ROUTINE:
        cells = Counter(cell_in(WINDOWS, minute_of_day(at) // 60) for at in routine.minutes)
        most, times = cells.most_common(1)[0]
        cell = most if times * 100 >= CELL_PERCENT * len(routine.minutes) else None
    elif routine.regularity is Regularity.RARE:
        cell = NONE
    wording = explain_routine(routine, "길을 나섰어요", "set out")
    return find(cell, wording.ko, wording.en, **evidence_of(routine))


def _insight(attribute: str, rule: Rule) -> RuleInsight:
    return RuleInsight(attribute=attribute, fold=TRIPS_FOLD, inputs=(TRIPS,), rule=rule)


WINDOW: Final = _insight("commute.window", _window)
DAYS: Final = _insight("commute.days", _commute_days)
TRIPS_COUNT: Final = _insight("mobility.trips", _trips)
KILOMETRES: Final = _insight("mobility.distance", _km)
SHARED_BIKE: Final = _insight("mobility.shared_bike", _shared_bike)
