"""What can be asked of income, of what is left of it, and of a new employer."""

from __future__ import annotations

from typing import Final

from mydata_hub.fields import Wording
from mydata_hub.insights import income
from mydata_hub.insights.bills import THIRDS
from mydata_hub.insights.claim import AnswerPeriod, Sensitivity
from mydata_hub.insights.entries import CHANGE_FLOOR, MONTHLY_FLOOR, Attribute, make_entry

_REGULARITY: Final = Attribute(
    insight=income.REGULARITY,
    label=Wording(ko="소득이 들어오는 모양", en="How income comes"),
    cells=(income.MONTHLY_CELL, income.IRREGULAR),
    ordered=False,
)
_PAY_DAY: Final = Attribute(
    insight=income.PAY_DAY,
    label=Wording(ko="급여가 들어오는 때", en="When pay comes"),
    cells=THIRDS,
    ordered=True,
)
_SAVED: Final = Attribute(
    insight=income.SAVING_RATE,
    label=Wording(ko="남기는 소득의 비율", en="Share of income that is left"),
    cells=tuple(income.SAVED.values()),
    ordered=True,
)
_EMPLOYER: Final = Attribute(
    insight=income.NEW_EMPLOYER,
    label=Wording(ko="급여를 주는 곳의 변화", en="Change of who pays the salary"),
    cells=(income.NO, income.YES),
    ordered=False,
)
_CREDIT: Final = ("loan_advice", "deposit_waiver")
ENTRIES: Final = (
    make_entry(
        "income.monthly",
        "급여가 매달 들어오나요?",
        "Does pay come every month?",
        _REGULARITY,
        MONTHLY_FLOOR,
        _CREDIT,
        yes=(income.MONTHLY_CELL,),
    ),
    make_entry(
        "income.pay_day",
        "급여가 한 달 중 언제 들어오나요?",
        "When in the month does pay come?",
        _PAY_DAY,
        MONTHLY_FLOOR,
        ("personal_offers", "loan_advice"),
    ),
    make_entry(
        "income.saving_rate",
        "연결된 계좌에서 소득의 몇 퍼센트가 남나요?",
        "What percentage of income is left in the connected accounts?",
        _SAVED,
        CHANGE_FLOOR,
        _CREDIT,
        sensitivity=Sensitivity.SENSITIVE,
    ),
    make_entry(
        "life.new_employer",
        "최근 반년 사이에 급여를 주는 곳이 바뀌었나요?",
        "Did the payer of the salary change in the last half year?",
        _EMPLOYER,
        CHANGE_FLOOR,
        ("loan_advice",),
        period=AnswerPeriod.HALF_YEAR,
        sensitivity=Sensitivity.SENSITIVE,
    ),
)
