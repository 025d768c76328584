"""Segments: sealed batches of records, which only the vault zone can open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, NewType

from mydata_hub.canonical import CentralObject
from mydata_hub.fields import (
    Dataset,
    VaultId,
    require_bytes,
    require_count,
    require_hash,
    require_id,
    require_word,
)

SegmentId = NewType("SegmentId", str)

MAX_RECORDS: Final = 10_000
MAX_SEALED_BYTES: Final = 4 * 1024 * 1024
MAX_SIGNATURE_BYTES: Final = 8192  # room for a post-quantum signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment(CentralObject):
    """A sealed batch as intake wrote it: everything beside `sealed` is its associated data."""

    object_name: ClassVar[str] = "segment"

    segment_id: SegmentId
    vault_id: VaultId
    dataset: Dataset
    version: int
    # SHA-256 of the schema that the records inside follow.
    schema_hash: bytes
    key_version: int
    # How many records are inside, so that a truncated batch is noticed.
    count: int
    # By the intake key, over the associated data and the hash of `sealed`: HPKE in base mode
    # proves nobody's authorship.
    signature: bytes
    sealed: bytes

    def __post_init__(self) -> None:
        require_id("segment_id", self.segment_id)
        require_id("vault_id", self.vault_id)
        require_word("dataset", self.dataset)
        require_count("version", self.version, 1)
        require_hash("schema_hash", self.schema_hash)
        require_count("key_version", self.key_version, 1)
        require_count("count", self.count, 1, MAX_RECORDS)
        require_bytes("signature", self.signature, 1, MAX_SIGNATURE_BYTES)
        require_bytes("sealed", self.sealed, 1, MAX_SEALED_BYTES)
