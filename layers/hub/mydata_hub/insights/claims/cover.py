"""What can be asked of a car contract’s end, of a lapse and of two at once."""

from __future__ import annotations

from typing import Final

from mydata_hub.fields import Wording
from mydata_hub.insights import cover
from mydata_hub.insights.claim import AnswerPeriod
from mydata_hub.insights.entries import FACT_FLOOR, FRESH_FACT_FLOOR, Attribute, make_entry

_RENEWAL: Final = Attribute(
    insight=cover.RENEWAL_WINDOW,
    label=Wording(ko="자동차보험이 끝나기까지 남은 날", en="Days until the car cover ends"),
    cells=tuple(cover.RENEWAL.values()),
    ordered=True,
)
_LAPSED: Final = Attribute(
    insight=cover.WITHOUT_COVER,
    label=Wording(ko="이어지지 않은 자동차보험", en="Car cover that lapsed"),
    cells=(cover.COVERED, cover.LAPSED),
    ordered=False,
)
_OVERLAP: Final = Attribute(
    insight=cover.OVERLAP,
    label=Wording(ko="함께 유효한 자동차보험", en="Car cover twice at once"),
    cells=(cover.SINGLE, cover.OVERLAPPING),
    ordered=False,
)
_QUOTE: Final = ("insurance_quote", "personal_offers")
ENTRIES: Final = (
    make_entry(
        "insurance.renewal",
        "자동차보험이 며칠 뒤에 끝나나요?",
        "In how many days does the car cover end?",
        _RENEWAL,
        FACT_FLOOR,
        _QUOTE,
        period=AnswerPeriod.THIRTY_DAYS,
        retired=True,
    ),
    make_entry(
        "insurance.renewal",
        "자동차보험이 며칠 뒤에 끝나나요?",
        "In how many days does the car cover end?",
        _RENEWAL,
        FRESH_FACT_FLOOR,
        _QUOTE,
        period=AnswerPeriod.THIRTY_DAYS,
        version=2,
    ),
    make_entry(
        "insurance.lapsed_cover",
        "자동차보험이 끝나고 이어지지 않았나요?",
        "Has the car cover ended without another?",
        _LAPSED,
        FACT_FLOOR,
        ("insurance_quote",),
        period=AnswerPeriod.THIRTY_DAYS,
        yes=(cover.LAPSED,),
    ),
    make_entry(
        "insurance.overlapping_cover",
        "자동차 한 대에 보험 여러 건이 함께 유효한가요?",
        "Is one car covered by several contracts at once?",
        _OVERLAP,
        FACT_FLOOR,
        ("insurance_quote",),
        yes=(cover.OVERLAPPING,),
    ),
)
