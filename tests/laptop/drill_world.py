"""A data folder with the names of the deployment, and what an operator does with its backups."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from click.testing import CliRunner
from mydata_hub.cli.backup import backup
from mydata_hub.cli.laptop import laptop_deployment
from mydata_hub.cli.restore import restore
from mydata_hub.consent.grants import give
from mydata_hub.embedded.disk_blobs import DiskBlobs
from mydata_hub.embedded.key_copies import key_copies_until
from mydata_hub.embedded.local_keys import LocalKeys
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.ports.clock import SystemClock
from mydata_hub.ports.tables import Delete, VersionIs
from mydata_hub.transparency.sequencer import Log, Progress, sequence
from mydata_hub.vault.key_rows import secrets_row, tombstones
from mydata_hub.vault.public_keys import public_key_row
from mydata_hub.vault.segment_opening import trust
from mydata_hub.vault.vault_keys import VaultKeys

from tests.unit.own_vault.own_world import OwnWorld


@dataclass
class DrillWorld(OwnWorld):
    """The engines under the names that template.yaml gives them; the clock is the true one."""

    def __post_init__(self) -> None:
        super().__post_init__()
        deployment = laptop_deployment(self.folder, "http://localhost:1")
        names = {_logical(name): name for name in deployment.tables}
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

    def grant(self, desk, grant, consent):
        """A consent that this person gave."""
        self.tables.commit(*give(desk, grant, consent, "wording"))

    def sequence(self) -> Progress:
        """The log goes on."""
        signer = LocalSigner(self.folder, "CheckpointKey", "EdDSA")
        blobs = DiskBlobs(self.folder, "TilesBucket")
        return sequence(
            Log(
                tables=self.tables,
                blobs=blobs,
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
