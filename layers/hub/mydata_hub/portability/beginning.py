"""The beginning of an export: who may, what will be in it, and the entry in the log.

The event is committed before anything leaves, and it is the ticket of every part that follows: a
part is given to the session that began, while the account is free to export, for an hour. Nothing
else is written, so the function that exports can change nothing of anybody's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import rfc8785

from mydata_hub.accounts.account import Account, Act
from mydata_hub.accounts.desk import Desk, is_plain, until_settled
from mydata_hub.accounts.sessions import Session, require_fresh
from mydata_hub.accounts.store import account_key, read_account
from mydata_hub.errors import AccountRestricted, NotFound, NotSignedIn, StepUpNeeded
from mydata_hub.fields import EventId, PartyId, SubjectId, VaultId
from mydata_hub.insights.profile import Profile
from mydata_hub.own_vault.strongroom import Strongroom, open_own_profile, own_manifest
from mydata_hub.own_vault.today import see_today, today_document
from mydata_hub.portability.parts import EXPORT_FOR, PART_BYTES
from mydata_hub.ports.tables import Absent, Check, Key, Row
from mydata_hub.transparency import events
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.published import Checkpoints
from mydata_hub.vault.key_rows import check_live, secrets_row
from mydata_hub.vault.manifest import PAGES, Manifest
from mydata_hub.vault.manifest_pages import DROPPED, Entry, all_page_rows, read_entries
from mydata_hub.vault.opening import RecordsSecret
from mydata_hub.vault.refusal import Cause, NotOpened
from mydata_hub.vault.vault_rows import fetch_vault

STARTED: Final = "export_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRoom:
    """The ports of the function that exports; it opens, and writes nothing but events."""

    strongroom: Strongroom
    desk: Desk
    log: Checkpoints
    part_bytes: int = PART_BYTES

    def now(self) -> datetime:
        return self.strongroom.clock.now()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contents:
    """A vault at one version of its manifest."""

    manifest: Manifest
    entries: tuple[Entry, ...]
    profile: Profile


def begin_export(room: ExportRoom, session: Session) -> Mapping[str, Any]:
    """See `Exports.begin`."""
    require_fresh(session, room.now())
    return until_settled(lambda: _begin(room, session))


def admit(room: ExportRoom, session: Session, export_id: str) -> datetime:
    """When an export that this session may go on with was begun; see `Exports` for the errors."""
    ticket, key = Key(events.TABLE, export_id), account_key(session.account_id)
    rows = room.desk.tables.fetch_many(ticket, key) if is_plain(export_id) else {}
    row = rows.get(ticket)
    begun = row.values.get("begun_at") if row else None
    if row is None or not isinstance(begun, str):
        raise NotFound("there is no such export")
    begun_at = datetime.fromisoformat(begun)
    # Of somebody else's and of an older session's alike: the row says neither whose it is.
    if row.values.get("ticket") != _mark(session, export_id):
        raise StepUpNeeded("another session began this export; begin one of your own")
    if room.now() - begun_at >= EXPORT_FOR:
        raise StepUpNeeded("this export took too long; begin it again")
    _free(rows.get(key), room.now())
    return begun_at


def records_secret(room: Strongroom, vault_id: VaultId, row: Row | None) -> RecordsSecret:
    """What opens the records. Raises AccountRestricted for an erased vault, NotOpened, Busy."""
    try:
        return room.keys.records_secret(vault_id, row=row)
    except NotOpened as refusal:
        if refusal.cause is Cause.ERASED:
            raise AccountRestricted("this vault was erased; export is over") from None
        raise


def _begin(room: ExportRoom, session: Session) -> dict[str, Any]:
    vault_id, tables = VaultId(session.account_id), room.desk.tables
    key = account_key(session.account_id)
    rows = fetch_vault(tables, vault_id, key, *all_page_rows(vault_id))
    now = room.now()
    account = _free(rows.get(key), now)
    contents = _contents(room.strongroom, vault_id, rows)
    segments = [[one.segment_id, one.dataset] for one in contents.entries] if contents else []
    version = contents.manifest.version if contents else None
    export_id = EventId(room.desk.new_id())
    told = {
        "manifest_version": version,
        "segments": len(segments),
        "session": _mark(session, export_id),
    }
    event = Event(
        event_id=export_id,
        kind=STARTED,
        subject=SubjectId(session.account_id),
        actor=PartyId(session.account_id),
        occurred_at=now,
        # This commit writes no row but the event's own.
        row=Key(events.TABLE, export_id),
        row_version=1,
        payload=rfc8785.dumps(told),
    )
    unmade = Check(secrets_row(vault_id), (Absent(),))
    # The event itself is sealed to the person; what admits to the parts says it of nobody.
    recorded = events.record(event, room.desk.entropy)
    ticket = {"ticket": _mark(session, export_id), "begun_at": now.isoformat()}
    # Raised by an erasure in between, and by a vault that is being made: then all is read again.
    tables.commit(
        replace(recorded, values={**recorded.values, **ticket}),
        check_live(vault_id) if contents else unmade,
    )
    sources = today_document(see_today(contents.profile, (), now))["sources"] if contents else []
    return {
        "export_id": export_id,
        "hub": room.desk.issuer,
        "made_at": now.isoformat(),
        "account": {
            "account_id": account.account_id,
            "name": account.name,
            "locale": account.locale,
            "joined_at": account.joined_at.isoformat(),
        },
        "manifest_version": version,
        "segments": segments,
        "sources": sources,
    }


def _contents(room: Strongroom, vault_id: VaultId, rows: Mapping[Key, Row]) -> _Contents | None:
    secrets = rows.get(secrets_row(vault_id))
    if secrets is None:
        return None  # nothing was ever connected or brought
    records_secret(room, vault_id, secrets)  # an erased vault is told as one
    manifest = own_manifest(room.keys, vault_id, rows)
    entries = [
        entry
        for index in range(PAGES)
        for entry in read_entries(manifest, rows, index).values()
        if entry.digest != DROPPED
    ]
    # By dataset, since each has files of its own; by id, so that the order tells nothing.
    entries.sort(key=lambda entry: (entry.dataset, entry.segment_id))
    return _Contents(
        manifest=manifest,
        entries=tuple(entries),
        profile=open_own_profile(room.keys, vault_id, manifest, rows),
    )


def _free(row: Row | None, now: datetime) -> Account:
    if row is None:
        raise NotSignedIn("the account of this session is gone")
    account = read_account(row)
    account.require_unrestricted(Act.EXPORT, now)
    return account


def _mark(session: Session, export_id: str) -> str:
    # A session's id is known to nobody but its browser and a table that forgets it.
    named = f"mydata-hub export 2\0{session.session_id}\0{session.account_id}\0{export_id}"
    return hashlib.sha256(named.encode()).hexdigest()
