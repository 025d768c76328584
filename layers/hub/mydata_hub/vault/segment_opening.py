"""Segments, the vault's side: nothing is opened before its signature says who sealed it, for what.

The order is fixed: the stored bytes are those announced, the envelope is of a known suite, the
fields are those announced, the signature is by a trusted key, the seal opens, and what is inside is
what header and key promised. Each step has its cause, and all have one error.
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

from mydata_hub.errors import BadInput, BlobMissing, FormatUnknown, Unreadable
from mydata_hub.ports.blobs import Blobs
from mydata_hub.vault.announcements import Announcement
from mydata_hub.vault.content import unpack
from mydata_hub.vault.opening import RecordsSecret
from mydata_hub.vault.refusal import Cause, NotOpened
from mydata_hub.vault.segment import Segment
from mydata_hub.vault.segments import (
    Envelope,
    blob_name,
    header_of,
    read_envelope,
    signed_message,
)

_SCALAR_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """A signing key, and the one provenance that its segments may claim.

    Without that, whatever seals what a person uploads could pass it off as collected.
    """

    public_key: ec.EllipticCurvePublicKey
    provenance: str


def trust(keys: Iterable[tuple[bytes, str]]) -> Mapping[bytes, Trusted]:
    """Trusted signers by the SHA-256 of their key: (SubjectPublicKeyInfo in DER, provenance)."""
    trusted: dict[bytes, Trusted] = {}
    for encoded, provenance in keys:
        key = load_der_public_key(encoded)
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(
            key.curve, ec.SECP256R1
        ):
            raise BadInput("signer", "takes keys on P-256")
        trusted[hashlib.sha256(encoded).digest()] = Trusted(public_key=key, provenance=provenance)
    return trusted


def load_segment(blobs: Blobs, announced: Announcement) -> Segment:
    """The announced segment. Raises NotOpened: missing, replaced, foreign, replayed, Busy."""
    name = blob_name(announced.vault_id, announced.segment_id, announced.version)
    try:
        encoded = blobs.get(name)
    except BlobMissing:
        raise NotOpened(Cause.MISSING) from None
    return read_segment(encoded, announced)


def read_segment(encoded: bytes, announced: Announcement) -> Segment:
    """The segment in stored bytes, if they are those announced. Raises NotOpened."""
    if hashlib.sha256(encoded).digest() != announced.digest:
        raise NotOpened(Cause.REPLACED)
    try:
        segment = Segment.decode(encoded)
    except (Unreadable, FormatUnknown):
        raise NotOpened(Cause.MALFORMED) from None
    if (segment.vault_id, segment.segment_id) != (announced.vault_id, announced.segment_id):
        raise NotOpened(Cause.FOREIGN)
    if segment.version != announced.version:
        raise NotOpened(Cause.REPLAYED)
    told = (announced.dataset, announced.key_version, announced.count)
    if (segment.dataset, segment.key_version, segment.count) != told:
        raise NotOpened(Cause.ATTRIBUTION)
    return segment


def open_segment(
    segment: Segment,
    announced: Announcement,
    secret: RecordsSecret,
    trusted: Mapping[bytes, Trusted],
) -> tuple[bytes, ...]:
    """The records of a segment from `load_segment`, in canonical bytes. Raises NotOpened."""
    envelope = read_envelope(segment.sealed)
    if envelope.attribution != announced.attribution:
        raise NotOpened(Cause.ATTRIBUTION)
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
    for record in records:
        _check_record(record, segment, envelope, signer)
    return records


def verify_es256(key: ec.EllipticCurvePublicKey, message: bytes, signature: bytes) -> None:
    """Check a signature as RFC 7518 section 3.4 writes it. Raises NotOpened."""
    if len(signature) != 2 * _SCALAR_BYTES:
        raise NotOpened(Cause.SIGNATURE)
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    try:
        key.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise NotOpened(Cause.SIGNATURE) from None


def _check_record(record: bytes, segment: Segment, envelope: Envelope, signer: Trusted) -> None:
    """A collector may not slip one connection's or dataset's records in under another's name."""
    try:
        members = json.loads(record)
    except (ValueError, RecursionError):
        raise NotOpened(Cause.CONTENT) from None
    promised = {
        "object": "record",
        "dataset": segment.dataset,
        "connection_id": envelope.attribution.connection_id,
        "provenance": signer.provenance,
    }
    if not isinstance(members, dict) or any(
        members.get(name) != value for name, value in promised.items()
    ):
        raise NotOpened(Cause.CONTENT)
