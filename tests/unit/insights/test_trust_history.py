"""The course of a score: what it became each day, what changed it, and how little of it is kept."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mydata_hub.errors import FormatUnknown
from mydata_hub.insights.advance import advance_profile, fold_afresh, is_outdated, new_profile
from mydata_hub.insights.profile import FoldState, Profile
from mydata_hub.insights.trust_history import (
    HISTORY,
    MAX_STEPS,
    VERSION,
    Cause,
    Standing,
    newest_card,
    read_steps,
    step_to,
    with_standing,
    without_history,
)

from tests.unit.insights.lives import cafe_visits, weekdays_before

EMPTY = new_profile("vault-1")


def standing(score=640, card=1, **points):
    return Standing(card_version=card, score=score, points=points)


def course(*told, profile=EMPTY):
    for day, one in told:
        profile = with_standing(profile, day, one)
    return profile


def test_a_change_names_the_features_whose_points_changed_and_no_other():
    steps = read_steps(
        course((10, standing(640, late=30, weeks=5)), (12, standing(610, late=0, weeks=5)))
    )
    assert [(one.score, one.causes) for one in steps] == [
        (640, ()),
        (610, (Cause(feature="late", before=30, after=0),)),
    ]
    assert [one.card_version for one in steps] == [1, 1]


def test_of_a_day_the_last_standing_counts():
    profile = course(
        (10, standing(640, late=30)),
        (12, standing(600, late=-10)),
        (12, standing(610, late=0)),
    )
    assert [one.score for one in read_steps(profile)] == [640, 610]
    # And a day that ends as it began is no change.
    again = course((12, standing(640, late=30)), profile=profile)
    assert [one.score for one in read_steps(again)] == [640]


def test_what_does_not_change_takes_no_room():
    one = standing(640, late=30)
    assert course((10, one), (11, one), (50, one)) == course((10, one))


def test_a_time_without_a_score_is_told_and_causes_are_from_score_to_score():
    steps = read_steps(
        course(
            (10, standing(640, late=30)),
            (20, standing(None, late=-5)),
            (21, standing(None, late=-9)),
            (30, standing(620, late=10)),
        )
    )
    assert [one.score for one in steps] == [640, None, 620]
    assert steps[1].causes == ()
    assert steps[2].causes == (Cause(feature="late", before=30, after=10),)


def test_it_does_not_begin_before_there_is_a_score():
    assert read_steps(course((10, standing(None)), (11, standing(None)))) == ()


def test_another_card_is_told_with_what_it_changed():
    steps = read_steps(
        course(
            (10, standing(640, late=30, old=5)),
            (20, standing(660, card=2, late=30, new=25)),
        )
    )
    assert [one.new_card for one in steps] == [False, True]
    assert set(steps[1].causes) == {
        Cause(feature="old", before=5, after=None),
        Cause(feature="new", before=None, after=25),
    }
    assert newest_card(course((1, standing(card=7)), (2, standing(card=9)))) == 9
    assert newest_card(EMPTY) == 0


def test_what_is_not_kept_yet_is_told_as_the_next_step():
    profile = course((10, standing(640, late=30)))
    step = step_to(profile, 15, standing(600, late=-10))
    assert step is not None
    assert (step.score, step.causes) == (600, (Cause(feature="late", before=30, after=-10),))
    assert step_to(profile, 15, standing(640, late=30)) is None
    assert step_to(EMPTY, 15, standing(640, late=30)) is None


def test_folding_goes_on_beside_it_and_a_part_that_is_erased_takes_it_along():
    profile = course((10, standing(640, late=30)))
    records = cafe_visits(weekdays_before(7))
    assert read_steps(advance_profile(profile, records, {}, 1)) == read_steps(profile)
    assert read_steps(fold_afresh(profile, records, {}, 1)) == read_steps(profile)
    assert not is_outdated(profile)
    assert without_history(profile) == EMPTY
    assert without_history(EMPTY) == EMPTY


def test_what_a_newer_release_wrote_is_not_guessed():
    later = FoldState(version=VERSION + 1, state={"steps": []})
    profile = replace(EMPTY, folds={**EMPTY.folds, HISTORY: later})
    with pytest.raises(FormatUnknown):
        read_steps(profile)


NAMES = [f"feature_number_{number}" for number in range(8)]
STANDINGS = st.builds(
    standing,
    st.one_of(st.none(), st.integers(400, 900)),
    st.integers(1, 3),
    **{name: st.integers(-300, 300) for name in NAMES},
)
DAYS = st.lists(st.tuples(st.integers(0, 3), STANDINGS), min_size=1, max_size=60)


@settings(max_examples=30)
@given(DAYS)
def test_it_is_bounded_and_each_day_is_read_as_it_was_written(steps):
    day, told, profile = 40_000, [], EMPTY
    for later, one in steps:
        day += later
        told = [*(kept for kept in told if kept[0] != day), (day, one)]
        profile = with_standing(profile, day, one)
    profile = Profile.decode(profile.encode())
    found = read_steps(profile)
    assert len(found) <= MAX_STEPS
    # Of all that was written, what is kept is a part in the same order.
    written = iter([one.score for _, one in told])
    assert all(any(step.score == score for score in written) for step in found)
    if any(one.score is not None for _, one in told):
        assert found[-1].score == told[-1][1].score
    assert len(json.dumps(profile.folds[HISTORY].state)) <= 16_000


@settings(max_examples=30)
@given(DAYS)
def test_adding_the_causes_up_gives_each_next_points(steps):
    profile, known, last = EMPTY, {}, {}
    for later, (_, one) in enumerate(steps):
        profile = with_standing(profile, 40_000 + later, one)
        last = one.points if one.score is not None else last
    for step in read_steps(profile):
        for cause in step.causes:
            assert known.get(cause.feature, cause.before) == cause.before
            known[cause.feature] = cause.after
    assert known.items() <= last.items()
