"""The words of a score come from the card alone, in both languages."""

from __future__ import annotations

import pytest
from mydata_hub.errors import BadInput
from mydata_hub.fields import Wording
from mydata_hub.scorecard.card import CategoricalFeature, Direction, Group, Source, Span
from mydata_hub.scorecard.evaluate import score
from mydata_hub.scorecard.words import say_points, say_row

from tests.unit.scorecard.cards import hub_card, make_card, numeric, said

FREE = Direction.FREE
WHOLE = numeric("a", "bills", FREE, [0.0, 1.0, 3.0], [0, 1, 2, 3])
PARTS = numeric("a", "bills", FREE, [0.5, 1250.0], [0, 1, 2], whole=False)
ALL = numeric("a", "bills", FREE, [], [0])
KINDS = CategoricalFeature(
    kind="categorical",
    id="b",
    family="bills",
    source=Source.FITTED,
    label=said("b"),
    rows=(Group(values=tuple("cdefghijk"), points=4), Group(values=("l", "m"), points=2)),
    other=1,
    missing=0,
    typical=1,
)


@pytest.mark.parametrize(
    ("feature", "ko", "en"),
    [
        (
            WHOLE,
            ["0 미만", "0", "1~2", "3 이상"],
            ["less than 0", "0", "1 to 2", "3 or more"],
        ),
        (
            PARTS,
            ["0.5 미만", "0.5 이상 1,250 미만", "1,250 이상"],
            ["less than 0.5", "0.5 to less than 1,250", "1,250 or more"],
        ),
        (ALL, ["모든 값"], ["any value"]),
        (KINDS, ["c, d, e, f, g, h, i, j, ...", "l, m"], ["c, d, e, f, g, h, i, j, ...", "l, m"]),
    ],
)
def test_a_row_without_a_label_is_said_by_its_bounds_or_values(feature, ko, en):
    assert [say_row(feature, row).ko for row in feature.rows] == ko
    assert [say_row(feature, row).en for row in feature.rows] == en


def test_a_label_is_said_as_the_card_has_it():
    label = Wording(ko="없음", en="none")
    assert say_row(WHOLE, Span(at_least=None, below=1.0, points=0, label=label)) == label


def test_reasons_say_the_row_of_the_value_and_what_is_not_known_or_not_on_the_card():
    card = make_card((WHOLE, KINDS))
    told = [one.row.en for one in score(card, {"a": 2.0, "b": "m"}).reasons]
    assert told == ["1 to 2", "l, m"]
    told = [one.row.ko for one in score(card, {"b": "never seen"}).reasons]
    assert told == ["알 수 없음", "그 밖의 값"]


def test_points_carry_their_sign():
    assert [say_points(points) for points in (7, 0, -12)] == ["+7", "0", "−12"]


def test_a_reason_tells_how_it_stands_beside_most_people_and_beside_the_best():
    scored = score(hub_card(), {"late_bills": 1.0, "regular_bills_paid": 6.0})
    late = scored.reasons[0]
    assert (scored.points_of("late_bills"), scored.points_of("regular_bills_paid")) == (0, 20)
    assert (late.points, late.best, late.lost, late.above_typical) == (0, 60, 60, -60)


def test_a_card_names_its_features_and_no_others():
    card = hub_card()
    assert card.feature("late_bills") is card.features[0]
    with pytest.raises(BadInput, match="of the card alone"):
        card.feature("sex")
