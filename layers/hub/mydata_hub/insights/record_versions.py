"""Versions of records, as what people and reviewers say of them names them.

A record is named by its mark, a version of it by its state, its instant and a hash of its facts.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from mydata_hub.collection.record import RecordState
from mydata_hub.fields import Dataset
from mydata_hub.insights.card_bills import BILLS_FOLD
from mydata_hub.insights.commute import TRIPS_FOLD
from mydata_hub.insights.fold import (
    BANK,
    BILLS,
    CARD,
    CONTRACTS,
    EFIN,
    HOLDINGS,
    TRIPS,
    Fold,
    State,
)
from mydata_hub.insights.holdings import HOLDINGS_FOLD
from mydata_hub.insights.insurance import CONTRACTS_FOLD
from mydata_hub.insights.payments import PAYMENTS
from mydata_hub.insights.profile import FoldState, Profile
from mydata_hub.insights.series import Facts, Known, SeriesFold

# Where a version of a record is remembered. Their places are frozen with the rows.
DISPUTABLE: Final[Mapping[Dataset, SeriesFold]] = {
    CARD: PAYMENTS,
    EFIN: PAYMENTS,
    BANK: PAYMENTS,
    TRIPS: TRIPS_FOLD,
    CONTRACTS: CONTRACTS_FOLD,
    BILLS: BILLS_FOLD,
    HOLDINGS: HOLDINGS_FOLD,
}
# Every series of what providers tell; `tests/unit/insights` holds it equal to the list of folds.
SERIES: Final = (PAYMENTS, TRIPS_FOLD, CONTRACTS_FOLD, BILLS_FOLD, HOLDINGS_FOLD)
_DATASETS: Final = tuple(DISPUTABLE)
_STATES: Final = (RecordState.BOOKED, RecordState.CORRECTED)
_MARK_BYTES: Final = 6
_DIGEST_BYTES: Final = 4
# How the facts of a version are packed, and how many there are.
LAYOUT: Final = f"B{_MARK_BYTES}sBIB{_DIGEST_BYTES}s"
FACTS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of one record, as a dispute names it."""

    dataset: Dataset
    mark: bytes
    rank: int
    as_of_seconds: int
    # The version of the fold, and a hash of what it remembers: contracts change without a state.
    fold_version: int
    digest: bytes

    def body(self) -> dict[str, Any]:
        """As the record of a dispute holds it."""
        return {
            "dataset": self.dataset,
            "mark": self.mark.hex(),
            "state": _STATES[self.rank].value,
            "told_at": datetime.fromtimestamp(self.as_of_seconds, UTC).isoformat(),
            "facts": f"{self.fold_version}:{self.digest.hex()}",
        }

    @property
    def name(self) -> str:
        """The beginning of the source id of every dispute of it."""
        body = self.body()
        return ":".join(str(body[field]) for field in ("mark", "state", "told_at", "facts"))


def version_of(dataset: Dataset, known: Known) -> Version:
    """What a dispute of this record names."""
    return Version(
        dataset=dataset,
        mark=known.mark,
        rank=min(known.rank, len(_STATES) - 1),
        as_of_seconds=known.as_of_seconds,
        fold_version=DISPUTABLE[dataset].version,
        digest=hashlib.blake2b(repr(known.facts).encode(), digest_size=_DIGEST_BYTES).digest(),
    )


def find_version(profile: Profile, dataset: Dataset, mark: bytes) -> Version | None:
    """The version of a record that counts today, or None where there is none to dispute."""
    fold = DISPUTABLE.get(dataset)
    if fold is None:
        return None
    found = (one for one in fold.known(state_of(profile, fold), dataset) if one.mark == mark)
    return next((version_of(dataset, one) for one in found), None)


def is_over(profile: Profile, said: Version) -> bool:
    """Whether the provider told another version since. What is remembered no more is not over."""
    fold = DISPUTABLE[said.dataset]
    state = state_of(profile, fold)
    now = find_version(profile, said.dataset, said.mark)
    if now is None:
        # It is there and does not count: cancelled, or corrected to what says nothing.
        return fold.holds(state, said.dataset, said.mark)
    if (now.rank, now.as_of_seconds) <= (said.rank, said.as_of_seconds):
        return False
    if now.rank > said.rank:
        return True
    # A look at what changes without notice tells the same fact again with a later instant; facts
    # of two versions of the fold cannot be compared, and doubt leaves what was said standing.
    return now.fold_version == said.fold_version and now.digest != said.digest


def without(profile: Profile, gone: set[tuple[Dataset, bytes]]) -> Profile:
    """The profile for one reading, in which these records do not count; never folded further."""
    if not gone:
        return profile
    folds = dict(profile.folds)
    for fold in SERIES:
        kept = folds.get(fold.id)
        if kept is None or kept.version != fold.version:
            continue
        folds[fold.id] = FoldState(version=kept.version, state=_without(fold, kept.state, gone))
    return replace(profile, folds=folds)


def pack_version(body: Mapping[str, Any]) -> Facts | None:
    """The facts of the version that a record's body names; None where it names none."""
    try:
        fold_version, _, digest = str(body["facts"]).partition(":")
        told_at = datetime.fromisoformat(str(body["told_at"]))
        facts = (
            _DATASETS.index(Dataset(str(body["dataset"]))),
            bytes.fromhex(str(body["mark"])),
            _STATES.index(RecordState(str(body["state"]))),
            int(told_at.timestamp()),
            int(fold_version),
            bytes.fromhex(digest),
        )
        struct.pack(f">{LAYOUT}", *facts)
    except (KeyError, ValueError, struct.error):
        return None  # an archive of another hub may hold anything that its schema allows
    whole = len(facts[1]) == _MARK_BYTES and len(facts[5]) == _DIGEST_BYTES
    return facts if whole else None


def unpack_version(facts: Facts) -> Version:
    """The version that facts of `pack_version` name."""
    index, mark, rank, as_of_seconds, fold_version, digest = facts
    return Version(
        dataset=_DATASETS[index],
        mark=mark,
        rank=rank,
        as_of_seconds=as_of_seconds,
        fold_version=fold_version,
        digest=digest,
    )


def state_of(profile: Profile, fold: Fold) -> State:
    """The state of a fold; its empty state where the profile has none of this version."""
    kept = profile.folds.get(fold.id)
    return kept.state if kept and kept.version == fold.version else fold.empty()


def _without(fold: SeriesFold, state: State, gone: set[tuple[Dataset, bytes]]) -> State:
    for dataset in {dataset for dataset, _ in gone} & set(fold.inputs):

        def left(known: Known, dataset: Dataset = dataset) -> Facts | None:
            return None if (dataset, known.mark) in gone else known.facts

        state = fold.set_facts(state, dataset, left)
    return state
