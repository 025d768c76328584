"""Vaults whose keys are turned: a collector, a letterbox, partners' answers, and the workshop."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mydata_hub.collection.datasets import schema_of
from mydata_hub.collection.record import Record
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.errors import HubError
from mydata_hub.own_vault.folding import opener_of
from mydata_hub.own_vault.judging import open_listed
from mydata_hub.own_vault.replacing import Resealer
from mydata_hub.own_vault.strongroom import own_manifest
from mydata_hub.ports.messages import due_messages
from mydata_hub.ports.tables import Absent, Key, Put
from mydata_hub.release.keeping import Keeper, place_of
from mydata_hub.rotation.job import Job, Kind, begin_job, fetch_job
from mydata_hub.rotation.running import Workshop, take_further
from mydata_hub.vault.announcements import segment_row
from mydata_hub.vault.key_rows import secrets_row, tombstones
from mydata_hub.vault.manifest import PAGES
from mydata_hub.vault.manifest_pages import DROPPED, all_page_rows, read_entries
from mydata_hub.vault.public_keys import Recipient, public_key_row
from mydata_hub.vault.segment import Segment
from mydata_hub.vault.segment_opening import trust
from mydata_hub.vault.segments import blob_prefix, seal_segment
from mydata_hub.vault.vault_keys import VaultKeys
from mydata_hub.vault.vault_rows import fetch_vault

from tests.unit.own_vault.own_world import BANK, ME, TABLES, OwnWorld, monthly
from tests.unit.vault.vault_world import ATTRIBUTION, batch

ALL_TABLES = (*TABLES, "ledger", "rotations")
LATER = timedelta(hours=1)


@dataclass
class RotationWorld(OwnWorld):
    """A hub with vaults, and what turns their keys."""

    def __post_init__(self) -> None:
        super().__post_init__()
        names = {name: f"{name.title()}Table" for name in ALL_TABLES}
        self.tables = SqliteTables(self.folder, names, self.clock)
        self.vault_keys = VaultKeys(self.tables, self.keys, self.clock)
        self.reseal_signer = LocalSigner(self.folder, "reseal", "ES256")
        self.room = replace(
            self.room,
            tables=self.tables,
            keys=self.vault_keys,
            resealers=trust([(self.reseal_signer.public_key(), None)]),
        )
        self.letterbox = replace(self.letterbox, tables=self.tables)
        self.failures: list[HubError] = []

    def resealer(self, **changes: Any) -> Resealer:
        return Resealer(replace(self.room, **changes), self.reseal_signer)

    def workshop(self, **changes: Any) -> Workshop:
        """With other ports in the room where those are what goes wrong."""
        return Workshop(
            resealer=self.resealer(**changes), master=self.keys, failed=self.failures.append
        )

    def ask(self, kind: Kind, vault_id: str | None = None) -> Job:
        return begin_job(self.tables, self.clock, self.entropy, kind, vault_id)

    def run(self, workshop: Workshop | None = None) -> None:
        """Whatever rotation is due, to its end."""
        at, by = workshop or self.workshop(), self.clock.now() + LATER
        for _ in range(100):
            due = [
                one for one in due_messages(self.tables, self.clock.now()) if one.topic == "rotate"
            ]
            if not due:
                return
            for message in due:
                take_further(at, message, by)
        raise AssertionError("the rotation does not end")

    def once(self, workshop: Workshop, until: datetime) -> None:
        """One invocation, which has until then."""
        found = due_messages(self.tables, self.clock.now())
        for message in [one for one in found if one.topic == "rotate"]:
            take_further(workshop, message, until)

    def rotate(self, kind: Kind, vault_id: str | None = None) -> Job:
        job = self.ask(kind, vault_id)
        self.run()
        return fetch_job(self.tables, job.rotation_id)

    def held(self, vault_id: str = ME) -> Counter[bytes]:
        """Every record that the manifest lists, opened as a refold opens it."""
        return Counter(record.encode() for record in self.held_records(vault_id))

    def held_records(self, vault_id: str = ME) -> list[Record]:
        rows = fetch_vault(self.tables, vault_id)
        manifest = own_manifest(self.vault_keys, vault_id, rows)
        pages = self.tables.fetch_many(*all_page_rows(vault_id))
        opener = opener_of(self.room, vault_id, rows)
        entries = [
            entry
            for index in range(PAGES)
            for entry in read_entries(manifest, pages, index).values()
            if entry.digest != DROPPED
        ]
        assert len(entries) == manifest.segments
        found = []
        for entry in entries:
            row = self.row(segment_row(vault_id, entry.segment_id))
            found += open_listed(self.room, row, entry, opener)[1]
        return found

    def key_versions(self, vault_id: str = ME) -> set[int]:
        return set(map(int, self.row(secrets_row(vault_id)).values["versions"]))

    def sealed_under(self, vault_id: str = ME) -> set[int]:
        rows = self.tables.query("segments", vault_id).rows
        return {row.values["key_version"] for row in rows}

    def blobs_of(self, vault_id: str = ME) -> list[str]:
        return list(self.blobs.names(blob_prefix(vault_id)))

    def keeper(self, vault_id: str = ME) -> Keeper:
        row = self.row(secrets_row(vault_id))
        secret = self.vault_keys.profile_secret(vault_id, row=row)
        return Keeper(vault_id=vault_id, keys=self.vault_keys, row=row, secret=secret)

    def tell_partner(self, content: bytes, group: str = "group#rentals", vault_id: str = ME) -> Key:
        """A row of the ledger with answers in it, as the gate keeps them."""
        key = Key("ledger", vault_id, group)
        answers = self.keeper(vault_id).keep(place_of(key), content, self.entropy)
        values = {"charges": [], "uses": {}, "answers": answers}
        self.tables.commit(Put(key=key, values=values, when=Absent()))
        return key

    def told(self, key: Key, vault_id: str = ME) -> bytes | None:
        return self.keeper(vault_id).open(place_of(key), self.row(key).values["answers"])

    def sealed_to(self, recipient: Recipient, *records: Record) -> Segment:
        """What a collector seals to the public key that it holds."""
        plain = batch(records=tuple(one.encode() for one in records))
        attribution = replace(ATTRIBUTION, connection_id=records[0].connection_id)
        given = replace(plain, dataset=BANK, schema_hash=self.schema(), attribution=attribution)
        return seal_segment(given, recipient, self.signer, self.entropy)

    def schema(self) -> bytes:
        return schema_of(BANK).digest()

    def copied(self, folder: Path) -> RotationWorld:
        """The same hub in another folder."""
        shutil.copytree(self.folder, folder)
        again = type(self)(folder)
        again.clock.at = self.clock.at
        return again


def fill(world: RotationWorld, payees: str = "abc", vault_id: str = ME) -> None:
    segments = [world.collected(*monthly(one, months=3), vault_id=vault_id) for one in payees]
    world.fold(*segments, vault_id=vault_id)


def erase(world: RotationWorld, vault_id: str = ME) -> None:
    rows = world.tables.fetch_many(secrets_row(vault_id), public_key_row(vault_id))
    world.tables.commit(*tombstones(vault_id, rows, world.clock.now()))
