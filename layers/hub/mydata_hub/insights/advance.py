"""Advancing a profile: every fold takes the new records, or starts afresh after an upgrade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from mydata_hub.collection.record import Record
from mydata_hub.errors import BadInput, FormatUnknown
from mydata_hub.fields import ConnectionId, VaultId
from mydata_hub.insights.card_bills import BILLS_FOLD
from mydata_hub.insights.commute import TRIPS_FOLD
from mydata_hub.insights.favourites import FAVOURITES, SPENDINGS
from mydata_hub.insights.fold import Fold, State
from mydata_hub.insights.holdings import HOLDINGS_FOLD
from mydata_hub.insights.insurance import CONTRACTS_FOLD
from mydata_hub.insights.offer_words import OFFER_WORDS
from mydata_hub.insights.own_words import CORRECTIONS, DISPUTES
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.insights.profile import FoldState, Profile
from mydata_hub.insights.reading import one_reading
from mydata_hub.insights.reviews import APPEALS, DECISIONS
from mydata_hub.insights.sources import SOURCES

FOLDS: Final[Mapping[str, Fold]] = {
    fold.id: fold
    for fold in (
        SOURCES,
        PAYMENTS,
        TRIPS_FOLD,
        CONTRACTS_FOLD,
        BILLS_FOLD,
        HOLDINGS_FOLD,
        DISPUTES,
        CORRECTIONS,
        APPEALS,
        DECISIONS,
        OFFER_WORDS,
        FAVOURITES,
        SPENDINGS,
    )
}


def new_profile(vault_id: VaultId) -> Profile:
    """The profile of a vault without records."""
    folds = {fold.id: FoldState(version=fold.version, state=fold.empty()) for fold in _all()}
    return Profile(vault_id=vault_id, version=1, manifest_version=0, folds=folds, freshness={})


def is_outdated(profile: Profile) -> bool:
    """Whether some fold is new or changed since: then all records must be folded afresh."""
    return any(_state(profile, fold) is None for fold in _all())


def advance_profile(
    profile: Profile,
    records: Sequence[Record],
    freshness: Mapping[ConnectionId, datetime],
    manifest_version: int,
) -> Profile:
    """The profile after the records of the manifest's new segments.

    Raises BadInput for an outdated profile, whose old records a new fold would never see, and
    for a manifest before its own; FormatUnknown where a newer release has written it.
    """
    if is_outdated(profile):
        raise BadInput("folds", "takes a profile of these folds: fold all records afresh")
    told = {record.dataset for record in records}
    folds = {}
    with one_reading():
        for fold in _all():
            if not told.isdisjoint(fold.inputs):
                state = fold.fold(profile.folds[fold.id].state, records)
                folds[fold.id] = FoldState(version=fold.version, state=state)
    return profile.advance(manifest_version, folds, freshness)


def fold_afresh(
    profile: Profile,
    records: Sequence[Record],
    freshness: Mapping[ConnectionId, datetime],
    manifest_version: int,
) -> Profile:
    """The profile's successor from all records of the manifest, and nothing that was before."""
    folds = {
        fold.id: FoldState(version=fold.version, state=fold.fold(_begin(profile, fold), records))
        for fold in _all()
    }
    return profile.advance(manifest_version, folds, freshness)


def with_gap(profile: Profile, until: datetime) -> Profile:
    """The profile once a time before `until` was erased: no answer implies a floor across it."""
    before = profile.folds[SOURCES.id]
    after = replace(before, state=SOURCES.with_gap(before.state, until))
    return replace(profile, folds={**profile.folds, SOURCES.id: after})


def fold_state(profile: Profile, fold: Fold) -> State:
    """The state of a fold; its empty state where the profile has none of this version."""
    return _state(profile, fold) or fold.empty()


def _begin(profile: Profile, fold: Fold) -> State:
    kept = profile.folds.get(SOURCES.id)
    # What no record tells is not found again by folding records.
    return SOURCES.afresh(kept.state) if kept and fold is SOURCES else fold.empty()


def _all() -> tuple[Fold, ...]:
    return tuple(FOLDS.values())


def _state(profile: Profile, fold: Fold) -> State | None:
    kept = profile.folds.get(fold.id)
    if kept is None or kept.version < fold.version:
        return None
    if kept.version > fold.version:
        raise FormatUnknown(f"{fold.id}: this release reads version {fold.version}")
    return kept.state
