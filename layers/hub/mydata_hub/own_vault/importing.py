"""Importing: a statement of the person's own, sealed and announced in one commit.

This half opens nothing: like a collector it holds the vault's public key and a signing key, whose
segments are believed to be self-supplied and no more.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import rfc8785

from mydata_hub.collection.csv_lines import BrokenLine
from mydata_hub.collection.datasets import BANK_TRANSACTIONS, schema_of
from mydata_hub.collection.mapping import BUILT_IN, StatementMapping
from mydata_hub.collection.statement import Statement
from mydata_hub.errors import BadInput, Busy, Conflict, Damaged, TooLarge
from mydata_hub.fields import ConnectionId, Dataset, EventId, PartyId, SubjectId, VaultId
from mydata_hub.ports.blobs import Blobs
from mydata_hub.ports.clock import Clock, Entropy
from mydata_hub.ports.signer import Signer
from mydata_hub.ports.tables import Absent, Change, Key, Put, Tables
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import record
from mydata_hub.vault.announcements import announce, is_unfolded, segment_row
from mydata_hub.vault.key_rows import check_live
from mydata_hub.vault.public_keys import Recipient, read_recipient
from mydata_hub.vault.refusal import Cause, NotOpened
from mydata_hub.vault.segment import Segment, SegmentId
from mydata_hub.vault.segments import (
    Attribution,
    Batch,
    new_segment_id,
    seal_segment,
    store_segment,
)

# Beside the head of the vault that they are in.
IMPORTS: Final = "vaults"
MAX_CONTENT_BYTES: Final = 4 * 1024 * 1024
MAX_NAME_LETTERS: Final = 200
# So many that the longest statement's segments are announced in one commit.
SEGMENT_RECORDS: Final = 5000
MAX_LISTED: Final = 20
TRIES: Final = 3
STATEMENT_IMPORTED: Final = "statement_imported"
SELF: Final = PartyId("self")
OWN_MAPPING: Final = "own"
_PREFIX: Final = "import#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterbox:
    """The ports of whoever takes statements in: it seals and signs."""

    tables: Tables
    blobs: Blobs
    signer: Signer
    clock: Clock
    entropy: Entropy


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplied:
    """A file as the person brings it; `name` is only ever told back to the person."""

    name: str
    content: bytes
    mapping: StatementMapping
    all_or_nothing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of a statement: `lines` records are on their way, each broken line is named."""

    lines: int
    segments: int
    broken: tuple[BrokenLine, ...]

    @property
    def refused(self) -> bool:
        """Nothing was taken."""
        return self.segments == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PastImport:
    """An import as it is remembered; `waiting` segments are not folded yet.

    `origin` is the hub that an archive is from; None for a statement.
    """

    at: datetime
    mapping: str
    connection_id: ConnectionId
    lines: int
    broken: int
    segments: int
    waiting: int
    put_aside: int
    origin: str | None = None


def import_statement(letterbox: Letterbox, vault_id: VaultId, supplied: Supplied) -> Imported:
    """Seal and announce a statement, whole or what can be read of it, as the person chose.

    Raises BadInput and TooLarge for a file that is refused, Busy while there is no vault yet.
    """
    recipient = recipient_for(letterbox, vault_id)
    for _ in range(TRIES):
        try:
            return _import_once(letterbox, recipient, supplied)
        except Conflict:
            before, recipient = recipient, _again(letterbox, recipient)
            if recipient == before:
                raise  # the vault was erased meanwhile, or somebody else has the very same ids
    raise Busy("the vault's keys are being turned; try again in a moment")


def list_imports(tables: Tables, vault_id: VaultId) -> tuple[PastImport, ...]:
    """The latest imports, newest first, at most MAX_LISTED."""
    page = tables.query(IMPORTS, vault_id, prefix=_PREFIX, limit=MAX_LISTED, newest_first=True)
    return tuple(_past(tables, vault_id, dict(row.values)) for row in page.rows)


def own_connection(vault_id: VaultId, mapping: StatementMapping) -> ConnectionId:
    """The connection under which a bank's statements are kept: one for each mapping, so that the
    same line is the same record. Its name tells nobody what the mapping is called."""
    digest = hashlib.sha256(f"{vault_id}\0{mapping.name}".encode()).hexdigest()
    return ConnectionId(f"own-{digest[:24]}")


def recipient_for(letterbox: Letterbox, vault_id: VaultId) -> Recipient:
    """The vault to seal to. Raises Busy while it is being made, NotOpened for an erased one."""
    try:
        return read_recipient(letterbox.tables, vault_id)
    except NotOpened as refusal:
        if refusal.cause is Cause.NO_VAULT:
            raise Busy("the vault is being opened; try again in a moment") from None
        raise


def _again(letterbox: Letterbox, recipient: Recipient) -> Recipient:
    """The vault's public key of this moment, where it still has one."""
    try:
        return read_recipient(letterbox.tables, recipient.vault_id)
    except NotOpened:
        return recipient


def _import_once(letterbox: Letterbox, recipient: Recipient, supplied: Supplied) -> Imported:
    vault_id = recipient.vault_id
    if len(supplied.content) > MAX_CONTENT_BYTES:
        raise TooLarge(f"a part of a statement takes at most {MAX_CONTENT_BYTES} bytes")
    if not 0 < len(supplied.name) <= MAX_NAME_LETTERS:
        raise BadInput("name", f"takes 1 to {MAX_NAME_LETTERS} letters")
    connection = own_connection(vault_id, supplied.mapping)
    stream = io.BytesIO(supplied.content)
    now = letterbox.clock.now()
    statement = Statement(stream, supplied.mapping, connection, supplied.name, now)
    # Sealed before it is known whether all lines can be read, and stored only then.
    sealed = [
        seal_records(
            letterbox,
            recipient,
            own_attribution(connection),
            BANK_TRANSACTIONS,
            [one.encode() for one in records],
        )
        for records in statement.batches(SEGMENT_RECORDS)
    ]
    broken = tuple(statement.broken)
    if (broken and supplied.all_or_nothing) or not sealed:
        return Imported(lines=0, segments=0, broken=broken)
    _keep(letterbox, vault_id, supplied.mapping, statement, sealed)
    return Imported(lines=statement.count, segments=len(sealed), broken=broken)


def seal_records(
    letterbox: Letterbox,
    recipient: Recipient,
    attribution: Attribution,
    dataset: Dataset,
    records: list[bytes],
) -> Segment:
    """Encoded records of one dataset, sealed to a vault and signed; nothing is stored yet."""
    batch = Batch(
        segment_id=new_segment_id(letterbox.entropy),
        dataset=dataset,
        schema_hash=schema_of(dataset).digest(),
        attribution=attribution,
        records=records,
    )
    return seal_segment(batch, recipient, letterbox.signer, letterbox.entropy)


def own_attribution(connection: ConnectionId) -> Attribution:
    """Of what the person brings or says: no provider told it and no grant stands behind it."""
    return Attribution(provider_id=SELF, connection_id=connection, grant_id=SELF)


def _keep(
    letterbox: Letterbox,
    vault_id: VaultId,
    mapping: StatementMapping,
    statement: Statement,
    sealed: list[Segment],
) -> None:
    now = letterbox.clock.now()
    import_id = letterbox.entropy.token(16).hex()
    lines, broken = statement.count, len(statement.broken)
    remembered = Put(
        key=Key(
            IMPORTS, vault_id, f"{_PREFIX}{now.isoformat(timespec='microseconds')}#{import_id}"
        ),
        values={
            "at": now.isoformat(),
            # What a person calls a mapping of their own is theirs.
            "mapping": mapping.name if BUILT_IN.get(mapping.name) == mapping else OWN_MAPPING,
            "connection_id": own_connection(vault_id, mapping),
            "lines": lines,
            "broken": broken,
            "segments": [segment.segment_id for segment in sealed],
        },
        when=Absent(),
    )
    told = Event(
        event_id=EventId(import_id),
        kind=STATEMENT_IMPORTED,
        subject=SubjectId(vault_id),
        actor=PartyId(vault_id),
        occurred_at=now,
        row=remembered.key,
        row_version=1,
        payload=rfc8785.dumps({"lines": lines, "broken": broken}),
    )
    announced: list[Change] = [
        announce(segment, store_segment(letterbox.blobs, segment), now) for segment in sealed
    ]
    letterbox.tables.commit(
        *announced,
        remembered,
        record(told, letterbox.entropy),
        check_live(vault_id, sealed[0].key_version),
    )


def _past(tables: Tables, vault_id: VaultId, values: dict[str, object]) -> PastImport:
    names = values.get("segments")
    if not isinstance(names, list | tuple):
        raise Damaged("the row of an import is malformed")
    keys = [segment_row(vault_id, SegmentId(str(name))) for name in names]
    rows = tables.fetch_many(*keys).values()
    return PastImport(
        at=datetime.fromisoformat(str(values["at"])),
        mapping=str(values["mapping"]),
        connection_id=ConnectionId(str(values["connection_id"])),
        lines=int(str(values["lines"])),
        broken=int(str(values["broken"])),
        segments=len(keys),
        waiting=sum(map(is_unfolded, rows)),
        put_aside=sum("cause" in row.values for row in rows),
        origin=str(values["origin"]) if "origin" in values else None,
    )
