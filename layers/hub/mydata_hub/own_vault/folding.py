"""Folding: new segments are opened, and the sealed profile goes forward, in one commit.

The commit holds the manifest's head and pages, the profile, the settled announcements, an event
that names the version of the vault's row, and the condition that the vault is live; each on the
version it was read at. So a segment is folded once however often it is announced, killed or tried:
of two folds at once one commits, and the other reads again and finds less to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from mydata_hub.collection.record import Provenance
from mydata_hub.collection.versions import settle
from mydata_hub.errors import Busy, Conflict, Damaged, OutcomeUnknown
from mydata_hub.fields import ConnectionId, EventId, PartyId, SubjectId, VaultId
from mydata_hub.insights.advance import advance_profile, is_outdated
from mydata_hub.insights.profile import MAX_CONNECTIONS, Profile
from mydata_hub.insights.trust import keep_score
from mydata_hub.own_vault.judging import Opened, Opener, Refused, judge
from mydata_hub.own_vault.refolding import fold_everything
from mydata_hub.own_vault.strongroom import Strongroom, open_own_profile, own_manifest
from mydata_hub.ports.tables import Change, Key, Put, Row
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import record
from mydata_hub.vault.announcements import (
    is_unfolded,
    segment_row,
    settle_folded,
    settle_refused,
)
from mydata_hub.vault.erased_parts import read_parts
from mydata_hub.vault.key_rows import check_live, secrets_row
from mydata_hub.vault.manifest import Manifest, vault_row
from mydata_hub.vault.manifest_pages import Entry, advance, page_row
from mydata_hub.vault.opening import RecordsSecret
from mydata_hub.vault.profiles import seal_profile, write_vault
from mydata_hub.vault.refusal import Cause, NotOpened
from mydata_hub.vault.segment import SegmentId
from mydata_hub.vault.vault_keys import ProfileSecret
from mydata_hub.vault.vault_rows import fetch_vault

# In one commit, which takes 4 MB: a full page of the manifest is 350 kB, a sealed profile 128 kB.
MAX_TOGETHER: Final = 8
TRIES: Final = 6
RECORDS_FOLDED: Final = "records_folded"
HUB: Final = PartyId("hub")
_MOVED: Final = frozenset({Cause.MISSING, Cause.REPLACED, Cause.KEY_VERSION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What one fold took up, and what it put aside by cause; counts only."""

    segments: int = 0
    records: int = 0
    refused: Mapping[Cause, int] = field(default_factory=dict)

    def add(self, other: Folded) -> Folded:
        """Both together."""
        return Folded(
            segments=self.segments + other.segments,
            records=self.records + other.records,
            refused=Counter(self.refused) + Counter(other.refused),
        )


def fold_segments(room: Strongroom, vault_id: VaultId, names: Iterable[SegmentId]) -> Folded:
    """Take up those of a vault's named segments that still wait, at most MAX_TOGETHER at once.

    Raises NotOpened for a vault that does not open, and Busy, Damaged; what was not committed is
    found again by the next sweep.
    """
    wanted, done, failure = sorted(set(names)), Folded(), None
    groups = [wanted[at : at + MAX_TOGETHER] for at in range(0, len(wanted), MAX_TOGETHER)]
    for group in groups:
        try:
            done = done.add(_until_committed(room, vault_id, group))
        except Damaged as error:
            # A blob or row that cannot be read: whatever else was in its group goes alone.
            if len(group) == 1:
                failure = error
            else:
                groups += [[name] for name in group]
    if failure:
        raise failure
    return done


def _until_committed(room: Strongroom, vault_id: VaultId, names: Sequence[SegmentId]) -> Folded:
    told: NotOpened | None = None
    for _ in range(TRIES):
        try:
            return _fold_once(room, vault_id, names)
        except (Conflict, OutcomeUnknown):
            continue  # another fold was first, perhaps this very one: the rows tell
        except NotOpened as refusal:
            # What was read may have been sealed again in between; what is so once more, is so.
            if told is not None or refusal.cause not in _MOVED:
                raise
            told = refusal
    raise Busy("others keep folding into this vault")


def _fold_once(room: Strongroom, vault_id: VaultId, names: Sequence[SegmentId]) -> Folded:
    rows = _read(room, vault_id, names)
    waiting = [row for name in names if (row := rows.get(segment_row(vault_id, name)))]
    waiting = [row for row in waiting if is_unfolded(row)]
    if not waiting:
        return Folded()
    secrets = rows.get(secrets_row(vault_id))
    try:
        secret = room.keys.records_secret(vault_id, row=secrets)
    except NotOpened as refusal:
        if refusal.cause is not Cause.ERASED:
            raise
        gone = [Refused(row=row, cause=Cause.ERASED) for row in waiting]
        room.tables.commit(*_put_aside(gone))
        return _counted([], gone)

    opener = opener_of(room, vault_id, rows)
    judged = judge(room, waiting, opener)
    manifest = own_manifest(room.keys, vault_id, rows)
    opened, refused = _without_replays(manifest, rows, judged)
    if not opened:
        room.tables.commit(*_put_aside(refused))
        return _counted(opened, refused)
    following, pages = advance(manifest, rows, take=[one.entry for one in opened])
    profile = _advance_profile(room, vault_id, (manifest, following), rows, opened, opener)
    told = [one for found in opened for one in found.records]
    profile, further = room.after_fold(profile, told, room.clock.now())
    room.tables.commit(
        *advance_vault(room, vault_id, following, rows, profile, secret),
        *pages,
        *(settle_folded(one.row) for one in opened),
        *_put_aside(refused),
        *further,
    )
    return _counted(opened, refused)


def opener_of(room: Strongroom, vault_id: VaultId, rows: Mapping[Key, Row]) -> Opener:
    """What opens segments of any version that the vault still has, by the rows just read."""
    row = rows.get(secrets_row(vault_id))

    def secret_of(key_version: int) -> RecordsSecret:
        return room.keys.records_secret(vault_id, row=row, key_version=key_version)

    return Opener(secret_of, read_parts(row))


def advance_vault(
    room: Strongroom,
    vault_id: VaultId,
    manifest: Manifest,
    rows: Mapping[Key, Row],
    profile: Profile,
    secret: RecordsSecret,
    kind: str = RECORDS_FOLDED,
) -> tuple[Change, ...]:
    """The changes that seal and write a profile, tell the log, and hold only while it is live.

    `secret` is of the present version.
    """
    key = room.keys.profile_secret(vault_id, row=rows.get(secrets_row(vault_id)))
    written = write_head(room, manifest, rows, profile, (secret, key), kind)
    return (*written, check_live(vault_id, secret.key_version))


def write_head(
    room: Strongroom,
    manifest: Manifest,
    rows: Mapping[Key, Row],
    profile: Profile,
    secrets: tuple[RecordsSecret, ProfileSecret],
    kind: str,
) -> tuple[Put, Put]:
    """The changes of head and event alone; both secrets are of one version, which the head names.

    Each advance is an event that names the row and the version it wrote.
    """
    vault_id, (secret, key) = manifest.vault_id, secrets
    row = rows[vault_row(vault_id)]
    before = row.values["profile_version"]
    assert isinstance(before, int)
    manifest = replace(manifest, key_version=secret.key_version)
    sealed = seal_profile(profile.encode(), before + 1, manifest, key, room.entropy)
    told = Event(
        event_id=EventId(room.entropy.token(16).hex()),
        kind=kind,
        subject=SubjectId(vault_id),
        actor=HUB,
        occurred_at=room.clock.now(),
        row=row.key,
        row_version=row.version + 1,
        payload=b"",
    )
    return write_vault(row, manifest, secret, before + 1, sealed), record(told, room.entropy)


def known_until(
    profile: Profile, told: Mapping[ConnectionId, datetime]
) -> dict[ConnectionId, datetime]:
    """The freshness to write: it never goes back, and a profile holds only so many."""
    together = dict(profile.freshness)
    for connection, at in told.items():
        together[connection] = max(at, together.get(connection, at))
    kept = sorted(together)[:MAX_CONNECTIONS]
    return {connection: together[connection] for connection in kept}


def _read(room: Strongroom, vault_id: VaultId, names: Sequence[SegmentId]) -> Mapping[Key, Row]:
    keys: set[Key] = set()
    for name in names:
        keys |= {segment_row(vault_id, name), page_row(vault_id, name)}
    return fetch_vault(room.tables, vault_id, *keys)


def _without_replays(
    manifest: Manifest, rows: Mapping[Key, Row], judged: Iterable[Opened | Refused]
) -> tuple[list[Opened], list[Refused]]:
    opened: list[Opened] = []
    refused: list[Refused] = []
    for one in judged:
        if isinstance(one, Opened) and _is_replay(manifest, rows, one.entry):
            refused.append(Refused(row=one.row, cause=Cause.REPLAYED))
        elif isinstance(one, Opened):
            opened.append(one)
        else:
            refused.append(one)
    return opened, refused


def _is_replay(manifest: Manifest, rows: Mapping[Key, Row], entry: Entry) -> bool:
    try:
        advance(manifest, rows, take=[entry])
    except NotOpened as refusal:
        if refusal.cause is not Cause.REPLAYED:
            raise
        return True
    return False


def _advance_profile(
    room: Strongroom,
    vault_id: VaultId,
    manifests: tuple[Manifest, Manifest],
    rows: Mapping[Key, Row],
    opened: Sequence[Opened],
    opener: Opener,
) -> Profile:
    manifest, following = manifests
    profile = open_own_profile(room.keys, vault_id, manifest, rows)
    if is_outdated(profile):
        profile = fold_everything(room, profile, manifest, opener)
    # Of one record's versions in these segments the newest; a fold settles it with older ones.
    records = list(settle(one for found in opened for one in found.records).values())
    profile = replace(profile, freshness=known_until(profile, _latest_supplied(opened)))
    profile = advance_profile(profile, records, profile.freshness, following.version)
    return keep_score(profile, room.clock.now())


def _latest_supplied(opened: Iterable[Opened]) -> dict[ConnectionId, datetime]:
    """A statement of one's own is complete up to its last line, and an archive's source as far as
    its hub knew. Only the person's own view rests on it: partners' answers are from what was
    collected, and of that only intake says how far it is complete."""
    latest: dict[ConnectionId, datetime] = {}
    for one in opened:
        supplied = [held for held in one.records if held.provenance is Provenance.SELF_SUPPLIED]
        known = [held.occurred_at for held in supplied]
        told = one.row.values.get("complete_until")
        if supplied and isinstance(told, str):
            known.append(datetime.fromisoformat(told))
        for held in supplied[:1]:  # a segment is of one connection
            before = latest.get(held.connection_id, known[0])
            latest[held.connection_id] = max(before, *known)
    return latest


def _put_aside(refused: Iterable[Refused]) -> tuple[Change, ...]:
    return tuple(settle_refused(one.row, one.cause) for one in refused)


def _counted(opened: Sequence[Opened], refused: Sequence[Refused]) -> Folded:
    return Folded(
        segments=len(opened),
        records=sum(len(one.records) for one in opened),
        refused=Counter(one.cause for one in refused),
    )
