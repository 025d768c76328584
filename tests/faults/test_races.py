"""Many processes at the same moment: one of them is first, and all agree on who it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mydata_hub.embedded.disk_blobs import DiskBlobs
from mydata_hub.embedded.durable_files import remove_leftovers
from mydata_hub.embedded.fsck import check_folder
from mydata_hub.embedded.local_keys import LocalKeys
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.errors import BlobMissing

from tests.faults.race import CONTEXT, COUNTER, INCREMENTS

PROCESSES = 8
Race = Callable[[str], list[Any]]


@pytest.fixture
def race(run_program: Callable[..., Any], folder: Path) -> Race:
    return lambda thing: run_program("race", thing, folder, PROCESSES)


def test_eight_first_openings_at_once_make_one_database(race: Race, folder: Path) -> None:
    assert race("open_and_write") == [5] * PROCESSES
    assert check_folder(folder) == []


def test_increments_of_eight_processes_add_up(race: Race, tables: SqliteTables) -> None:
    refused = race("increment")
    row = tables.fetch_many(COUNTER)[COUNTER]
    assert row.values["count"] == row.version == PROCESSES * INCREMENTS
    assert sum(refused) > 0


def test_of_eight_writers_of_one_version_seven_lose(race: Race, tables: SqliteTables) -> None:
    told = race("write_version_one")
    winners = [each for each in told if each != "Conflict"]
    row = tables.fetch_many(COUNTER)[COUNTER]
    assert winners == [row.values["by"]]
    assert row.version == 1


def test_eight_processes_that_start_at_once_share_one_root_key(race: Race, folder: Path) -> None:
    wrapped = race("wrap")
    keys = LocalKeys(folder, "vaults")
    assert {keys.unwrap(bytes.fromhex(each), CONTEXT) for each in wrapped} == {b"secret"}


def test_eight_processes_that_start_at_once_share_one_signing_key(race: Race) -> None:
    assert len(set(race("read_public_key"))) == 1


def test_of_eight_writers_of_different_bytes_one_is_first(race: Race, folder: Path) -> None:
    told = race("put_own_blob")
    winners = [each for each in told if each != "Taken"]
    assert len(winners) == 1
    assert DiskBlobs(folder, "race").get("a/name") == b"%d" % winners[0] * 100_000


def test_eight_writers_of_the_same_bytes_all_succeed(race: Race) -> None:
    assert race("put_same_blob") == list(range(PROCESSES))


def test_a_crash_before_the_link_leaves_no_blob(race: Race, folder: Path) -> None:
    assert race("die_before_link") == ["killed"] * PROCESSES
    blobs = DiskBlobs(folder, "race")
    assert list(blobs.names("")) == []
    with pytest.raises(BlobMissing):
        blobs.get("killed/0")
    assert len(check_folder(folder)) == PROCESSES
    assert remove_leftovers(folder) == PROCESSES
    assert check_folder(folder) == []
    blobs.put_if_absent("killed/0", b"whole")
    assert blobs.get("killed/0") == b"whole"
