"""Merchant category codes (ISO 18245) as the categories of this hub, `unknown` for the rest.

The card networks give a merchant its code; it stands where a name says nothing. The table names
codes only where their words in the standard mean one category: money transfers, services of all
kinds and associations stay unknown. `make evaluate` holds it to the published list of codes.
"""

from __future__ import annotations

import re
from typing import Final

from mydata_hub.collection.categories import categorise
from mydata_hub.collection.record import UNKNOWN_CATEGORY

# The narrowest range that holds a code decides, so that the exceptions may follow the rule.
_TABLE: Final = {
    "bakery": "5462",
    "groceries": "5300 5411 5422 5441 5451 5499",
    "restaurant": "5811-5814",
    "transport": "3351-3441 4111 4112 4131 7512 7513 7519",
    "taxi": "4121",
    "fuel": "5541 5542 5552 5983",
    "parking": "4784 7523",
    "utilities": "4900",
    "telecom": "4812 4814 4816",
    "insurance": "5960 6300",
    "health": "4119 5047 5122 5912 5975 5976 8011-8099",
    "beauty": "5977 7230 7297 7298",
    "shopping": "5200-5399 5611-5733 5931-5949 5964-5969 5971-5973 5992-5999",
    "subscription": "5815-5818 4899",
    "culture": "5942 7832 7841 7922 7929 7991 7996 7998",
    "education": "8211-8299",
    "sport": "5940 5941 7911 7932 7933 7941 7992 7997",
    "travel": "3000-3350 3501-3999 4411 4511 4722 7011 7012 7032 7033",
    "rent": "6513",
    "tax": "9311",
}
_CODE: Final = re.compile(r"[0-9]{4}")


def _spread() -> dict[str, str]:
    ranges: list[tuple[int, int, str]] = []
    for category, told in _TABLE.items():
        for part in told.split():
            first, _, last = part.partition("-")
            ranges.append((int(last or first) - int(first), int(first), category))
    # Narrow ones last, over the wide ones.
    ranges.sort(reverse=True)
    return {
        f"{code:04d}": category
        for length, first, category in ranges
        for code in range(first, first + length + 1)
    }


CODES: Final = _spread()


def categorise_code(code: str | None) -> str:
    """The category of a merchant category code, or "unknown" for any other text."""
    if code is None or not _CODE.fullmatch(code):
        return UNKNOWN_CATEGORY
    return CODES.get(code, UNKNOWN_CATEGORY)


def categorise_merchant(name: str | None, code: str | None = None) -> str:
    """What the name says or, where it says nothing, what the code does."""
    named = categorise(name)
    return categorise_code(code) if named == UNKNOWN_CATEGORY else named
