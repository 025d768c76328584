"""A person's own vault on real engines: what intake announces, what the vault zone folds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from mydata_hub.collection.datasets import schema_of
from mydata_hub.collection.mapping import StatementMapping
from mydata_hub.collection.record import Provenance, Record
from mydata_hub.collection.wire import Asked, make_record
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.insights.profile import Profile
from mydata_hub.own_vault.errands import run_errand
from mydata_hub.own_vault.folding import Folded, fold_segments
from mydata_hub.own_vault.importing import Imported, Letterbox, Supplied, import_statement
from mydata_hub.own_vault.strongroom import Strongroom, see_profile
from mydata_hub.ports.blobs import Blobs
from mydata_hub.ports.messages import send
from mydata_hub.ports.tables import Key, Put, Row, VersionIs
from mydata_hub.transparency.events import pending_events
from mydata_hub.vault.announcements import waiting_segments
from mydata_hub.vault.completeness import Completeness, tell_complete
from mydata_hub.vault.segment import Segment
from mydata_hub.vault.segment_opening import trust
from mydata_hub.vault.segments import new_segment_id
from mydata_hub.vault.vault_keys import VaultKeys

from tests.unit.vault.vault_world import ATTRIBUTION, World

TABLES = ("keys", "vault_public", "vaults", "segments", "events", "outbox")
ME = "vault-1"
BANK = "bank.transactions"
MAPPING = StatementMapping(
    name="plain",
    currency="KRW",
    date_column="date",
    date_format="%Y-%m-%d %H:%M",
    amount={"column": "amount"},
    counterparty_columns=["who"],
)
HEADER = "date,amount,who\n"


def monthly(payee: str = "Gas", months: int = 8, amount: int = -42_300) -> tuple[Record, ...]:
    """A bill on the 25th of each month before March 2026."""
    return tuple(
        transaction(f"{payee}-{month}", datetime(2025, 7, 25, 3, tzinfo=UTC), month, payee, amount)
        for month in range(months)
    )


def transaction(
    source_id: str, first: datetime, month: int, payee: str, amount: int = -1000
) -> Record:
    at = first.replace(
        year=first.year + (first.month - 1 + month) // 12, month=(first.month - 1 + month) % 12 + 1
    )
    asked = Asked(ATTRIBUTION.connection_id, "", at)
    body = {
        "kind": "out",
        "memo": None,
        "balance_minor": None,
        "account": "a-1",
        "counter_account": payee,
    }
    money = (amount, "KRW")
    return make_record(asked, BANK, source_id, at, body, money=money, counterparty=payee)


def statement(months: int = 8, payee: str = "Gas", amount: int = -42_300) -> str:
    """The same bill as a bank's file."""
    lines = [
        f"{2025 + (6 + month) // 12}-{(6 + month) % 12 + 1:02d}-25 12:00,{amount},{payee}\n"
        for month in range(months)
    ]
    return HEADER + "".join(lines)


def supplied(text: str, **changes: object) -> Supplied:
    """A file as a person brings it."""
    plain = Supplied(name="march.csv", content=text.encode(), mapping=MAPPING, all_or_nothing=False)
    return replace(plain, **changes)


@dataclass
class OwnWorld(World):
    """A deployment with a collector, a letterbox and a strongroom."""

    def __post_init__(self) -> None:
        super().__post_init__()
        names = {name: name.title() for name in TABLES}
        self.tables = SqliteTables(self.folder, names, self.clock)
        self.vault_keys = VaultKeys(self.tables, self.keys, self.clock)
        self.own_signer = LocalSigner(self.folder, "self-supplied", "ES256")
        self.trusted = trust(
            [
                (self.signer.public_key(), Provenance.COLLECTED),
                (self.own_signer.public_key(), Provenance.SELF_SUPPLIED),
            ]
        )
        self.room = Strongroom(
            tables=self.tables,
            blobs=self.blobs,
            keys=self.vault_keys,
            trusted=self.trusted,
            clock=self.clock,
            entropy=self.entropy,
        )
        self.letterbox = Letterbox(
            tables=self.tables,
            blobs=self.blobs,
            signer=self.own_signer,
            clock=self.clock,
            entropy=self.entropy,
        )

    def collected(self, *records: Record, vault_id: str = ME, **changes: object) -> Segment:
        """What the collector seals, stores and announces; the announced segment."""
        segment = self.sealed_records(*records, vault_id=vault_id, **changes)
        self.announced(segment)
        return segment

    def sealed_records(self, *records: Record, vault_id: str = ME, **changes: object) -> Segment:
        given: dict[str, object] = {
            "segment_id": new_segment_id(self.entropy),
            "dataset": BANK,
            "schema_hash": schema_of(BANK).digest(),
            "attribution": replace(ATTRIBUTION, connection_id=records[0].connection_id),
            "records": tuple(record.encode() for record in records),
        }
        return self.seal(vault_id, **{**given, **changes})

    def fold(self, *segments: Segment, vault_id: str = ME) -> Folded:
        return fold_segments(self.room, vault_id, [one.segment_id for one in segments])

    def sweep(self) -> Folded:
        """Fold all that waits, as the minute's sweep does."""
        done = Folded()
        for row in list(waiting_segments(self.tables, 1000)):
            done = done.add(fold_segments(self.room, row.key.partition, [row.key.sort]))
        return done

    def profile(self, vault_id: str = ME) -> Profile:
        found = see_profile(self.tables, self.vault_keys, vault_id)
        assert found is not None
        return found

    def bring(self, text: str, blobs: Blobs | None = None, **changes: object) -> Imported:
        """Import a statement; with other blobs where those are what goes wrong."""
        letterbox = replace(self.letterbox, blobs=blobs or self.blobs)
        return import_statement(letterbox, ME, supplied(text, **changes))

    def events(self) -> list[str]:
        """Kinds of everything recorded."""
        keys = [Key("events", one.event_id) for one in pending_events(self.tables)]
        rows = self.tables.fetch_many(*keys) if keys else {}
        return sorted(json.loads(row.values["personal"])["kind"] for row in rows.values())

    def put(self, row: Row, values: Mapping[str, object]) -> None:
        """Write other values into a row, as whoever reaches the database could."""
        self.tables.commit(Put(key=row.key, values=values, when=VersionIs(row.version)))

    def told(self, at: datetime, connection: str = ATTRIBUTION.connection_id) -> bool:
        """Intake says that the connection is complete up to then; whether that was taken."""
        about = Completeness(vault_id=ME, connection_id=connection, at=at)
        message = tell_complete(about, f"m-{at.isoformat()}-{connection}", self.clock.now())
        put = send(message)
        if put.key not in self.tables.fetch_many(put.key):
            self.tables.commit(put)
        return run_errand(self.room, message)
