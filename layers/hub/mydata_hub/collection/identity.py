"""The real-name check: one provider identity, one person of this hub.

Korean providers know a person by a code that is the same at all of them (연계정보, CI). The hub
keeps only its keyed hash: enough to notice that it belongs to somebody else, nothing to look up.
It lies in table `intake`, which no other zone reads, and so does its key, wrapped.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Mapping
from typing import Final

from mydata_hub.errors import BadInput, NotAllowed
from mydata_hub.fields import SubjectId
from mydata_hub.ports.tables import Absent, Change, Check, Compare, Key, Put, Row

TABLE: Final = "intake"
KEY_BYTES: Final = 32
_DOMAIN: Final = b"mydata-hub/provider-identity/1\0"


def identity_tag(key: bytes, identity: str) -> str:
    """HMAC-SHA-256 of a provider's name for a person; without the key it cannot be tried out."""
    if len(key) != KEY_BYTES:
        raise BadInput("key", f"takes {KEY_BYTES} bytes")
    told = unicodedata.normalize("NFC", identity.strip())
    if not told:
        raise BadInput("identity", "is needed: the provider must say who the person is")
    return hmac.new(key, _DOMAIN + told.encode(), hashlib.sha256).hexdigest()


def identity_keys(tag: str, subject: SubjectId) -> tuple[Key, Key]:
    """The rows that `claim_identity` decides on: fetch both first."""
    return Key(TABLE, f"identity#{tag}"), Key(TABLE, f"person#{subject}", "identity")


def claim_identity(tag: str, subject: SubjectId, rows: Mapping[Key, Row]) -> tuple[Change, Change]:
    """The changes that bind identity and person to each other, for the commit that connects.

    Raises NotAllowed where the identity is another person's, or this person has another one: a
    family member's account is a third person's data. Two commits at once cannot both bind.
    """
    changes: list[Change] = []
    for key, name, value in zip(
        identity_keys(tag, subject), ("subject", "tag"), (subject, tag), strict=True
    ):
        row = rows.get(key)
        if row is None:
            changes.append(Put(key=key, values={name: value}, when=Absent()))
        elif hmac.compare_digest(str(row.values.get(name)).encode(), value.encode()):
            changes.append(Check(key, (Compare(name, "=", value),)))
        else:
            raise NotAllowed("the provider knows this account under another person's name")
    return changes[0], changes[1]
