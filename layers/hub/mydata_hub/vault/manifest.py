"""The manifest: which segments a vault consists of, so that none is replayed, lost or slipped in.

Its entries lie in 64 pages (manifest_pages.py). The head names the hash of every page and is
authenticated under a key that comes with the records secret: what holds only the profile secret
cannot write a manifest. The head is the row of `vaults`, advanced by compare-and-swap.

It proves that the rows belong together. That they are the newest there were, no key can prove: for
that each advance is an event of the log, which names the row and the version it wrote.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from mydata_hub.errors import Damaged
from mydata_hub.fields import VaultId
from mydata_hub.ports.tables import Absent, Key, Put, Row, Value
from mydata_hub.vault.framing import frame, number
from mydata_hub.vault.opening import RecordsSecret
from mydata_hub.vault.refusal import Cause, NotOpened
from mydata_hub.vault.sealing import FORMAT

TABLE: Final = "vaults"
PAGES: Final = 64
HASH_BYTES: Final = 32
NO_PAGE: Final = bytes(HASH_BYTES)
LABEL: Final = b"mydata-hub manifest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The head: `pages` are 64 hashes in a row, `segments` counts what was not dropped."""

    vault_id: VaultId
    version: int
    key_version: int
    segments: int
    pages: bytes

    def encode(self) -> bytes:
        """What is authenticated."""
        counts = (number(self.version), number(self.key_version), number(self.segments))
        return frame(LABEL, bytes([FORMAT]), self.vault_id.encode(), *counts, self.pages)

    def digest(self) -> bytes:
        """The hash that the profile is bound to."""
        return hashlib.sha256(self.encode()).digest()

    def values(self, secret: RecordsSecret) -> dict[str, Value]:
        """The values of the head's row."""
        return {
            "manifest_version": self.version,
            "key_version": self.key_version,
            "segments": self.segments,
            "pages": self.pages,
            "tag": hmac.digest(secret.manifest_key, self.encode(), hashlib.sha256),
        }


def vault_row(vault_id: VaultId) -> Key:
    """The row of a vault: the manifest's head, and the sealed profile beside it."""
    return Key(TABLE, vault_id)


def first_manifest(vault_id: VaultId, secret: RecordsSecret) -> Put:
    """The change that begins a vault's manifest, in the commit that makes its keys."""
    empty = Manifest(
        vault_id=vault_id,
        version=0,
        key_version=secret.key_version,
        segments=0,
        pages=NO_PAGE * PAGES,
    )
    values = {**empty.values(secret), "profile_version": 0, "profile": None}
    return Put(key=vault_row(vault_id), values=values, when=Absent())


def read_manifest(vault_id: VaultId, row: Row | None) -> Manifest:
    """The head as the row has it, not authenticated. Raises NotOpened, Damaged."""
    if row is None:
        raise NotOpened(Cause.MISSING)
    if row.key != vault_row(vault_id):
        raise NotOpened(Cause.FOREIGN)
    names = ("manifest_version", "key_version", "segments")
    counts = [count for name in names if type(count := row.values.get(name)) is int and count >= 0]
    pages = row.values.get("pages")
    if (
        len(counts) < len(names)
        or not isinstance(pages, bytes)
        or len(pages) != len(NO_PAGE) * PAGES
    ):
        raise Damaged("the row of a vault is malformed")
    version, key_version, segments = counts
    return Manifest(
        vault_id=vault_id,
        version=version,
        key_version=key_version,
        segments=segments,
        pages=pages,
    )


def authenticate(vault_id: VaultId, row: Row | None, secret: RecordsSecret) -> Manifest:
    """The head, if the vault's own key wrote it. Raises NotOpened, Damaged."""
    manifest = read_manifest(vault_id, row)
    tag = row.values.get("tag") if row else None
    expected = hmac.digest(secret.manifest_key, manifest.encode(), hashlib.sha256)
    if not isinstance(tag, bytes) or not hmac.compare_digest(tag, expected):
        raise NotOpened(Cause.MANIFEST)
    return manifest
