"""Arrears and holdings: card bills paid late, and whether an investment account holds anything."""

from __future__ import annotations

import struct
from datetime import date
from typing import Final

from mydata_hub.collection.record import Record
from mydata_hub.insights.fold import BILLS, HOLDINGS, Finding
from mydata_hub.insights.moments import date_of, day_of, local_day
from mydata_hub.insights.rule import Asked, RuleInsight, cell_in, find
from mydata_hub.insights.series import Facts, SeriesFold

YEAR_DAYS: Final = 365
# A weekend or a holiday puts the debit off; and a provider tells it a day later.
GRACE_DAYS: Final = 4
LATE: Final = {0: "0", 1: "1_to_2", 3: "3_or_more"}
HOLDS: Final = "holds"
NONE: Final = "none"
# A balance not seen for so long was sold.
SEEN_DAYS: Final = 35
_UNKNOWN: Final = 2**32 - 1


def _bill_facts(record: Record) -> Facts | None:
    if record.amount_minor == 0:
        return None
    return _day(record.body.get("due_on")), _day(record.body.get("paid_on"))


def _day(told: object) -> int:
    try:
        return day_of(max(date.fromisoformat(str(told)), date_of(0)))
    except ValueError:
        return _UNKNOWN


def _holding_facts(record: Record) -> Facts | None:
    value = record.body.get("value_minor")
    return (True,) if type(value) is int and value > 0 else None


BILLS_FOLD: Final = SeriesFold(
    id="bills", version=1, capacities={BILLS: 72}, layout=struct.Struct(">II"), facts_of=_bill_facts
)
# Each look at an account is a record of its own, and the latest look counts.
HOLDINGS_FOLD: Final = SeriesFold(
    id="holdings",
    version=1,
    capacities={HOLDINGS: 60},
    layout=struct.Struct(">?"),
    facts_of=_holding_facts,
)


def _arrears(asked: Asked) -> Finding:
    rows = BILLS_FOLD.rows(asked.state, collected_only=asked.collected_only)
    bills = [(row.facts[0], row.facts[1], local_day(row.minute)) for row in rows]
    known = [
        (due, paid)
        for due, paid, _ in bills
        if due != _UNKNOWN and asked.today - YEAR_DAYS <= due <= asked.today
    ]
    unknown = sum(due == _UNKNOWN and at >= asked.today - YEAR_DAYS for due, _, at in bills)
    late = sum(min(paid, asked.today) - due > GRACE_DAYS for due, paid in known)
    if not known or unknown:
        return find(
            None,
            "카드 대금을 낼 날을 알 수 없어 답하지 않아요.",
            "Your card bills do not all tell when they were due: no answer.",
            bills=len(known),
        )
    return find(
        cell_in(LATE, late),
        f"지난 1년의 카드 대금 {len(known)}건 중 {late}건을 늦게 냈어요.",
        f"Of {len(known)} card bills in a year, {late} were paid late.",
        bills=len(known),
        late=late,
    )


def _holdings(asked: Asked) -> Finding:
    rows = HOLDINGS_FOLD.rows(asked.state, collected_only=asked.collected_only)
    lately = sum(local_day(row.minute) >= asked.today - SEEN_DAYS for row in rows)
    if lately:
        return find(HOLDS, "투자 상품이 있어요.", "You hold investments.", looks=lately)
    return find(NONE, "투자 상품이 없어요.", "You hold no investments.", looks=0)


ARREARS: Final = RuleInsight(
    attribute="payments.arrears", fold=BILLS_FOLD, inputs=(BILLS,), rule=_arrears
)
INVESTMENTS: Final = RuleInsight(
    attribute="payments.investments", fold=HOLDINGS_FOLD, inputs=(HOLDINGS,), rule=_holdings
)
