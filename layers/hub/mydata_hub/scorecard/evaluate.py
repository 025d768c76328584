"""A score: the card's base and the points of one row of each feature, with its reasons."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mydata_hub.errors import BadInput
from mydata_hub.fields import Wording
from mydata_hub.scorecard.card import (
    Card,
    CategoricalFeature,
    Family,
    Feature,
    NumericFeature,
    all_points,
)
from mydata_hub.scorecard.words import MISSING, OTHER, say_row

# A number, a kind, or None where it is not known; what a feature's kind takes.
Value = float | str | None
Values = Mapping[str, Value]


class Level(StrEnum):
    """The confidence in a word."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What one feature gave."""

    feature: Feature
    value: Value
    # The row that the value is in, in words.
    row: Wording
    points: int
    # The most that this feature can give.
    best: int

    @property
    def above_typical(self) -> int:
        """More points than most people get of this feature; negative for fewer."""
        return self.points - self.feature.typical

    @property
    def lost(self) -> int:
        """Points that are missing to the most this feature can give."""
        return self.best - self.points


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What a card says of some values.

    `total` and `tier` are None below the card's floor, and `needed` then says what is missing.
    Otherwise `total` is exactly `base_points` and the points of the reasons, and `tier` the highest
    threshold that it reaches, 0 below all of them. `confidence` is what is known, of 100 parts.
    """

    card: Card
    total: int | None
    tier: int | None
    # In the order of the card, of every feature, known or not.
    reasons: tuple[Reason, ...]
    confidence: int
    level: Level
    known: tuple[Family, ...]
    unknown: tuple[Family, ...]
    # Without a score: the required families that are not known, or else all that are not.
    needed: tuple[Family, ...]

    def points_of(self, feature: str) -> int:
        """The points of a feature of the card. Raises BadInput."""
        self.card.feature(feature)
        return next(one.points for one in self.reasons if one.feature.id == feature)


def score(card: Card, values: Values) -> Scored:
    """Add a person's points up.

    A value that is absent, None or NaN counts as not known. Values of features that the card does
    not have change nothing. Raises BadInput for text of a numeric feature, and for a number of a
    categorical one.
    """
    reasons = tuple(_reason(feature, values.get(feature.id)) for feature in card.features)
    families = {one.feature.family for one in reasons if one.value is not None}
    known = tuple(one for one in card.families if one.id in families)
    unknown = tuple(one for one in card.families if one.id not in families)
    confidence = sum(one.weight for one in known)
    needed = tuple(one for one in unknown if one.required)
    enough = len(known) >= card.floor.families and confidence >= card.floor.confidence
    total = None
    if enough and not needed:
        total = card.base_points + sum(one.points for one in reasons)
    elif not needed:
        needed = unknown
    return Scored(
        card=card,
        total=total,
        tier=None if total is None else card.tier_of(total),
        reasons=reasons,
        confidence=confidence,
        level=_level(confidence),
        known=known,
        unknown=unknown,
        needed=needed,
    )


def total_of(card: Card, values: Values) -> int:
    """The score alone, whatever is known: what tools that score whole tables add up.

    Raises BadInput as `score` does.
    """
    return card.base_points + sum(
        points_of(feature, as_known(feature, values.get(feature.id))) for feature in card.features
    )


def points_of(feature: Feature, value: Value) -> int:
    """The points of a value that `as_known` gave."""
    if value is None:
        return feature.missing
    if isinstance(feature, NumericFeature):
        assert not isinstance(value, str)
        return feature.row_of(value).points
    row = feature.row_of(str(value))
    return feature.other if row is None else row.points


def as_known(feature: Feature, value: Value) -> Value:
    """The value as the feature's kind takes it, None for one that is not known. Raises BadInput."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, str) is not isinstance(feature, CategoricalFeature):
        wanted = "a number" if isinstance(feature, NumericFeature) else "text"
        raise BadInput(feature.id, f"takes {wanted}")
    return value


def _reason(feature: Feature, told: Value) -> Reason:
    value = as_known(feature, told)
    return Reason(
        feature=feature,
        value=value,
        row=_say(feature, value),
        points=points_of(feature, value),
        best=max(all_points(feature)),
    )


def _say(feature: Feature, value: Value) -> Wording:
    if value is None:
        return MISSING
    if isinstance(feature, NumericFeature):
        assert not isinstance(value, str)
        return say_row(feature, feature.row_of(value))
    row = feature.row_of(str(value))
    return OTHER if row is None else say_row(feature, row)


def _level(confidence: int) -> Level:
    if confidence >= 85:
        return Level.HIGH
    return Level.MEDIUM if confidence >= 60 else Level.LOW
