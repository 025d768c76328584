"""Running the erasure of a part: by who opens and seals, up to where it can be certified.

1. *hidden*: the vault's keys turn, and with them what it understands is folded afresh without the
   part; from that commit on nobody is shown a record of it, and intake takes none of it in again.
2. *sealed_anew*: everything that stays is sealed under the new keys, without the part.
3. *old_keys*: the old keys are destroyed. What is left of the part anywhere lies under these.

Each step can be repeated. `erase` signs the certificates (running.py), which opens nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from mydata_hub.accounts.desk import until_settled
from mydata_hub.erasure.state import (
    OVERTAKEN,
    PART_STEPS,
    Erasure,
    erase_message,
    fetch_erasure,
    part_message,
    put_erasure,
)
from mydata_hub.errors import BadInput, Conflict, Damaged
from mydata_hub.fields import ClaimRef, VaultId
from mydata_hub.insights.catalogue import find_claim
from mydata_hub.own_vault.turning import turn_keys
from mydata_hub.ports.messages import Message, send, settle
from mydata_hub.rotation.kept_answers import Forget
from mydata_hub.rotation.running import Workshop
from mydata_hub.rotation.sealing_anew import seal_anew
from mydata_hub.vault.erased_parts import Scope, read_scope
from mydata_hub.vault.refusal import Cause, NotOpened

HIDDEN, SEALED_ANEW, OLD_KEYS = PART_STEPS
_ID_BYTES: Final = 16


def erase_part(at: Workshop, message: Message, until: datetime) -> bool:
    """Take the erasure of a part as far as it goes until an instant; False where it was settled.

    What is left is a message of its own. Raises Damaged for a message that says nothing of use,
    NotFound, Busy, and what stands in the way of a vault; then the message comes again, and the old
    keys are still there, so that nothing else of the vault is lost.
    """
    certificate_id = message.body.get("certificate_id")
    if not isinstance(certificate_id, str):
        raise Damaged("a message does not say which part to erase")
    room, settled = at.resealer.room, settle(message)
    if settled.key not in room.tables.fetch_many(settled.key):
        return False
    try:
        done = _go(at, certificate_id, until)
    except NotOpened as refusal:
        if refusal.cause not in (Cause.ERASED, Cause.NO_VAULT):
            raise
        _mark(at, certificate_id, OVERTAKEN)
        done = True
    now, message_id = room.clock.now(), room.entropy.token(_ID_BYTES).hex()
    following = erase_message if done else part_message
    try:
        room.tables.commit(settled, send(following(certificate_id, message_id, now)))
    except Conflict:
        return False  # somebody else settled it, and left what is to be done
    return True


def forgets(scope: Scope) -> Forget:
    """Which frozen answers rested on a part: those that read its dataset; else all of them, since
    nobody wrote down which provider or day an answer came from."""

    def forget(claim: ClaimRef) -> bool:
        if scope.dataset is None:
            return True
        try:
            return scope.dataset in find_claim(claim).claim.inputs
        except BadInput:
            return True  # a claim that is not in the catalogue any more

    return forget


def _go(at: Workshop, certificate_id: str, until: datetime) -> bool:
    room = at.resealer.room
    erasure = fetch_erasure(room.tables, certificate_id)
    if erasure.inaccessible_at is not None or erasure.account_id is None:
        return True
    vault_id, scope = VaultId(erasure.account_id), read_scope(erasure.part or {})
    if HIDDEN not in erasure.done:
        turn_keys(room, at.master, vault_id, certificate_id, scope)
        _mark(at, certificate_id, HIDDEN)
    if not seal_anew(at.resealer, vault_id, until, forgets(scope)).done:
        return False
    _mark(at, certificate_id, SEALED_ANEW, OLD_KEYS)
    return True


def _mark(at: Workshop, certificate_id: str, *steps: str) -> None:
    tables, clock = at.resealer.room.tables, at.resealer.room.clock

    def act() -> None:
        before, now = fetch_erasure(tables, certificate_id), clock.now()
        after = before
        for step in steps:
            after = after if step in before.done else after.mark(step, now)
        after = _dated(after, steps, now)
        if after != before:
            tables.commit(put_erasure(after))

    until_settled(act)


def _dated(erasure: Erasure, steps: tuple[str, ...], now: datetime) -> Erasure:
    if OLD_KEYS in steps and erasure.inaccessible_at is None:
        # Behind the commit that destroyed them, never before it.
        return replace(erasure, inaccessible_at=now)
    # The certificates of the whole say more than these would.
    return replace(erasure, account_id=None) if OVERTAKEN in steps else erasure
