"""Deciding an appeal: a person of the hub reads the case, and says what is so and why.

A decision goes into the vault as a record that the review signed, so the fold, an export and a fold
afresh know of it alike. Case, queue, record, event and the news to partners are one commit. What is
upheld counts no more; of whoever was told something that it may change, each is told to ask again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import rfc8785

from mydata_hub.accounts.sessions import Session
from mydata_hub.appeals.appeal import (
    TABLE,
    Appeal,
    AppealState,
    Waiting,
    appeal_key,
    dequeue,
    find_queued,
    list_queue,
    put_appeal,
)
from mydata_hub.appeals.case import Case, Ruling
from mydata_hub.appeals.correcting import corrections
from mydata_hub.appeals.review_box import ReviewBox
from mydata_hub.collection.record import Provenance, Record
from mydata_hub.collection.wire import Asked, make_record
from mydata_hub.errors import BadInput, Busy, Conflict, NotFound, Taken
from mydata_hub.fields import ConnectionId, Dataset, EventId, PartyId, SubjectId, VaultId
from mydata_hub.insights.reviews import HUB_DECISIONS, Outcome
from mydata_hub.own_vault.importing import Letterbox, recipient_for, seal_records
from mydata_hub.ports.tables import Change, Put
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import AuditFacts, record
from mydata_hub.transparency.house import staff_name
from mydata_hub.vault.announcements import announce
from mydata_hub.vault.key_rows import check_live
from mydata_hub.vault.segments import (
    Attribution,
    store_segment,
)

APPEAL_READ: Final = "appeal_read"
APPEAL_DECIDED: Final = "appeal_decided"
REVIEW: Final = PartyId("review")
MIN_WORDS: Final = 20
MAX_WORDS: Final = 2000
_NO_VERSION: Final = dict.fromkeys(("dataset", "mark", "state", "told_at", "facts"))
_ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRoom:
    """What a reviewer works with: the letterbox's signer is the review's own key."""

    letterbox: Letterbox
    box: ReviewBox


def see_queue(room: ReviewRoom) -> list[Waiting]:
    """Every open appeal, the one that is due first coming first; nothing of a case."""
    now = room.letterbox.clock.now()
    return [
        Waiting(
            appeal_id=one.appeal_id,
            opened_at=one.opened_at,
            due_at=one.due_at,
            overdue=now > one.due_at,
        )
        for one in list_queue(room.letterbox.tables)
    ]


def read_case(room: ReviewRoom, session: Session, appeal_id: str) -> tuple[Appeal, Case]:
    """The case of an open appeal; that it was read, and by whom, is in the log before.

    Raises NotFound, Busy, Damaged.
    """
    appeal = _queued(room, appeal_id)
    read = _event(room, appeal, session, APPEAL_READ, appeal.version)
    room.letterbox.tables.commit(read)
    return appeal, room.box.open(appeal)[0]


def decide(
    room: ReviewRoom, session: Session, appeal_id: str, outcome: Outcome, words: str
) -> Appeal:
    """End an open appeal, with reasons that its person reads.

    Raises NotFound where it is not open any more, BadInput, Busy, Taken for the second of two.
    """
    words = words.strip()
    if not MIN_WORDS <= len(words) <= MAX_WORDS:
        raise BadInput("words", f"takes reasons of {MIN_WORDS} to {MAX_WORDS} letters")
    letterbox = room.letterbox
    appeal, now = _queued(room, appeal_id), letterbox.clock.now()
    case, _ = room.box.open(appeal)
    told: Sequence[Change] = ()
    if outcome is Outcome.UPHELD:
        named = {Dataset(one.dataset) for one in case.records}
        told = corrections(letterbox, appeal.vault_id, case.reason, named)
    ruling = room.box.seal_ruling(appeal, Ruling(words=words))
    decided = replace(
        appeal,
        state=AppealState(outcome.value),
        ended_at=now,
        ruling=ruling,
        told=len(told) // 2,
    )
    changes = (
        put_appeal(decided),
        dequeue(appeal),
        _event(room, appeal, session, APPEAL_DECIDED, appeal.version + 1, outcome),
        *_sealed(letterbox, appeal.vault_id, _records(appeal, case, outcome, words, now), now),
        *told,
    )
    try:
        letterbox.tables.commit(*changes)
    except Conflict as conflict:
        if changes[conflict.change].key.table == TABLE:
            raise Taken("somebody else has ended this appeal") from None
        raise Busy("the vault's keys are being turned; try again in a moment") from None
    return decided


def _queued(room: ReviewRoom, appeal_id: str) -> Appeal:
    appeal = find_queued(room.letterbox.tables, appeal_id)
    if appeal is None or not appeal.is_open:
        raise NotFound("there is no such open appeal")
    return appeal


def _records(
    appeal: Appeal, case: Case, outcome: Outcome, words: str, now: datetime
) -> list[Record]:
    said = {
        "appeal": appeal.appeal_id,
        "reason": case.reason,
        "outcome": outcome.value,
        "words": words,
        "as_of": now.isoformat(),
    }
    asked = Asked(review_connection(appeal.vault_id), "", now)
    return [
        make_record(
            asked,
            HUB_DECISIONS,
            f"{appeal.appeal_id}:{number}",
            now,
            {**said, **version},
            provenance=Provenance.REVIEWED,
        )
        for number, version in enumerate([one.version for one in case.records] or [_NO_VERSION])
    ]


def review_connection(vault_id: VaultId) -> ConnectionId:
    """The connection under which decisions about a person are kept."""
    digest = hashlib.sha256(f"{vault_id}\0review".encode()).hexdigest()
    return ConnectionId(f"review-{digest[:24]}")


def _sealed(
    letterbox: Letterbox, vault_id: VaultId, records: Sequence[Record], now: datetime
) -> tuple[Change, ...]:
    recipient = recipient_for(letterbox, vault_id)
    attribution = Attribution(
        provider_id=REVIEW, connection_id=review_connection(vault_id), grant_id=REVIEW
    )
    encoded = [one.encode() for one in records]
    segment = seal_records(letterbox, recipient, attribution, HUB_DECISIONS, encoded)
    return (
        announce(segment, store_segment(letterbox.blobs, segment), now),
        check_live(vault_id, recipient.key_version),
    )


def _event(
    room: ReviewRoom,
    appeal: Appeal,
    session: Session,
    kind: str,
    row_version: int,
    outcome: Outcome | None = None,
) -> Put:
    letterbox = room.letterbox
    event = Event(
        event_id=EventId(letterbox.entropy.token(_ID_BYTES).hex()),
        kind=kind,
        subject=SubjectId(appeal.vault_id),
        # The person learns that a member of the staff did it, and by which pseudonym.
        actor=PartyId(staff_name(session.account_id)),
        occurred_at=letterbox.clock.now(),
        row=appeal_key(appeal.vault_id, appeal.appeal_id),
        row_version=row_version,
        payload=rfc8785.dumps({"appeal": appeal.appeal_id}),
    )
    facts = AuditFacts(
        staff=staff_name(session.account_id),
        decision=None if outcome is None else outcome.value,
    )
    return record(event, letterbox.entropy, facts)
