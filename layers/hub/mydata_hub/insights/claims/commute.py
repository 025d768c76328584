"""What can be asked of the commute."""

from __future__ import annotations

from typing import Final

from mydata_hub.fields import Wording
from mydata_hub.insights.commute import MODE, MODES, TRANSFER_CELLS, TRANSFERS
from mydata_hub.insights.entries import (
    HABIT_FLOOR,
    Attribute,
    make_entry,
)
from mydata_hub.insights.habits import NONE

_MODE: Final = Attribute(
    insight=MODE,
    label=Wording(ko="출근 교통수단", en="Means of the commute"),
    cells=(NONE, *MODES),
    ordered=False,
)
_TRANSFERS: Final = Attribute(
    insight=TRANSFERS,
    label=Wording(ko="출근길 환승 횟수", en="Transfers on the commute"),
    cells=TRANSFER_CELLS,
    ordered=True,
)
_TRAVEL: Final = ("mobility_service", "personal_offers", "insurance_quote")
ENTRIES: Final = (
    make_entry(
        "commute.mode",
        "평일 출근에 주로 무엇을 타나요?",
        "How does the person usually commute on weekdays?",
        _MODE,
        HABIT_FLOOR,
        _TRAVEL,
    ),
    make_entry(
        "commute.by_subway",
        "평일에 지하철로 출근하나요?",
        "Does the person commute by subway on weekdays?",
        _MODE,
        HABIT_FLOOR,
        _TRAVEL,
        yes=("subway",),
    ),
    make_entry(
        "commute.transfers",
        "출근길에 몇 번 갈아타나요?",
        "How many transfers does the weekday commute have?",
        _TRANSFERS,
        HABIT_FLOOR,
        _TRAVEL,
    ),
)
