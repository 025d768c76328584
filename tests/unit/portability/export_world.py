"""A hub whose person takes everything out, over real engines, without HTTP."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from typing import Any

from mydata_hub.accounts.account import Account, Role
from mydata_hub.accounts.desk import Desk
from mydata_hub.accounts.sessions import Session
from mydata_hub.accounts.store import fetch_account, put_account
from mydata_hub.embedded.local_keys import LocalKeys
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.own_vault.archives import Brought, Kept, Piece, import_archive
from mydata_hub.personal_log.log_keys import LogKeys
from mydata_hub.personal_log.reading import PersonalLogs
from mydata_hub.portability.beginning import ExportRoom
from mydata_hub.portability.checking import batches, check_records, complete_until
from mydata_hub.portability.exporting import RoomExports
from mydata_hub.portability.own_entries import entries_part
from mydata_hub.portability.parts import Part
from mydata_hub.portability.reading import Archive
from mydata_hub.portability.taking import take_out
from mydata_hub.transparency.published import Checkpoints

from tests.unit.own_vault.own_world import ME, TABLES, OwnWorld

MORE = ("accounts", "sessions", "grants", "clients", "ledger", "log", "witnesses")
MORE += ("log_keys", "log_books", "releases", "coupons")
HUB = "https://hub.example"


@dataclass
class ExportWorld(OwnWorld):
    """With the function that exports beside those that collect and fold."""

    def __post_init__(self) -> None:
        super().__post_init__()
        names = {name: name.title() for name in (*TABLES, *MORE)}
        every = SqliteTables(self.folder, names, self.clock)
        self.desk = Desk(tables=every, clock=self.clock, entropy=self.entropy, issuer=HUB)
        log = Checkpoints(every, self.clock)
        self.export_room = ExportRoom(strongroom=self.room, desk=self.desk, log=log)
        self.exports = RoomExports(self.export_room)
        # As `audit` opens it; here events lie open, as the last release left them.
        keys = LogKeys(every, LocalKeys(self.folder, "log"), self.clock)
        self.own_log = PersonalLogs(tables=every, keys=keys)
        self.parts: list[Part] = []
        every.commit(
            put_account(
                Account(
                    account_id=ME,
                    version=0,
                    role=Role.PERSON,
                    name="Jiu",
                    locale="ko",
                    joined_at=self.clock.now(),
                )
            )
        )

    def session(self, session_id: str = "s-1") -> Session:
        """Somebody who has just used their passkey."""
        now = self.clock.now()
        return Session(
            session_id=session_id,
            account_id=ME,
            role=Role.PERSON,
            passkey_id="p-1",
            csrf="c",
            authenticated_at=now,
            seen_at=now,
        )

    def change_account(self, **changes: Any) -> None:
        account = fetch_account(self.desk.tables, ME)
        self.desk.tables.commit(put_account(replace(account, **changes)))

    def take(self, begun: Any = None) -> bytes:
        """The archive, as page and command line put it together."""
        session = self.session()
        begun = begun or self.exports.begin(session)
        export_id = begun["export_id"]

        def ask(path: str, body: Any) -> Part:
            if path == "records":
                part = self.exports.records(session, export_id, body["segments"], body["skip"])
            elif path == "entries":
                page = self.own_log.entries(session.account_id, body["after"])
                part = entries_part(page, self.export_room.log)
            else:
                part = self.exports.history(session, export_id, body["kind"], body["after"])
            self.parts.append(part)
            return Part.decode(part.encode())

        stream = io.BytesIO()
        take_out(begun, ask, lambda: self.exports.end(session, export_id), stream)
        return stream.getvalue()

    def bring_archive(self, archive: bytes, hub: str | None = None, limit: int = 10_000) -> Kept:
        """Everything of an archive into this vault, in one part for each segment."""
        found = whole(archive)
        known, kept = complete_until(found), Kept(records=0, already=0)
        for taken, lines in batches(found):
            part = lines[:limit]
            brought = Brought(
                hub=hub or found.manifest.hub,
                pieces=[
                    Piece(
                        segment_id=taken.segment_id,
                        count=len(part),
                        complete_until=known.get(taken.connection_id),
                    )
                ],
                content=b"\n".join(line.encoded for line in part),
            )
            done = import_archive(self.letterbox, ME, brought)
            kept = Kept(records=kept.records + done.records, already=kept.already + done.already)
        return kept


def whole(archive: bytes) -> Archive:
    """An archive after every check."""
    found = Archive(io.BytesIO(archive))
    found.verify()
    check_records(found)
    return found


def lines_of(archive: bytes, family: str) -> list[dict[str, Any]]:
    found = whole(archive)
    return [
        json.loads(line) for file in found.manifest.of_family(family) for line in found.lines(file)
    ]
