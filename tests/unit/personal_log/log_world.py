"""A log with people in it: writers that seal, a sequencer with keys, and who reads or attacks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mydata_hub.embedded.disk_blobs import DiskBlobs
from mydata_hub.embedded.local_keys import LocalKeys
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.embedded.row_scan import rows_of_table
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.fields import EventId, PartyId, SubjectId
from mydata_hub.personal_log.entries import Entry
from mydata_hub.personal_log.intake import Intake
from mydata_hub.personal_log.key_rows import person_row, tombstone
from mydata_hub.personal_log.log_keys import LogKeys
from mydata_hub.personal_log.placing import Placing
from mydata_hub.personal_log.reading import PersonalLogs
from mydata_hub.personal_log.writing import SealedEvents
from mydata_hub.ports.clock import SetClock, SystemEntropy
from mydata_hub.ports.tables import Key, Row
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import record
from mydata_hub.transparency.published import PublishedLog
from mydata_hub.transparency.sequencer import Log, sequence
from mydata_hub.transparency.tiles import ENTRIES, decode_bundle, tiles_of

from tests.unit.personal_log.own_entries import entries_of

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
LOGICAL = ("events", "log", "outbox", "witnesses", "log_keys", "log_public", "log_books")


@dataclass
class LogWorld:
    """One hub's log; the clock stands until it is moved."""

    folder: Path
    lost: int = 0
    clock: SetClock = field(default_factory=lambda: SetClock(NOW))

    def __post_init__(self) -> None:
        self.entropy = SystemEntropy()
        # What lies there, for who looks without keys; functions write through `tables`.
        self.stored = SqliteTables(self.folder, {one: one.title() for one in LOGICAL}, self.clock)
        self.tables = SealedEvents(self.stored, self.clock)
        self.blobs = DiskBlobs(self.folder, "tiles")
        self.openings = DiskBlobs(self.folder, "openings")
        self.master = LocalKeys(self.folder, "log")
        self.published = PublishedLog(self.stored, self.blobs, self.clock)
        self.logs = PersonalLogs(tables=self.stored, keys=self.log_keys())
        self.log = self.sequencer()
        self.written = 0

    def log_keys(self) -> LogKeys:
        return LogKeys(self.stored, self.master, self.clock)

    def sequencer(self) -> Log:
        """One of any number, with caches of its own."""
        self.intake = Intake(self.stored, self.master, self.clock, self.entropy)

        def tell() -> None:
            self.lost += 1

        return Log(
            tables=self.tables,
            blobs=self.blobs,
            openings=self.openings,
            signer=LocalSigner(self.folder, "checkpoint", "EdDSA"),
            clock=self.clock,
            entropy=self.entropy,
            origin="localhost:8787/log",
            entrants=Placing(
                tables=self.tables,
                intake=self.intake,
                keys=self.log_keys(),
                entropy=self.entropy,
                tell=tell,
            ),
        )

    def write(self, subject: str, count: int = 1, *, kind: str = "passkey_added") -> list[str]:
        """Events about somebody, as any function writes them; their ids."""
        return [self._write(subject, kind) for _ in range(count)]

    def _write(self, subject: str, kind: str) -> str:
        event = self.event(subject, kind)
        self.commit(event)
        return event.event_id

    def commit(self, event: Event) -> None:
        """One event, as any function records it."""
        self.tables.commit(record(event, self.entropy))

    def event(self, subject: str, kind: str = "passkey_added") -> Event:
        self.written += 1
        return Event(
            event_id=EventId(f"{self.written:032x}"),
            kind=kind,
            subject=SubjectId(subject),
            actor=PartyId(subject),
            occurred_at=self.clock.now(),
            row=Key("accounts", subject, "account"),
            row_version=self.written,
            payload=f"only {subject} may read this".encode(),
        )

    def sequence(self) -> int:
        """A run of the sequencer; the log's size after it."""
        size = sequence(self.log).size
        self.intake.tend()
        return size

    def advance(self, **span: float) -> None:
        self.clock.advance(timedelta(**span))

    def entries(self, subject: str) -> list[Entry]:
        return entries_of(self.logs, subject)

    def leaves(self) -> list[bytes]:
        """Every entry of the public log."""
        size = self.published.latest().split(b"\n")[1]
        return [
            entry
            for bundle in tiles_of(int(size))
            if bundle.level == ENTRIES
            for entry in decode_bundle(bundle, self.published.tile(bundle.path))
        ]

    def dump(self, table: str) -> list[Row]:
        """Every row of a table, as whoever has the database sees it."""
        found = rows_of_table(self.folder, table.title())
        return [replace(row, key=replace(row.key, table=table)) for _label, row in found]

    def row(self, event_id: str) -> Row:
        key = Key("events", event_id)
        return self.stored.fetch_many(key)[key]

    def erase(self, subject: str) -> None:
        """What the erasure of a person does to their log."""
        key = person_row(subject)
        row = self.stored.fetch_many(key).get(key)
        if changes := tombstone(subject, row, self.clock.now()):
            self.stored.commit(*changes)
