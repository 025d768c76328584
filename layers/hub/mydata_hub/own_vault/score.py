"""My score: everything of one look at one's own trust score, for the page and the command line.

The number is in here and nowhere else: partners are told a tier (insights/claims/trust.py), the log
and the operator nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mydata_hub.fields import Wording
from mydata_hub.insights.answers import answer_claim
from mydata_hub.insights.catalogue import find_claim
from mydata_hub.insights.claim import NO_ANSWER, Claim
from mydata_hub.insights.moments import local_day, minute_of
from mydata_hub.insights.own_words import is_contested
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.reading import one_reading
from mydata_hub.insights.reviews import is_appealed
from mydata_hub.insights.trust import OwnScore, own_score, standing_of
from mydata_hub.insights.trust_features import INPUTS
from mydata_hub.insights.trust_history import Step, newest_card, read_steps, step_to
from mydata_hub.scorecard import improve
from mydata_hub.scorecard.card import Card, Group, Span
from mydata_hub.scorecard.evaluate import Reason, Scored, Value
from mydata_hub.scorecard.features import HUB_FEATURES
from mydata_hub.scorecard.shipped import shipped_card
from mydata_hub.scorecard.words import say_row

YES: Final = "yes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Benefit:
    """What a tier opens, and all that a partner who gives it would learn."""

    tier: int
    what: Wording
    claim: Claim
    # Whether partners would be told yes today.
    open: bool
    # Points that are missing to it; None without a score.
    missing: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Everything of one look. `held`: something the person said is not in it yet, so nothing is."""

    open: bool
    held: bool
    # The card of this hub is older than one that this vault was scored by: there is no score.
    old_card: bool
    own: OwnScore | None
    step: improve.Step | None
    what_if: improve.WhatIf | None
    # What was put in for what_if.
    asked: Mapping[str, Value]
    # The latest first; the first may be of this look, and is kept when records are folded next.
    course: tuple[Step, ...]
    # What partners would be told, and whether a dispute or an appeal keeps it from them.
    told: str
    contested: bool
    benefits: tuple[Benefit, ...]

    @property
    def scored(self) -> Scored | None:
        return self.own.scored if self.own else None


BENEFITS: Final = (
    (600, Wording(ko="보증금 없이 자전거 빌리기", en="Hire a bicycle without a deposit")),
    (650, Wording(ko="보증금 없이 차 빌리기", en="Rent a car without a deposit")),
    (700, Wording(ko="여행 혜택", en="Travel perks")),
)


@one_reading()
def see_score(
    profile: Profile | None,
    now: datetime,
    *,
    held: bool = False,
    asked: Mapping[str, Value] | None = None,
    card: Card | None = None,
) -> Score:
    """What there is to see, and what the score would be with the values that are asked about.

    Raises BadInput for a feature that the card has not, or a value that it does not take.
    """
    card = shipped_card() if card is None else card
    asked = asked or {}
    if profile is None or held:
        # What is asked is looked at, whoever asks.
        improve.what_if(card, {}, asked)
        return _nothing(profile, held)
    own = own_score(profile, now, card)
    course = read_steps(profile)
    step = what_if = None
    if own is not None:
        unsaved = step_to(profile, local_day(minute_of(now)), standing_of(own.scored))
        course = (*course, unsaved) if unsaved else course
        step = improve.nearest_improvement(card, own.values)
        what_if = improve.what_if(card, own.values, asked) if asked else None
    else:
        improve.what_if(card, {}, asked)
    return Score(
        open=True,
        held=False,
        old_card=card.version < newest_card(profile),
        own=own,
        step=step,
        what_if=what_if,
        asked=asked,
        course=tuple(reversed(course)),
        told=answer_claim(profile, find_claim("trust.tier"), now),
        contested=is_contested(profile, INPUTS) or is_appealed(profile),
        benefits=tuple(_benefits(profile, own, now)),
    )


def _nothing(profile: Profile | None, held: bool) -> Score:
    return Score(
        open=profile is not None,
        held=held,
        old_card=False,
        own=None,
        step=None,
        what_if=None,
        asked={},
        course=(),
        told=NO_ANSWER,
        contested=False,
        benefits=(),
    )


def _benefits(profile: Profile, own: OwnScore | None, now: datetime) -> list[Benefit]:
    total = own.scored.total if own else None
    found = []
    for tier, what in BENEFITS:
        entry = find_claim(f"trust.at_least_{tier}")
        found.append(
            Benefit(
                tier=tier,
                what=what,
                claim=entry.claim,
                open=answer_claim(profile, entry, now) == YES,
                missing=None if total is None else max(tier - total, 0),
            )
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A row of a feature as one may try it out: some value in it, its words and its points."""

    value: Value
    row: Wording
    points: int


def choices(reason: Reason) -> tuple[Choice, ...]:
    """What one may try for a feature: every row but the one that it is in."""
    feature = reason.feature
    rows = [(row, say_row(feature, row)) for row in feature.rows]
    return tuple(
        Choice(value=_some_value(row), row=words, points=row.points)
        for row, words in rows
        if words != reason.row
    )


def _some_value(row: Span | Group) -> Value:
    if isinstance(row, Group):
        return row.values[0]
    known = row.at_least
    if known is None:
        known = 0.0 if row.below is None else row.below - 1
    return int(known) if known == int(known) else known


def about(reason: Reason) -> Wording:
    """What a reason counts or measures; its label where the hub has no more to say."""
    known = HUB_FEATURES.get(reason.feature.id)
    return known.about if known else reason.feature.label
