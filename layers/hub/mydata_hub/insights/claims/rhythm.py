"""What can be asked of how often a category was paid lately."""

from __future__ import annotations

from typing import Final

from mydata_hub.fields import Wording
from mydata_hub.insights import rhythm
from mydata_hub.insights.claim import AnswerPeriod
from mydata_hub.insights.entries import MONTH_FLOOR, Attribute, Entry, make_entry
from mydata_hub.insights.rhythm import RHYTHM, RHYTHMS, SPAN_DAYS

_OFFERS: Final = ("personal_offers",)
_MOVES: Final = ("mobility_service", "personal_offers")


def _entry(category: str) -> Entry:
    words = RHYTHMS[category]
    return make_entry(
        RHYTHM + category,
        f"지난 {SPAN_DAYS}일 동안 {words.ask_ko}",
        f"How often did the person {words.ask_en} in the last {SPAN_DAYS} days?",
        Attribute(
            insight=rhythm.INSIGHTS[category],
            label=Wording(ko=f"얼마나 자주: {words.ko}", en=f"How often: {words.en}"),
            cells=rhythm.CELLS,
            ordered=True,
        ),
        MONTH_FLOOR,
        _MOVES if category in ("fuel", "taxi", "transport") else _OFFERS,
        period=AnswerPeriod.THIRTY_DAYS,
    )


ENTRIES: Final = tuple(_entry(category) for category in RHYTHMS)
