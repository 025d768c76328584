"""Trust: a person's score inside the vault, and the tier of it that is all a partner may learn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mydata_hub.insights.advance import fold_state
from mydata_hub.insights.card_bills import BILLS_FOLD
from mydata_hub.insights.fold import Finding
from mydata_hub.insights.moments import local_day, minute_of
from mydata_hub.insights.own_words import own_view
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.reviews import reason_mark, set_aside
from mydata_hub.insights.rule import ProfileInsight, ProfileQuestion, cell_in, find
from mydata_hub.insights.sources import SOURCES, complete_until
from mydata_hub.insights.trust_features import INPUTS, read_features
from mydata_hub.insights.trust_history import Standing, newest_card, with_standing
from mydata_hub.scorecard.card import TIERS, Card
from mydata_hub.scorecard.evaluate import Scored, score
from mydata_hub.scorecard.shipped import shipped_card

# The score itself is in no cell: a partner learns one of these, and by a yes or no less.
CELLS: Final = {0: f"under_{TIERS[0]}"} | {tier: str(tier) for tier in TIERS}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnScore:
    """A score for the person's own eyes, and what it was made from."""

    scored: Scored
    values: dict[str, int | None]
    # How far the sources are complete.
    complete_until: datetime


def own_score(profile: Profile, now: datetime, card: Card | None = None) -> OwnScore | None:
    """The score with what the person brought, and with what they said of their own records.

    None without any source, and where the card is older than one that this vault was scored by.
    """
    card = shipped_card() if card is None else card
    until = complete_until(
        fold_state(profile, SOURCES), profile.freshness, INPUTS, now, collected_only=False
    )
    if until is None or card.version < newest_card(profile):
        return None
    values = read_reasons(own_view(profile), until, collected_only=False)
    return OwnScore(scored=score(card, values), values=values, complete_until=until)


def read_reasons(profile: Profile, now: datetime, *, collected_only: bool) -> dict[str, int | None]:
    """The features as a score may use them: what a reviewer set aside counts as not known."""
    gone = set_aside(profile)
    found = read_features(profile, now, collected_only=collected_only)
    return {name: None if reason_mark(name) in gone else told for name, told in found.items()}


def standing_of(scored: Scored) -> Standing:
    """As the course of a score remembers it."""
    return Standing(
        card_version=scored.card.version,
        score=scored.total,
        points={one.feature.id: one.points for one in scored.reasons},
    )


def keep_score(profile: Profile, now: datetime, card: Card | None = None) -> Profile:
    """The profile that remembers how the score stands now; with an older card, as it is."""
    found = own_score(profile, now, card)
    if found is None:
        return profile
    return with_standing(profile, local_day(minute_of(now)), standing_of(found.scored))


def _tier(asked: ProfileQuestion) -> Finding:
    card = shipped_card()
    if card.version < newest_card(asked.profile):
        return find(
            None,
            "점수표가 전에 쓰던 것보다 오래되어 답하지 않아요.",
            "The score card is older than the one used before: no answer.",
        )
    values = read_reasons(asked.profile, asked.now, collected_only=asked.collected_only)
    scored = score(card, values)
    if scored.total is None:
        return find(
            None,
            "점수를 낼 만큼 기록이 모이지 않아 답하지 않아요.",
            "Too little is known for a score: no answer.",
            confidence=scored.confidence,
        )
    cell = cell_in(CELLS, max(scored.total, 0))
    ko, en = {
        CELLS[0]: (
            f"신뢰 점수가 {TIERS[0]}점보다 낮아요.",
            f"Your trust score is below {TIERS[0]}.",
        )
    }.get(cell, (f"신뢰 점수가 {cell}점 이상이에요.", f"Your trust score is at least {cell}."))
    return find(cell, ko, en, confidence=scored.confidence)


TIER: Final = ProfileInsight(attribute="trust.tier", whole=(BILLS_FOLD,), inputs=INPUTS, rule=_tier)
