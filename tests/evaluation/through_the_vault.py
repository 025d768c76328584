"""The permanent orders of real accounts by the whole path: statement, seal, fold, what is told.

Each account of Berka is a person with a vault. Twice: the person imports their statement and looks
at it; and a bank told the same records, sealed by the collector, so that a partner's claim may
count on them. Truth for the first is the bank's own list (and its fee), as in recurring.py, where
it still runs at the statement's end; for the second, the claim's symbol for that many.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from mydata_hub.collection.datasets import BANK_TRANSACTIONS, schema_of
from mydata_hub.collection.mapping import BUILT_IN
from mydata_hub.collection.record import Provenance, Record
from mydata_hub.collection.statement import Statement
from mydata_hub.embedded.disk_blobs import DiskBlobs
from mydata_hub.embedded.local_keys import LocalKeys
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.fields import ConnectionId, PartyId, VaultId
from mydata_hub.insights.answers import answer_claim, see_insights
from mydata_hub.insights.catalogue import find_claim
from mydata_hub.insights.profile import Profile
from mydata_hub.insights.recurring import LATE_DAYS, LOOK_BACK_DAYS, MONTH_DAYS
from mydata_hub.own_vault.errands import complete_source
from mydata_hub.own_vault.folding import fold_segments
from mydata_hub.own_vault.importing import Letterbox, Supplied, import_statement
from mydata_hub.own_vault.strongroom import Strongroom, see_profile
from mydata_hub.ports.clock import SetClock, SystemEntropy
from mydata_hub.ports.messages import send
from mydata_hub.vault.announcements import announce, waiting_segments
from mydata_hub.vault.completeness import Completeness, tell_complete
from mydata_hub.vault.public_keys import read_recipient
from mydata_hub.vault.segment_opening import trust
from mydata_hub.vault.segments import (
    Attribution,
    Batch,
    new_segment_id,
    seal_segment,
    store_segment,
)
from mydata_hub.vault.vault_keys import VaultKeys

from tests.evaluation.records import rows_of_berka
from tests.evaluation.recurring import FEE, Named, Share, Streams, share_of

TABLES: Final = ("keys", "vault_public", "vaults", "segments", "events", "outbox")
ATTRIBUTE: Final = "payments.recurring_count"
CONNECTION: Final = ConnectionId("berka")
# As many payments as there are, in the claim's words.
CELLS: Final = ((6, "6_or_more"), (3, "3_to_5"), (1, "1_to_2"), (0, "0"))


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultQuality:
    """What came of it; `self_supplied_answers` of partners must be none at all."""

    people: int
    lines: int
    broken: int
    precision: Share
    recall: Share
    orders_recall: Share
    claim_as_truth: Share
    self_supplied_answers: int
    no_answers: int


@dataclass
class House:
    """One deployment, with every zone's part of it, at the end of the statements."""

    folder: Path
    now: datetime

    def __post_init__(self) -> None:
        names = {name: name.title() for name in TABLES}
        self.clock, self.entropy = SetClock(self.now), SystemEntropy()
        self.tables = SqliteTables(self.folder, names, self.clock)
        self.blobs = DiskBlobs(self.folder, "segments")
        self.keys = VaultKeys(self.tables, LocalKeys(self.folder, "vaults"), self.clock)
        self.collector = LocalSigner(self.folder, "collect", "ES256")
        own = LocalSigner(self.folder, "self-supplied", "ES256")
        self.letterbox = Letterbox(
            tables=self.tables,
            blobs=self.blobs,
            signer=own,
            clock=self.clock,
            entropy=self.entropy,
        )
        self.room = Strongroom(
            tables=self.tables,
            blobs=self.blobs,
            keys=self.keys,
            trusted=trust(
                [
                    (self.collector.public_key(), Provenance.COLLECTED),
                    (own.public_key(), Provenance.SELF_SUPPLIED),
                ]
            ),
            clock=self.clock,
            entropy=self.entropy,
        )

    def import_own(self, vault_id: VaultId, statement: bytes) -> tuple[int, int]:
        """The person brings the file; (lines, broken)."""
        supplied = Supplied(
            name="berka.asc", content=statement, mapping=BUILT_IN["berka"], all_or_nothing=False
        )
        done = import_statement(self.letterbox, vault_id, supplied)
        return done.lines, len(done.broken)

    def collect(self, vault_id: VaultId, records: list[Record]) -> None:
        """A bank tells the same, and says up to when that is all."""
        batch = Batch(
            segment_id=new_segment_id(self.entropy),
            dataset=BANK_TRANSACTIONS,
            schema_hash=schema_of(BANK_TRANSACTIONS).digest(),
            attribution=Attribution(
                provider_id=PartyId("bank"), connection_id=CONNECTION, grant_id="grant"
            ),
            records=[record.encode() for record in records],
        )
        recipient = read_recipient(self.tables, vault_id)
        segment = seal_segment(batch, recipient, self.collector, self.entropy)
        digest = store_segment(self.blobs, segment)
        at = max(record.occurred_at for record in records)
        told = Completeness(vault_id=vault_id, connection_id=CONNECTION, at=at)
        message = tell_complete(told, f"complete-{vault_id}", self.now)
        self.tables.commit(announce(segment, digest, self.now), send(message))
        self.fold()
        assert complete_source(self.room, message)

    def fold(self) -> None:
        for row in list(waiting_segments(self.tables, 1000)):
            fold_segments(self.room, row.key.partition, [row.key.sort])

    def profile(self, vault_id: VaultId) -> Profile:
        found = see_profile(self.tables, self.keys, vault_id)
        assert found is not None
        return found


def evaluate_through_the_vault(data: Path, folder: Path, every: int = 10) -> VaultQuality:
    """Every tenth account through the vault."""
    people = dict(list(_statements(data).items())[::every])
    ends = {person: _records(text)[-1].occurred_at for person, text in people.items()}
    house = House(folder, max(ends.values()) + timedelta(days=1))
    truth = _truth(data, people)
    found: Streams = {}
    claims: list[tuple[int, int]] = []
    lines = broken = leaked = silent = 0
    for person, text in people.items():
        own, told = VaultId(f"own-{person}"), VaultId(f"told-{person}")
        for vault_id in (own, told):
            house.keys.create_vault(vault_id, house.entropy)
        counted = house.import_own(own, text)
        lines, broken = lines + counted[0], broken + counted[1]
        house.collect(told, _records(text))
        now = ends[person] + timedelta(hours=1)
        profile = house.profile(own)
        (seen,) = [one for one in see_insights(profile, now) if one.attribute.id == ATTRIBUTE]
        streams = seen.finding.evidence["streams"]
        found[person] = {(one["payee"], one["amount_minor"]) for one in streams}
        claim = find_claim(ATTRIBUTE)
        leaked += answer_claim(profile, claim, now) != "no_answer"
        answer = answer_claim(house.profile(told), claim, now)
        silent += answer == "no_answer"
        if answer != "no_answer":
            claims.append((int(answer == _cell(len(truth[person]))), 1))
    orders = {who: {one for one in mine if FEE not in one[0]} for who, mine in truth.items()}
    return VaultQuality(
        people=len(people),
        lines=lines,
        broken=broken,
        precision=share_of_streams(found, truth),
        recall=share_of_streams(truth, found),
        orders_recall=share_of_streams(orders, found),
        claim_as_truth=share_of(claims),
        self_supplied_answers=leaked,
        no_answers=silent,
    )


def share_of_streams(whole: Streams, part: Streams) -> Share:
    """How much of one side's streams the other has, too."""
    return share_of([(len(mine & part[who]), len(mine)) for who, mine in whole.items()])


def _cell(count: int) -> str:
    return next(cell for least, cell in CELLS if count >= least)


def _statements(data: Path) -> dict[str, bytes]:
    """Each account's own statement, as the bank would have sent it."""
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows_of_berka(data):
        rows[row["account_id"]].append(row)
    return {person: _written(mine) for person, mine in rows.items()}


def _written(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("cp1250")


def _records(text: bytes) -> list[Record]:
    """The statement's records as a bank tells them, in order."""
    end = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
    read = Statement(io.BytesIO(text), BUILT_IN["berka"], CONNECTION, "berka.asc", end)
    records = [record for batch in read.batches() for record in batch]
    told = [replace(record, provenance=Provenance.COLLECTED) for record in records]
    return sorted(told, key=lambda record: record.occurred_at)


def _truth(data: Path, people: dict[str, bytes]) -> Streams:
    """Orders and fees that were paid three times within the look-back, and lately."""
    with (data / "berka" / "order.asc").open(encoding="cp1250", newline="") as file:
        orders = {
            (row["account_id"], f"{row['bank_to']}:{row['account_to']}", _minor(row["amount"]))
            for row in csv.DictReader(file, delimiter=";")
        }
    return {
        person: {
            named
            for named in _running(_records(text))
            if (person, *named) in orders or FEE in named[0]
        }
        for person, text in people.items()
    }


def _running(records: list[Record]) -> Iterable[Named]:
    end = records[-1].occurred_at
    days: dict[Named, list[datetime]] = defaultdict(list)
    for record in records:
        if (record.amount_minor or 0) < 0 and record.occurred_at > end - _span(LOOK_BACK_DAYS):
            days[_named(record)].append(record.occurred_at)
    for named, paid in days.items():
        if len(paid) >= 3 and paid[-1] > end - _span(MONTH_DAYS[1] + LATE_DAYS):
            yield named


def _named(record: Record) -> Named:
    assert record.amount_minor is not None
    return record.counterparty or record.body["kind"], -record.amount_minor


def _minor(amount: str) -> int:
    whole, _, rest = amount.partition(".")
    return int(whole) * 100 + int((rest + "00")[:2])


def _span(days: int) -> timedelta:
    return timedelta(days=days)
