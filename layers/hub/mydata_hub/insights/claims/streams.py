"""What can be asked of the rhythm, the days and the size of bills."""

from __future__ import annotations

from typing import Final

from mydata_hub.fields import Wording
from mydata_hub.insights import streams
from mydata_hub.insights.bills import THIRDS
from mydata_hub.insights.claim import Sensitivity
from mydata_hub.insights.entries import MONTHLY_FLOOR, Attribute, make_entry

_CADENCE: Final = Attribute(
    insight=streams.PREMIUM_CADENCE,
    label=Wording(ko="보험료가 나가는 주기", en="Rhythm of insurance premiums"),
    cells=streams.RHYTHMS,
    ordered=True,
)
_RENT_DAY: Final = Attribute(
    insight=streams.RENT_DAY,
    label=Wording(ko="월세가 나가는 때", en="When rent goes out"),
    cells=THIRDS,
    ordered=True,
)
_RENT_SHARE: Final = Attribute(
    insight=streams.RENT_SHARE,
    label=Wording(ko="급여에서 월세의 비율 (%)", en="Rent as a share of pay (%)"),
    cells=tuple(streams.RENT_SHARES.values()),
    ordered=True,
)
_TELECOM: Final = Attribute(
    insight=streams.TELECOM_PRICE,
    label=Wording(ko="한 달 통신 요금 (간단한 끼니)", en="Monthly phone and internet (meals)"),
    cells=tuple(streams.TELECOM_MEALS.values()),
    ordered=True,
)
_UTILITIES: Final = Attribute(
    insight=streams.UTILITIES_PRICE,
    label=Wording(ko="한 달 공과금 (간단한 끼니)", en="Monthly utilities (meals)"),
    cells=tuple(streams.UTILITIES_MEALS.values()),
    ordered=True,
)
_OFFERS: Final = ("personal_offers",)
ENTRIES: Final = (
    make_entry(
        "payments.premium_cadence",
        "보험료가 어떤 주기로 나가나요?",
        "In which rhythm do insurance premiums go out?",
        _CADENCE,
        MONTHLY_FLOOR,
        (*_OFFERS, "insurance_quote"),
    ),
    make_entry(
        "payments.rent_day",
        "월세가 한 달 중 언제 나가나요?",
        "When in the month does rent go out?",
        _RENT_DAY,
        MONTHLY_FLOOR,
        (*_OFFERS, "loan_advice"),
    ),
    make_entry(
        "payments.rent_share",
        "월세가 급여의 몇 퍼센트인가요?",
        "What percentage of the pay is the rent?",
        _RENT_SHARE,
        MONTHLY_FLOOR,
        ("loan_advice",),
        sensitivity=Sensitivity.SENSITIVE,
    ),
    make_entry(
        "payments.telecom_price",
        "한 달 통신 요금이 간단한 한 끼(10,000원) 몇 번 값인가요?",
        "How many simple meals (10,000 won) would a month of phone and internet buy?",
        _TELECOM,
        MONTHLY_FLOOR,
        _OFFERS,
    ),
    make_entry(
        "payments.utilities_price",
        "한 달 공과금이 간단한 한 끼(10,000원) 몇 번 값인가요?",
        "How many simple meals (10,000 won) would a month of utilities buy?",
        _UTILITIES,
        MONTHLY_FLOOR,
        _OFFERS,
    ),
)
