"""Codes of ISO 18245 become categories where their words mean one, and never outvote a name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mydata_hub.collection.categories import CATEGORIES
from mydata_hub.collection.merchant_codes import CODES, categorise_code, categorise_merchant


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("5411", "groceries"),
        ("5814", "restaurant"),
        ("5541", "fuel"),
        ("4121", "taxi"),
        ("3005", "travel"),
        ("3357", "transport"),
        ("3640", "travel"),
        # The exception to a range of shops.
        ("5300", "groceries"),
        ("5311", "shopping"),
        ("5942", "culture"),
        ("5912", "health"),
    ],
)
def test_a_code_whose_words_mean_one_category_gets_it(code: str, category: str) -> None:
    assert categorise_code(code) == category


@pytest.mark.parametrize(
    "code",
    # Money, and what would tell of a faith, a party, a union or somebody's company.
    [
        "4829",
        "6011",
        "6051",
        "8661",
        "8651",
        "8398",
        "7273",
        "7999",
        "",
        "541",
        "54111",
        "٥٤١١",
        None,
    ],
)
def test_any_other_code_is_unknown(code: str | None) -> None:
    assert categorise_code(code) == "unknown"


def test_every_code_is_four_digits_and_every_category_one_of_the_hub() -> None:
    assert all(len(code) == 4 and code.isdecimal() for code in CODES)
    assert set(CODES.values()) <= CATEGORIES


@given(st.sampled_from(sorted(CODES)))
def test_a_name_that_says_what_it_is_holds_against_any_code(code: str) -> None:
    assert categorise_merchant("스타벅스", code) == "cafe"
    assert categorise_merchant("에이비씨상사", code) == CODES[code]


def test_neither_name_nor_code_is_unknown() -> None:
    assert categorise_merchant(None) == "unknown"
    assert categorise_merchant("에이비씨상사", "9999") == "unknown"
