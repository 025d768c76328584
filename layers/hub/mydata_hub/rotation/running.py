"""Running a rotation: vault after vault, marked as it goes, by whoever is woken.

Woken by the outbox and its sweep. A run that is killed leaves its message, and the next one goes on
at the last mark; a vault that was done once more is not changed once more. Two runs at once do no
harm: each commit holds on what it read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from mydata_hub.errors import Busy, Conflict, Damaged, HubError, OutcomeUnknown
from mydata_hub.fields import VaultId
from mydata_hub.own_vault.replacing import Replaced, Resealer
from mydata_hub.own_vault.turning import turn_keys, wrap_again
from mydata_hub.ports.keys import Keys
from mydata_hub.ports.messages import Message, send, settle
from mydata_hub.rotation.job import ID_BYTES, Job, Kind, fetch_job, put_job, rotate_message
from mydata_hub.rotation.sealing_anew import seal_anew
from mydata_hub.vault.key_rows import TABLE as KEYS
from mydata_hub.vault.refusal import Cause, NotOpened

FUNCTION: Final = "reseal"
PAGE: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What a rotation works with. `failed` is told what stood in the way of a vault."""

    resealer: Resealer
    master: Keys
    failed: Callable[[HubError], None]


@dataclass(frozen=True, slots=True)
class _Outcome:
    done: bool = True
    changed: bool = False
    segments: int = 0


def take_further(at: Workshop, message: Message, until: datetime) -> bool:
    """Take a rotation as far as it goes until an instant; False where the message was settled.

    What is left is a message of its own. Raises Damaged for a message that says nothing of use,
    NotFound, Busy; then the message comes again.
    """
    rotation_id = message.body.get("rotation_id")
    if not isinstance(rotation_id, str):
        raise Damaged("a message does not say which rotation to take further")
    room, settled = at.resealer.room, settle(message)
    if settled.key not in room.tables.fetch_many(settled.key):
        return False
    job = fetch_job(room.tables, rotation_id)
    while job.ended_at is None and room.clock.now() < until:
        job = _page(at, job, until)
    now = room.clock.now()
    again = rotate_message(rotation_id, room.entropy.token(ID_BYTES).hex(), now)
    try:
        room.tables.commit(settled, *([send(again)] if job.ended_at is None else []))
    except Conflict:
        return False  # somebody else settled it, and left what is to be done
    return True


def _page(at: Workshop, job: Job, until: datetime) -> Job:
    """One page of vaults further, or as far into it as the time goes."""
    room = at.resealer.room
    if job.vault_id is not None:
        names, after = [job.vault_id], None
    else:
        page = room.tables.list_keys(KEYS, after=job.after, limit=PAGE)
        names, after = [key.partition for key in page.keys], page.after
    for name in names:
        if name in job.page_done:
            continue
        job, done = _vault(at, job, VaultId(name), until)
        if not done:
            return _mark(at, job)
    ended = None if after is not None else room.clock.now()
    return _mark(at, replace(job, after=after, page_done=(), ended_at=ended))


def _vault(at: Workshop, job: Job, vault_id: VaultId, until: datetime) -> tuple[Job, bool]:
    try:
        outcome = _act(at, job, vault_id, until)
    except (Busy, Conflict, OutcomeUnknown):
        raise  # the same again, with the same message
    except HubError as error:
        if isinstance(error, NotOpened) and error.cause is Cause.ERASED:
            return job.count(vault_id), True
        # What is wrong with one vault holds up no other.
        at.failed(error)
        return job.count(vault_id, failed=True), True
    if not outcome.done:
        changed = job.changed_so_far or outcome.changed
        segments = job.segments + outcome.segments
        return replace(job, segments=segments, changed_so_far=changed), False
    return job.count(vault_id, changed=outcome.changed, segments=outcome.segments), True


def _act(at: Workshop, job: Job, vault_id: VaultId, until: datetime) -> _Outcome:
    room = at.resealer.room
    if job.kind is Kind.WRAP:
        return _Outcome(changed=wrap_again(room, at.master, vault_id))
    turned = turn_keys(room, at.master, vault_id, job.rotation_id)
    if job.kind is Kind.KEYS:
        return _Outcome(changed=turned)
    sealed = seal_anew(at.resealer, vault_id, until)
    return _Outcome(
        done=sealed.done,
        changed=turned or sealed.replaced != Replaced(),
        segments=sealed.replaced.segments,
    )


def _mark(at: Workshop, job: Job) -> Job:
    """Write how far it is; where another run was faster, go on from its mark."""
    tables = at.resealer.room.tables
    try:
        tables.commit(put_job(job))
    except (Conflict, OutcomeUnknown):
        return fetch_job(tables, job.rotation_id)
    return replace(job, version=job.version + 1)
