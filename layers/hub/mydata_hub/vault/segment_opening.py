"""Segments, the vault's side: nothing is opened before its signature says who sealed it, for what.

The order is fixed: the stored bytes are those announced, their fields are those announced, the
signature is by a trusted key, the seal opens, and what is inside is what header and signer
promised. Each step has its cause, and all have one error.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from mydata_hub.errors import BadInput, BlobMissing, Damaged, FormatUnknown, Unreadable
from mydata_hub.fields import VaultId
from mydata_hub.ports.blobs import Blobs
from mydata_hub.ports.tables import Row
from mydata_hub.vault.announcements import announced_facts
from mydata_hub.vault.content import unpack
from mydata_hub.vault.opening import RecordsSecret
from mydata_hub.vault.refusal import Cause, NotOpened
from mydata_hub.vault.segment import Segment, SegmentId
from mydata_hub.vault.segments import blob_name, header_of, read_envelope, signed_message

_SCALAR_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """A signing key, and the one provenance that its segments may claim.

    Without that, whatever seals what a person uploads could pass it off as collected. None is for
    the vault's own key, which seals again what was collected or supplied: all records of a segment
    have one provenance then, whichever it is.
    """

    public_key: ec.EllipticCurvePublicKey
    provenance: str | None


def trust(keys: Iterable[tuple[bytes, str | None]]) -> Mapping[bytes, Trusted]:
    """Trusted signers by the SHA-256 of their key: (SubjectPublicKeyInfo in DER, provenance)."""
    trusted: dict[bytes, Trusted] = {}
    for encoded, provenance in keys:
        key = load_der_public_key(encoded)
        if not (isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1"):
            raise BadInput("signer", "takes keys on P-256")
        trusted[hashlib.sha256(encoded).digest()] = Trusted(public_key=key, provenance=provenance)
    return trusted


def load_segment(blobs: Blobs, row: Row) -> Segment:
    """The segment that a row announces. Raises NotOpened, Damaged for a malformed row, Busy."""
    version = row.values.get("segment_version")
    if type(version) is not int:
        raise Damaged("an announcement is malformed")
    name = blob_name(VaultId(row.key.partition), SegmentId(row.key.sort), version)
    try:
        return read_segment(blobs.get(name), row)
    except BlobMissing:
        raise NotOpened(Cause.MISSING) from None


def read_segment(encoded: bytes, row: Row) -> Segment:
    """The segment in stored bytes, if it is the one that the row announces. Raises NotOpened."""
    if hashlib.sha256(encoded).digest() != row.values.get("digest"):
        raise NotOpened(Cause.REPLACED)
    try:
        segment = Segment.decode(encoded)
    except (Unreadable, FormatUnknown):
        raise NotOpened(Cause.MALFORMED) from None
    if (segment.vault_id, segment.segment_id) != (row.key.partition, row.key.sort):
        raise NotOpened(Cause.FOREIGN)
    facts = announced_facts(segment)
    if any(row.values.get(name) != value for name, value in facts.items()):
        raise NotOpened(Cause.ATTRIBUTION)
    return segment


def open_segment(
    segment: Segment, secret: RecordsSecret, trusted: Mapping[bytes, Trusted]
) -> tuple[bytes, ...]:
    """The records of a segment from `load_segment`, in canonical bytes. Raises NotOpened."""
    envelope = read_envelope(segment.sealed)
    header = header_of(segment, envelope.attribution, envelope.signer)
    signer = trusted.get(envelope.signer)
    if signer is None:
        raise NotOpened(Cause.SIGNER)
    verify_es256(signer.public_key, signed_message(header, segment.sealed), segment.signature)
    if segment.key_version != secret.key_version:
        raise NotOpened(Cause.KEY_VERSION)
    packed = secret.open(envelope.body, header=header, salt=segment.segment_id.encode())
    records = tuple(unpack(packed).split(b"\n"))
    if len(records) != segment.count:
        raise NotOpened(Cause.CONTENT)
    promised = {
        "object": "record",
        "dataset": segment.dataset,
        "connection_id": envelope.attribution.connection_id,
    }
    if signer.provenance is not None:
        promised["provenance"] = signer.provenance
    if len({_check_record(record, promised) for record in records}) != 1:
        raise NotOpened(Cause.CONTENT)
    return records


def verify_es256(key: ec.EllipticCurvePublicKey, message: bytes, signature: bytes) -> None:
    """Check a signature as RFC 7518 section 3.4 writes it. Raises NotOpened."""
    if len(signature) != 2 * _SCALAR_BYTES:
        raise NotOpened(Cause.SIGNATURE)
    r = int.from_bytes(signature[:_SCALAR_BYTES], "big")
    s = int.from_bytes(signature[_SCALAR_BYTES:], "big")
    try:
        key.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise NotOpened(Cause.SIGNATURE) from None


def _check_record(record: bytes, promised: Mapping[str, str]) -> str:
    """A collector may not slip one connection's or dataset's records in under another's name.

    Gives the provenance that the record claims.
    """
    try:
        members = json.loads(record)
    except (ValueError, RecursionError):
        raise NotOpened(Cause.CONTENT) from None
    if not isinstance(members, dict) or any(
        members.get(name) != promised[name] for name in promised
    ):
        raise NotOpened(Cause.CONTENT)
    return str(members.get("provenance"))
