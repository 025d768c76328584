"""Segments, intake's side: records sealed to a vault, signed, stored and announced.

`sealed` of a segment is an envelope (docs/vault-format.md): format, suite, where the records come
from, which key signed, and the sealed content. All of it and the fields of the segment are one
header, which is the associated data and is signed with the hash of the envelope.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from mydata_hub.errors import BadInput, LimitExceeded
from mydata_hub.fields import ConnectionId, Dataset, PartyId, VaultId, require_id
from mydata_hub.ports.blobs import Blobs
from mydata_hub.ports.clock import Entropy
from mydata_hub.ports.signer import Signer
from mydata_hub.vault.content import pack
from mydata_hub.vault.framing import frame, number, unframe
from mydata_hub.vault.public_keys import Recipient
from mydata_hub.vault.refusal import Cause, NotOpened
from mydata_hub.vault.sealing import FORMAT, SEED_BYTES, SUITE, seal
from mydata_hub.vault.segment import MAX_RECORDS, Segment, SegmentId

ALGORITHM: Final = "ES256"
SIGNATURE_LABEL: Final = b"mydata-hub segment signature 1"
HEADER_LABEL: Final = b"mydata-hub segment"
SIGNER_BYTES: Final = 32
_MAX_ID_BYTES: Final = 128
_SUITE_BYTES: Final = SUITE.to_bytes(2, "big")
_HEAD: Final = bytes([FORMAT]) + _SUITE_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Where records come from: the provider, the person's connection to it, and the consent."""

    provider_id: PartyId
    connection_id: ConnectionId
    grant_id: str

    def __post_init__(self) -> None:
        require_id("provider_id", self.provider_id)
        require_id("connection_id", self.connection_id)
        require_id("grant_id", self.grant_id)

    def encode(self) -> bytes:
        """The three ids as they stand in envelope and header."""
        return frame(*(name.encode() for name in self.names()))

    def names(self) -> tuple[str, str, str]:
        """Provider, connection, grant."""
        return self.provider_id, self.connection_id, self.grant_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one segment is to hold: canonical records of one dataset from one connection."""

    segment_id: SegmentId
    dataset: Dataset
    schema_hash: bytes
    attribution: Attribution
    records: Sequence[bytes]
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The parts of a segment's `sealed`."""

    attribution: Attribution
    # SHA-256 of the signing key's SubjectPublicKeyInfo in DER.
    signer: bytes
    body: bytes


def new_segment_id(entropy: Entropy) -> SegmentId:
    """A name for one sealing: sealing again, even the same records, takes a new one."""
    return SegmentId(f"s-{entropy.token(16).hex()}")


def seal_segment(batch: Batch, recipient: Recipient, signer: Signer, entropy: Entropy) -> Segment:
    """Seal a batch so that only the vault opens it, and sign it so that the vault believes it.

    Raises LimitExceeded for a batch that is too large (the caller splits it), BadInput, Busy.
    """
    if not 0 < len(batch.records) <= MAX_RECORDS:
        raise LimitExceeded(f"a segment takes 1 to {MAX_RECORDS} records")
    if any(b"\n" in record or not record for record in batch.records):
        raise BadInput("records", "takes canonical bytes, which hold no line break")
    if signer.algorithm != ALGORITHM:
        raise BadInput("signer", f"takes a key for {ALGORITHM}")
    signed_by = hashlib.sha256(signer.public_key()).digest()
    draft = Segment(
        segment_id=batch.segment_id,
        vault_id=recipient.vault_id,
        dataset=batch.dataset,
        version=batch.version,
        schema_hash=batch.schema_hash,
        key_version=recipient.key_version,
        count=len(batch.records),
        signature=b"\0",
        sealed=b"\0",
    )
    header = header_of(draft, batch.attribution, signed_by)
    made = seal(
        recipient.public_key,
        header=header,
        salt=batch.segment_id.encode(),
        content=pack(b"\n".join(batch.records)),
        seed=entropy.token(SEED_BYTES),
        prefix=b"".join((_HEAD, batch.attribution.encode(), signed_by)),
    )
    sealed = bytes(made)
    signature = signer.sign(signed_message(header, sealed))
    return replace(draft, signature=signature, sealed=sealed)


def header_of(segment: Segment, attribution: Attribution, signer: bytes) -> bytes:
    """The associated data of a segment: everything beside signature and body."""
    return frame(
        HEADER_LABEL,
        bytes([FORMAT]),
        _SUITE_BYTES,
        segment.vault_id.encode(),
        segment.dataset.encode(),
        segment.segment_id.encode(),
        number(segment.version),
        segment.schema_hash,
        number(segment.key_version),
        number(segment.count),
        attribution.encode(),
        signer,
    )


def signed_message(header: bytes, sealed: bytes) -> bytes:
    """What a collector signs."""
    return frame(SIGNATURE_LABEL, header, hashlib.sha256(sealed).digest())


def read_envelope(sealed: bytes) -> Envelope:
    """The parts of `sealed`. Raises NotOpened for another layout, format or suite."""
    if sealed[: len(_HEAD)] != _HEAD:
        raise NotOpened(Cause.SUITE)
    names, at = unframe(sealed, len(_HEAD), 3, _MAX_ID_BYTES)
    try:
        provider_id, connection_id, grant_id = (name.decode("ascii") for name in names)
        attribution = Attribution(
            provider_id=PartyId(provider_id),
            connection_id=ConnectionId(connection_id),
            grant_id=grant_id,
        )
    except (UnicodeDecodeError, BadInput):
        raise NotOpened(Cause.MALFORMED) from None
    end = at + SIGNER_BYTES
    return Envelope(attribution=attribution, signer=sealed[at:end], body=sealed[end:])


def blob_name(vault_id: VaultId, segment_id: SegmentId, version: int) -> str:
    """Where a segment lies; the hashes only turn ids into letters that a blob name may have."""
    return f"{blob_prefix(vault_id)}{_letters(segment_id)}.{version}"


def blob_prefix(vault_id: VaultId) -> str:
    """What the names of all segments of a vault begin with."""
    return f"segments/{_letters(vault_id)}/"


def store_segment(blobs: Blobs, segment: Segment) -> bytes:
    """Put the segment under its name, for ever; gives the SHA-256 that its announcement names.

    The same segment again is a success. Raises Taken when another has the name, OutcomeUnknown
    (safe to retry), Busy.
    """
    encoded = segment.encode()
    blobs.put_if_absent(blob_name(segment.vault_id, segment.segment_id, segment.version), encoded)
    return hashlib.sha256(encoded).digest()


def _letters(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:40]
