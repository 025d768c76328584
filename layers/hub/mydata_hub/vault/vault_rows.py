"""Vault rows: keys and head of a vault, read together so that they belong together.

A read of several rows is no snapshot. A head that names a version of which the keys that came with
it know nothing was read after a turn of the keys, and the keys before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mydata_hub.fields import VaultId
from mydata_hub.ports.tables import Key, Row, Tables
from mydata_hub.vault.key_rows import secrets_row
from mydata_hub.vault.manifest import vault_row
from mydata_hub.vault.public_keys import LIVE

READS: Final = 3


def fetch_vault(tables: Tables, vault_id: VaultId, *also: Key) -> Mapping[Key, Row]:
    """The rows of keys and head, and others with them; one call, but where keys were just turned.

    Raises LimitExceeded, Damaged, Busy.
    """
    secrets, head = secrets_row(vault_id), vault_row(vault_id)
    for _ in range(READS):
        rows = tables.fetch_many(*dict.fromkeys((secrets, head, *also)))
        if not _apart(rows.get(secrets), rows.get(head)):
            break
    return rows


def _apart(secrets: Row | None, head: Row | None) -> bool:
    if secrets is None or head is None or secrets.values.get("state") != LIVE:
        return False
    versions = secrets.values.get("versions")
    return isinstance(versions, Mapping) and str(head.values.get("key_version")) not in versions
