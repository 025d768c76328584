"""What would change a score: the nearest improvement, and what if something were otherwise."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mydata_hub.fields import Wording
from mydata_hub.scorecard.card import Card, CategoricalFeature, Feature, NumericFeature, Span
from mydata_hub.scorecard.evaluate import Scored, Value, Values, as_known, points_of, score
from mydata_hub.scorecard.words import say_row


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One feature moved to its next better row; everything else as it is.

    `after` is the score of exactly these values with `value` in the place of the feature's own.
    """

    feature: Feature
    value: Value
    row: Wording
    gained: int
    after: Scored

    @property
    def advice(self) -> Wording:
        """What to do, as the card says it."""
        assert self.feature.advice is not None
        return self.feature.advice


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """A score, and what it would be."""

    before: Scored
    after: Scored

    @property
    def difference(self) -> int | None:
        """Points more or fewer; None where either has no score."""
        if self.before.total is None or self.after.total is None:
            return None
        return self.after.total - self.before.total


def what_if(card: Card, values: Values, changed: Mapping[str, Value]) -> WhatIf:
    """The score with some values replaced. Raises BadInput for a feature that the card has not."""
    for name in changed:
        card.feature(name)
    return WhatIf(before=score(card, values), after=score(card, {**values, **changed}))


def possible_steps(card: Card, values: Values) -> tuple[Step, ...]:
    """For each known feature that the card advises on, the step to its next better row.

    The steps that open a higher tier come first, then those that give the most points. There are
    none without a score, and none of what is not known: what it would tell, nobody knows yet.
    """
    before = score(card, values)
    if before.total is None or before.tier is None:
        return ()
    tier = before.tier
    steps = [
        step
        for feature in card.features
        if feature.advice is not None
        for step in _step(card, values, feature)
    ]

    def opens(step: Step) -> bool:
        return step.after.tier is not None and step.after.tier > tier

    return tuple(sorted(steps, key=lambda one: (not opens(one), -one.gained)))


def nearest_improvement(card: Card, values: Values) -> Step | None:
    """The first of `possible_steps`; None where nothing that the card advises on would help."""
    return next(iter(possible_steps(card, values)), None)


def _step(card: Card, values: Values, feature: Feature) -> Iterator[Step]:
    value = as_known(feature, values.get(feature.id))
    if value is None:
        return
    found = _better(feature, value)
    if found is None:
        return
    reached, row = found
    yield Step(
        feature=feature,
        value=reached,
        row=row,
        gained=points_of(feature, reached) - points_of(feature, value),
        after=score(card, {**values, feature.id: reached}),
    )


def _better(feature: Feature, value: float | str) -> tuple[Value, Wording] | None:
    """The nearest value that gives more points, and its row in words."""
    if isinstance(feature, CategoricalFeature):
        points = points_of(feature, value)
        better = [row for row in feature.rows if row.points > points]
        nearest = min(better, key=lambda row: row.points, default=None)
        return None if nearest is None else (nearest.values[0], say_row(feature, nearest))
    assert not isinstance(value, str)
    at = feature.rows.index(feature.row_of(value))
    down = _first_above(reversed(feature.rows[:at]), feature.rows[at].points)
    up = _first_above(feature.rows[at + 1 :], feature.rows[at].points)
    ways = [(_last(feature, down), down)] if down else []
    ways += [(up.begin, up)] if up else []
    nearest_way = min(ways, key=lambda way: abs(way[0] - value), default=None)
    if nearest_way is None:
        return None
    return nearest_way[0], say_row(feature, nearest_way[1])


def _first_above(rows: Iterable[Span], points: int) -> Span | None:
    return next((row for row in rows if row.points > points), None)


def _last(feature: NumericFeature, row: Span) -> float:
    """The highest value in a row that has an end."""
    return row.end - 1 if feature.whole else math.nextafter(row.end, -math.inf)
