"""Own words: what the person said of their own records, and what it changes at reading.

A dispute names one version of one record. It is open until the provider told another version, or
the person took it back. A correction gives a payee's payments another category. Neither changes
what a fold remembers, so the laws of folds hold, and both end with the record that said them.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from mydata_hub.collection.record import Record, RecordState
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
from mydata_hub.insights.moments import instant_of
from mydata_hub.insights.payments import CATEGORIES, PAYMENTS, merchant_of, plain_name
from mydata_hub.insights.profile import FoldState, Profile
from mydata_hub.insights.series import Facts, Known, SeriesFold

OWN_DISPUTES: Final = Dataset("own.disputes")
OWN_CATEGORIES: Final = Dataset("own.categories")
# Where the disputed version of a record is remembered. Their places are frozen with the rows.
DISPUTABLE: Final[Mapping[Dataset, SeriesFold]] = {
    CARD: PAYMENTS,
    EFIN: PAYMENTS,
    BANK: PAYMENTS,
    TRIPS: TRIPS_FOLD,
    CONTRACTS: CONTRACTS_FOLD,
    BILLS: BILLS_FOLD,
    HOLDINGS: HOLDINGS_FOLD,
}
_DATASETS: Final = tuple(DISPUTABLE)
_STATES: Final = (RecordState.BOOKED, RecordState.CORRECTED)
MAX_DISPUTES: Final = 200
MAX_CORRECTIONS: Final = 120
_MARK_BYTES: Final = 6
_DIGEST_BYTES: Final = 4
MAX_NAME_BYTES: Final = 60
_MERCHANT_BYTES: Final = 3


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A dispute as it stands; `open` is False once the provider told another version."""

    version: Version
    disputed_at: datetime
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A payee, and the category that the person gave it."""

    merchant: bytes
    payee: str
    category: str | None


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
    found = (one for one in fold.known(_state(profile, fold), dataset) if one.mark == mark)
    return next((version_of(dataset, one) for one in found), None)


def list_disputes(profile: Profile) -> list[Dispute]:
    """Every dispute that was not taken back, the latest first."""
    found = [
        Dispute(
            version=version,
            disputed_at=instant_of(known.minute),
            open=not _is_over(profile, version),
        )
        for known in DISPUTES.known(_state(profile, DISPUTES), OWN_DISPUTES)
        for version in [Version(**dict(zip(_FIELDS, _facts(known.facts), strict=True)))]
    ]
    return sorted(found, key=lambda one: one.disputed_at, reverse=True)


def is_contested(profile: Profile, inputs: Sequence[Dataset]) -> bool:
    """Whether an open dispute is of a record of these datasets."""
    return any(one.open and one.version.dataset in inputs for one in list_disputes(profile))


def list_corrections(profile: Profile) -> list[Correction]:
    """The category that holds for each payee that the person corrected."""
    rows = CORRECTIONS.known(_state(profile, CORRECTIONS), OWN_CATEGORIES)
    found = [_correction(known.facts) for known in rows]
    return sorted((one for one in found if one), key=lambda one: one.payee)


def own_view(profile: Profile) -> Profile:
    """The profile as the person's own view and offers read it: without what is disputed, and with
    the person's own categories. For one reading; it is never folded further or sealed."""
    gone = {(one.version.dataset, one.version.mark) for one in list_disputes(profile) if one.open}
    categories = {one.merchant: one.category for one in list_corrections(profile)}
    folds = dict(profile.folds)
    for fold in SERIES:
        kept = folds.get(fold.id)
        if kept is None or kept.version != fold.version:
            continue
        state = _without(fold, kept.state, gone)
        if categories and fold is PAYMENTS:
            state = PAYMENTS.with_categories(state, categories)
        folds[fold.id] = FoldState(version=kept.version, state=state)
    return replace(profile, folds=folds)


def _without(fold: SeriesFold, state: State, gone: set[tuple[Dataset, bytes]]) -> State:
    for dataset in {dataset for dataset, _ in gone} & set(fold.inputs):

        def left(known: Known, dataset: Dataset = dataset) -> Facts | None:
            return None if (dataset, known.mark) in gone else known.facts

        state = fold.set_facts(state, dataset, left)
    return state


def _is_over(profile: Profile, disputed: Version) -> bool:
    """Whether the provider told another version since. What is remembered no more stays open."""
    fold = DISPUTABLE[disputed.dataset]
    state = _state(profile, fold)
    now = find_version(profile, disputed.dataset, disputed.mark)
    if now is None:
        # It is there and does not count: cancelled, or corrected to what says nothing.
        return fold.holds(state, disputed.dataset, disputed.mark)
    if (now.rank, now.as_of_seconds) <= (disputed.rank, disputed.as_of_seconds):
        return False
    if now.rank > disputed.rank:
        return True
    # A look at what changes without notice tells the same fact again with a later instant; facts
    # of two versions of the fold cannot be compared, and doubt leaves the dispute open.
    return now.fold_version == disputed.fold_version and now.digest != disputed.digest


def _state(profile: Profile, fold: Fold) -> State:
    kept = profile.folds.get(fold.id)
    return kept.state if kept and kept.version == fold.version else fold.empty()


_FIELDS: Final = ("dataset", "mark", "rank", "as_of_seconds", "fold_version", "digest")


def _facts(facts: Facts) -> Iterator[Any]:
    index, *rest = facts
    yield _DATASETS[index]
    yield from rest


def _dispute_facts(record: Record) -> Facts | None:
    body = record.body
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
        DISPUTES.layout.pack(*facts)
    except (KeyError, ValueError, struct.error):
        return None  # an archive of another hub may hold anything that its schema allows
    whole = len(facts[1]) == _MARK_BYTES and len(facts[5]) == _DIGEST_BYTES
    return facts if whole else None


def _correction_facts(record: Record) -> Facts | None:
    payee, category = record.body.get("payee"), record.body.get("category")
    if not isinstance(payee, str) or (category is not None and category not in _CHOICES):
        return None
    shown = plain_name(payee).encode()[:MAX_NAME_BYTES].decode(errors="ignore").encode()
    index = 0 if category is None else 1 + _CHOICES.index(category)
    return merchant_of(payee), index, shown


def _correction(facts: Facts) -> Correction | None:
    merchant, index, shown = facts
    if index == 0:
        return None
    category = _CHOICES[index - 1]
    return Correction(
        merchant=merchant,
        payee=shown.rstrip(b"\0").decode(),
        category=category if category in CATEGORIES else None,
    )


def is_choice(category: str) -> bool:
    """Whether a person may give a payee this category."""
    return category in _CHOICES


# "unknown" is a choice as well: to be counted nowhere. Places are frozen; more come at the end.
_CHOICES: Final = ("unknown", *CATEGORIES)
DISPUTES: Final = SeriesFold(
    id="disputes",
    version=2,
    capacities={OWN_DISPUTES: MAX_DISPUTES},
    layout=struct.Struct(f">B{_MARK_BYTES}sBIB{_DIGEST_BYTES}s"),
    facts_of=_dispute_facts,
)
CORRECTIONS: Final = SeriesFold(
    id="corrections",
    version=2,
    capacities={OWN_CATEGORIES: MAX_CORRECTIONS},
    layout=struct.Struct(f">{_MERCHANT_BYTES}sB{MAX_NAME_BYTES}s"),
    facts_of=_correction_facts,
)
# Every series of what providers tell; `tests/unit/insights` holds it equal to the list of folds.
SERIES: Final = (PAYMENTS, TRIPS_FOLD, CONTRACTS_FOLD, BILLS_FOLD, HOLDINGS_FOLD)
