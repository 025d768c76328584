"""From a fit to a card: whole points on a scale on which all four tiers hold people."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import click

from mydata_hub.cli.score_fitting import Binned, Fitted
from mydata_hub.fields import Wording
from mydata_hub.scorecard.card import (
    FORMAT,
    TIERS,
    Card,
    CategoricalFeature,
    Direction,
    Family,
    Feature,
    Floor,
    Group,
    NumericFeature,
    Scale,
    Source,
    Span,
    all_points,
)
from mydata_hub.scorecard.check import require_sound

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.float64]]

FAMILY: Final = "columns"
# Shares of people below the first tier and in the last one that are tried.
_TRIED: Final = tuple(step / 100 for step in range(8, 47))
_DIGITS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a card is called."""

    id: str
    version: int
    title: Wording
    data: Wording
    bad: str


def build_card(fitted: Fitted, named: Named) -> Card:
    """The sound card of a fit: points around 0, which most people have, and the scale they are on.

    Raises ClickException where nothing is left that tells people apart.
    """
    scale = choose_scale(fitted.unseen)
    per_log_odds = scale.points_to_double / math.log(2.0)
    offset = scale.anchor_score - per_log_odds * math.log(scale.anchor_odds)
    base = offset + per_log_odds * fitted.weights.base
    features: list[Feature] = []
    for binned, weights, rows in zip(fitted.binned, fitted.weights.rows, fitted.rows, strict=True):
        told = [*weights, 0.0]  # -1 is a kind without a row, which weighs nothing
        mean = sum(told[at] for at in rows.tolist()) / len(rows)
        base += per_log_odds * mean
        points = [round(per_log_odds * (one - mean)) for one in weights]
        if not (rows == binned.count).any():
            points[-1] = 0  # nobody's value was missing: what that tells is not known
        feature = _feature(binned, points)
        if len(set(all_points(feature))) > 1:
            features.append(feature)
    if not features:
        raise click.ClickException("no column tells good from bad")
    family = Family(
        id=FAMILY, label=Wording(ko="모든 열", en="All columns"), weight=100, required=False
    )
    card = Card(
        format=FORMAT,
        id=named.id,
        version=named.version,
        title=named.title,
        data=named.data,
        base_points=round(base),
        lowest=0,
        highest=0,
        tiers=TIERS,
        scale=scale,
        floor=Floor(families=0, confidence=0),
        families=(family,),
        features=tuple(features),
        bad=named.bad,
    )
    return require_sound(with_sums(card))


def with_sums(card: Card) -> Card:
    """The card that states the lowest and the highest score which its points sum to."""
    points = [all_points(one) for one in card.features]
    return replace(
        card,
        lowest=card.base_points + sum(map(min, points)),
        highest=card.base_points + sum(map(max, points)),
    )


def choose_scale(log_odds: Numbers) -> Scale:
    """The scale on which the smallest of the four tiers is as large as can be.

    `log_odds` are of good, of people that the fit had not seen. Two constants cannot place three
    thresholds where one likes: the first and the last are tried, and the middle one falls between.
    """
    import numpy as np

    ordered = np.sort(log_odds)

    def smallest(low: float, high: float) -> float:
        edges = np.searchsorted(ordered, [low, (low + high) / 2, high])
        return float(np.diff([0, *edges, len(ordered)]).min())

    lows = np.quantile(ordered, _TRIED)
    highs = np.quantile(ordered, [1 - share for share in _TRIED])
    pairs = [(float(a), float(b)) for a in lows for b in highs if b - a > 1e-6]
    if not pairs:
        raise click.ClickException("no column tells good from bad")
    low, high = max(pairs, key=lambda pair: smallest(*pair))
    per_log_odds = (TIERS[-1] - TIERS[0]) / (high - low)
    return Scale(
        points_to_double=_readable(per_log_odds * math.log(2.0)),
        anchor_score=TIERS[1],
        anchor_odds=_readable(math.exp((low + high) / 2)),
    )


def _readable(constant: float) -> float:
    """A constant above 0 with so many decimals, or so many digits where it is small."""
    return round(constant, _DIGITS) if constant >= 1 else float(f"{constant:.{_DIGITS}g}")


def _feature(binned: Binned, points: Sequence[int]) -> Feature:
    told: Mapping[str, Any] = {
        "id": binned.column,
        "family": FAMILY,
        "source": Source.FITTED,
        "label": Wording(ko=binned.column, en=binned.column),
        # Keeping something back may never be the best that one could do.
        "missing": min(points[-1], max(points[:-1])),
        "typical": 0 if min(points) <= 0 <= max(points) else min(points, key=abs),
    }
    if binned.numeric:
        rows = _merged(binned, points)
        direction = _direction([row.points for row in rows])
        return NumericFeature(
            kind="numeric", rows=rows, direction=direction, whole=binned.whole, **told
        )
    groups = tuple(
        Group(values=kinds, points=given)
        for kinds, given in zip(binned.kinds, points[:-1], strict=True)
    )
    other = min(max(0, min(points[:-1])), max(points[:-1]))
    return CategoricalFeature(kind="categorical", rows=groups, other=other, **told)


def _merged(binned: Binned, points: Sequence[int]) -> tuple[Span, ...]:
    """The rows of numbers, those with the same points together."""
    ends = [None, *binned.edges, None]
    rows: list[Span] = []
    for (begin, end), given in zip(pairwise(ends), points[:-1], strict=True):
        if rows and rows[-1].points == given:
            rows[-1] = replace(rows[-1], below=end)
        else:
            rows.append(Span(at_least=begin, below=end, points=given))
    return tuple(rows)


def _direction(points: Sequence[int]) -> Direction:
    """What more does in the card as it stands; where a column weighs nothing, it is free."""
    if len(set(points)) < 2:
        return Direction.FREE
    if list(points) == sorted(points):
        return Direction.MORE_IS_BETTER
    return Direction.MORE_IS_WORSE if list(points) == sorted(points)[::-1] else Direction.FREE
