"""A data folder with the names of the deployment, and what an operator does with its backups."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from click.testing import CliRunner
from mydata_hub.accounts.desk import Desk
from mydata_hub.cli.backup import backup
from mydata_hub.cli.laptop import environment_of, laptop_deployment
from mydata_hub.cli.restore import restore
from mydata_hub.consent.grant import Grant
from mydata_hub.consent.grants import give, signed_values
from mydata_hub.embedded.disk_blobs import DiskBlobs
from mydata_hub.embedded.key_copies import key_copies_until
from mydata_hub.embedded.local_keys import LocalKeys
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.ports.clock import SystemClock
from mydata_hub.ports.tables import Delete, Put, VersionIs
from mydata_hub.release.ledger import Ledger
from mydata_hub.release.ledger_rows import ledger_key, read_ledger
from mydata_hub.transparency.sequencer import Log, Progress, sequence
from mydata_hub.vault.key_rows import secrets_row, tombstones
from mydata_hub.vault.manifest import authenticate, vault_row
from mydata_hub.vault.manifest_pages import advance, page_row
from mydata_hub.vault.public_keys import public_key_row
from mydata_hub.vault.segment_opening import trust
from mydata_hub.vault.vault_keys import VaultKeys
from mydata_hub.vault_config import EraseSettings

from tests.unit.consent.test_consent_record import RECORD as CONSENT
from tests.unit.own_vault.own_world import OwnWorld
from tests.unit.personal_log.intake_begun import begin_intake


@dataclass
class DrillWorld(OwnWorld):
    """The engines under the names that template.yaml gives them; the clock is the true one."""

    def __post_init__(self) -> None:
        super().__post_init__()
        deployment = laptop_deployment(self.folder, "http://localhost:1")
        names = {_logical(name): name for name in deployment.tables}
        begin_intake(self.folder, names, "LogKey")
        self.clock = SystemClock()
        self.tables = SqliteTables(self.folder, names, self.clock)
        self.blobs = DiskBlobs(self.folder, "SegmentsBucket")
        self.keys = LocalKeys(self.folder, "VaultKey")
        self.signer = LocalSigner(self.folder, "CollectorKey", "ES256")
        self.vault_keys = VaultKeys(self.tables, self.keys, self.clock)
        self.room = replace(
            self.room,
            tables=self.tables,
            blobs=self.blobs,
            keys=self.vault_keys,
            clock=self.clock,
            trusted={**self.trusted, **_trusted(self.signer)},
        )

    def erase(self, vault_id: str) -> datetime:
        """What erasure does to keys and to what they opened; until when copies may be there."""
        keys = (secrets_row(vault_id), public_key_row(vault_id))
        at = self.clock.now()
        self.tables.commit(*tombstones(vault_id, self.tables.fetch_many(*keys), at))
        rows = self.tables.query("segments", vault_id).rows
        for row in (*rows, *self.tables.query("vaults", vault_id).rows):
            self.tables.commit(Delete(row.key, VersionIs(row.version)))
        return key_copies_until(self.folder, at)

    def drop(self, vault_id: str, segment_id: str) -> None:
        """Take a segment out of a vault for good, as erasing a part of it does."""
        rows = self.tables.fetch_many(vault_row(vault_id), page_row(vault_id, segment_id))
        secret = self.vault_keys.records_secret(vault_id)
        head = rows[vault_row(vault_id)]
        manifest = authenticate(vault_id, head, secret)
        following, pages = advance(manifest, rows, drop=[segment_id])
        values = {**head.values, **following.values(secret)}
        put = Put(key=head.key, values=values, when=VersionIs(head.version))
        self.tables.commit(put, *pages)

    def desk(self) -> Desk:
        """What ends a consent."""
        return Desk(tables=self.tables, clock=self.clock, entropy=self.entropy, issuer=CONSENT.hub)

    def give(self, grant: Grant) -> None:
        """A consent that somebody gave."""
        signed = signed_values(CONSENT, "wording", b"a passkey")
        self.tables.commit(*give(self.desk(), grant, signed))

    def ledger(self, grant: Grant) -> Ledger:
        """What the partner group of a grant was told of its person."""
        key = ledger_key(grant.subject, grant.recipient_group)
        return read_ledger(self.row(key))

    def erase_settings(self) -> EraseSettings:
        """Of the function that erases."""
        deployment = laptop_deployment(self.folder, "http://localhost:1")
        return EraseSettings.read(environment_of(deployment, "erase"))

    def sequence(self) -> Progress:
        """The log goes on."""
        signer = LocalSigner(self.folder, "CheckpointKey", "EdDSA")
        blobs = DiskBlobs(self.folder, "TilesBucket")
        return sequence(
            Log(
                tables=self.tables,
                blobs=blobs,
                openings=DiskBlobs(self.folder, "OpeningsBucket"),
                signer=signer,
                clock=self.clock,
                entropy=self.entropy,
                origin="localhost/log",
            )
        )

    def segment_names(self, vault_id: str) -> list[str]:
        return [row.key.sort for row in self.tables.query("segments", vault_id).rows]


def back_up(data: Path, folder: Path, *more: str, code: int = 0) -> dict[str, object]:
    """`mydata backup`, in this process."""
    return _told(backup, code, "--data", str(data), "--to", str(folder), "--json", *more)


def restored(folder: Path, data: Path, *more: str, code: int = 0) -> dict[str, object]:
    """`mydata restore`, in this process; its error under "error" where it is to refuse."""
    return _told(restore, code, "--from", str(folder), "--data", str(data), "--json", *more)


def _told(command, code: int, *words: str) -> dict[str, object]:
    done = CliRunner().invoke(command, words)
    assert done.exit_code == code, done.output or done.exception
    return {"error": done.stderr} if code else json.loads(done.stdout)


def _logical(name: str) -> str:
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return words.strip("_").removesuffix("_table")


def _trusted(signer: LocalSigner):
    return trust([(signer.public_key(), "collected")])
