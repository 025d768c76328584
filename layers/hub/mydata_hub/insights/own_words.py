"""Own words: what the person said of their own records, and what it changes at reading.

A dispute names one version of one record. It is open until the provider told another version, or
the person took it back. A correction gives a payee's payments another category. Neither changes
what a fold remembers, so the laws of folds hold, and both end with the record that said them.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from mydata_hub.collection.record import Record
from mydata_hub.fields import Dataset
from mydata_hub.insights.moments import instant_of
from mydata_hub.insights.payments import CATEGORIES, PAYMENTS, merchant_of, plain_name
from mydata_hub.insights.profile import FoldState, Profile
from mydata_hub.insights.record_versions import (
    LAYOUT,
    Version,
    is_over,
    pack_version,
    state_of,
    unpack_version,
    without,
)
from mydata_hub.insights.reviews import Outcome, outcomes
from mydata_hub.insights.series import Facts, SeriesFold

OWN_DISPUTES: Final = Dataset("own.disputes")
OWN_CATEGORIES: Final = Dataset("own.categories")
MAX_DISPUTES: Final = 120
MAX_CORRECTIONS: Final = 100
MAX_NAME_BYTES: Final = 60
_MERCHANT_BYTES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A dispute as it stands; `open` is False once the provider told another version, or a
    reviewer decided: then `outcome` says how."""

    version: Version
    disputed_at: datetime
    open: bool
    outcome: Outcome | None = None

    @property
    def left_out(self) -> bool:
        """Whether the record counts for nothing in the person's own view."""
        return self.open or self.outcome is Outcome.UPHELD


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A payee, and the category that the person gave it."""

    merchant: bytes
    payee: str
    category: str | None


def list_disputes(profile: Profile) -> list[Dispute]:
    """Every dispute that was not taken back, the latest first."""
    decided, found = outcomes(profile), list[Dispute]()
    for known in DISPUTES.known(state_of(profile, DISPUTES), OWN_DISPUTES):
        version = unpack_version(known.facts)
        decision = decided.get(version)
        # Whoever contests a record once more, after a decision, asks for another one.
        if decision is not None and decision.decided_at_seconds < known.as_of_seconds:
            decision = None
        over = is_over(profile, version)
        found.append(
            Dispute(
                version=version,
                disputed_at=instant_of(known.minute),
                open=decision is None and not over,
                outcome=None if decision is None or over else decision.outcome,
            )
        )
    return sorted(found, key=lambda one: one.disputed_at, reverse=True)


def is_contested(profile: Profile, inputs: Sequence[Dataset]) -> bool:
    """Whether an open dispute is of a record of these datasets."""
    return any(one.open and one.version.dataset in inputs for one in list_disputes(profile))


def list_corrections(profile: Profile) -> list[Correction]:
    """The category that holds for each payee that the person corrected."""
    rows = CORRECTIONS.known(state_of(profile, CORRECTIONS), OWN_CATEGORIES)
    found = [_correction(known.facts) for known in rows]
    return sorted((one for one in found if one), key=lambda one: one.payee)


def own_view(profile: Profile) -> Profile:
    """The profile as the person's own view and offers read it: without what is disputed, and with
    the person's own categories. For one reading; it is never folded further or sealed."""
    gone = {
        (one.version.dataset, one.version.mark) for one in list_disputes(profile) if one.left_out
    }
    view = without(profile, gone)
    categories = {one.merchant: one.category for one in list_corrections(profile)}
    kept = view.folds.get(PAYMENTS.id)
    if not categories or kept is None or kept.version != PAYMENTS.version:
        return view
    state = PAYMENTS.with_categories(kept.state, categories)
    paid = FoldState(version=kept.version, state=state)
    return replace(view, folds={**view.folds, PAYMENTS.id: paid})


def _dispute_facts(record: Record) -> Facts | None:
    return pack_version(record.body)


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
    layout=struct.Struct(f">{LAYOUT}"),
    facts_of=_dispute_facts,
)
CORRECTIONS: Final = SeriesFold(
    id="corrections",
    version=2,
    capacities={OWN_CATEGORIES: MAX_CORRECTIONS},
    layout=struct.Struct(f">{_MERCHANT_BYTES}sB{MAX_NAME_BYTES}s"),
    facts_of=_correction_facts,
)
