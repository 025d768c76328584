"""Places: the district where weekdays begin and where commutes end, and whether the home moved.

A station is remembered as a hash in the sealed profile, and answered as a district or not at all.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from mydata_hub.insights.commute import NOWHERE, TRIPS_FOLD, place_of
from mydata_hub.insights.fold import TRIPS, Finding
from mydata_hub.insights.moments import local_day
from mydata_hub.insights.routine import SPAN_DAYS
from mydata_hub.insights.rule import Asked, Rule, RuleInsight, find
from mydata_hub.insights.series import Row
from mydata_hub.insights.stations import DISTRICT_OF, NAMES
from mydata_hub.insights.travel import mornings_of

# A place is home or work on so many mornings, and so large a share of them.
MIN_MORNINGS: Final = 20
SHARE_PERCENT: Final = 60
# Moved: the last weeks against as many that ended before; in between is the moving.
LATELY_DAYS: Final = 28
BEFORE_DAYS: Final = (84, 56)
MIN_EACH: Final = 8
YES: Final = "yes"
NO: Final = "no"
_FROM: Final = 3
_TO: Final = 4
_DISTRICTS: Final = {place_of(station): name for station, name in DISTRICT_OF.items()}


def _usual(mornings: list[Row], end: int, least: int) -> bytes | None:
    """The place most mornings begin or end at, if it is one and told."""
    counted = Counter[bytes](row.facts[end] for row in mornings)
    for place, times in counted.most_common(1):
        enough = times >= least and times * 100 >= SHARE_PERCENT * len(mornings)
        return place if enough and place != NOWHERE else None
    return None


def _district(end: int, ko: str, en: str) -> Rule:
    def rule(asked: Asked) -> Finding:
        mornings = _between(asked, SPAN_DAYS, 0)
        place = _usual(mornings, end, MIN_MORNINGS)
        cell = None if place is None else _DISTRICTS.get(place)
        if cell is None:
            return find(
                None,
                "구를 알 수 있는 정거장이 정해져 있지 않아 답하지 않아요.",
                "No station of a known district stands out: no answer.",
                mornings=len(mornings),
            )
        return find(
            cell, f"{ko} {NAMES[cell].ko}예요.", f"{en} {NAMES[cell].en}.", mornings=len(mornings)
        )

    return rule


def _moved(asked: Asked) -> Finding:
    lately, before = _between(asked, LATELY_DAYS, 0), _between(asked, *BEFORE_DAYS)
    now, then = _usual(lately, _FROM, MIN_EACH), _usual(before, _FROM, MIN_EACH)
    cell = None if now is None or then is None else (NO if now == then else YES)
    ko, en = {
        YES: ("아침에 길을 나서는 곳이 바뀌었어요.", "Your mornings begin at another place now."),
        NO: ("아침에 길을 나서는 곳이 그대로예요.", "Your mornings begin where they did."),
        None: (
            "길을 나서는 곳을 알 수 없어 답하지 않아요.",
            "Your mornings do not tell: no answer.",
        ),
    }[cell]
    return find(cell, ko, en, mornings_before=len(before), mornings_lately=len(lately))


def _between(asked: Asked, begin: int, end: int) -> list[Row]:
    """The mornings from so many to so many days ago."""
    since, until = asked.today - begin, asked.today - end
    return [row for row in mornings_of(asked) if since <= local_day(row.minute) < until]


def _insight(attribute: str, rule: Rule) -> RuleInsight:
    return RuleInsight(attribute=attribute, fold=TRIPS_FOLD, inputs=(TRIPS,), rule=rule)


HOME: Final = _insight(
    "mobility.home_district",
    _district(_FROM, "아침을 시작하는 곳은", "Your mornings begin in"),
)
WORK: Final = _insight(
    "mobility.work_district", _district(_TO, "출근하는 곳은", "Your commute ends in")
)
MOVED: Final = _insight("life.moved", _moved)
