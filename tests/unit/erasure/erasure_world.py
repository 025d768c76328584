"""A hub in which people have lived: sources, records, partners; and the room that erases."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mydata_hub.accounts.recovery import issue_recovery_code
from mydata_hub.collection.record import Provenance
from mydata_hub.consent.amending import narrow_grant
from mydata_hub.consent.approval import approve, prepare_approval
from mydata_hub.consent.consent_record import Proposal
from mydata_hub.consent.grant import Frequency, FrequencyUnit, Grant, GrantKind
from mydata_hub.consent.pairwise import names_of
from mydata_hub.embedded.disk_blobs import DiskBlobs
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.embedded.row_image import decode_row
from mydata_hub.embedded.sqlite_file import SqliteFile
from mydata_hub.erasure.beginning import begin_erasure
from mydata_hub.erasure.running import take_further
from mydata_hub.erasure.state import Erasure, fetch_erasure
from mydata_hub.erasure.steps import Workroom
from mydata_hub.errors import Unopenable
from mydata_hub.own_vault.folding import fold_segments
from mydata_hub.own_vault.strongroom import Strongroom, see_profile
from mydata_hub.ports.messages import due_messages
from mydata_hub.ports.tables import Absent, Key, Put, Row
from mydata_hub.release.sd_jwt import AnswerKey
from mydata_hub.transparency.published import PublishedLog
from mydata_hub.transparency.sequencer import Log, sequence
from mydata_hub.vault.announcements import waiting_segments
from mydata_hub.vault.segment_opening import trust

from tests.unit.collection.collecting_world import LOGICAL, ORIGIN, Person
from tests.unit.collection.collecting_world import World as CollectingWorld

ERASE = "erase everything"
PARTNER, GROUP = "bicycles", "rentals"


# No run of ciphertext, in bytes or in base64, happens to hold it.
JIU = "Jiu, of Seoul"


class Killed(BaseException):
    """The process is gone: nothing catches this, and nothing after it runs."""


@dataclass
class Counted:
    """A port whose effects are counted over all such ports, and that dies at one of them."""

    port: Any
    effects: tuple[str, ...]
    count: list[int]
    dies_at: int | None = None
    after: bool = False

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.port, name)
        if name not in self.effects:
            return method

        def call(*args: Any, **options: Any) -> Any:
            here = self.count[0]
            self.count[0] += 1
            if here == self.dies_at and not self.after:
                raise Killed
            result = method(*args, **options)
            if here == self.dies_at:
                raise Killed
            return result

        return call


class World(CollectingWorld):
    """`copies` is how long the engine keeps copies of keys."""

    logical = (
        *LOGICAL,
        "ledger",
        "appeals",
        "coupons",
        "idempotency",
        "releases",
        "log_keys",
        "log_public",
        "log_books",
        "erasures",
        "deliveries",
        "log",
        "witnesses",
        "oauth",
        "clients",
    )

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder
        self.copies = timedelta(days=7)
        self.tiles = DiskBlobs(folder, "tiles")
        self.certificate_key = AnswerKey(LocalSigner(folder, "certificate", "ES256"))
        self.log = Log(
            tables=self.tables,
            blobs=self.tiles,
            openings=DiskBlobs(folder, "openings"),
            signer=LocalSigner(folder, "checkpoint", "EdDSA"),
            clock=self.clock,
            entropy=self.entropy,
            origin="localhost:8787/log",
        )
        self.strongroom = Strongroom(
            tables=self.tables,
            blobs=self.blobs,
            keys=self.vaults,
            trusted=trust([(self.signer.public_key(), Provenance.COLLECTED)]),
            clock=self.clock,
            entropy=self.entropy,
        )

    def room(self, **changes: Any) -> Workroom:
        plain = Workroom(
            tables=self.tables,
            blobs=self.blobs,
            clock=self.clock,
            entropy=self.entropy,
            issuer=ORIGIN,
            key=self.certificate_key,
            log=PublishedLog(self.tables, self.tiles),
            copies_until=lambda at: at + self.copies,
            old_copies_until=lambda at: at + self.copies,
            rows_until=lambda at: at + timedelta(days=35),
        )
        return replace(plain, **changes)

    def live(self, name: str = JIU) -> Person:
        """Somebody with a source, records, a partner with answers, a recovery code and notices."""
        person = self.join(name=name)
        self.card.identity = f"CI-of-{name}"
        self.connect(person)
        self.deliver()
        self.fold()
        self.allow(person)
        issue_recovery_code(self.desk, person.session)
        account_id = person.account_id
        marks = [
            (Key("ledger", account_id, f"group#{GROUP}"), {"answers": b"sealed"}),
            (Key("ledger", account_id, "person"), {"charges": []}),
            (Key("appeals", account_id, f"20260401-{account_id}"), {"case": b"sealed"}),
            (Key("appeals", "open", f"20260401-{account_id}"), {"vault_id": account_id}),
            (Key("coupons", f"coupon#of-{account_id}"), {"state": "issued"}),
            (Key("coupons", f"person#{account_id}", f"of-{account_id}"), {}),
            (Key("grants", names_of(account_id), GROUP), {"subject": "pairwise"}),
            (Key("vaults", account_id, "import#1"), {"lines": 1}),
            (Key("notices", account_id, "passkey#1"), {"kind": "passkey_added"}),
        ]
        self.tables.commit(*(Put(key=key, values=own, when=Absent()) for key, own in marks))
        return person

    def allow(self, person: Person) -> Grant:
        """A partner's question, allowed."""
        asked = Proposal(
            kind=GrantKind.RELEASE,
            counterparty=PARTNER,
            recipient_group=GROUP,
            purpose="deposit_waiver",
            items=("trust_tier@1",),
            frequency=Frequency(unit=FrequencyUnit.MONTH, count=2),
            max_bits=16,
            expires_at=self.clock.now() + timedelta(days=90),
            request_hash=bytes(32),
        )
        prepared = prepare_approval(
            self.desk, person.session, asked, asked.items, locale="ko", wording="물어요"
        )
        signed = person.passkey.get(prepared.options, ORIGIN)
        grant = approve(self.desk, person.session, prepared.approval, signed)
        # An earlier version of it is kept, and must go as well.
        sooner = grant.expires_at - timedelta(days=1)
        return narrow_grant(self.desk, person.session, grant.grant_id, expires_at=sooner)

    def fold(self) -> None:
        for row in list(waiting_segments(self.tables, 1000)):
            fold_segments(self.strongroom, row.key.partition, [row.key.sort])

    def opens(self, account_id: str) -> bool:
        """Whether both secrets open and the profile holds what was folded."""
        try:
            self.vaults.records_secret(account_id)
            self.vaults.profile_secret(account_id)
        except Unopenable:
            return False
        profile = see_profile(self.tables, self.vaults, account_id)
        return profile is not None and profile.version > 0

    def begin(self, person: Person) -> str:
        return begin_erasure(self.desk, person.session, ERASE)

    def take_further(self, room: Workroom | None = None) -> list[bool]:
        """What is due for `erase`, once."""
        now = self.clock.now()
        due = [one for one in due_messages(self.tables, now) if one.topic == "erase"]
        return [take_further(room or self.room(), one) for one in due]

    def erasure(self, certificate_id: str) -> Erasure:
        return fetch_erasure(self.tables, certificate_id)

    def erase(self, person: Person) -> Erasure:
        """To the first certificate."""
        certificate_id = self.begin(person)
        self.take_further()
        return self.erasure(certificate_id)

    def sequence(self) -> None:
        sequence(self.log)

    def everything(self) -> Iterator[Row]:
        """Every row of every table, those that expired too."""
        with SqliteFile(self.folder).reading() as connection:
            found = connection.execute("SELECT name, image, checksum FROM row").fetchall()
        for name, image, checksum in found:
            yield decode_row(name.removesuffix("Table").lower(), name, image, checksum).row

    def naming(self, *words: str) -> set[str]:
        """The tables that hold any of these words anywhere, key or value."""
        return {
            row.key.table
            for row in self.everything()
            if any(word in f"{row.key}{row.values}" for word in words)
        }

    def close(self) -> None:
        self.tables.tables.close()

    def copied(self, folder: Path) -> World:
        """The same hub in another folder."""
        shutil.copytree(self.folder, folder)
        again = type(self)(folder)
        again.clock.at = self.clock.at
        again.copies = self.copies
        return again


def later(world: World, by: timedelta) -> datetime:
    """Let time pass."""
    world.clock.advance(by)
    return world.clock.now()
