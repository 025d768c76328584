"""Vault keys: two secrets for each person, wrapped apart, unwrapped for minutes, gone when erased.

`purpose=profile` opens what answers are computed from, `purpose=records` opens the records and
authenticates the manifest. Every opening reads the row of keys, strongly consistent, before it
looks into the cache: a tombstone counts at once, whatever is still unwrapped in this process.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from mydata_hub.errors import Busy, Conflict, Damaged, OutcomeUnknown, Unopenable
from mydata_hub.fields import VaultId, require_id
from mydata_hub.ports.clock import Clock, Entropy
from mydata_hub.ports.keys import Keys
from mydata_hub.ports.tables import Put, Row, Tables
from mydata_hub.vault.committing import KEY_BYTES
from mydata_hub.vault.key_rows import (
    Purpose,
    WrappedSecrets,
    first_rows,
    present_version,
    secrets_row,
    wrapped_secrets,
    wrapping_context,
)
from mydata_hub.vault.making_secrets import make_secrets
from mydata_hub.vault.manifest import first_manifest
from mydata_hub.vault.opening import RecordsSecret, load_records_secret
from mydata_hub.vault.public_keys import Recipient, public_key_row, recipient_of
from mydata_hub.vault.refusal import Cause, NotOpened

CACHED_SECRETS: Final = 256
CACHED_FOR: Final = timedelta(minutes=5)
CREATE_TRIES: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSecret:
    """What opens a vault's profile, in one version."""

    key_version: int
    key: bytes = field(repr=False)


Secret: TypeAlias = ProfileSecret | RecordsSecret


class VaultKeys:
    """The keys of the vaults, as far as one function may unwrap them. Safe between threads."""

    def __init__(
        self,
        tables: Tables,
        keys: Keys,
        clock: Clock,
        *,
        purposes: frozenset[Purpose] = frozenset(Purpose),
    ) -> None:
        """`purposes`: what this function may open. Permissions say so too where there are any; on a
        laptop this argument is the only wall."""
        self._tables = tables
        self._keys = keys
        self._purposes = purposes
        self._unwrapped = _Cache(clock)

    def create_vault(self, vault_id: VaultId, entropy: Entropy) -> Recipient:
        """Make the vault's secrets where there are none yet; whoever races, all get one answer.

        Raises NotOpened for an erased vault, BadInput for what is no id, and Busy.
        """
        require_id("vault_id", vault_id)
        named = (secrets_row(vault_id), public_key_row(vault_id))
        for _ in range(CREATE_TRIES):
            rows = self._tables.fetch_many(*named)
            if rows:
                present_version(rows.get(named[0]))
                return recipient_of(vault_id, rows.get(named[1]))
            try:
                self._tables.commit(*self._new_rows(vault_id, entropy))
            except (Conflict, OutcomeUnknown):
                continue  # somebody was first, perhaps we ourselves: the rows tell
        raise Busy("a vault could not be made")

    def profile_secret(
        self, vault_id: VaultId, *, row: Row | None = None, key_version: int | None = None
    ) -> ProfileSecret:
        """The secret of one version, of the present one by default.

        `row` is the row of `secrets_row(vault_id)` where the caller has just read it in a batch of
        its own; otherwise it is read here. Raises NotOpened, Busy, Damaged.
        """
        secret = self._secret(vault_id, Purpose.PROFILE, row, key_version)
        assert isinstance(secret, ProfileSecret)
        return secret

    def records_secret(
        self, vault_id: VaultId, *, row: Row | None = None, key_version: int | None = None
    ) -> RecordsSecret:
        """As `profile_secret`, for the secret that opens segments and manifests."""
        secret = self._secret(vault_id, Purpose.RECORDS, row, key_version)
        assert isinstance(secret, RecordsSecret)
        return secret

    def _secret(
        self, vault_id: VaultId, purpose: Purpose, row: Row | None, key_version: int | None
    ) -> Secret:
        if purpose not in self._purposes:
            raise NotOpened(Cause.PURPOSE)
        key = secrets_row(vault_id)
        found = row or self._tables.fetch_many(key).get(key)
        if found is not None and found.key != key:
            raise NotOpened(Cause.FOREIGN)
        try:
            stored = wrapped_secrets(found, key_version or present_version(found))
        except NotOpened as refusal:
            if refusal.cause is Cause.ERASED:
                self._unwrapped.forget(vault_id)
            elif refusal.cause is Cause.KEY_VERSION and key_version is not None:
                # Given up: whatever is still unwrapped here of it goes too.
                self._unwrapped.forget(vault_id, key_version)
            raise
        return self._unwrapped.get(vault_id, purpose, stored, self._unwrap)

    def _unwrap(self, vault_id: VaultId, purpose: Purpose, stored: WrappedSecrets) -> Secret:
        context = wrapping_context(vault_id, stored.nonce, stored.key_version, purpose)
        try:
            secret = self._keys.unwrap(stored.wrapped[purpose], context)
        except Unopenable:
            raise NotOpened(Cause.SEALED) from None
        if purpose is Purpose.RECORDS:
            return load_records_secret(secret, stored.key_version)
        if len(secret) != KEY_BYTES:
            raise Damaged("a profile secret has another length")
        return ProfileSecret(key_version=stored.key_version, key=secret)

    def _new_rows(self, vault_id: VaultId, entropy: Entropy) -> tuple[Put, ...]:
        stored, plain = make_secrets(self._keys, vault_id, 1, entropy)
        records = load_records_secret(plain[Purpose.RECORDS], stored.key_version)
        # The empty manifest is made with the keys, so that a missing one is never taken for empty.
        return (
            *first_rows(vault_id, stored, records.public_key),
            first_manifest(vault_id, records),
        )


class _Cache:
    """Unwrapped secrets, bounded in number and age; an entry serves only the bytes it came from."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._held: OrderedDict[tuple[VaultId, Purpose, int], tuple[bytes, datetime, Secret]]
        self._held = OrderedDict()

    def get(
        self,
        vault_id: VaultId,
        purpose: Purpose,
        stored: WrappedSecrets,
        unwrap: Callable[[VaultId, Purpose, WrappedSecrets], Secret],
    ) -> Secret:
        name = (vault_id, purpose, stored.key_version)
        source = hashlib.sha256(stored.nonce + stored.wrapped[purpose]).digest()
        now = self._clock.now()
        with self._lock:
            held = self._held.get(name)
            # A clock that was set back must not lengthen a life.
            if held and held[0] == source and timedelta(0) <= now - held[1] < CACHED_FOR:
                self._held.move_to_end(name)
                return held[2]
        # Not under the lock: one slow answer of the key service must not hold up everybody.
        secret = unwrap(vault_id, purpose, stored)
        with self._lock:
            self._held[name] = (source, now, secret)
            self._held.move_to_end(name)
            old = [name for name, held in self._held.items() if now - held[1] >= CACHED_FOR]
            for name in old or list(self._held)[:-CACHED_SECRETS]:
                del self._held[name]
        return secret

    def forget(self, vault_id: VaultId, key_version: int | None = None) -> None:
        with self._lock:
            for name in list(self._held):
                if name[0] == vault_id and key_version in (None, name[2]):
                    del self._held[name]
