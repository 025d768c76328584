"""Amounts: one scale for all currencies, beside the price of a simple meal."""

from __future__ import annotations

from typing import Final

from mydata_hub.insights.rule import cell_in

# A simple meal out, in minor units; a currency that is not here has no band.
MEAL: Final = {"KRW": 10_000, "JPY": 1_100, "USD": 1_400, "EUR": 1_200, "CZK": 18_000}
# Meals, rounded down, that one payment of a stream would buy.
BANDS: Final = {
    0: "0",
    1: "1_to_2",
    3: "3_to_9",
    10: "10_to_29",
    30: "30_to_99",
    100: "100_or_more",
}


def meals(amount_minor: int, currency: str) -> float | None:
    """How many simple meals an amount would buy, or None in a currency without a price of one."""
    unit = MEAL.get(currency)
    return None if unit is None else amount_minor / unit


def amount_band(amount_minor: int, currency: str) -> str | None:
    """The band of a stream's amount, or None in a currency without one."""
    found = meals(amount_minor, currency)
    return None if found is None else cell_in(BANDS, found)
