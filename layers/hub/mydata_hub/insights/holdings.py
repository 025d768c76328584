"""Holdings: whether an investment account holds anything."""

from __future__ import annotations

import struct
from typing import Final

from mydata_hub.collection.record import Record
from mydata_hub.insights.fold import HOLDINGS, Finding
from mydata_hub.insights.moments import local_day
from mydata_hub.insights.rule import Asked, RuleInsight, find
from mydata_hub.insights.series import Facts, SeriesFold

HOLDS: Final = "holds"
NONE: Final = "none"
# A balance not seen for so long was sold.
SEEN_DAYS: Final = 35


def _holding_facts(record: Record) -> Facts | None:
    value = record.body.get("value_minor")
    return (True,) if type(value) is int and value > 0 else None


# Each look at an account is a record of its own, and the latest look counts.
HOLDINGS_FOLD: Final = SeriesFold(
    id="holdings",
    version=1,
    capacities={HOLDINGS: 60},
    layout=struct.Struct(">?"),
    facts_of=_holding_facts,
)


def _holdings(asked: Asked) -> Finding:
    rows = HOLDINGS_FOLD.rows(asked.state, collected_only=asked.collected_only)
    lately = sum(local_day(row.minute) >= asked.today - SEEN_DAYS for row in rows)
    if lately:
        return find(HOLDS, "투자 상품이 있어요.", "You hold investments.", looks=lately)
    return find(NONE, "투자 상품이 없어요.", "You hold no investments.", looks=0)


INVESTMENTS: Final = RuleInsight(
    attribute="payments.investments", fold=HOLDINGS_FOLD, inputs=(HOLDINGS,), rule=_holdings
)
