"""Keeping: answers at rest, sealed under the vault's profile secret, so that they end with it.

A kept text is 0x01, the version of the secret (4 bytes), a salt (32) and the committed ciphertext.
A person who has connected nothing has no vault and no secret yet; what is told of them is
`no_answer` throughout and says no more than the missing row does: 0x00, then the bytes as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mydata_hub.errors import Damaged
from mydata_hub.fields import VaultId
from mydata_hub.ports.clock import Entropy
from mydata_hub.ports.tables import Absent, Check, Key, Row
from mydata_hub.vault.committing import open_committed, seal_committed
from mydata_hub.vault.framing import frame
from mydata_hub.vault.key_rows import check_live, secrets_row
from mydata_hub.vault.refusal import Cause, NotOpened
from mydata_hub.vault.vault_keys import ProfileSecret, VaultKeys

SALT_BYTES: Final = 32
_LABEL: Final = b"mydata-hub kept answer 1"
_PLAIN: Final = b"\x00"
_SEALED: Final = b"\x01"
_SALT_AT: Final = 5
_BODY_AT: Final = _SALT_AT + SALT_BYTES


def place_of(key: Key) -> str:
    """The name of a row: what is kept in one does not open in another."""
    return f"{key.table} {key.partition} {key.sort}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """What opens and keeps for one vault during one request."""

    vault_id: VaultId
    keys: VaultKeys
    row: Row | None
    # None where there is no vault yet.
    secret: ProfileSecret | None

    def keep(self, place: str, content: bytes, entropy: Entropy) -> bytes:
        """Seal for one place (a row); moved to another it does not open."""
        if self.secret is None:
            return _PLAIN + content
        salt = entropy.token(SALT_BYTES)
        head = _SEALED + self.secret.key_version.to_bytes(4, "big")
        body = seal_committed(
            self.secret.key,
            salt=salt,
            label=_LABEL,
            header=self._header(place, head),
            content=content,
        )
        return head + salt + body

    def secret_of(self, key_version: int) -> ProfileSecret:
        """The profile secret of a version. Raises NotOpened, Busy."""
        return self.keys.profile_secret(self.vault_id, row=self.row, key_version=key_version)

    def is_present(self, kept: bytes) -> bool:
        """Whether it was kept under the secret that keeps today."""
        version = self.secret.key_version if self.secret else 0
        return kept[:1] == _PLAIN or int.from_bytes(kept[1:_SALT_AT], "big") == version

    def open(self, place: str, kept: bytes | None) -> bytes | None:
        """What was kept there; None where nothing was, or under a secret that was given up since.

        What was given up is forgotten: a repeated request is answered anew, and a frozen answer is
        one no more, while what was charged for it stays charged. Raises Damaged, for whatever other
        reason it does not open, and Busy.
        """
        if kept is None or kept[:1] == _PLAIN:
            return None if kept is None else kept[1:]
        head = kept[:_SALT_AT]
        try:
            version = int.from_bytes(head[1:], "big")
            secret = self.secret_of(version)
            return open_committed(
                secret.key,
                salt=kept[_SALT_AT:_BODY_AT],
                label=_LABEL,
                header=self._header(place, head),
                sealed=kept[_BODY_AT:],
            )
        except NotOpened as refusal:
            if refusal.cause is Cause.KEY_VERSION:
                return None
            raise Damaged("a kept answer does not open") from None

    def still(self) -> Check:
        """The condition that the vault is as it was: not erased, not made meanwhile, its keys not
        turned; so nothing comes to lie under a secret that may be given up."""
        if self.row is None or self.secret is None:
            return Check(secrets_row(self.vault_id), (Absent(),))
        return check_live(self.vault_id, self.secret.key_version)

    def _header(self, place: str, head: bytes) -> bytes:
        return frame(_LABEL, head, self.vault_id.encode(), place.encode())
