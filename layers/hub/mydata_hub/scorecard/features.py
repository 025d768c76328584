"""The features that the hub's own card reads: what each is, and where in a life it is found.

They are computed inside the vault from what providers told. Nothing in this list may be one that
`scorecard.forbidden` names, and no card that the hub runs may read another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mydata_hub.fields import Wording
from mydata_hub.scorecard.card import Direction

PAYMENT_HISTORY: Final = "payment_history"
UTILISATION: Final = "utilisation"
BILLS: Final = "bills"
MOBILE_PAYMENTS: Final = "mobile_payments"
SAVINGS: Final = "savings"
HISTORY: Final = "history"


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFeature:
    """A number that is found in a vault, and what more of it may do to a score."""

    id: str
    family: str
    direction: Direction
    label: Wording
    # What is counted or measured, in words; the unit is in it.
    about: Wording


def _feature(name: str, family: str, direction: Direction, *words: str) -> HubFeature:
    ko, en, about_ko, about_en = words
    return HubFeature(
        id=name,
        family=family,
        direction=direction,
        label=Wording(ko=ko, en=en),
        about=Wording(ko=about_ko, en=about_en),
    )


FAMILIES: Final = {
    PAYMENT_HISTORY: Wording(ko="갚은 기록", en="Payment history"),
    UTILISATION: Wording(ko="한도 사용", en="Use of limits"),
    BILLS: Wording(ko="요금 납부", en="Bills"),
    MOBILE_PAYMENTS: Wording(ko="간편결제", en="Mobile payments"),
    SAVINGS: Wording(ko="저축과 투자", en="Savings and investments"),
    HISTORY: Wording(ko="기록의 길이", en="Length of history"),
}

HUB_FEATURES: Final = {
    feature.id: feature
    for feature in (
        _feature(
            "late_bills",
            PAYMENT_HISTORY,
            Direction.MORE_IS_WORSE,
            "늦게 낸 카드 대금",
            "Card bills paid late",
            "지난 12개월에 낼 날보다 4일 넘게 늦게 냈거나 아직 안 낸 카드 대금의 건수",
            "Card bills of the last 12 months paid more than 4 days late, or still unpaid then",
        ),
        _feature(
            "overdue_now",
            PAYMENT_HISTORY,
            Direction.MORE_IS_WORSE,
            "지금 밀린 카드 대금",
            "Card bill overdue now",
            "가장 오래 밀린 카드 대금이 밀린 달 수 (없으면 0)",
            "Months that the oldest unpaid card bill is overdue, counted up; 0 where none is",
        ),
        _feature(
            "utilisation_percent",
            UTILISATION,
            Direction.MORE_IS_WORSE,
            "카드 한도 사용률",
            "Share of card limits used",
            "최근 석 달의 카드 청구액이 카드 한도에서 차지한 비율 (%)",
            "Share of the card limits that the bills of the last three months used, in percent",
        ),
        _feature(
            "regular_bills_paid",
            BILLS,
            Direction.MORE_IS_BETTER,
            "꾸준히 낸 요금",
            "Regular bills paid",
            "지난 12개월에 낸 공과금·통신비·월세·보험료의 건수",
            "Utility, telecom, rent and premium payments found in the last 12 months, counted",
        ),
        _feature(
            "payment_weeks",
            MOBILE_PAYMENTS,
            Direction.MORE_IS_BETTER,
            "간편결제를 쓴 주",
            "Weeks with a mobile payment",
            "지난 26주 가운데 간편결제가 있는 주의 수",
            "Weeks of the last 26 that have a mobile payment",
        ),
        _feature(
            "saving_percent",
            SAVINGS,
            Direction.MORE_IS_BETTER,
            "쓰지 않고 남긴 돈",
            "Income kept",
            "최근 몇 달의 수입 가운데 쓰지 않은 비율 (%)",
            "Share of the income of the last months that was not spent, in percent",
        ),
        _feature(
            "holds_investments",
            SAVINGS,
            Direction.MORE_IS_BETTER,
            "투자 상품",
            "Investments held",
            "투자 상품이 있으면 1, 없으면 0",
            "1 with investments, 0 without",
        ),
        _feature(
            "history_months",
            HISTORY,
            Direction.MORE_IS_BETTER,
            "모인 기록의 길이",
            "Months of history",
            "모인 기록이 거슬러 올라가는 달 수",
            "Months that the collected records reach back",
        ),
    )
}
