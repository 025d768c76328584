"""What can be asked of card bills, how much of a card's limit they use, and of investments."""

from __future__ import annotations

from typing import Final

from mydata_hub.fields import Wording
from mydata_hub.insights import card_bills, holdings
from mydata_hub.insights.claim import Sensitivity
from mydata_hub.insights.entries import (
    BILLS_FLOOR,
    FACT_FLOOR,
    YEAR_FLOOR,
    Attribute,
    make_entry,
)

_ARREARS: Final = Attribute(
    insight=card_bills.ARREARS,
    label=Wording(ko="1년 동안 늦게 낸 카드 대금", en="Card bills paid late in a year"),
    cells=tuple(card_bills.LATE.values()),
    ordered=True,
)
_UTILISATION: Final = Attribute(
    insight=card_bills.UTILISATION,
    label=Wording(ko="카드 한도를 쓴 비율 (%)", en="Share of the card limit used (%)"),
    cells=tuple(card_bills.USED.values()),
    ordered=True,
)
_INVESTMENTS: Final = Attribute(
    insight=holdings.INVESTMENTS,
    label=Wording(ko="투자 상품 보유", en="Investments held"),
    cells=(holdings.HOLDS, holdings.NONE),
    ordered=False,
)
_CREDIT: Final = ("loan_advice", "deposit_waiver")
ENTRIES: Final = (
    make_entry(
        "payments.late_bills",
        "지난 1년 동안 카드 대금을 몇 번 늦게 냈나요?",
        "How many card bills were paid late in the last 12 months?",
        _ARREARS,
        YEAR_FLOOR,
        ("loan_advice",),
        disputable=True,
        sensitivity=Sensitivity.SENSITIVE,
    ),
    make_entry(
        "payments.no_late_bills",
        "지난 1년 동안 카드 대금을 제때 냈나요?",
        "Were all card bills of the last 12 months paid on time?",
        _ARREARS,
        YEAR_FLOOR,
        _CREDIT,
        yes=("0",),
        disputable=True,
        sensitivity=Sensitivity.SENSITIVE,
    ),
    make_entry(
        "payments.card_utilisation",
        "최근 석 달의 카드 대금이 한도의 몇 퍼센트였나요?",
        "What percentage of the card limit did the bills of the last three months use?",
        _UTILISATION,
        BILLS_FLOOR,
        ("loan_advice",),
        disputable=True,
        sensitivity=Sensitivity.SENSITIVE,
    ),
    make_entry(
        "payments.holds_investments",
        "투자 상품을 가지고 있나요?",
        "Does the person hold investments?",
        _INVESTMENTS,
        FACT_FLOOR,
        ("personal_offers", "loan_advice"),
        yes=(holdings.HOLDS,),
    ),
)
