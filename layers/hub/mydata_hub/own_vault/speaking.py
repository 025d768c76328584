"""Speaking: what the person says of their own records, sealed by the way that statements take.

Like an import this half opens nothing. Which version a dispute names is read from the profile by
the caller. What was said shows nowhere outside the vault: the row that remembers it names segments
and no records, and the event tells a count, sealed to the person's log key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import rfc8785

from mydata_hub.collection.record import Provenance, Record
from mydata_hub.collection.wire import Asked, make_record
from mydata_hub.errors import BadInput, Busy, Conflict, NotFound
from mydata_hub.fields import ConnectionId, Dataset, EventId, PartyId, SubjectId, VaultId
from mydata_hub.insights.own_words import (
    DISPUTES,
    MAX_NAME_BYTES,
    OWN_CATEGORIES,
    OWN_DISPUTES,
    is_choice,
    list_disputes,
)
from mydata_hub.insights.payments import plain_name
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.record_versions import Version, find_version
from mydata_hub.insights.series import mark_of
from mydata_hub.own_vault.importing import (
    IMPORTS,
    Letterbox,
    own_attribution,
    recipient_for,
    seal_records,
)
from mydata_hub.ports.tables import Absent, Change, Key, Put, Tables
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import record
from mydata_hub.vault.announcements import REFUSED, announce, is_unfolded, segment_row
from mydata_hub.vault.key_rows import check_live
from mydata_hub.vault.segment import SegmentId
from mydata_hub.vault.segments import (
    store_segment,
)

RECORD_DISPUTED: Final = "record_disputed"
DISPUTE_TAKEN_BACK: Final = "dispute_taken_back"
CATEGORY_CORRECTED: Final = "category_corrected"
MAX_TOGETHER: Final = 50
# One record may be disputed and taken back so often.
MAX_TIMES: Final = 100
# Later words than these are folded, or nobody waits for them any more.
MAX_LOOKED_AT: Final = 10
_PREFIX: Final = "word#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointed:
    """A record as the person's own view names it."""

    dataset: Dataset
    mark: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Records of one dataset that say it, and the kind and the payload of the event."""

    records: Sequence[Record]
    kind: str
    # By default how many there are.
    payload: bytes = b""


def dispute_records(
    letterbox: Letterbox, vault_id: VaultId, profile: Profile, pointed: Sequence[Pointed]
) -> int:
    """Say that these records are wrong; gives how many were not disputed before.

    Raises NotFound for one that counts nowhere, BadInput, Busy.
    """
    now, said = letterbox.clock.now(), list[Record]()
    open_ones = {_name(one.version) for one in list_disputes(profile) if one.open}
    for one in _each_once(pointed):
        version = find_version(profile, one.dataset, one.mark)
        if version is None:
            raise NotFound("there is no such record in your own view")
        if _name(version) not in open_ones:
            said.append(_dispute(vault_id, profile, version, now))
    if said:
        say(letterbox, vault_id, Said(records=said, kind=RECORD_DISPUTED))
    return len(said)


def take_back(
    letterbox: Letterbox, vault_id: VaultId, profile: Profile, pointed: Sequence[Pointed]
) -> int:
    """Say that these records are right after all; gives how many disputes ended by it."""
    wanted, now = set(_each_once(pointed)), letterbox.clock.now()
    said = [
        _dispute(vault_id, profile, one.version, now, anew=False).cancel()
        for one in list_disputes(profile)
        if Pointed(dataset=one.version.dataset, mark=one.version.mark) in wanted
    ]
    if said:
        say(letterbox, vault_id, Said(records=said, kind=DISPUTE_TAKEN_BACK))
    return len(said)


def correct_category(
    letterbox: Letterbox, vault_id: VaultId, payee: str, category: str | None
) -> None:
    """Give all payments to a payee a category, past and to come; None: as the hub says.

    Raises BadInput for a name or a category that cannot be.
    """
    name = plain_name(payee)
    if not 0 < len(name.encode()) <= MAX_NAME_BYTES:
        raise BadInput("payee", f"takes 1 to {MAX_NAME_BYTES} bytes of text")
    if category is not None and not is_choice(category):
        raise BadInput("category", "takes one of the listed categories")
    now = letterbox.clock.now()
    body = {"payee": name, "category": category, "as_of": now.isoformat()}
    name_of_it = hashlib.sha256(name.encode()).hexdigest()
    said = own_word(vault_id, OWN_CATEGORIES, name_of_it, now, body)
    say(letterbox, vault_id, Said(records=(said,), kind=CATEGORY_CORRECTED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Of what was said lately: segments that are not folded yet, and those put aside."""

    waiting: int
    put_aside: int


def see_words(tables: Tables, vault_id: VaultId) -> Words:
    """How what was said lately fares; while anything waits, the profile does not know it yet."""
    page = tables.query(IMPORTS, vault_id, prefix=_PREFIX, limit=MAX_LOOKED_AT, newest_first=True)
    names = [SegmentId(str(row.values["segment"])) for row in page.rows]
    if not names:
        return Words(waiting=0, put_aside=0)
    rows = tables.fetch_many(*(segment_row(vault_id, name) for name in names)).values()
    return Words(
        waiting=sum(map(is_unfolded, rows)),
        put_aside=sum(row.values.get("state") == REFUSED for row in rows),
    )


def own_connection(vault_id: VaultId) -> ConnectionId:
    """The connection under which the person's own words are kept."""
    digest = hashlib.sha256(f"{vault_id}\0own words".encode()).hexdigest()
    return ConnectionId(f"own-{digest[:24]}")


def _each_once(pointed: Sequence[Pointed]) -> list[Pointed]:
    if not 0 < len(pointed) <= MAX_TOGETHER:
        raise BadInput("records", f"takes 1 to {MAX_TOGETHER} records")
    return list(dict.fromkeys(pointed))


def _name(version: Version) -> tuple[str, str]:
    return version.dataset, version.name


def _dispute(
    vault_id: VaultId, profile: Profile, version: Version, now: datetime, *, anew: bool = True
) -> Record:
    """The next dispute of a version, or the one that stands: a cancelled record stays cancelled,
    so whoever disputes a second time does it by a record of the next name."""
    state = profile.folds[DISPUTES.id].state
    for times in range(MAX_TIMES):
        body = {**version.body(), "as_of": now.isoformat()}
        name = f"{version.dataset}:{version.name}:{times}"
        said = own_word(vault_id, OWN_DISPUTES, name, now, body)
        mark = mark_of(said.record_id)
        if anew and not DISPUTES.holds(state, OWN_DISPUTES, mark):
            return said
        if not anew and any(one.mark == mark for one in DISPUTES.known(state, OWN_DISPUTES)):
            return said
    raise BadInput("records", f"takes one that was disputed fewer than {MAX_TIMES} times")


def own_word(
    vault_id: VaultId, dataset: Dataset, source_id: str, now: datetime, body: dict[str, Any]
) -> Record:
    """A record of what the person says; of the same `source_id` the later one holds."""
    asked = Asked(own_connection(vault_id), "", now)
    return make_record(asked, dataset, source_id, now, body, provenance=Provenance.SELF_SUPPLIED)


def say(letterbox: Letterbox, vault_id: VaultId, said: Said, *also: Change) -> None:
    """Seal, announce, remember and log in one commit, together with other changes.

    Raises Busy while keys are being turned, or where one of `also` does not hold.
    """
    recipient = recipient_for(letterbox, vault_id)
    now, word_id = letterbox.clock.now(), letterbox.entropy.token(16).hex()
    segment = seal_records(
        letterbox,
        recipient,
        own_attribution(own_connection(vault_id)),
        said.records[0].dataset,
        [one.encode() for one in said.records],
    )
    remembered = Put(
        key=Key(IMPORTS, vault_id, f"{_PREFIX}{now.isoformat(timespec='microseconds')}#{word_id}"),
        values={"segment": segment.segment_id},
        when=Absent(),
    )
    told = Event(
        event_id=EventId(word_id),
        kind=said.kind,
        subject=SubjectId(vault_id),
        actor=PartyId(vault_id),
        occurred_at=now,
        row=remembered.key,
        row_version=1,
        payload=said.payload or rfc8785.dumps({"records": len(said.records)}),
    )
    try:
        letterbox.tables.commit(
            announce(segment, store_segment(letterbox.blobs, segment), now),
            remembered,
            record(told, letterbox.entropy),
            check_live(vault_id, recipient.key_version),
            *also,
        )
    except Conflict:
        raise Busy("the vault's keys are being turned; try again in a moment") from None
