"""Recovery: a data folder made anew from a backup, when the one that was live is lost.

What happened after the backup is gone, so whatever only ever narrows is taken as having happened:
every consent ends (somebody may have withdrawn it), every partner counts as having been told all
that its grant allowed, every session and token is over, and the log does not sign again what it
may have signed otherwise. Each person agrees anew where they want to.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from mydata_hub.accounts.desk import Desk
from mydata_hub.cli.laptop import environment_of
from mydata_hub.config import ConsentSettings
from mydata_hub.consent.endings import revoke_grant
from mydata_hub.consent.grant import Grant, GrantKind
from mydata_hub.consent.grants import read_grant
from mydata_hub.embedded.deployment import Deployment
from mydata_hub.embedded.disk_blobs import FOLDER_NAME as BLOBS
from mydata_hub.embedded.fsck_files import Progress
from mydata_hub.embedded.key_copies import KeyCopy
from mydata_hub.embedded.rewinding import remove_row, rows_in, rows_naming, write_over
from mydata_hub.embedded.root_key import SIGNERS
from mydata_hub.embedded.row_copy import copy_rows
from mydata_hub.embedded.snapshots import Snapshot, files_below, link_or_copy
from mydata_hub.embedded.sqlite_file import SqliteFile
from mydata_hub.errors import NotAllowed
from mydata_hub.fields import ClaimRef, GroupId, PartyId, VaultId
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.ports.tables import Key, Tables
from mydata_hub.release.ledger import UNITS, Charge
from mydata_hub.release.ledger_rows import (
    NOTHING_TOLD,
    ledger_key,
    put_ledger,
    put_total,
    read_ledger,
    read_total,
    sealed_answers,
    total_key,
)
from mydata_hub.transparency.checkpoint import VerifierKey, verify_checkpoint
from mydata_hub.transparency.published import CHECKPOINT
from mydata_hub.vault.public_keys import ERASED
from mydata_hub.vault_config import AnswerSettings
from mydata_hub.wiring import tables_for

CONNECTIONS: Final = "ConnectionsTable"
# Whoever holds what these rows name signs in, or asks for a token, anew.
BEARERS: Final = ("SessionsTable", "OauthTable", "IdempotencyTable")
# The log keeps its entries, which open no more; what erasure left is about nobody.
KEPT_OF_ERASED: Final = frozenset({"EventsTable", "ErasuresTable", "InForceTable", "LogTable"})


def rebuild(
    data: Path, folder: Path, snapshot: Snapshot, copy: KeyCopy, progress: Progress
) -> tuple[int, int]:
    """Lay out a data folder: rows of the snapshot, keys of the copy, blobs and signing keys.

    Nothing of an erased person is brought back. Gives how many people that were, and how many
    rows were left out. Raises Damaged, Busy, StoreError.
    """
    for part in (BLOBS, SIGNERS):
        for done, path in enumerate(files_below(folder / part)):
            progress(part, done, None)
            link_or_copy(folder / part / path, data / part / path)
    with (
        closing(SqliteFile(snapshot.folder, create=False)) as old,
        old.reading() as then,
    ):
        copy_rows(then, data, lambda _: True, progress)
    with (
        closing(SqliteFile(copy.folder, create=False)) as copied,
        copied.reading() as keys,
        closing(SqliteFile(data, create=False)) as file,
        file.writing() as live,
    ):
        tables = [name for (name,) in keys.execute("SELECT DISTINCT name FROM row")]
        gone = set()
        for name in tables:
            for stored in rows_in(keys, name):
                write_over(live, name, stored)
                if stored.row.values.get("state") == ERASED:
                    gone.add(stored.row.key.partition)
        return len(gone), _leave_out(live, gone, frozenset(tables) | KEPT_OF_ERASED)


def end_what_may_have_ended(deployment: Deployment) -> int:
    """End every consent and charge what its partner may have been told; gives how many ended."""
    consent = ConsentSettings.read(environment_of(deployment, "consent"))
    desk = Desk(
        tables=tables_for(consent),
        clock=SystemClock(),
        entropy=SystemEntropy(),
        issuer=consent.issuer,
    )
    ledger = tables_for(AnswerSettings.read(environment_of(deployment, "answer")))
    grants = [grant for grant in _every_grant(deployment, desk) if grant.ended_at is None]
    for grant in grants:
        # Before its end: a run that was killed between the two finds the grant, and charges again.
        if grant.kind is GrantKind.RELEASE:
            charge_in_full(ledger, grant, desk.now())
        revoke_grant(desk, grant.grant_id, PartyId("hub"))
    return len(grants)


def charge_in_full(tables: Tables, grant: Grant, now: datetime) -> int:
    """Charge a release grant with all that it allows; gives the units. Again charges nothing."""
    vault, group = VaultId(grant.subject), GroupId(str(grant.recipient_group))
    key, total_at = ledger_key(vault, group), total_key(vault)
    rows = tables.fetch_many(key, total_at)
    ledger = read_ledger(rows.get(key))
    units = grant.max_bits * UNITS - ledger.charged_to(grant.grant_id)
    if units <= 0:
        return 0
    charge = Charge(
        claim=ClaimRef(grant.items[0]),
        attributes=(),
        period=str(now.year),
        units=units,
        charged_at=now,
        grant_id=grant.grant_id,
        grant_until=grant.expires_at,
    )
    charged = ledger.add(charge)
    tables.commit(
        put_ledger(key, rows.get(key), charged, sealed_answers(rows.get(key)) or NOTHING_TOLD),
        put_total(
            total_at, rows.get(total_at), read_total(rows.get(total_at)).charge(group, units, now)
        ),
    )
    return units


def require_newest_log(tables: Tables, published: bytes | None) -> None:
    """Refuse a log that is behind what was published of it; None where nothing ever was.

    Raises NotAllowed for a newer checkpoint, NotProven for one that is not of this log.
    """
    row = tables.fetch_many(CHECKPOINT).get(CHECKPOINT)
    if published is None:
        return
    if row is None:
        raise NotAllowed("a checkpoint was published, and this backup is from before the log began")
    held = row.values["size"]
    assert isinstance(held, int)
    seen = verify_checkpoint(published, VerifierKey.parse(str(row.values["key"])))
    if seen.size > held:
        raise NotAllowed(
            f"the log was published up to {seen.size} and this backup knows it up to {held}: to go "
            "on from there would rewrite it; restore a later backup"
        )


def _leave_out(live: sqlite3.Connection, gone: Collection[str], kept: Collection[str]) -> int:
    """Remove what is an erased person's or lets a bearer in; gives how many rows that were."""
    of_theirs = rows_naming(live, CONNECTIONS, gone)
    names = {*gone, *(str(stored.row.values.get("connection_id")) for stored in of_theirs)}
    removed = 0
    for (name,) in live.execute("SELECT DISTINCT name FROM row").fetchall():
        if name not in kept:
            found = rows_in(live, name) if name in BEARERS else rows_naming(live, name, names)
            for stored in found:
                remove_row(live, name, stored)
                removed += 1
    return removed


def _every_grant(deployment: Deployment, desk: Desk) -> list[Grant]:
    name = environment_of(deployment, "consent")["GRANTS_TABLE"]
    folder = Path(environment_of(deployment, "consent")["ENGINE"].partition(":")[2])
    with closing(SqliteFile(folder, create=False)) as file, file.reading() as connection:
        keys = [
            Key("grants", stored.row.key.partition)
            for stored in rows_in(connection, name)
            if stored.row.key.partition.startswith("grant#")
        ]
    return [read_grant(desk.tables.fetch_many(key)[key]) for key in keys]
