"""The card that ships: signed by the pinned key, and what it may and may not do to a person."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OKPKey
from mydata_hub.errors import BadInput, NotProven
from mydata_hub.scorecard.card import NumericFeature, Source
from mydata_hub.scorecard.evaluate import score, total_of
from mydata_hub.scorecard.features import HUB_FEATURES
from mydata_hub.scorecard.forbidden import FORBIDDEN
from mydata_hub.scorecard.improve import possible_steps, what_if
from mydata_hub.scorecard.shipped import (
    CARD,
    PUBLISHERS,
    decode_publishers,
    pinned_publishers,
    read_card_in_force,
    shipped_card,
)
from mydata_hub.scorecard.signing import encode_file, sign_card

SHIPPED = shipped_card()
KEY = OKPKey.generate_key("Ed25519")
LIVES = st.fixed_dictionaries(
    {
        "late_bills": st.integers(0, 40),
        "overdue_now": st.integers(0, 30),
        "utilisation_percent": st.none() | st.integers(0, 250),
        "regular_bills_paid": st.none() | st.integers(0, 200),
        "payment_weeks": st.none() | st.integers(0, 26),
        "saving_percent": st.none() | st.integers(-100, 100),
        "holds_investments": st.none() | st.integers(0, 1),
        "history_months": st.integers(0, 400),
    }
)


def publishers(**more):
    public = KEY.as_dict(private=False)
    told = {"card": SHIPPED.id, "at_least": 1, "keys": [public]}
    return json.dumps({**told, **more}).encode()


def file_of(card, key=KEY):
    return encode_file(card, sign_card(card, key))


def test_the_shipped_card_reads_every_feature_of_the_hub_and_no_other():
    assert [one.id for one in SHIPPED.features] == list(HUB_FEATURES)
    assert pinned_publishers().card == SHIPPED.id
    assert read_card_in_force(CARD.read_bytes(), PUBLISHERS.read_bytes()) == SHIPPED


def test_what_was_fitted_and_what_people_have_set_is_marked():
    fitted = {one.id for one in SHIPPED.features if one.source is Source.FITTED}
    assert fitted == {"late_bills", "overdue_now", "utilisation_percent"}


@given(LIVES, st.integers(1, 12))
def test_one_more_late_bill_never_raises_the_score(life, more):
    for name in ("late_bills", "overdue_now"):
        assert what_if(SHIPPED, life, {name: life[name] + more}).difference <= 0


@given(LIVES, st.integers(1, 12))
def test_one_more_bill_paid_never_lowers_it(life, more):
    paid = (life["regular_bills_paid"] or 0) + more
    assert what_if(SHIPPED, life, {"regular_bills_paid": paid}).difference >= 0


@given(LIVES)
def test_to_connect_a_source_whose_points_people_set_never_costs_anything(life):
    for feature in SHIPPED.features:
        if feature.source is Source.EXPERT:
            assert total_of(SHIPPED, life) >= total_of(SHIPPED, {**life, feature.id: None})


@given(LIVES)
def test_reasons_sum_and_every_stated_improvement_holds(life):
    scored = score(SHIPPED, life)
    assert scored.total == SHIPPED.base_points + sum(one.points for one in scored.reasons)
    for step in possible_steps(SHIPPED, life):
        assert score(SHIPPED, {**life, step.feature.id: step.value}).total == step.after.total
        assert float(step.value).is_integer()
        assert step.after.total > scored.total


@given(LIVES, st.sampled_from(FORBIDDEN), st.text(max_size=9) | st.integers())
def test_people_who_differ_only_in_a_forbidden_attribute_have_one_score(life, attribute, value):
    told = dict.fromkeys((attribute.id, *attribute.words), value)
    assert score(SHIPPED, {**life, **told}) == score(SHIPPED, life)


def test_every_tier_can_be_reached_and_the_ends_are_those_of_the_rows():
    rows = [
        [row.begin if row.at_least is not None else row.end - 1 for row in one.rows]
        for one in SHIPPED.features
        if isinstance(one, NumericFeature)
    ]
    names = [one.id for one in SHIPPED.features]
    totals = {}
    for values in product(*rows[:3], *[(row[0], row[-1]) for row in rows[3:]]):
        scored = score(SHIPPED, dict(zip(names, values, strict=True)))
        totals[scored.total] = scored.tier
    assert set(totals.values()) == {0, 600, 650, 700}
    assert (min(totals), max(totals)) == (SHIPPED.lowest, SHIPPED.highest)


def test_without_payment_history_or_with_nothing_beside_it_there_is_no_score():
    needed = score(SHIPPED, {"history_months": 24, "payment_weeks": 20, "regular_bills_paid": 12})
    assert (needed.total, [one.id for one in needed.needed]) == (None, ["payment_history"])
    alone = score(SHIPPED, {"late_bills": 0})
    assert alone.total is None
    assert "history" in [one.id for one in alone.needed]
    assert score(SHIPPED, {"late_bills": 0, "history_months": 12}).total is not None


def test_a_card_of_another_id_of_an_older_version_or_of_another_key_is_not_run():
    newer = replace(SHIPPED, version=4)
    assert read_card_in_force(file_of(newer), publishers(at_least=4)) == newer
    with pytest.raises(BadInput, match="version: is 4, and 5 is in force"):
        read_card_in_force(file_of(newer), publishers(at_least=5))
    with pytest.raises(BadInput, match="which the publishers' file names"):
        read_card_in_force(file_of(newer), publishers(card="other.trust"))
    with pytest.raises(NotProven, match="no publisher"):
        read_card_in_force(CARD.read_bytes(), publishers())
    with pytest.raises(NotProven, match="is not signed"):
        read_card_in_force(encode_file(newer, None), publishers())


@pytest.mark.parametrize(
    ("encoded", "told"),
    [
        (b"", "its JSON"),
        (publishers(keys=[]), "keys"),
        (publishers(at_least=0), "at_least"),
        (publishers(note=1), "note"),
        (publishers(keys=[{"kty": "OKP"}]), "Ed25519 keys as JWKs"),
        (publishers(keys=[KEY.as_dict(private=True)]), "public Ed25519 keys alone"),
        (
            publishers(keys=[OKPKey.generate_key("X25519").as_dict(private=False)]),
            "public Ed25519 keys alone",
        ),
    ],
)
def test_a_file_of_publishers_that_is_not_sound_is_refused(encoded, told):
    with pytest.raises(BadInput, match=told):
        decode_publishers(encoded)
