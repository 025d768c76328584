"""A scorecard: the one published table that a score is added up from.

The score is `base_points` plus the points of one row of each feature; nothing is clamped or
multiplied, so the reasons of a score are the score. The layout is "mydata-scorecard/1":

- A numeric feature has rows over the whole line, each from `at_least` up to and without `below`
  (null: without end). A categorical one has rows of values, and `other` for any further value.
- `missing` are the points of a value that is not known.
- `scale` says which odds of good to bad a score stands for, so that points mean the same in
  every version; `scale` and the thresholds of `tiers` are published before anybody is scored.
- `typical` are the mean points of the people that a feature was fitted on, rounded, which is what
  "more or fewer points than most" compares to; where nothing was fitted, people set it.

Change rule: another layout takes the next number after the slash; what is fitted anew takes the
next `version`. `scorecard.check` says what else a card must keep.
"""

from __future__ import annotations

import functools
import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Final, Literal

from mydata_hub.errors import BadInput
from mydata_hub.fields import Wording

FORMAT: Final = "mydata-scorecard/1"
TIERS: Final = (600, 650, 700)
MAX_CARD_BYTES: Final = 1024 * 1024
MAX_FEATURES: Final = 200
MAX_ROWS: Final = 200
MAX_VALUES: Final = 1000


class Direction(StrEnum):
    """What more of a feature may do to its points."""

    MORE_IS_BETTER = "more_is_better"
    MORE_IS_WORSE = "more_is_worse"
    FREE = "free"


class Source(StrEnum):
    """Where a feature's points come from: fitted to data, or set by people where there is none."""

    FITTED = "fitted"
    EXPERT = "expert"


class _Strict:
    """What pydantic reads when it decodes a part of a card."""

    __slots__ = ()
    __pydantic_config__: ClassVar[Mapping[str, Any]] = {
        "extra": "forbid",
        "strict": True,
        "allow_inf_nan": False,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Span(_Strict):
    """A row of a numeric feature."""

    at_least: float | None
    below: float | None
    points: int
    label: Wording | None = None

    @property
    def begin(self) -> float:
        """The first value in it."""
        return -math.inf if self.at_least is None else self.at_least

    @property
    def end(self) -> float:
        """The first value that is beyond it."""
        return math.inf if self.below is None else self.below


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(_Strict):
    """A row of a categorical feature: values with the same points."""

    values: tuple[str, ...]
    points: int
    label: Wording | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NumericFeature(_Strict):
    """A feature that is measured or counted."""

    kind: Literal["numeric"]
    id: str
    family: str
    source: Source
    label: Wording
    direction: Direction
    # Counts and whole percents; what lies between two of them is no value a person can reach.
    whole: bool
    rows: tuple[Span, ...]
    missing: int
    typical: int
    # What a person can do about it; None where that is nothing, or where nobody knows.
    advice: Wording | None = None

    def row_of(self, value: float) -> Span:
        """The row that a value is in."""
        edges = [row.begin for row in self.rows[1:]]
        return self.rows[bisect_right(edges, value)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoricalFeature(_Strict):
    """A feature that is one of several kinds."""

    kind: Literal["categorical"]
    id: str
    family: str
    source: Source
    label: Wording
    rows: tuple[Group, ...]
    other: int
    missing: int
    typical: int
    advice: Wording | None = None

    def row_of(self, value: str) -> Group | None:
        """The row that a value is in; None for a value that the card does not know."""
        return next((row for row in self.rows if value in row.values), None)


Feature = NumericFeature | CategoricalFeature


@dataclass(frozen=True, slots=True, kw_only=True)
class Family(_Strict):
    """Features that come from the same kind of source, and what knowing one of them weighs."""

    id: str
    label: Wording
    # Of the confidence's 100 parts.
    weight: int
    # Without it there is no score.
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale(_Strict):
    """Odds of good to bad double with each `points_to_double`; at `anchor_score` they are known."""

    points_to_double: float
    anchor_score: int
    anchor_odds: float

    def log_odds_of_bad(self, score: float) -> float:
        """The natural logarithm of the odds of bad to good that a score stands for."""
        doublings = (score - self.anchor_score) / self.points_to_double
        return -math.log(self.anchor_odds) - doublings * math.log(2.0)

    def probability_of_bad(self, score: float) -> float:
        """What share of people with such a score the card expects to turn out badly."""
        # No card reaches odds that a double cannot hold and a share could still be told from 0.
        return 1.0 / (1.0 + math.exp(-max(-700.0, min(700.0, self.log_odds_of_bad(score)))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor(_Strict):
    """Below it there is no score: besides the required families, this much must be known."""

    families: int
    confidence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Card(_Strict):
    """A card as it is published and signed."""

    format: Literal["mydata-scorecard/1"]
    id: str
    version: int
    title: Wording
    # What it was fitted on, for people.
    data: Wording
    base_points: int
    # The lowest and the highest score there is.
    lowest: int
    highest: int
    tiers: tuple[int, int, int]
    scale: Scale
    floor: Floor
    families: tuple[Family, ...]
    features: tuple[Feature, ...]
    # How the target that it was fitted on says "bad"; None where nothing was fitted.
    bad: str | None = None

    def feature(self, name: str) -> Feature:
        """The feature of that id. Raises BadInput."""
        for feature in self.features:
            if feature.id == name:
                return feature
        raise BadInput("features", "takes features of the card alone")

    def tier_of(self, score: int) -> int:
        """The highest threshold that a score reaches; 0 below all of them."""
        return max((tier for tier in self.tiers if score >= tier), default=0)


def all_points(feature: Feature) -> list[int]:
    """The points that a feature can give, known or missing."""
    points = [row.points for row in feature.rows]
    if isinstance(feature, CategoricalFeature):
        points.append(feature.other)
    return [*points, feature.missing]


def decode_card(encoded: bytes) -> Card:
    """The card in JSON of this layout; whether it is sound, `scorecard.check` says.

    Raises BadInput, which names the place that has a wrong type, is missing or is not known.
    """
    from pydantic import ValidationError

    if len(encoded) > MAX_CARD_BYTES:
        raise BadInput("card", f"takes at most {MAX_CARD_BYTES} bytes")
    try:
        card: Card = _adapter().validate_json(encoded)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        at = ".".join(str(part) for part in first["loc"]) or "card"
        raise BadInput(at, first["msg"][:1].lower() + first["msg"][1:]) from None
    return card


def view_card(card: Card) -> dict[str, Any]:
    """The card as JSON has it."""
    told: dict[str, Any] = _adapter().dump_python(card, mode="json")
    return told


@functools.cache
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Card)
