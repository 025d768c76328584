"""Errands: what messages ask of the vault zone, each done at most once however often it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from mydata_hub.errors import Busy, Conflict, Damaged, OutcomeUnknown
from mydata_hub.fields import VaultId
from mydata_hub.insights.trust import keep_score
from mydata_hub.own_vault.folding import TRIES, advance_vault, fold_segments, known_until
from mydata_hub.own_vault.strongroom import Strongroom, open_own_profile, own_manifest
from mydata_hub.ports.messages import Message, settle
from mydata_hub.ports.tables import Row
from mydata_hub.vault import completeness
from mydata_hub.vault.announcements import TABLE, is_unfolded
from mydata_hub.vault.completeness import Completeness, read_complete
from mydata_hub.vault.key_rows import secrets_row
from mydata_hub.vault.refusal import Cause, NotOpened
from mydata_hub.vault.segment import SegmentId
from mydata_hub.vault.vault_rows import fetch_vault


def run_errand(room: Strongroom, message: Message) -> bool:
    """Do what a message asks and settle it; False if it was done before, or must wait its turn.

    Raises Damaged for a message that says nothing of use, NotOpened, Busy.
    """
    return _ERRANDS[message.topic](room, message)


def open_vault(room: Strongroom, message: Message) -> bool:
    """Make a vault's keys where there are none; an erased vault stays erased."""
    vault_id = message.body.get("vault_id")
    if not isinstance(vault_id, str):
        raise Damaged("a message does not say whose vault to open")
    try:
        room.keys.create_vault(VaultId(vault_id), room.entropy)
    except NotOpened as refusal:
        if refusal.cause is not Cause.ERASED:
            raise
    return _settled(room, message)


def complete_source(room: Strongroom, message: Message) -> bool:
    """Let answers know how far a source is complete, once all that it announced is folded.

    An answer that counts on records which are not yet in would be wrong, so what still waits is
    folded here and now; what cannot be read keeps the message waiting too.
    """
    told = read_complete(message)
    waiting = [SegmentId(row.key.sort) for row in _announced(room, told) if is_unfolded(row)]
    fold_segments(room, told.vault_id, waiting)
    for _ in range(TRIES):
        try:
            return _write_completeness(room, told, message)
        except (Conflict, OutcomeUnknown):
            key = settle(message).key
            if key not in room.tables.fetch_many(key):
                return False  # somebody else did it
    raise Busy("others keep folding into this vault")


def _write_completeness(room: Strongroom, told: Completeness, message: Message) -> bool:
    vault_id = told.vault_id
    rows = fetch_vault(room.tables, vault_id)
    try:
        secret = room.keys.records_secret(vault_id, row=rows.get(secrets_row(vault_id)))
    except NotOpened as refusal:
        if refusal.cause is not Cause.ERASED:
            raise
        return _settled(room, message)
    manifest = own_manifest(room.keys, vault_id, rows)
    profile = open_own_profile(room.keys, vault_id, manifest, rows)
    freshness = known_until(profile, {told.connection_id: told.at})
    if freshness == profile.freshness:
        return _settled(room, message)
    now = room.clock.now()
    profile = keep_score(profile.advance(manifest.version, {}, freshness), now)
    # No record came, and yet more can be answered than before.
    profile, further = room.after_fold(profile, (), now)
    changes = advance_vault(room, vault_id, manifest, rows, profile, secret)
    room.tables.commit(*changes, settle(message), *further)
    return True


def _announced(room: Strongroom, told: Completeness) -> Iterator[Row]:
    after: str | None = None
    while True:
        # Of the partition and not of the index: an index may be behind, and this must not be.
        page = room.tables.query(TABLE, told.vault_id, after=after)
        yield from (
            row for row in page.rows if row.values.get("connection_id") == told.connection_id
        )
        after = page.after
        if after is None:
            return


def _settled(room: Strongroom, message: Message) -> bool:
    try:
        room.tables.commit(settle(message))
    except Conflict:
        return False
    return True


_ERRANDS: Final[Mapping[str, Callable[[Strongroom, Message], bool]]] = {
    "open_vault": open_vault,
    completeness.TOPIC: complete_source,
}
