"""Units: what the numbers of an attribute's cells count, so that no answer is a bare number."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from mydata_hub.fields import Wording


class Unit(NamedTuple):
    """Behind a number, in both languages."""

    ko: str
    en: str


_PERCENT: Final = Unit("%", " %")
_MEALS: Final = Unit("끼", " meals")
_DAY_OF_MONTH: Final = Unit("일", " of the month")
UNITS: Final = {
    "commute.days": Unit("일", " days"),
    "commute.transfers": Unit("번", " transfers"),
    "habits.deliveries": Unit("번", " deliveries"),
    "habits.lunch_price": _PERCENT,
    "income.pay_day": _DAY_OF_MONTH,
    "income.saving_rate": _PERCENT,
    "insurance.loss_free_years": Unit("년", " years"),
    "insurance.renewal": Unit("일", " days"),
    "mobility.distance": Unit("km", " km"),
    "mobility.trips": Unit("번", " trips"),
    "payments.arrears": Unit("건", " bills"),
    "payments.bill_day": _DAY_OF_MONTH,
    "payments.card_utilisation": _PERCENT,
    "payments.recurring_count": Unit("건", " payments"),
    "payments.rent_day": _DAY_OF_MONTH,
    "payments.rent_share": _PERCENT,
    "payments.subscriptions": Unit("개", " subscriptions"),
    "payments.telecom_price": _MEALS,
    "payments.utilities_price": _MEALS,
    "spending.eating_out": _PERCENT,
    "spending.groceries": _PERCENT,
}
# Cells of these end below their second number; all others hold it.
_BELOW: Final = frozenset({"payments.card_utilisation"})
_NUMBER: Final = re.compile(
    r"(?P<under>under_|within_)?(?P<first>\d+)(?:_to_(?P<last>\d+)|(?P<more>_or_more))?"
)


def number_words(attribute: str, symbol: str) -> Wording | None:
    """A symbol with its unit: "3개 이상", "3 bills or more"; None where it counts nothing."""
    unit, found = UNITS.get(attribute), _NUMBER.fullmatch(symbol)
    if unit is None or found is None:
        return None
    first, last = found["first"], found["last"]
    if last and attribute in _BELOW:
        return Wording(
            ko=f"{first}{unit.ko} 이상 {last}{unit.ko} 미만", en=f"{first} to under {last}{unit.en}"
        )
    if last:
        return Wording(ko=f"{first}{unit.ko}에서 {last}{unit.ko}", en=f"{first} to {last}{unit.en}")
    if found["more"]:
        return Wording(ko=f"{first}{unit.ko} 이상", en=f"{first}{unit.en} or more")
    if found["under"] == "under_":
        return Wording(ko=f"{first}{unit.ko} 미만", en=f"Under {first}{unit.en}")
    if found["under"]:
        return Wording(ko=f"{first}{unit.ko} 안", en=f"Within {first}{unit.en}")
    # One of something has no plural.
    one = unit.en.removesuffix("s") if first == "1" else unit.en
    return Wording(ko=f"{first}{unit.ko}", en=f"{first}{one}")
