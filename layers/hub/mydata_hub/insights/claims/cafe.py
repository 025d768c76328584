"""What can be asked of the habit of a café."""

from __future__ import annotations

from typing import Final

from mydata_hub.fields import Wording
from mydata_hub.insights.entries import (
    HABIT_FLOOR,
    Attribute,
    make_entry,
)
from mydata_hub.insights.habits import CAFE, NONE, TIME_CELLS

_CAFE: Final = Attribute(
    insight=CAFE,
    label=Wording(ko="평일에 카페에 가는 시간대", en="Time of the weekday café visit"),
    cells=(NONE, *TIME_CELLS),
    ordered=False,
)
_OFFERS: Final = ("personal_offers",)
ENTRIES: Final = (
    make_entry(
        "habits.cafe_time",
        "평일에 카페에 가는 시간대가 언제인가요?",
        "At what time of a weekday does the person usually visit a café?",
        _CAFE,
        HABIT_FLOOR,
        _OFFERS,
    ),
    make_entry(
        "habits.cafe_morning",
        "평일 오전에 카페에 가는 습관이 있나요?",
        "Does the person usually visit a café on weekday mornings (before 11)?",
        _CAFE,
        HABIT_FLOOR,
        _OFFERS,
        yes=("before_7", "7_to_9", "9_to_11"),
    ),
)
