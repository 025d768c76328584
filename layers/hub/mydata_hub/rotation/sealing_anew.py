"""Sealing a vault anew: everything that it holds under its newest keys, and no older ones left.

Each step can be repeated, and whatever is done stays done. Until the last one every version of the
keys is there, so whatever moment it is killed at, all that could be read still can. The last one is
a single commit; what nothing opens any more is deleted behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mydata_hub.errors import Busy
from mydata_hub.fields import VaultId
from mydata_hub.own_vault.folding import fold_segments
from mydata_hub.own_vault.replacing import (
    MAX_TOGETHER,
    Replaced,
    Resealer,
    delete_leftovers,
    is_listed,
    replace_segments,
    under_other_versions,
    waits,
)
from mydata_hub.own_vault.turning import give_up_old_keys
from mydata_hub.ports.tables import Row
from mydata_hub.rotation.kept_answers import Forget, forget_none, reseal_answers
from mydata_hub.vault.key_rows import held_versions, present_version, secrets_row
from mydata_hub.vault.segment import SegmentId

# Nothing can be announced under an old version any more, so the second round finds nothing.
ROUNDS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """How far it came: `done` is False where the time was up first."""

    done: bool
    replaced: Replaced


def seal_anew(
    at: Resealer, vault_id: VaultId, until: datetime, forget: Forget = forget_none
) -> Sealed:
    """Bring all of a vault under its present version, without what was erased of it, and give up
    the others.

    What was put aside as unreadable stays aside, and nothing will ever open it. Raises NotOpened,
    Damaged or BlobMissing for what cannot be read: then no version is given up, so that nothing is
    lost by going on. Busy: the same again later.
    """
    room, done = at.room, Replaced()
    row = room.tables.fetch_many(secrets_row(vault_id)).get(secrets_row(vault_id))
    present = present_version(row)
    if held_versions(row) == {present}:
        delete_leftovers(room, vault_id)
        return Sealed(done=True, replaced=done)
    for _ in range(ROUNDS):
        left = False
        for names in _old(at, vault_id, present):
            left = True
            done = done.add(replace_segments(at, vault_id, names))
            # Behind each group and not before it: however short the time, every run gets further.
            if room.clock.now() >= until:
                return Sealed(done=False, replaced=done)
        if not left:
            break
    else:
        raise Busy("segments under old keys keep appearing")
    reseal_answers(room, vault_id, forget)
    give_up_old_keys(room, vault_id)
    delete_leftovers(room, vault_id)
    return Sealed(done=True, replaced=done)


def _old(at: Resealer, vault_id: VaultId, present: int) -> Iterator[list[SegmentId]]:
    """Names of segments to replace, few at a time; what still waits is folded first."""
    for page in under_other_versions(at.room, vault_id, present):
        readable = [row for row in page if is_listed(row) or waits(row)]
        for group in _groups(readable):
            fold_segments(at.room, vault_id, [_id(row) for row in group if waits(row)])
            yield [_id(row) for row in group]


def _groups(rows: list[Row]) -> Iterable[list[Row]]:
    return (rows[at : at + MAX_TOGETHER] for at in range(0, len(rows), MAX_TOGETHER))


def _id(row: Row) -> SegmentId:
    return SegmentId(row.key.sort)
