"""Laws of scores, over every sound card there is."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from mydata_hub.errors import BadInput
from mydata_hub.scorecard.card import Direction, Floor, NumericFeature, all_points
from mydata_hub.scorecard.check import find_faults
from mydata_hub.scorecard.evaluate import Level, score, total_of
from mydata_hub.scorecard.improve import nearest_improvement, possible_steps, what_if

from tests.unit.scorecard.cards import ADVICE, hub_card, make_card, numeric, sound_cards, values_of

REACH = st.data()


@given(sound_cards(), REACH)
def test_the_points_of_the_reasons_are_the_score_exactly(card, data):
    assert find_faults(card) == []
    values = data.draw(values_of(card))
    scored = score(card, values)
    assert scored.total == card.base_points + sum(one.points for one in scored.reasons)
    assert scored.total == total_of(card, values)
    assert [one.feature for one in scored.reasons] == list(card.features)


@given(sound_cards(), REACH)
def test_every_value_has_its_points_and_no_score_is_beyond_the_published_ends(card, data):
    values = data.draw(values_of(card))
    scored = score(card, values)
    assert scored.total is not None
    assert card.lowest <= scored.total <= card.highest
    for one in scored.reasons:
        assert one.points in all_points(one.feature)
        assert one.points <= one.best
        assert one.lost >= 0


@given(sound_cards())
def test_both_ends_of_the_line_have_their_points(card):
    for feature in card.features:
        if isinstance(feature, NumericFeature):
            assert feature.row_of(-math.inf) == feature.rows[0]
            assert feature.row_of(math.inf) == feature.rows[-1]
            for row in feature.rows[1:]:
                assert feature.row_of(row.begin) == row
                assert feature.row_of(math.nextafter(row.begin, -math.inf)) != row


@given(sound_cards(), REACH, st.floats(min_value=0, max_value=1e6))
def test_more_of_what_is_better_never_lowers_a_score_and_more_of_what_is_worse_never_raises_it(
    card, data, more
):
    values = data.draw(values_of(card, known=True))
    for feature in card.features:
        if not isinstance(feature, NumericFeature) or feature.direction is Direction.FREE:
            continue
        gained = what_if(card, values, {feature.id: values[feature.id] + more}).difference
        assert gained is not None
        assert gained >= 0 if feature.direction is Direction.MORE_IS_BETTER else gained <= 0


@given(sound_cards(), REACH)
def test_a_stated_improvement_yields_the_stated_score(card, data):
    values = data.draw(values_of(card))
    before = score(card, values)
    steps = possible_steps(card, values)
    assert nearest_improvement(card, values) == (steps[0] if steps else None)
    for step in steps:
        again = score(card, {**values, step.feature.id: step.value})
        assert again.total == step.after.total == before.total + step.gained
        assert step.gained > 0
        assert step.advice == ADVICE
        assert values[step.feature.id] is not None


@given(sound_cards(), REACH)
def test_an_improvement_is_told_wherever_a_known_feature_can_give_more(card, data):
    values = data.draw(values_of(card))
    told = {step.feature.id for step in possible_steps(card, values)}
    for one in score(card, values).reasons:
        most = max(row.points for row in one.feature.rows)
        helps = one.feature.advice is not None and one.value is not None and most > one.points
        assert (one.feature.id in told) is helps


@given(sound_cards(), REACH, st.dictionaries(st.text(max_size=5), st.none() | st.text()))
def test_what_the_card_does_not_have_changes_nothing(card, data, others):
    """Two people who differ only in an attribute that is no feature have one score."""
    values = data.draw(values_of(card))
    others = {name: value for name, value in others.items() if name not in values}
    assert score(card, {**others, **values}) == score(card, values)
    assert score(card, {**values, "sex": "F", "age": 71.0}) == score(card, values)


@given(sound_cards(), REACH)
def test_a_step_that_opens_a_tier_comes_before_those_that_open_none(card, data):
    values = data.draw(values_of(card))
    tier = score(card, values).tier
    steps = possible_steps(card, values)
    opened = [step.after.tier > tier for step in steps]
    assert opened == sorted(opened, reverse=True)
    for opens in (True, False):
        gained = [step.gained for step in steps if (step.after.tier > tier) is opens]
        assert gained == sorted(gained, reverse=True)


def test_the_tiers_begin_at_their_thresholds():
    card = hub_card()
    for total, tier in ((599, 0), (600, 600), (649, 600), (650, 650), (700, 700), (9999, 700)):
        assert card.tier_of(total) == tier
    assert score(card, {"late_bills": 0, "regular_bills_paid": 12}).total == 600 + 60 + 40


def test_the_step_that_opens_the_next_tier_is_the_nearest_though_another_gives_more():
    worse, better = Direction.MORE_IS_WORSE, Direction.MORE_IS_BETTER
    large = numeric("late_bills", "payment_history", worse, [1.0], [45, 0])
    small = numeric("payment_weeks", "payment_history", better, [5.0], [0, 10])
    card = make_card((large, small), base_points=645)
    step = nearest_improvement(card, {"late_bills": 1, "payment_weeks": 0})
    assert (step.feature.id, step.value, step.after.total) == ("late_bills", 0.0, 690)
    card = make_card((large, small), base_points=595)
    step = nearest_improvement(card, {"late_bills": 0, "payment_weeks": 4})
    assert (step.feature.id, step.value, step.after.tier) == ("payment_weeks", 5.0, 650)


def test_missing_families_lower_confidence_and_below_the_floor_there_is_no_score():
    card = hub_card()
    late, bills = card.families
    both = score(card, {"late_bills": 0.0, "regular_bills_paid": 3.0})
    assert (both.confidence, both.level, both.unknown) == (100, Level.HIGH, ())
    one = score(card, {"late_bills": 0.0})
    assert (one.confidence, one.level, one.unknown) == (50, Level.LOW, (bills,))
    assert one.total == 660
    floored = replace(card, floor=Floor(families=2, confidence=60))
    none = score(floored, {"late_bills": 0.0, "regular_bills_paid": math.nan})
    assert (none.total, none.tier, none.needed) == (None, None, (bills,))
    needed = replace(card, families=(replace(late, required=True), bills))
    none = score(needed, {"regular_bills_paid": 3.0})
    assert (none.total, none.needed) == (None, (needed.families[0],))
    assert nearest_improvement(needed, {"regular_bills_paid": 3.0}) is None
    assert what_if(needed, {"regular_bills_paid": 3.0}, {"late_bills": 0.0}).difference is None


@given(sound_cards(), REACH)
def test_a_value_of_the_wrong_kind_is_refused_by_its_feature(card, data):
    values = data.draw(values_of(card))
    feature = data.draw(st.sampled_from(card.features))
    wrong = "many" if isinstance(feature, NumericFeature) else 3.0
    with pytest.raises(BadInput) as refused:
        score(card, {**values, feature.id: wrong})
    assert refused.value.field == feature.id
    assert refused.value.remedy in ("takes a number", "takes text")


@given(sound_cards(), REACH)
def test_what_if_tells_both_scores_and_refuses_what_the_card_has_not(card, data):
    values, other = data.draw(values_of(card)), data.draw(values_of(card))
    found = what_if(card, values, other)
    assert found.after == score(card, other)
    assert found.difference == found.after.total - found.before.total
    with pytest.raises(BadInput, match="features of the card alone"):
        what_if(card, values, {"sex": "F"})


@given(sound_cards(), st.integers(-500, 1500))
def test_a_higher_score_is_a_lower_probability_of_default(card, total):
    lower, higher = (card.scale.probability_of_bad(one) for one in (total, total + 1))
    assume(higher > 0)
    assert higher < lower < 1
    assert card.scale.probability_of_bad(card.scale.anchor_score) == pytest.approx(
        1 / (1 + card.scale.anchor_odds)
    )
