"""The card in force is one that the hub may run."""

from __future__ import annotations

from mydata_hub.insights.trust_card import card_in_force
from mydata_hub.insights.trust_features import FEATURES
from mydata_hub.scorecard.card import Source
from mydata_hub.scorecard.check import require_of_hub


def test_the_card_is_sound_and_reads_what_the_vault_computes_and_nothing_else():
    card = require_of_hub(card_in_force())
    assert {one.id for one in card.features} == set(FEATURES)


def test_what_no_data_stands_behind_is_marked_so():
    assert {one.source for one in card_in_force().features} == {Source.EXPERT}
