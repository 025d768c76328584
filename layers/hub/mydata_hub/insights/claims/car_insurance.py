"""What can be asked of contracts that cover a car."""

from __future__ import annotations

from typing import Final

from mydata_hub.fields import Wording
from mydata_hub.insights.claim import AnswerPeriod
from mydata_hub.insights.entries import (
    FACT_FLOOR,
    Attribute,
    make_entry,
)
from mydata_hub.insights.insurance import CAR_COVER, IN_FORCE, LOSS_FREE, NOT_IN_FORCE, YEARS

_CAR_COVER: Final = Attribute(
    insight=CAR_COVER,
    label=Wording(ko="자동차보험 유효 여부", en="Car cover in force"),
    cells=(IN_FORCE, NOT_IN_FORCE),
    ordered=False,
)
_LOSS_FREE: Final = Attribute(
    insight=LOSS_FREE,
    label=Wording(ko="자동차보험 무사고 기간", en="Years without a loss on the car"),
    cells=tuple(cell for _, cell in reversed(YEARS)),
    ordered=True,
)
_COVER: Final = ("insurance_quote", "accident_settlement")
ENTRIES: Final = (
    make_entry(
        "insurance.car_cover",
        "연결된 보험사에 유효한 자동차보험이 있나요?",
        "Is a car contract with a connected insurer in force?",
        _CAR_COVER,
        FACT_FLOOR,
        (*_COVER, "mobility_service"),
        period=AnswerPeriod.THIRTY_DAYS,
        yes=(IN_FORCE,),
    ),
    make_entry(
        "insurance.loss_free_years",
        "자동차보험 무사고 기간이 몇 년인가요?",
        "How many years has the car contract gone without a loss?",
        _LOSS_FREE,
        FACT_FLOOR,
        _COVER,
        disputable=True,
    ),
    make_entry(
        "insurance.loss_free_3_years",
        "자동차보험 무사고 기간이 3년 이상인가요?",
        "Has the car contract gone at least 3 years without a loss?",
        _LOSS_FREE,
        FACT_FLOOR,
        (*_COVER, "mobility_service"),
        yes=("3_to_5", "6_to_10", "11_or_more"),
        disputable=True,
    ),
)
