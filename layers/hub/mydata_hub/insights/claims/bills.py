"""What can be asked of bills: which there are, when they are due, and what changed."""

from __future__ import annotations

from typing import Final

from mydata_hub.fields import Wording
from mydata_hub.insights import paying
from mydata_hub.insights.bills import THIRDS
from mydata_hub.insights.claim import Sensitivity
from mydata_hub.insights.entries import CHANGE_FLOOR, MONTHLY_FLOOR, Attribute, make_entry

_RENT: Final = Attribute(
    insight=paying.RENT,
    label=Wording(ko="매달 내는 월세", en="Monthly rent"),
    cells=(paying.MONTHLY_CELL, paying.NONE),
    ordered=False,
)
_TELECOM: Final = Attribute(
    insight=paying.TELECOM,
    label=Wording(ko="매달 내는 통신 요금", en="Monthly phone or internet plan"),
    cells=(paying.MONTHLY_CELL, paying.NONE),
    ordered=False,
)
_PREMIUM: Final = Attribute(
    insight=paying.PREMIUM,
    label=Wording(ko="매달 내는 보험료", en="Monthly insurance premium"),
    cells=(paying.MONTHLY_CELL, paying.NONE),
    ordered=False,
)
_LOAN: Final = Attribute(
    insight=paying.LOAN_REPAYMENT,
    label=Wording(ko="매달 갚는 대출", en="Monthly loan repayment"),
    cells=(paying.MONTHLY_CELL, paying.NONE),
    ordered=False,
)
_COUNT: Final = Attribute(
    insight=paying.SUBSCRIPTION_COUNT,
    label=Wording(ko="구독 개수", en="Number of subscriptions"),
    cells=tuple(paying.SUBSCRIPTIONS.values()),
    ordered=True,
)
_DAY: Final = Attribute(
    insight=paying.BILL_DAY,
    label=Wording(ko="공과금이 나가는 때", en="When utilities are debited"),
    cells=THIRDS,
    ordered=True,
)
_CHANGE: Final = Attribute(
    insight=paying.SUBSCRIPTION_CHANGE,
    label=Wording(ko="시작하거나 끝난 구독", en="Subscriptions begun or ended"),
    cells=(paying.NONE, paying.STARTED, paying.STOPPED, paying.BOTH),
    ordered=False,
)
_PRICE: Final = Attribute(
    insight=paying.PRICE_CHANGE,
    label=Wording(ko="정기 지출의 값 변화", en="Price changes of recurring payments"),
    cells=(paying.UNCHANGED, paying.RAISED, paying.LOWERED, paying.BOTH),
    ordered=False,
)
_OFFERS: Final = ("personal_offers",)
_CREDIT: Final = ("loan_advice", "deposit_waiver")
_YES: Final = (paying.MONTHLY_CELL,)
ENTRIES: Final = (
    make_entry(
        "payments.pays_rent",
        "매달 월세를 내나요?",
        "Does the person pay rent every month?",
        _RENT,
        MONTHLY_FLOOR,
        _CREDIT,
        yes=_YES,
    ),
    make_entry(
        "payments.pays_telecom",
        "매달 통신 요금을 내나요?",
        "Does the person pay for a phone or internet plan every month?",
        _TELECOM,
        MONTHLY_FLOOR,
        (*_OFFERS, *_CREDIT),
        yes=_YES,
    ),
    make_entry(
        "payments.pays_premium",
        "매달 보험료를 내나요?",
        "Does the person pay an insurance premium every month?",
        _PREMIUM,
        MONTHLY_FLOOR,
        (*_OFFERS, "insurance_quote"),
        yes=_YES,
    ),
    make_entry(
        "payments.repays_loan",
        "매달 대출을 갚나요?",
        "Does the person repay a loan every month?",
        _LOAN,
        MONTHLY_FLOOR,
        ("loan_advice",),
        yes=_YES,
        sensitivity=Sensitivity.SENSITIVE,
    ),
    make_entry(
        "payments.subscriptions",
        "돈을 내는 구독이 몇 개인가요?",
        "How many subscriptions does the person pay for?",
        _COUNT,
        MONTHLY_FLOOR,
        _OFFERS,
    ),
    make_entry(
        "payments.bill_day",
        "공과금이 한 달 중 언제 나가나요?",
        "When in the month are utilities debited?",
        _DAY,
        MONTHLY_FLOOR,
        (*_OFFERS, "loan_advice"),
    ),
    make_entry(
        "payments.subscription_change",
        "최근 넉 달 사이에 구독을 시작하거나 끝냈나요?",
        "Did the person begin or end a subscription in the last four months?",
        _CHANGE,
        CHANGE_FLOOR,
        _OFFERS,
    ),
    make_entry(
        "payments.price_change",
        "최근 넉 달 사이에 정기 지출의 값이 바뀌었나요?",
        "Did the price of a recurring payment change in the last four months?",
        _PRICE,
        CHANGE_FLOOR,
        _OFFERS,
    ),
)
