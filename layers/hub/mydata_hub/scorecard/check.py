"""What a card must keep before anybody is scored with it; each fault names its row and reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from mydata_hub.errors import BadInput
from mydata_hub.scorecard.card import (
    MAX_FEATURES,
    MAX_ROWS,
    MAX_VALUES,
    TIERS,
    Card,
    CategoricalFeature,
    Direction,
    Feature,
    NumericFeature,
    all_points,
)
from mydata_hub.scorecard.features import FAMILIES, HUB_FEATURES
from mydata_hub.scorecard.forbidden import forbidden_in

MAX_POINTS: Final = 10_000
MAX_VERSION: Final = 999_999
WHOLE_WEIGHT: Final = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where: "features.late_bills row 2"."""

    row: str
    reason: str


def require_sound(card: Card) -> Card:
    """The card, if it has no fault. Raises BadInput, naming the row of the first one."""
    return _require(card, find_faults(card))


def require_of_hub(card: Card) -> Card:
    """The card, if the hub may run it. Raises BadInput, naming the row of the first fault."""
    return _require(card, [*find_faults(card), *find_faults_of_hub(card)])


def require_not_older(card: Card, in_force: Card) -> Card:
    """The card, if it may take the place of the one in force. Raises BadInput."""
    if card.id != in_force.id:
        raise BadInput("id", f"takes {in_force.id}, which is in force")
    if card.version < in_force.version:
        raise BadInput("version", f"is {card.version}, and {in_force.version} is in force")
    if card.version == in_force.version and card != in_force:
        raise BadInput("version", f"is {card.version} already: a changed card takes the next one")
    return card


def find_faults(card: Card) -> list[Fault]:
    """Everything that is wrong with a card, whatever data it is for."""
    return [*_head(card), *_families(card), *_features(card), *_sums(card)]


def find_faults_of_hub(card: Card) -> list[Fault]:
    """Where a card reads what the hub does not compute, or reads it otherwise than it is meant."""
    return list(_of_hub(card))


def _require(card: Card, faults: Iterable[Fault]) -> Card:
    for fault in faults:
        raise BadInput(fault.row, fault.reason)
    return card


def _head(card: Card) -> Iterator[Fault]:
    if not 1 <= card.version <= MAX_VERSION:
        yield Fault("version", f"takes 1 to {MAX_VERSION}")
    if card.tiers != TIERS:
        yield Fault("tiers", f"are {', '.join(map(str, TIERS))} in every card")
    if not (card.scale.points_to_double > 0 and card.scale.anchor_odds > 0):
        yield Fault("scale", "takes a doubling and odds above 0")
    if not (0 <= card.floor.families <= len(card.families)):
        yield Fault("floor", "takes at most as many families as there are")
    if not (0 <= card.floor.confidence <= WHOLE_WEIGHT):
        yield Fault("floor", f"takes a confidence of 0 to {WHOLE_WEIGHT}")


def _families(card: Card) -> Iterator[Fault]:
    names = [family.id for family in card.families]
    yield from (Fault(f"families.{name}", "is there twice") for name in _twice(names))
    if sum(family.weight for family in card.families) != WHOLE_WEIGHT:
        yield Fault("families", f"have weights that do not sum to {WHOLE_WEIGHT}")
    used = {feature.family for feature in card.features}
    for family in card.families:
        if family.weight <= 0:
            yield Fault(f"families.{family.id}", "takes a weight above 0")
        if family.id not in used:
            yield Fault(f"families.{family.id}", "has no feature")


def _features(card: Card) -> Iterator[Fault]:
    if not 1 <= len(card.features) <= MAX_FEATURES:
        yield Fault("features", f"takes 1 to {MAX_FEATURES}")
    names = [feature.id for feature in card.features]
    yield from (Fault(_of(name), "is there twice") for name in _twice(names))
    families = {family.id for family in card.families}
    for feature in card.features:
        at = _of(feature.id)
        named = (feature.id, feature.label.en, feature.label.ko)
        row = next(filter(None, map(forbidden_in, named)), None)
        if row is not None:
            yield Fault(at, f"is forbidden: {row.label.en.lower()} is never used")
        if feature.family not in families:
            yield Fault(at, "is of a family that the card does not list")
        if not 1 <= len(feature.rows) <= MAX_ROWS:
            yield Fault(at, f"takes 1 to {MAX_ROWS} rows")
        elif isinstance(feature, NumericFeature):
            yield from _line(feature)
            yield from _monotone(feature)
        else:
            yield from _groups(feature)
        yield from _points(feature)


def _line(feature: NumericFeature) -> Iterator[Fault]:
    """The rows follow each other over the whole line, without a gap and without an overlap."""
    rows = feature.rows
    for number, row in enumerate(rows, start=1):
        at = _row(feature, number)
        if not row.begin < row.end:
            yield Fault(at, "ends before it begins")
        edges = [edge for edge in (row.at_least, row.below) if edge is not None]
        if feature.whole and any(edge != int(edge) for edge in edges):
            yield Fault(at, "takes whole numbers, as its feature does")
    if rows[0].at_least is not None:
        yield Fault(_row(feature, 1), f"leaves a gap below {rows[0].at_least:g}")
    for number, (before, row) in enumerate(pairwise(rows), start=2):
        if row.begin > before.end:
            yield Fault(_row(feature, number), f"leaves a gap from {before.end:g} to {row.begin:g}")
        elif row.begin < before.end:
            reason = f"overlaps the row before it, from {row.begin:g} to {before.end:g}"
            yield Fault(_row(feature, number), reason)
    if rows[-1].below is not None:
        yield Fault(_row(feature, len(rows)), f"leaves a gap from {rows[-1].below:g} on")


def _monotone(feature: NumericFeature) -> Iterator[Fault]:
    for number, (before, row) in enumerate(pairwise(feature.rows), start=2):
        if feature.direction is Direction.MORE_IS_BETTER and row.points < before.points:
            yield Fault(_row(feature, number), "gives fewer points, where more is better")
        if feature.direction is Direction.MORE_IS_WORSE and row.points > before.points:
            yield Fault(_row(feature, number), "gives more points, where more is worse")


def _groups(feature: CategoricalFeature) -> Iterator[Fault]:
    for number, row in enumerate(feature.rows, start=1):
        if not 1 <= len(row.values) <= MAX_VALUES:
            yield Fault(_row(feature, number), f"takes 1 to {MAX_VALUES} values")
    rows_of = Counter(value for row in feature.rows for value in row.values)
    for number, row in enumerate(feature.rows, start=1):
        if any(rows_of[value] > 1 for value in row.values):
            yield Fault(_row(feature, number), "overlaps: it has a value that is there twice")


def _points(feature: Feature) -> Iterator[Fault]:
    points = all_points(feature)
    if any(abs(one) > MAX_POINTS for one in points):
        yield Fault(_of(feature.id), f"takes points within {MAX_POINTS} of 0")
    if not feature.rows:
        return
    if feature.missing > max(row.points for row in feature.rows):
        # Or to keep a source away would be the best that a person could do.
        yield Fault(_of(feature.id), "gives most for what is missing")
    if not min(points) <= feature.typical <= max(points):
        yield Fault(_of(feature.id), "has typical points that nobody can have")


def _sums(card: Card) -> Iterator[Fault]:
    """What a card says of its lowest and highest score is what its rows add up to."""
    lowest = card.base_points + sum(min(all_points(one)) for one in card.features)
    highest = card.base_points + sum(max(all_points(one)) for one in card.features)
    for name, stated, found in (
        ("lowest", card.lowest, lowest),
        ("highest", card.highest, highest),
    ):
        if stated != found:
            yield Fault(name, f"is stated as {stated}, and the points sum to {found}")


def _of_hub(card: Card) -> Iterator[Fault]:
    for family in card.families:
        if family.id not in FAMILIES:
            yield Fault(f"families.{family.id}", "is none of the hub's")
    for feature in card.features:
        at, meant = _of(feature.id), HUB_FEATURES.get(feature.id)
        if meant is None or not isinstance(feature, NumericFeature):
            yield Fault(at, "is none of the features that the hub computes")
        elif feature.family != meant.family:
            yield Fault(at, f"is of the family {meant.family}")
        elif feature.direction is not meant.direction:
            yield Fault(at, f"takes the direction {meant.direction}")
        elif not feature.whole:
            yield Fault(at, "counts in whole numbers")


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


def _of(feature: str) -> str:
    return f"features.{feature}"


def _row(feature: Feature, number: int) -> str:
    return f"{_of(feature.id)} row {number}"
