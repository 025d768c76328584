"""A vault on real engines, and what an intake and a vault function do with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from mydata_hub.embedded.disk_blobs import DiskBlobs
from mydata_hub.embedded.local_keys import LocalKeys
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.errors import Unopenable
from mydata_hub.ports.clock import SetClock, SystemEntropy
from mydata_hub.ports.tables import Key, Row
from mydata_hub.vault.announcements import announce, segment_row
from mydata_hub.vault.manifest import vault_row
from mydata_hub.vault.public_keys import read_recipient
from mydata_hub.vault.refusal import TEXT, Cause, NotOpened
from mydata_hub.vault.segment import Segment
from mydata_hub.vault.segment_opening import open_segment, read_segment, trust
from mydata_hub.vault.segments import (
    Attribution,
    Batch,
    blob_name,
    new_segment_id,
    seal_segment,
    store_segment,
)
from mydata_hub.vault.vault_keys import VaultKeys

from tests.unit.objects.samples import RECORD

TABLES = ("keys", "vault_public", "vaults", "segments")
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
SCHEMA = bytes(range(32))
ATTRIBUTION = Attribution(
    provider_id="provider-1", connection_id="connection-1", grant_id="grant-1"
)


def records(count: int = 3, **changes: object) -> tuple[bytes, ...]:
    return tuple(
        replace(RECORD, record_id=f"record-{index}", **changes).encode() for index in range(count)
    )


def batch(**changes: object) -> Batch:
    plain = Batch(
        segment_id=new_segment_id(SystemEntropy()),
        dataset="payments",
        schema_hash=SCHEMA,
        attribution=ATTRIBUTION,
        records=records(),
    )
    return replace(plain, **changes)


@dataclass
class World:
    """Everything of one deployment; each function of it would hold a part."""

    folder: Path

    def __post_init__(self) -> None:
        self.clock = SetClock(NOW)
        self.entropy = SystemEntropy()
        self.tables = SqliteTables(self.folder, {name: name.title() for name in TABLES}, self.clock)
        self.blobs = DiskBlobs(self.folder, "segments")
        self.keys = LocalKeys(self.folder, "vaults")
        self.signer = LocalSigner(self.folder, "collect", "ES256")
        self.trusted = trust([(self.signer.public_key(), "collected")])
        self.vault_keys = VaultKeys(self.tables, self.keys, self.clock)

    def make(self, vault_id: str) -> None:
        self.vault_keys.create_vault(vault_id, self.entropy)

    def seal(self, vault_id: str, **changes: object) -> Segment:
        recipient = read_recipient(self.tables, vault_id)
        return seal_segment(batch(**changes), recipient, self.signer, self.entropy)

    def announced(self, segment: Segment) -> Row:
        """Store and announce as intake does; the row as the vault reads it."""
        digest = store_segment(self.blobs, segment)
        self.tables.commit(announce(segment, digest, self.clock.now()))
        return self.row(segment_row(segment.vault_id, segment.segment_id))

    def row(self, key: Key) -> Row:
        return self.tables.fetch_many(key)[key]

    def vault(self, vault_id: str) -> Row:
        return self.row(vault_row(vault_id))

    def stored(self, segment: Segment) -> bytes:
        name = blob_name(segment.vault_id, segment.segment_id, segment.version)
        return self.blobs.get(name)

    def open(self, segment: Segment, vault_id: str | None = None) -> tuple[bytes, ...]:
        secret = self.vault_keys.records_secret(vault_id or segment.vault_id)
        return open_segment(segment, secret, self.trusted)

    def open_stored(self, encoded: bytes, row: Row) -> tuple[bytes, ...]:
        return self.open(read_segment(encoded, row), row.key.partition)


def names(records_found: tuple[bytes, ...]) -> list[str]:
    return [json.loads(record)["record_id"] for record in records_found]


def refused(cause: Cause, act: Callable[[], object]) -> None:
    """Outside it is one error with one text, inside it has this cause."""
    with pytest.raises(Unopenable) as caught:
        act()
    assert str(caught.value) == TEXT
    assert caught.value.problem_type == "urn:mydata-hub:problem:unopenable"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert isinstance(caught.value, NotOpened)
    assert caught.value.cause is cause
