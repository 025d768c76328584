"""Answers: one symbol of a claim for a partner, everything behind it for the person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mydata_hub.fields import Dataset, Wording
from mydata_hub.insights.advance import fold_state
from mydata_hub.insights.catalogue import ATTRIBUTES
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.insights.entries import Attribute, Entry
from mydata_hub.insights.fold import Finding, Insight
from mydata_hub.insights.own_words import is_contested, own_view
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.reading import one_reading
from mydata_hub.insights.reviews import is_appealed, reviewed_view
from mydata_hub.insights.rule import ProfileInsight, ProfileQuestion
from mydata_hub.insights.sources import SOURCES, complete_until, delivering

_NO_SOURCE = Wording(ko="아직 연결된 곳이 없어요.", en="Nothing is connected for this yet.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An insight as the person sees it."""

    attribute: Attribute
    finding: Finding
    # How far its sources are complete; None without any.
    complete_until: datetime | None


@one_reading()
def answer_claim(profile: Profile, entry: Entry, now: datetime) -> str:
    """The claim's symbol for partners, from what providers told and no reviewer found wrong.

    `no_answer` below the claim's floor, where the insight abstains, while a fold is outdated, and
    for a `disputable` claim while the person disputes a record that it may rest on, or for an
    `appealable` one while they appeal.
    """
    claim, insight = entry.claim, entry.attribute.insight
    if entry.disputable and is_contested(profile, claim.inputs):
        return NO_ANSWER
    if entry.appealable and is_appealed(profile):
        return NO_ANSWER
    profile = reviewed_view(profile)
    until = complete_until(
        fold_state(profile, SOURCES),
        profile.freshness,
        claim.inputs,
        now,
        collected_only=True,
        floor=claim.floor,
        let_go=lambda dataset: _let_go_until(profile, insight, dataset),
    )
    if until is None:
        return NO_ANSWER
    return entry.symbol(_find(profile, insight, until, collected_only=True).cell)


def _find(
    profile: Profile, insight: Insight | ProfileInsight, until: datetime, *, collected_only: bool
) -> Finding:
    if isinstance(insight, ProfileInsight):
        asked = ProfileQuestion(profile=profile, now=until, collected_only=collected_only)
        return insight.rule(asked)
    state = fold_state(profile, insight.fold)
    return insight.answer(state, until, collected_only=collected_only)


def _let_go_until(
    profile: Profile, insight: Insight | ProfileInsight, dataset: Dataset
) -> int | None:
    """The minute before which something may be missing that the insight counts on."""
    folds = insight.whole if isinstance(insight, ProfileInsight) else (insight.fold,)
    found = [
        fold.let_go_until(fold_state(profile, fold), dataset)
        for fold in folds
        if dataset in fold.inputs
    ]
    return max((minute for minute in found if minute is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What an answer rested on: so many connections, complete until then; for the person alone."""

    sources: int
    complete_until: datetime | None


NOTHING_COVERED: Final = Coverage(sources=0, complete_until=None)


def cover_claim(profile: Profile, entry: Entry, now: datetime) -> Coverage:
    """How far the data behind a claim reached, whatever was answered."""
    inputs, state = entry.claim.inputs, fold_state(profile, SOURCES)
    until = complete_until(state, profile.freshness, inputs, now, collected_only=True)
    told = delivering(state, inputs, collected_only=True)
    return Coverage(sources=len(set(told) & profile.freshness.keys()), complete_until=until)


@one_reading()
def see_insights(profile: Profile, now: datetime) -> tuple[Seen, ...]:
    """Every attribute with its evidence and explanation, imported records included, and what the
    person said of their own records heeded."""
    profile = own_view(profile)
    return tuple(_see(profile, attribute, now) for attribute in ATTRIBUTES.values())


def _see(profile: Profile, attribute: Attribute, now: datetime) -> Seen:
    insight = attribute.insight
    until = complete_until(
        fold_state(profile, SOURCES),
        profile.freshness,
        insight.inputs,
        now,
        collected_only=False,
    )
    if until is None:
        finding = Finding(cell=None, evidence={}, explanation=_NO_SOURCE)
    else:
        finding = _find(profile, insight, until, collected_only=False)
    return Seen(attribute=attribute, finding=finding, complete_until=until)
