"""Cards for tests: one over two of the hub's features, and any sound one that hypothesis makes."""

from __future__ import annotations

import string
from dataclasses import replace
from itertools import pairwise

from hypothesis import strategies as st
from mydata_hub.fields import Wording
from mydata_hub.scorecard.card import (
    FORMAT,
    TIERS,
    Card,
    CategoricalFeature,
    Direction,
    Family,
    Floor,
    Group,
    NumericFeature,
    Scale,
    Source,
    Span,
    all_points,
)

ADVICE = Wording(ko="이렇게 해 보세요.", en="Try this.")


def said(text):
    return Wording(ko=text, en=text)


def spans(edges, points):
    ends = [None, *edges, None]
    return tuple(
        Span(at_least=begin, below=end, points=given)
        for (begin, end), given in zip(pairwise(ends), points, strict=True)
    )


def numeric(name, family, direction, edges, points, **more):
    told = {
        "kind": "numeric",
        "id": name,
        "family": family,
        "source": Source.EXPERT,
        "label": said(name.replace("_", " ")),
        "direction": direction,
        "whole": True,
        "rows": spans(edges, points),
        "missing": min(points),
        "typical": points[0],
        "advice": ADVICE,
    }
    return NumericFeature(**{**told, **more})


def summed(card):
    """The card with the lowest and highest score that its rows add up to."""
    return replace(
        card,
        lowest=card.base_points + sum(min(all_points(one)) for one in card.features),
        highest=card.base_points + sum(max(all_points(one)) for one in card.features),
    )


def make_card(features, **more):
    names = list(dict.fromkeys(one.family for one in features))
    weights = [100 // len(names)] * len(names)
    weights[0] += 100 - sum(weights)
    families = tuple(
        Family(id=name, label=said(name), weight=weight, required=False)
        for name, weight in zip(names, weights, strict=True)
    )
    told = {
        "format": FORMAT,
        "id": "test.card",
        "version": 2,
        "title": said("a card"),
        "data": said("none"),
        "base_points": 600,
        "lowest": 0,
        "highest": 0,
        "tiers": TIERS,
        "scale": Scale(points_to_double=40.0, anchor_score=650, anchor_odds=4.0),
        "floor": Floor(families=0, confidence=0),
        "families": families,
        "features": tuple(features),
    }
    return summed(Card(**{**told, **more}))


def hub_card(**more):
    """A card that the hub would run, over two of its features."""
    late = numeric(
        "late_bills", "payment_history", Direction.MORE_IS_WORSE, [1.0, 3.0], [60, 0, -90]
    )
    bills = numeric(
        "regular_bills_paid", "bills", Direction.MORE_IS_BETTER, [6.0, 12.0], [0, 20, 40]
    )
    return make_card((late, bills), **more)


WORDS = st.text(string.ascii_lowercase, min_size=1, max_size=6)
POINTS = st.integers(-300, 300)


@st.composite
def numeric_features(draw, name):
    whole = draw(st.booleans())
    numbers = st.integers(-(10**6), 10**6).map(float) if whole else st.floats(-1e6, 1e6)
    edges = sorted(draw(st.sets(numbers, max_size=6)))
    points = draw(st.lists(POINTS, min_size=len(edges) + 1, max_size=len(edges) + 1))
    direction = draw(st.sampled_from(Direction))
    if direction is not Direction.FREE:
        points.sort(reverse=direction is Direction.MORE_IS_WORSE)
    return numeric(
        name,
        draw(st.sampled_from(["payment_history", "bills", "savings"])),
        direction,
        edges,
        points,
        whole=whole,
        missing=draw(st.integers(-400, max(points))),
        typical=draw(st.integers(min(points), max(points))),
        advice=draw(st.sampled_from([None, ADVICE])),
    )


@st.composite
def categorical_features(draw, name):
    values = draw(st.lists(WORDS, min_size=1, max_size=8, unique=True))
    cuts = sorted(draw(st.sets(st.integers(1, len(values)), max_size=3)) | {len(values)})
    rows = tuple(
        Group(values=tuple(values[begin:end]), points=draw(POINTS))
        for begin, end in pairwise([0, *cuts])
    )
    points = [row.points for row in rows]
    return CategoricalFeature(
        kind="categorical",
        id=name,
        family=draw(st.sampled_from(["payment_history", "bills", "savings"])),
        source=Source.FITTED,
        label=said(name),
        rows=rows,
        other=draw(st.integers(-400, max(points))),
        missing=draw(st.integers(-400, max(points))),
        typical=draw(st.integers(min(points), max(points))),
        advice=draw(st.sampled_from([None, ADVICE])),
    )


@st.composite
def sound_cards(draw):
    """Any card without a fault."""
    kinds = draw(st.lists(st.booleans(), min_size=1, max_size=5))
    features = [
        draw(numeric_features(f"f{at}") if is_number else categorical_features(f"f{at}"))
        for at, is_number in enumerate(kinds)
    ]
    return make_card(features, base_points=draw(st.integers(0, 1000)))


def values_of(card, *, known=False):
    """Any values of a card's features; some absent, and some that the card has never seen."""
    unknown = [] if known else [st.none()]
    kinds = {}
    for feature in card.features:
        if isinstance(feature, NumericFeature):
            numbers = (
                st.integers(-2_000_000, 2_000_000).map(float)
                if feature.whole
                else st.floats(allow_nan=False)
            )
            edges = [row.at_least for row in feature.rows[1:]]
            at = [st.sampled_from(edges)] if edges else []
            kinds[feature.id] = st.one_of(numbers, *at, *unknown)
        else:
            listed = [value for row in feature.rows for value in row.values]
            kinds[feature.id] = st.one_of(st.sampled_from(listed), WORDS, *unknown)
    return st.fixed_dictionaries(kinds)
