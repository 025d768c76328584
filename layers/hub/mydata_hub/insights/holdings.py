"""Holdings: whether an investment account holds anything."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from mydata_hub.collection.record import Record
from mydata_hub.insights.fold import HOLDINGS, Finding
from mydata_hub.insights.moments import local_day
from mydata_hub.insights.payments import plain_name
from mydata_hub.insights.rule import Asked, RuleInsight, find
from mydata_hub.insights.series import Facts, SeriesFold

HOLDS: Final = "holds"
NONE: Final = "none"
# A balance not seen for so long was sold.
SEEN_DAYS: Final = 35


# As much of a product's name as tells it from others.
NAME_BYTES: Final = 24


@dataclass(frozen=True, slots=True)
class Holding:
    """What an account held of a product at one look, for the person's own eyes."""

    value_minor: int
    currency: str
    product: str


def read_holding(facts: Facts) -> Holding:
    """The holding in a row of the fold."""
    value, currency, product = facts
    return Holding(value, currency.rstrip(b"\0").decode(), product.rstrip(b"\0").decode())


def _holding_facts(record: Record) -> Facts | None:
    body = record.body
    value, product = body.get("value_minor"), body.get("product")
    if type(value) is not int or value <= 0:
        return None
    name = plain_name(product) if isinstance(product, str) else ""
    shown = name.encode()[:NAME_BYTES].decode(errors="ignore")
    currency = body.get("currency")
    return value, (currency if isinstance(currency, str) else "").encode()[:3], shown.encode()


# Each look at an account is a record of its own, and the latest look counts.
HOLDINGS_FOLD: Final = SeriesFold(
    id="holdings",
    version=2,
    capacities={HOLDINGS: 40},
    layout=struct.Struct(f">q3s{NAME_BYTES}s"),
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
