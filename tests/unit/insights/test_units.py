"""Units: no number of an answer stands bare, in either language."""

from __future__ import annotations

import re

import pytest
from mydata_hub.insights.catalogue import ATTRIBUTES
from mydata_hub.insights.units import UNITS, number_words

COUNTED = re.compile(r"\d+|(under|within)_\d+|\d+_or_more|\d+_to_\d+")
# These say times of day, whose words have their hours.
CLOCK = {"habits.cafe_time", "commute.window"}


def test_every_cell_that_counts_something_has_its_unit_and_no_other_has_one():
    counting = {
        attribute.id
        for attribute in ATTRIBUTES.values()
        if attribute.id not in CLOCK
        and any(COUNTED.fullmatch(cell) for cell in attribute.cells)
        # A score is points of its own, and told by its tiers.
        and not attribute.id.startswith("trust.")
    }
    assert counting == UNITS.keys()


@pytest.mark.parametrize(
    ("attribute", "symbol", "ko", "en"),
    [
        ("payments.subscriptions", "2_to_3", "2개에서 3개", "2 to 3 subscriptions"),
        ("payments.subscriptions", "4_or_more", "4개 이상", "4 subscriptions or more"),
        ("payments.subscriptions", "1", "1개", "1 subscription"),
        ("insurance.renewal", "within_30", "30일 안", "Within 30 days"),
        ("spending.groceries", "under_10", "10% 미만", "Under 10 %"),
        ("payments.card_utilisation", "30_to_60", "30% 이상 60% 미만", "30 to under 60 %"),
        ("payments.rent_share", "20_to_39", "20%에서 39%", "20 to 39 %"),
    ],
)
def test_a_number_is_read_with_what_it_counts(attribute, symbol, ko, en):
    words = number_words(attribute, symbol)
    assert (words.ko, words.en) == (ko, en)


@pytest.mark.parametrize(
    ("attribute", "symbol"),
    [("payments.subscriptions", "no_answer"), ("habits.cafe_time", "7_to_9"), ("none", "3_to_5")],
)
def test_what_counts_nothing_has_no_unit(attribute, symbol):
    assert number_words(attribute, symbol) is None


def test_the_words_of_one_attribute_are_different():
    for attribute in ATTRIBUTES.values():
        words = [number_words(attribute.id, cell) for cell in attribute.cells]
        told = [one.ko for one in words if one]
        assert len(set(told)) == len(told)
