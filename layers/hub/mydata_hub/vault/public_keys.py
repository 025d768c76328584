"""Public keys: the half of a vault's keys that intake may read, in a table of its own.

Permissions are given per table, so what intake needs lies apart from the wrapped secrets: a row of
`vault_public` for each vault, format 1: `state` ("live" or "erased"), `key_version`, `public_key`.
Only the vault zone writes it, in the commit that writes the secrets beside.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mydata_hub.errors import Damaged
from mydata_hub.fields import VaultId
from mydata_hub.ports.tables import Check, Compare, Key, Row, Tables, Value
from mydata_hub.vault.erased_parts import ErasedPart, read_parts
from mydata_hub.vault.refusal import Cause, NotOpened
from mydata_hub.vault.sealing import PUBLIC_KEY_BYTES

TABLE: Final = "vault_public"
LIVE: Final = "live"
ERASED: Final = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A vault to seal to: whoever holds this can seal and not open."""

    vault_id: VaultId
    key_version: int
    public_key: bytes
    # What the person erased, and intake leaves out of what it seals.
    erased: tuple[ErasedPart, ...] = ()

    def keeps_out(self, provider_id: str, dataset: str, occurred_at: datetime) -> bool:
        """Whether a record that a provider tells is of a part that was erased."""
        return any(part.scope.keeps_out(provider_id, dataset, occurred_at) for part in self.erased)


def public_key_row(vault_id: VaultId) -> Key:
    """The row that holds a vault's public key."""
    return Key(TABLE, vault_id)


def read_recipient(tables: Tables, vault_id: VaultId) -> Recipient:
    """The vault's present public key. Raises NotOpened for no vault and for an erased one."""
    key = public_key_row(vault_id)
    return recipient_of(vault_id, tables.fetch_many(key).get(key))


def check_open(recipient: Recipient) -> Check:
    """The condition that a vault is not erased and still has the key that one sealed to.

    It is for who may not see the table of keys. Without it, a page that was under way would leave a
    segment behind an erasure, or one under a key that has been given up.
    """
    conditions = (
        Compare("state", "=", LIVE),
        Compare("key_version", "=", recipient.key_version),
    )
    return Check(public_key_row(recipient.vault_id), conditions)


def recipient_of(vault_id: VaultId, row: Row | None) -> Recipient:
    """The public key in a row just read. Raises NotOpened, Damaged."""
    values = live_values(row)
    key_version, public_key = values.get("key_version"), values.get("public_key")
    if not (
        isinstance(key_version, int)
        and isinstance(public_key, bytes)
        and len(public_key) == PUBLIC_KEY_BYTES
    ):
        raise Damaged("a row of public keys is malformed")
    return Recipient(
        vault_id=vault_id,
        key_version=key_version,
        public_key=public_key,
        erased=read_parts(row),
    )


def public_values(key_version: int, public_key: bytes) -> dict[str, Value]:
    """The values of a live row."""
    return {"state": LIVE, "key_version": key_version, "public_key": public_key}


def live_values(row: Row | None) -> dict[str, Value]:
    """The values of a row of keys that is there and no tombstone. Raises NotOpened, Damaged."""
    if row is None:
        raise NotOpened(Cause.NO_VAULT)
    match row.values.get("state"):
        case "live":
            return dict(row.values)
        case "erased":
            raise NotOpened(Cause.ERASED)
        case _:
            raise Damaged("a row of keys is neither live nor erased")
