"""A card with a fault is refused by its row and the reason; each kind of fault is planted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mydata_hub.errors import BadInput
from mydata_hub.scorecard.card import (
    CategoricalFeature,
    Direction,
    Group,
    NumericFeature,
    Scale,
    Source,
)
from mydata_hub.scorecard.check import (
    find_faults,
    require_not_older,
    require_of_hub,
    require_sound,
)
from mydata_hub.scorecard.features import FAMILIES, HUB_FEATURES
from mydata_hub.scorecard.forbidden import FORBIDDEN, forbidden_in

from tests.unit.scorecard.cards import hub_card, make_card, numeric, said, sound_cards, summed


def changed(card, name, row=None, **more):
    """The card with a feature, or one of its rows (from 1), changed; sums are stated anew."""
    features = []
    for feature in card.features:
        if feature.id == name and row is None:
            feature = replace(feature, **more)
        elif feature.id == name:
            rows = list(feature.rows)
            rows[row - 1] = replace(rows[row - 1], **more)
            feature = replace(feature, rows=tuple(rows))
        features.append(feature)
    return summed(replace(card, features=tuple(features)))


def kinds(*rows, other=0):
    return CategoricalFeature(
        kind="categorical",
        id="purpose",
        family="bills",
        source=Source.FITTED,
        label=said("purpose"),
        rows=rows,
        other=other,
        missing=0,
        typical=0,
    )


CARD = hub_card()
OF_KINDS = make_card([kinds(Group(values=("a", "b"), points=0), Group(values=("c",), points=9))])
PLANTED = {
    "gap": (
        changed(CARD, "late_bills", 2, at_least=2.0),
        "features.late_bills row 2: leaves a gap from 1 to 2",
    ),
    "gap at the begin": (
        changed(CARD, "late_bills", 1, at_least=0.0),
        "features.late_bills row 1: leaves a gap below 0",
    ),
    "gap at the end": (
        changed(CARD, "late_bills", 3, below=90.0),
        "features.late_bills row 3: leaves a gap from 90 on",
    ),
    "overlap": (
        changed(CARD, "late_bills", 2, at_least=0.0),
        "features.late_bills row 2: overlaps the row before it, from 0 to 1",
    ),
    "turned row": (
        changed(CARD, "late_bills", 2, below=-4.0),
        "features.late_bills row 2: ends before it begins",
    ),
    "part of a whole": (
        changed(changed(CARD, "late_bills", 1, below=0.5), "late_bills", 2, at_least=0.5),
        "features.late_bills row 1: takes whole numbers, as its feature does",
    ),
    "worse that gives more": (
        changed(CARD, "late_bills", 3, points=1),
        "features.late_bills row 3: gives more points, where more is worse",
    ),
    "better that gives less": (
        changed(CARD, "regular_bills_paid", 2, points=-1),
        "features.regular_bills_paid row 2: gives fewer points, where more is better",
    ),
    "value twice": (
        changed(OF_KINDS, "purpose", 2, values=("b", "c")),
        "features.purpose row 1: overlaps: it has a value that is there twice",
    ),
    "value twice in a row": (
        changed(OF_KINDS, "purpose", 2, values=("c", "c")),
        "features.purpose row 2: overlaps: it has a value that is there twice",
    ),
    "no values": (
        changed(OF_KINDS, "purpose", 2, values=()),
        "features.purpose row 2: takes 1 to 1000 values",
    ),
    "no rows": (changed(CARD, "late_bills", rows=()), "features.late_bills: takes 1 to 200 rows"),
    "best when missing": (
        changed(CARD, "late_bills", missing=61),
        "features.late_bills: gives most for what is missing",
    ),
    "typical of nobody": (
        changed(CARD, "late_bills", typical=61),
        "features.late_bills: has typical points that nobody can have",
    ),
    "immense": (
        changed(CARD, "late_bills", 3, points=-10_001),
        "features.late_bills: takes points within 10000 of 0",
    ),
    "forbidden": (
        changed(CARD, "late_bills", id="applicant_age"),
        "features.applicant_age: is forbidden: age is never used",
    ),
    "forbidden by its label": (
        changed(CARD, "late_bills", label=replace(said("x"), ko="결혼 여부")),
        "features.late_bills: is forbidden: marriage is never used",
    ),
    "sum of the lowest": (
        replace(CARD, lowest=CARD.lowest - 1),
        "lowest: is stated as 509, and the points sum to 510",
    ),
    "sum of the highest": (
        replace(CARD, highest=1000),
        "highest: is stated as 1000, and the points sum to 700",
    ),
    "base": (
        replace(CARD, base_points=601),
        "lowest: is stated as 510, and the points sum to 511",
    ),
    "tiers": (replace(CARD, tiers=(500, 650, 700)), "tiers: are 600, 650, 700 in every card"),
    "version": (replace(CARD, version=0), "version: takes 1 to 999999"),
    "scale": (
        replace(CARD, scale=Scale(points_to_double=0.0, anchor_score=600, anchor_odds=1.0)),
        "scale: takes a doubling and odds above 0",
    ),
    "floor of families": (
        replace(CARD, floor=replace(CARD.floor, families=3)),
        "floor: takes at most as many families as there are",
    ),
    "floor of confidence": (
        replace(CARD, floor=replace(CARD.floor, confidence=101)),
        "floor: takes a confidence of 0 to 100",
    ),
    "weights": (
        replace(CARD, families=(replace(CARD.families[0], weight=49), CARD.families[1])),
        "families: have weights that do not sum to 100",
    ),
    "weight of nothing": (
        replace(
            CARD,
            families=(
                replace(CARD.families[0], weight=100),
                replace(CARD.families[1], weight=0),
            ),
        ),
        "families.bills: takes a weight above 0",
    ),
    "family twice": (
        replace(CARD, families=(CARD.families[0], CARD.families[0])),
        "families.payment_history: is there twice",
    ),
    "family of nobody": (
        changed(CARD, "late_bills", family="bills"),
        "families.payment_history: has no feature",
    ),
    "unlisted family": (
        changed(CARD, "late_bills", family="luck"),
        "families.payment_history: has no feature",
    ),
    "feature twice": (
        summed(replace(CARD, features=(*CARD.features, CARD.features[0]))),
        "features.late_bills: is there twice",
    ),
    "no features": (summed(replace(CARD, features=())), "features: takes 1 to 200"),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_refused_by_its_row_and_reason(fault):
    card, told = PLANTED[fault]
    assert find_faults(CARD) == find_faults(OF_KINDS) == []
    assert told in [f"{one.row}: {one.reason}" for one in find_faults(card)]
    with pytest.raises(BadInput):
        require_sound(card)


@given(sound_cards(), st.data())
def test_a_row_moved_at_one_end_is_a_gap_or_an_overlap(card, data):
    numbers = [
        one for one in card.features if isinstance(one, NumericFeature) and len(one.rows) > 1
    ]
    if not numbers:
        return
    feature = data.draw(st.sampled_from(numbers))
    row = data.draw(st.integers(2, len(feature.rows)))
    by = data.draw(st.integers(1, 1000)) * data.draw(st.sampled_from([1.0, -1.0]))
    moved = feature.rows[row - 1].begin + by
    faults = find_faults(changed(card, feature.id, row, at_least=moved))
    word = "gap" if by > 0 else "overlap"
    assert any(
        one.row == f"features.{feature.id} row {row}" and word in one.reason for one in faults
    )


@given(sound_cards(), st.integers().filter(bool))
def test_stated_ends_that_are_not_the_sums_are_refused(card, by):
    assert find_faults(replace(card, lowest=card.lowest + by))[0].row == "lowest"
    assert find_faults(replace(card, highest=card.highest + by))[0].row == "highest"


WORDS_FORBIDDEN = (
    "SEX AGE MARRIAGE EDUCATION age_in_years personal_status_and_sex foreign_worker telephone"
    " number_of_people_being_liable_to_provide_maintenance_for NumberOfDependents maritalStatus"
    " Gender date_of_birth is_married kids_at_home friendsCount zip_code GPS phone_model"
    " internet.hours traffic_offences household_size nationality 성별 결혼여부 최종학력"
)
WORDS_ALLOWED = (
    "LIMIT_BAL PAY_0 BILL_AMT1 average_balance percentage usage age_of_oldest_account"
    " duration_in_month savings_account_and_bonds present_employment_since housing property"
    " other_debtors_or_guarantors number_of_existing_credits_at_this_bank credit_history"
    " installment_rate_in_percentage_of_disposable_income late_bills package management"
)


@pytest.mark.parametrize("column", WORDS_FORBIDDEN.split())
def test_columns_that_are_a_forbidden_attribute_are_recognised(column):
    assert forbidden_in(column) is not None


@pytest.mark.parametrize("column", WORDS_ALLOWED.split())
def test_columns_that_only_look_alike_are_left_alone(column):
    assert forbidden_in(column) is None


def test_the_table_has_what_is_promised_each_with_its_reason_in_both_languages():
    promised = {
        "sex", "age", "nationality", "marriage", "children", "education", "family", "contacts",
        "internet", "traffic", "location", "device",
    }  # fmt: skip
    assert promised <= {row.id for row in FORBIDDEN}
    assert len({row.reason.ko for row in FORBIDDEN}) == len(FORBIDDEN)
    assert len({row.reason.en for row in FORBIDDEN}) == len(FORBIDDEN)


def test_no_feature_of_the_hub_is_forbidden_and_each_has_its_family():
    for feature in HUB_FEATURES.values():
        for name in (feature.id, feature.label.ko, feature.label.en):
            assert forbidden_in(name) is None
        assert feature.family in FAMILIES


HUB_FAULTS = {
    "another feature": (
        make_card([numeric("shoe_size", "bills", Direction.FREE, [], [0])]),
        "features.shoe_size: is none of the features that the hub computes",
    ),
    "another kind": (
        make_card([replace(OF_KINDS.features[0], id="late_bills", family="payment_history")]),
        "features.late_bills: is none of the features that the hub computes",
    ),
    "another family": (
        changed(CARD, "late_bills", family="bills"),
        "features.late_bills: is of the family payment_history",
    ),
    "another direction": (
        changed(CARD, "late_bills", direction=Direction.FREE),
        "features.late_bills: takes the direction more_is_worse",
    ),
    "parts": (changed(CARD, "late_bills", whole=False), "features.late_bills: counts in whole"),
    "a family of its own": (
        make_card([numeric("late_bills", "luck", Direction.MORE_IS_WORSE, [], [0])]),
        "families.luck: is none of the hub's",
    ),
}


@pytest.mark.parametrize("fault", HUB_FAULTS)
def test_the_hub_runs_no_card_that_reads_its_features_otherwise(fault):
    card, told = HUB_FAULTS[fault]
    assert require_of_hub(CARD) == CARD
    if fault != "another family":  # which has a fault besides: a family is left without a feature
        require_sound(card)
        with pytest.raises(BadInput, match=told.partition(":")[2].strip()):
            require_of_hub(card)
    else:
        with pytest.raises(BadInput):
            require_of_hub(card)


def test_an_older_card_and_a_changed_one_of_the_same_version_are_refused():
    assert require_not_older(CARD, CARD) == CARD
    assert require_not_older(replace(CARD, version=3), CARD).version == 3
    with pytest.raises(BadInput, match="version: is 1, and 2 is in force"):
        require_not_older(replace(CARD, version=1), CARD)
    with pytest.raises(BadInput, match="a changed card takes the next one"):
        require_not_older(replace(CARD, title=said("another")), CARD)
    with pytest.raises(BadInput, match="id: takes"):
        require_not_older(replace(CARD, id="other.card", version=9), CARD)
