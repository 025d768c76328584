"""What can be asked of the time of the week that groceries are bought at."""

from __future__ import annotations

from typing import Final

from mydata_hub.fields import Wording
from mydata_hub.insights.entries import QUARTER_FLOOR, Attribute, make_entry
from mydata_hub.insights.habits import GROCERIES, NONE, WEEKLY_CELLS

_GROCERIES: Final = Attribute(
    insight=GROCERIES,
    label=Wording(ko="장을 보는 요일과 시간대", en="Time of the week groceries are bought"),
    cells=(NONE, *WEEKLY_CELLS),
    ordered=False,
)
ENTRIES: Final = (
    make_entry(
        "habits.groceries_time",
        "한 주 중 주로 언제 장을 보나요?",
        "At what time of the week does the person usually buy groceries?",
        _GROCERIES,
        QUARTER_FLOOR,
        ("personal_offers",),
    ),
)
