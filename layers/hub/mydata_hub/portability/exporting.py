"""Exporting: the calls of the pages, each admitted first, then answered from the vault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mydata_hub.accounts.rows import rows_of
from mydata_hub.accounts.sessions import Session
from mydata_hub.fields import VaultId, require_count, require_id
from mydata_hub.portability.beginning import ExportRoom, admit, begin_export
from mydata_hub.portability.history import history_part, log_document
from mydata_hub.portability.opened import records_part
from mydata_hub.portability.parts import Part
from mydata_hub.vault.announcements import REFUSED, TABLE, is_unfolded
from mydata_hub.vault.manifest import read_manifest, vault_row


@dataclass(frozen=True, slots=True)
class RoomExports:
    """`Exports` over the ports of the vault zone."""

    room: ExportRoom

    def begin(self, session: Session) -> Mapping[str, Any]:
        return begin_export(self.room, session)

    def records(self, session: Session, export_id: str, asked: Sequence[str], skip: int) -> Part:
        for segment_id in asked:
            require_id("segments", segment_id)
        require_count("skip", skip)
        admit(self.room, session, export_id)
        room, vault_id = self.room, VaultId(session.account_id)
        return records_part(room.strongroom, vault_id, asked, skip, room.part_bytes)

    def history(self, session: Session, export_id: str, kind: str, after: str | None) -> Part:
        admit(self.room, session, export_id)
        return history_part(self.room, session.account_id, kind, after)

    def end(self, session: Session, export_id: str) -> Mapping[str, Any]:
        admit(self.room, session, export_id)
        vault_id, tables = VaultId(session.account_id), self.room.desk.tables
        row = tables.fetch_many(vault_row(vault_id)).get(vault_row(vault_id))
        announced = list(_unsettled(self.room, vault_id))
        return {
            "manifest_version": read_manifest(vault_id, row).version if row else None,
            # Sealed to the vault and not taken up by it yet; refused, each by its cause.
            "waiting": announced.count(""),
            "put_aside": dict(Counter(cause for cause in announced if cause)),
            "log": log_document(self.room.log),
        }


def _unsettled(room: ExportRoom, vault_id: VaultId) -> list[str]:
    """The causes of segments that were put aside, and "" for each one that still waits."""
    return [
        str(row.values.get("cause", "")) if row.values.get("state") == REFUSED else ""
        for row in rows_of(room.desk.tables, TABLE, vault_id)
        if is_unfolded(row) or row.values.get("state") == REFUSED
    ]
