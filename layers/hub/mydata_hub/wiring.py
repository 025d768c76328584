"""The composition root: the only place where the two engines meet.

Functions ask here for the ports of their zone. Which of these a function may name is part of the
zone table (docs/zones.md) and proven by tests/architecture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from importlib.util import find_spec
from operator import add
from pathlib import Path
from typing import Final

from mydata_hub.config import (
    AuthorizeSettings,
    CollectSettings,
    ConsentSettings,
    DeliverSettings,
    NotifySettings,
    PagesSettings,
    ReceiveSettings,
    Settings,
)
from mydata_hub.errors import SettingMissing
from mydata_hub.ports.blobs import Blobs
from mydata_hub.ports.clock import SystemClock
from mydata_hub.ports.keys import Keys
from mydata_hub.ports.signer import Algorithm, Signer
from mydata_hub.ports.tables import Tables
from mydata_hub.vault_config import EraseSettings

# Of template.yaml, and of DynamoDB where that says nothing (tests/architecture compares them).
KEYS_RECOVERABLE: Final = timedelta(days=7)
ROWS_RECOVERABLE: Final = timedelta(days=35)
EVENTS: Final = "events"
# On a laptop: when a database is looked at again whose log somebody was reading.
LOG_PAUSE: Final = timedelta(minutes=1)


def tables_for(settings: Settings) -> Tables:
    """The tables that the settings name, and no others; events pass into them sealed."""
    tables = _tables(settings)
    if EVENTS not in settings.table_names():
        return tables
    from mydata_hub.personal_log.writing import SealedEvents

    return SealedEvents(tables, SystemClock())


def _tables(settings: Settings) -> Tables:
    folder = embedded_folder(settings)
    if folder is None:
        from mydata_hub.aws.dynamo_tables import DynamoTables

        return DynamoTables(settings.table_names(), SystemClock())
    from mydata_hub.embedded.sqlite_tables import SqliteTables

    return SqliteTables(folder, settings.table_names(), SystemClock())


def blobs_for(settings: Settings, bucket: str) -> Blobs:
    """One bucket of immutable blobs."""
    folder = embedded_folder(settings)
    if folder is None:
        from mydata_hub.aws.s3_blobs import S3Blobs

        return S3Blobs(bucket)
    from mydata_hub.embedded.disk_blobs import DiskBlobs

    return DiskBlobs(folder, bucket)


def keys_for(settings: Settings, key_id: str) -> Keys:
    """One master key: vault and log zones only."""
    folder = embedded_folder(settings)
    if folder is None:
        from mydata_hub.aws.kms_keys import KmsKeys

        return KmsKeys(key_id)
    from mydata_hub.embedded.local_keys import LocalKeys

    return LocalKeys(folder, key_id)


def intake_box_for(settings: ReceiveSettings | CollectSettings) -> Keys:
    """Intake's own key, and no other: this is why intake never asks for keys by name."""
    return keys_for(settings, settings.intake_key)


def signer_for(settings: Settings, key_id: str, algorithm: Algorithm) -> Signer:
    """One long-lived signing key."""
    folder = embedded_folder(settings)
    if folder is None:
        from mydata_hub.aws.kms_signer import KmsSigner

        return KmsSigner(key_id, algorithm)
    from mydata_hub.embedded.local_signer import LocalSigner

    return LocalSigner(folder, key_id, algorithm)


@dataclass(frozen=True, slots=True)
class Copies:
    """Until when copies may be there of what was destroyed or deleted at an instant.

    `keys_until` for wrapped keys, of which it replaces copies within reach, `old_keys_until` for
    those that are replaced by the next backup alone, `rows_until` for rows that were not sealed,
    None where only the operator knows.
    """

    keys_until: Callable[[datetime], datetime]
    old_keys_until: Callable[[datetime], datetime]
    rows_until: Callable[[datetime], datetime | None]


def copies_of(settings: EraseSettings) -> Copies:
    """What the engine's own backups keep of what is erased."""
    folder = embedded_folder(settings)
    if folder is None:
        # template.yaml: point-in-time recovery of the table of keys, and of every other table.
        recoverable = partial(add, KEYS_RECOVERABLE)
        return Copies(recoverable, recoverable, partial(add, ROWS_RECOVERABLE))
    from mydata_hub.embedded.key_copies import key_copies_until, old_key_copies_until
    from mydata_hub.embedded.sqlite_file import SqliteFile

    def in_log(at: datetime) -> datetime:
        # The write-ahead log is a copy too: it holds the row of keys as it was.
        emptied = SqliteFile(folder).empty_log()
        return at if emptied else SystemClock().now() + LOG_PAUSE

    return Copies(
        lambda at: max(key_copies_until(folder, at), in_log(at)),
        lambda at: max(old_key_copies_until(folder, at), in_log(at)),
        lambda _at: None,
    )


def loopback_calls_allowed(
    settings: DeliverSettings | NotifySettings | PagesSettings,
) -> bool:
    """Whether partners and push services may be on this machine: on a laptop alone."""
    return embedded_folder(settings) is not None


def policies_folder() -> Path:
    """Where the policies are: in a layer of the function, the installed package, or a source tree.

    Raises SettingMissing when they are in none of them.
    """
    package = Path(__file__).parent
    layer = find_spec("mydata_policies")  # the folder that policies/Makefile makes, on the path
    found = layer.submodule_search_locations if layer else None
    for folder in (
        *map(Path, found or ()),
        package / "_deployment" / "policies",
        package.parents[2] / "policies",
    ):
        if folder.is_dir():
            return folder
    raise SettingMissing("policies", "are neither in a layer, the package nor a source tree")


def embedded_folder(settings: Settings) -> Path | None:
    """The folder of the embedded engine, or None on AWS."""
    kind, _, folder = settings.engine.partition(":")
    return Path(folder) if kind == "embedded" else None


def software_passkeys_allowed(
    settings: PagesSettings | AuthorizeSettings | ConsentSettings,
) -> bool:
    """Whether the command line's own authenticator may be enrolled.

    Raises SettingMissing where it is allowed on an engine that is not a laptop's.
    """
    if settings.software_passkeys == "refused":
        return False
    if embedded_folder(settings) is None:
        raise SettingMissing("SOFTWARE_PASSKEYS", "only the embedded engine may allow them")
    return True
