"""The leaf: what the public log says of an event, which nobody can read without its opening.

Format version 1, frozen (docs/protocol.md holds it byte by byte, with vectors): a change of any
byte here needs a new version number, and readers keep the old one.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final, Self

from mydata_hub.errors import NotProven

LEAF_VERSION: Final = 1
SALT_BYTES: Final = 32
TAG_BYTES: Final = 16
COMMITMENT_BYTES: Final = 32
# Where a tag is not decided yet; no entry of the log has this one.
NO_TAG: Final = bytes(TAG_BYTES)
LEAF_BYTES: Final = 1 + TAG_BYTES + 2 * COMMITMENT_BYTES
# The newline ends each domain, so no domain is the beginning of another.
PERSON_DOMAIN: Final = b"mydata-hub/log/person/v1\n"
AUDIT_DOMAIN: Final = b"mydata-hub/log/audit/v1\n"
TAG_DOMAIN: Final = b"mydata-hub/log/tag/v1\n"
UNKEYED_TAG_DOMAIN: Final = b"mydata-hub/log/unkeyed-tag/v1\n"


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens a commitment: the salt hides the payload from guessing, for ever."""

    salt: bytes
    payload: bytes

    def commitment(self, domain: bytes) -> bytes:
        """SHA-256(domain, salt, payload); the salt's fixed length keeps the parts apart."""
        return hashlib.sha256(domain + self.salt + self.payload).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One entry of the log: 81 bytes, of which an outsider learns that something happened."""

    tag: bytes
    person: bytes
    audit: bytes

    def encode(self) -> bytes:
        """version (1 byte), person tag (16), person commitment (32), audit commitment (32)."""
        return bytes([LEAF_VERSION]) + self.tag + self.person + self.audit

    def same_event(self, other: Leaf) -> bool:
        """Whether both are of one event: the same commitments, whatever is known of the tag."""
        known = self.tag == other.tag or NO_TAG in (self.tag, other.tag)
        return known and (self.person, self.audit) == (other.person, other.audit)

    @classmethod
    def decode(cls, entry: bytes) -> Self:
        """Read an entry. Raises NotProven for another length or version."""
        if len(entry) != LEAF_BYTES or entry[0] != LEAF_VERSION:
            raise NotProven("entry", "not a leaf of version 1")
        audit_at = 1 + TAG_BYTES + COMMITMENT_BYTES
        return cls(
            tag=entry[1 : 1 + TAG_BYTES],
            person=entry[1 + TAG_BYTES : audit_at],
            audit=entry[audit_at:],
        )


def person_tag(log_key: bytes, person: bytes, audit: bytes) -> bytes:
    """The mark by which the holder of a person's log key finds the person's entries.

    It is made over the two commitments, so whoever holds the key recognises every entry from the
    log alone, and nobody else can tell that two entries concern one person.
    """
    return hmac.digest(log_key, TAG_DOMAIN + person + audit, "sha256")[:TAG_BYTES]


def unkeyed_tag(personal_salt: bytes) -> bytes:
    """The tag of an event that is recorded before its person has a log key.

    Outsiders cannot tell it from a keyed one. It is found through its opening, not through a key.
    """
    return hashlib.sha256(UNKEYED_TAG_DOMAIN + personal_salt).digest()[:TAG_BYTES]
