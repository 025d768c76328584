"""Running an erasure: one step after the other, each marked in a commit, whoever runs it how often.

Woken by the outbox and its sweep. A run that is killed is taken up where its last mark is; two runs
at once do the same, and each mark is made once. A certificate, its entry and the next message are
one commit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from mydata_hub.accounts.desk import until_settled
from mydata_hub.erasure.certificate import (
    encode_facts,
    instant,
    make_certificate,
)
from mydata_hub.erasure.state import (
    NOT_COVERED,
    PART_COVERED,
    PART_NOT_COVERED,
    Erasure,
    Issued,
    Kind,
    erase_message,
    erasure_key,
    fetch_erasure,
    put_erasure,
)
from mydata_hub.erasure.steps import (
    HUB,
    KEYS,
    STEPS,
    Step,
    Workroom,
    covered,
    destroy_keys,
    keys_gone_at,
    keys_gone_by,
    sweep_again,
)
from mydata_hub.errors import Conflict, Damaged
from mydata_hub.fields import EventId, SubjectId
from mydata_hub.ports.messages import Message, send, settle
from mydata_hub.ports.tables import Change, Key
from mydata_hub.transparency import events
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import record
from mydata_hub.transparency.leaf import Leaf, Opening
from mydata_hub.transparency.log_proof import prove_entry

FUNCTION: Final = "erase"
# When a proof is looked for again: the sequencer and its checkpoint take some seconds.
PROOF_PAUSE: Final = timedelta(seconds=20)
LOOK_AGAIN: Final = timedelta(hours=6)
PART_FADES: Final = "announcements of these records (counts and instants) in database backups"
FADES: Final = "deleted rows that were not sealed (names, consents, charges) in database backups"


def take_further(room: Workroom, message: Message) -> bool:
    """Take an erasure as far as it goes now; False where the message was settled before.

    What is left to do later is a message of its own. Raises Damaged for a message that says nothing
    of use, NotFound, Busy, and what the ports raise; then the message comes again.
    """
    certificate_id = message.body.get("certificate_id")
    if not isinstance(certificate_id, str):
        raise Damaged("a message does not say which erasure to take further")
    settled = settle(message)
    if settled.key not in room.tables.fetch_many(settled.key):
        return False
    if fetch_erasure(room.tables, certificate_id).part is None:
        for step in STEPS:
            _go(room, certificate_id, partial(_step, room, step))
    _go(room, certificate_id, partial(_first, room))
    _go(room, certificate_id, partial(_confirm, room))
    for kind in Kind:
        _go(room, certificate_id, partial(_prove, room, kind))
    try:
        room.tables.commit(settled, *_later(room, certificate_id))
    except Conflict:
        return False  # somebody else settled it, and left what is to be done later
    return True


# What an act makes of an erasure, and what is written with it; None where it has nothing to do.
_Going = Callable[[Erasure], "tuple[Erasure, tuple[Change, ...]] | None"]


def _go(room: Workroom, certificate_id: str, act: _Going) -> None:
    def once() -> None:
        gone = act(fetch_erasure(room.tables, certificate_id))
        if gone is not None:
            after, changes = gone
            room.tables.commit(put_erasure(after), *changes)

    until_settled(once)


def _step(room: Workroom, step: Step, before: Erasure) -> tuple[Erasure, tuple[Change, ...]] | None:
    if step.name in before.done:
        return None
    step.act(room, str(before.account_id))
    after, changes = destroy_keys(room, before) if step.name == KEYS else (before, ())
    return after.mark(step.name, room.clock.now()), changes


def _first(room: Workroom, before: Erasure) -> tuple[Erasure, tuple[Change, ...]] | None:
    """The first certificate. How long copies stay is asked now, when the keys are gone: only then
    can what the hub itself copies no longer hold them."""
    if before.certificate(Kind.ERASED) or before.inaccessible_at is None:
        return None
    planned = replace(before, irrecoverable_at=_copies_until(room, before))
    return _certify(room, Kind.ERASED, planned)


def _certify(room: Workroom, kind: Kind, before: Erasure) -> tuple[Erasure, tuple[Change, ...]]:
    facts = _facts(room, before, kind)
    event = Event(
        event_id=EventId(room.entropy.token(16).hex()),
        kind=facts["kind"],
        # There is nobody any more whom it could be about, or it is nobody else's business.
        subject=SubjectId(before.certificate_id),
        actor=HUB,
        occurred_at=room.clock.now(),
        row=erasure_key(before.certificate_id),
        row_version=before.version + 1,
        payload=encode_facts(facts),
    )
    recorded = record(event, room.entropy, about_nobody=True)
    kept: dict[str, Any] = dict(recorded.values)
    leaf = Leaf(tag=kept["tag"], person=kept["person_commitment"], audit=kept["audit_commitment"])
    opening = Opening(kept["personal_salt"], kept["personal"])
    document = make_certificate(facts, leaf, opening, room.key)
    issued = Issued(kind=kind, event_id=event.event_id, document=document)
    return replace(before, issued=(*before.issued, issued)), (recorded,)


def _confirm(room: Workroom, before: Erasure) -> tuple[Erasure, tuple[Change, ...]] | None:
    """The second certificate: once no copy of the keys that the hub knows of is left."""
    if before.certificate(Kind.IRRECOVERABLE) or before.inaccessible_at is None:
        return None
    until = _gone_from_copies(room, before)
    if until is None:
        return None
    if until > room.clock.now():
        # A copy that outlives what was planned puts it off, and says so.
        put_off = replace(before, irrecoverable_at=until)
        return None if put_off == before else (put_off, ())
    if before.part is None:
        sweep_again(room, str(before.account_id))
    after, changes = _certify(room, Kind.IRRECOVERABLE, replace(before, irrecoverable_at=until))
    return replace(after, account_id=None), changes


def _prove(
    room: Workroom, kind: Kind, before: Erasure
) -> tuple[Erasure, tuple[Change, ...]] | None:
    issued = before.certificate(kind)
    if issued is None or issued.log is not None:
        return None
    key = Key(events.TABLE, issued.event_id)
    index = room.tables.fetch_many(key)[key].values.get("index")
    proof = prove_entry(room.log, index) if isinstance(index, int) else None
    if proof is None:
        return None
    proven = replace(issued, log=proof)
    others = (proven if one is issued else one for one in before.issued)
    return replace(before, issued=tuple(others)), ()


def _later(room: Workroom, certificate_id: str) -> tuple[Change, ...]:
    erasure = fetch_erasure(room.tables, certificate_id)
    due: list[datetime] = []
    if any(one.log is None for one in erasure.issued):
        due.append(room.clock.now() + PROOF_PAUSE)
    if erasure.certificate(Kind.IRRECOVERABLE) is None and erasure.irrecoverable_at:
        due.append(_looked_at(room, erasure.irrecoverable_at, part=erasure.part is not None))
    message_id = room.entropy.token(16).hex()
    return (send(erase_message(certificate_id, message_id, min(due))),) if due else ()


def _copies_until(room: Workroom, erasure: Erasure) -> datetime:
    """Until when copies of the destroyed keys may be there.

    Everything of a person goes at once from every copy within reach. Of a part's vault the rest
    lives on, and the copies open what backups hold of it: they are replaced by the next backup.
    """
    if erasure.part is None:
        return room.copies_until(keys_gone_by(room, erasure))
    assert erasure.inaccessible_at is not None
    return room.old_copies_until(erasure.inaccessible_at)


def _gone_from_copies(room: Workroom, erasure: Erasure) -> datetime | None:
    """The same, looked at once more; None while it is planned for later and nothing has changed."""
    if erasure.part is not None:
        return _copies_until(room, erasure)
    gone_at, planned = keys_gone_at(room, erasure), erasure.irrecoverable_at
    if gone_at is None and planned and planned > room.clock.now():
        return None
    return room.copies_until(gone_at or keys_gone_by(room, erasure))


def _looked_at(room: Workroom, at: datetime, *, part: bool) -> datetime:
    now = room.clock.now()
    # A backup may replace the last copy long before it would have run out.
    return max(min(at, now + LOOK_AGAIN) if part else at, now)


def _facts(room: Workroom, erasure: Erasure, kind: Kind) -> dict[str, Any]:
    assert erasure.inaccessible_at
    assert erasure.irrecoverable_at
    rows_until = room.rows_until(erasure.inaccessible_at)
    part, whole = erasure.part, erasure.part is None
    return {
        "iss": room.issuer,
        "iat": int(room.clock.now().timestamp()),
        "kind": kind.value if whole else f"part_{kind.value}",
        **({} if part is None else {"part": dict(part)}),
        "certificate_id": erasure.certificate_id,
        "begun_at": instant(erasure.begun_at),
        "inaccessible_at": instant(erasure.inaccessible_at),
        "irrecoverable_at": instant(erasure.irrecoverable_at),
        "covers": covered() if whole else dict(PART_COVERED),
        "fades": {
            "rows": FADES if whole else PART_FADES,
            "until": rows_until and instant(rows_until),
        },
        "not_covered": dict(NOT_COVERED if whole else PART_NOT_COVERED),
    }
