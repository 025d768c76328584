"""What can be asked of payments that come back every month."""

from __future__ import annotations

from typing import Final

from mydata_hub.fields import Wording
from mydata_hub.insights.entries import (
    MONTHLY_FLOOR,
    Attribute,
    make_entry,
)
from mydata_hub.insights.recurring import RECURRING

_RECURRING: Final = Attribute(
    insight=RECURRING,
    label=Wording(ko="매달 나가는 돈의 건수", en="Number of monthly payments"),
    cells=("0", "1_to_2", "3_to_5", "6_or_more"),
    ordered=True,
)
ENTRIES: Final = (
    make_entry(
        "payments.recurring_count",
        "매달 같은 곳에 같은 금액으로 나가는 돈이 몇 건인가요?",
        "How many payments go to the same place at the same amount every month?",
        _RECURRING,
        MONTHLY_FLOOR,
        ("personal_offers", "loan_advice", "deposit_waiver"),
    ),
)
