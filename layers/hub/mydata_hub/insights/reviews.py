"""Reviews: what the person appeals against, what a reviewer decided, and what that changes.

An appeal names a reason, mostly of the trust score; the records that it contests are disputes
beside it (own_words.py). While it is open, what it could better is not told. A decision names the
appeal and each contested version of a record: what is upheld counts no more, for partners either,
and what is rejected counts as before. As with own words, no fold is changed by any of it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mydata_hub.collection.record import Provenance, Record
from mydata_hub.fields import Dataset
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.record_versions import (
    FACTS,
    LAYOUT,
    Version,
    is_over,
    pack_version,
    state_of,
    unpack_version,
    without,
)
from mydata_hub.insights.series import Facts, SeriesFold, short_hash
from mydata_hub.scorecard.features import HUB_FEATURES

OWN_APPEALS: Final = Dataset("own.appeals")
HUB_DECISIONS: Final = Dataset("hub.decisions")
# A profile has a size. So many appeals are kept at once, a year each (`appeals.appeal`), of so many
# records each: what is forgotten here concerned records that no reason rests on any more.
MAX_APPEALS: Final = 12
MAX_RECORDS: Final = 5
MAX_DECISIONS: Final = MAX_APPEALS * MAX_RECORDS
_APPEAL_BYTES: Final = 8
_REASON_BYTES: Final = 4
_NO_DATASET: Final = 255


class Outcome(StrEnum):
    """What a reviewer may decide of an appeal."""

    UPHELD = "upheld"
    REJECTED = "rejected"


# Frozen with the rows.
_OUTCOMES: Final = tuple(Outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided of one reason or, with a version, of one record that was contested."""

    appeal: bytes
    reason: bytes
    outcome: Outcome
    version: Version | None
    # Seconds since 1970.
    decided_at_seconds: int


def open_reasons(profile: Profile) -> set[bytes]:
    """The reasons, as `reason_mark`, whose appeals nobody has decided."""
    decided = {one.appeal for one in list_decisions(profile)}
    rows = APPEALS.rows(state_of(profile, APPEALS), collected_only=False)
    return {row.facts[1] for row in rows if row.facts[0] not in decided}


def is_appealed(profile: Profile) -> bool:
    """Whether an appeal against a reason of the score is open."""
    return not open_reasons(profile).isdisjoint(map(reason_mark, HUB_FEATURES))


def set_aside(profile: Profile) -> set[bytes]:
    """The reasons, as `reason_mark`, that a reviewer set aside without a record: the latest
    decision of each holds."""
    latest: dict[bytes, Decision] = {}
    for one in list_decisions(profile):
        if one.version is None:
            latest[one.reason] = one
    return {reason for reason, one in latest.items() if one.outcome is Outcome.UPHELD}


def list_decisions(profile: Profile) -> list[Decision]:
    """Every decision that is remembered, oldest first."""
    known = DECISIONS.known(state_of(profile, DECISIONS), HUB_DECISIONS)
    return [
        Decision(
            appeal=one.facts[0],
            reason=one.facts[1],
            outcome=_OUTCOMES[one.facts[2]],
            version=None if one.facts[3] == _NO_DATASET else unpack_version(one.facts[3:]),
            decided_at_seconds=one.as_of_seconds,
        )
        for one in sorted(known, key=lambda one: one.as_of_seconds)
    ]


def outcomes(profile: Profile) -> dict[Version, Decision]:
    """The latest decision of each version of a record that was contested."""
    return {one.version: one for one in list_decisions(profile) if one.version is not None}


def reviewed_view(profile: Profile) -> Profile:
    """The profile as partners are answered from: without what a reviewer found to be wrong. For one
    reading; it is never folded further or sealed."""
    gone = {
        (version.dataset, version.mark)
        for version, one in outcomes(profile).items()
        if one.outcome is Outcome.UPHELD and not is_over(profile, version)
    }
    return without(profile, gone)


def reason_mark(reason: str) -> bytes:
    """A reason as folds remember it."""
    return short_hash(reason, _REASON_BYTES)


def appeal_mark(appeal: str) -> bytes:
    """An appeal as folds remember it."""
    return short_hash(appeal, _APPEAL_BYTES)


def _appeal_facts(record: Record) -> Facts | None:
    appeal, reason = record.body.get("appeal"), record.body.get("reason")
    if not isinstance(appeal, str) or not isinstance(reason, str):
        return None
    return appeal_mark(appeal), reason_mark(reason)


def _decision_facts(record: Record) -> Facts | None:
    # Threat: an archive that a person brings with decisions of their own in it.
    if record.provenance is not Provenance.REVIEWED:
        return None
    body = record.body
    if body.get("outcome") not in _OUTCOMES:
        return None
    head = (
        appeal_mark(str(body.get("appeal"))),
        reason_mark(str(body.get("reason"))),
        _OUTCOMES.index(Outcome(str(body["outcome"]))),
    )
    if body.get("dataset") is None:
        return (*head, _NO_DATASET, *_NO_VERSION)
    version = pack_version(body)
    return None if version is None else (*head, *version)


_NO_VERSION: Final = struct.unpack(f">{LAYOUT}", bytes(struct.calcsize(f">{LAYOUT}")))[1:]
assert len(_NO_VERSION) == FACTS - 1
APPEALS: Final = SeriesFold(
    id="appeals",
    version=1,
    capacities={OWN_APPEALS: MAX_APPEALS},
    layout=struct.Struct(f">{_APPEAL_BYTES}s{_REASON_BYTES}s"),
    facts_of=_appeal_facts,
)
DECISIONS: Final = SeriesFold(
    id="decisions",
    version=1,
    capacities={HUB_DECISIONS: MAX_DECISIONS},
    layout=struct.Struct(f">{_APPEAL_BYTES}s{_REASON_BYTES}sB{LAYOUT}"),
    facts_of=_decision_facts,
)
