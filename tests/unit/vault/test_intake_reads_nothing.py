"""A collector that is taken over: with all that intake is given, nothing it sealed is readable."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
import sys
from collections.abc import Iterator

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.errors import HubError
from mydata_hub.ports.clock import SystemEntropy
from mydata_hub.ports.tables import Key
from mydata_hub.vault.announcements import announce
from mydata_hub.vault.opening import load_records_secret
from mydata_hub.vault.public_keys import read_recipient
from mydata_hub.vault.refusal import NotOpened
from mydata_hub.vault.sealing import hpke_info
from mydata_hub.vault.segments import header_of, read_envelope, seal_segment, store_segment
from mydata_hub.xwing import SUITE

from tests.unit.vault.vault_world import NOW, TABLES, World, batch, records

CANARY = "CANARY-MERCHANT"


class TakenOver:
    """Intake with everything it is given: tables by name, blobs, its signer, and a good memory."""

    def __init__(self, world: World) -> None:
        names = {name: name.title() for name in ("vault_public", "segments")}
        self.tables = SqliteTables(world.folder, names, world.clock)
        self.blobs = world.blobs
        self.signer = world.signer
        self.recipient = read_recipient(self.tables, "vault-1")

    def collect(self) -> None:
        told = records(2, counterparty=CANARY)
        made = batch(records=told, segment_id="s-1")
        self.segment = seal_segment(made, self.recipient, self.signer, SystemEntropy())
        digest = store_segment(self.blobs, self.segment)
        self.tables.commit(announce(self.segment, digest, NOW))
        self.row = self.tables.fetch_many(Key("segments", "vault-1", "s-1"))

    def everything(self) -> Iterator[bytes]:
        """Each byte string it can reach: rows, blobs, keys, signatures."""
        row = self.row[Key("segments", "vault-1", "s-1")]
        yield from (value for value in row.values.values() if isinstance(value, bytes))
        yield from (str(value).encode() for value in row.values.values())
        yield from (self.blobs.get(name) for name in self.blobs.names("segments/"))
        yield self.recipient.public_key
        yield self.signer.public_key()
        yield self.signer.sign(self.segment.sealed[:100])
        yield self.segment.sealed
        yield self.segment.signature


@pytest.fixture
def intake(world: World) -> TakenOver:
    taken_over = TakenOver(world)
    taken_over.collect()
    return taken_over


def test_the_vault_reads_what_was_collected(world: World, intake: TakenOver):
    assert CANARY.encode() in world.open(intake.segment)[0]


def test_nothing_that_intake_reaches_shows_a_record(intake: TakenOver):
    assert not any(CANARY.encode() in held for held in intake.everything())


@pytest.mark.parametrize("table", sorted(set(TABLES) - {"vault_public", "segments"}))
def test_intake_is_given_no_table_of_secrets(intake: TakenOver, table: str):
    with pytest.raises((HubError, KeyError)):
        intake.tables.fetch_many(Key(table, "vault-1"))


def test_no_secret_that_intake_holds_opens_what_it_sealed(intake: TakenOver):
    """Every 32 and 64 bytes of everything it has, tried as the vault's secret."""
    envelope = read_envelope(intake.segment.sealed)
    header = header_of(intake.segment, envelope.attribution, envelope.signer)
    known = {hashlib.sha512(held).digest() for held in intake.everything()}
    for held in intake.everything():
        known |= {held[at : at + 64] for at in range(0, len(held) - 63, 64)}
    for secret in itertools.islice(known, 300):
        with pytest.raises(NotOpened):
            load_records_secret(secret, 1).open(envelope.body, header=header, salt=b"s-1")


def test_the_public_key_is_no_private_key_in_disguise(intake: TakenOver):
    public = intake.recipient.public_key
    carried = read_envelope(intake.segment.sealed).body[:1168]
    posing = MLKEM768X25519PrivateKey(
        MLKEM768PrivateKey.from_seed_bytes(public[:64]),
        X25519PrivateKey.from_private_bytes(public[-32:]),
    )
    with pytest.raises(InvalidTag):
        SUITE.decrypt(carried, posing, hpke_info(b""))


def test_what_seals_imports_nothing_that_opens():
    """In a process of its own: the modules of intake load none of the vault's opening."""
    code = (
        "import sys, mydata_hub.vault.segments, mydata_hub.vault.announcements,"
        " mydata_hub.vault.public_keys\n"
        "print(*sorted(name for name in sys.modules if name.startswith('mydata_hub.')))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(run.stdout.split())
    assert "mydata_hub.vault.sealing" in loaded
    opening = {"opening", "segment_opening", "vault_keys", "key_rows", "profiles", "manifest"}
    assert not loaded & {f"mydata_hub.vault.{name}" for name in opening}
    assert "mydata_hub.ports.keys" not in loaded
