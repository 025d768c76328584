"""The check finds each planted damage, names the object, and finds nothing in a sound folder."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from mydata_hub.cli.fsck import fsck
from mydata_hub.embedded.disk_blobs import DiskBlobs
from mydata_hub.embedded.durable_files import leftovers
from mydata_hub.embedded.feed import SqliteFeed
from mydata_hub.embedded.fsck import check_folder
from mydata_hub.embedded.local_keys import LocalKeys
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.embedded.row_image import checksum_of
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.errors import Damaged, NotFound
from mydata_hub.ports.tables import Absent, Key, Put, VersionIs

from tests.faults.names import NAMES

ROW = Key("left", "person-1", "a")
EXPIRY = datetime(2999, 1, 1, tzinfo=UTC)


@pytest.fixture
def sound(folder: Path, tables: SqliteTables) -> Path:
    """A folder with a bit of everything in it, every connection closed."""
    feed = SqliteFeed(folder)
    feed.declare({"watcher": NAMES["left"]})
    for sort in ("a", "b", "c"):
        key = Key("left", "person-1", sort)
        indexes = {"by_day": ("monday", sort)}
        tables.commit(
            Put(key=key, values={"n": 1}, when=Absent(), expires_at=EXPIRY, indexes=indexes)
        )
    tables.commit(Put(key=Key("left", "person-1", "b"), values={"n": 2}, when=VersionIs(1)))
    feed.advance("watcher", 1)
    DiskBlobs(folder, "tiles").put_if_absent("tile/0/x001", b"hashes")
    LocalSigner(folder, "log", "EdDSA")
    feed.close()
    tables.close()
    return folder


def alter(folder: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(folder / "hub.sqlite3")) as connection, connection:
        assert connection.execute(statement, values).rowcount > 0


def problems(folder: Path) -> list[str]:
    return [f"{found.object}: {found.problem}" for found in check_folder(folder)]


def only_problem(folder: Path) -> str:
    found = problems(folder)
    assert len(found) == 1, found
    return found[0]


def flip(path: Path, position: int = -1) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


def test_a_sound_folder_has_no_findings(sound: Path) -> None:
    assert problems(sound) == []


def test_a_folder_without_a_hub_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        check_folder(tmp_path)


def test_a_flipped_byte_in_a_row_is_found_and_never_read(sound: Path, tables: SqliteTables) -> None:
    with closing(sqlite3.connect(sound / "hub.sqlite3")) as connection:
        (image,) = connection.execute("SELECT image FROM row WHERE id = 1").fetchone()
    alter(sound, "UPDATE row SET image = ? WHERE id = 1", image.replace(b'"n":1', b'"n":9'))
    assert "row 1 of LeftTable" in only_problem(sound)
    with pytest.raises(Damaged):
        tables.fetch_many(ROW)
    with pytest.raises(Damaged):
        tables.query("left", "person-1")
    with pytest.raises(Damaged):
        tables.commit(Put(key=ROW, values={}, when=VersionIs(1)))


def test_a_version_below_one_is_found(sound: Path) -> None:
    with closing(sqlite3.connect(sound / "hub.sqlite3")) as connection:
        (image,) = connection.execute("SELECT image FROM row WHERE id = 1").fetchone()
    image = image.replace(b'"version":1', b'"version":0')
    checksum = checksum_of("LeftTable", image)
    alter(sound, "UPDATE row SET image = ?, checksum = ? WHERE id = 1", image, checksum)
    assert "version 0" in only_problem(sound)


def test_a_row_that_took_the_bytes_of_another_is_found(sound: Path, tables: SqliteTables) -> None:
    alter(
        sound,
        "UPDATE row SET (image, checksum) = (SELECT image, checksum FROM row WHERE id = 3)"
        " WHERE id = 1",
    )
    assert any("row 1 of LeftTable: is kept under another" in each for each in problems(sound))
    with pytest.raises(Damaged):
        tables.fetch_many(ROW)


def test_a_changed_expiry_is_found(sound: Path) -> None:
    alter(sound, "UPDATE row SET expires_at = NULL WHERE id = 3")
    assert "instant of expiry" in only_problem(sound)


def test_a_lost_index_entry_is_found(sound: Path) -> None:
    alter(sound, "DELETE FROM entry WHERE row = 3")
    assert "row 3 of LeftTable: is not listed" in only_problem(sound)


def test_an_index_entry_of_no_row_is_found(sound: Path) -> None:
    alter(sound, "INSERT INTO entry VALUES ('LeftTable', 'by_day', x'41', x'41', 99)")
    assert "index by_day of LeftTable: lists row 99" in only_problem(sound)


def test_a_gap_in_the_feed_is_found(sound: Path) -> None:
    alter(sound, "DELETE FROM feed WHERE position = 3")
    assert "change feed: has lost what lay between 2 and 4" in only_problem(sound)


def test_a_feed_that_lost_its_end_is_found(sound: Path) -> None:
    alter(sound, "DELETE FROM feed WHERE position = 4")
    assert "change feed: ends at 3" in only_problem(sound)


def test_a_feed_that_lost_what_a_consumer_waits_for_is_found(sound: Path) -> None:
    alter(sound, "DELETE FROM feed WHERE position = 2")
    assert "consumer watcher: stands at 1" in only_problem(sound)


def test_a_cursor_past_the_end_of_the_feed_is_found(sound: Path) -> None:
    alter(sound, "UPDATE stream SET position = 77")
    assert "consumer watcher: stands at 77" in only_problem(sound)


def test_an_altered_feed_entry_is_found(sound: Path) -> None:
    alter(sound, "UPDATE feed SET new = new || x'20' WHERE position = 2")
    assert "change feed, entry 2" in only_problem(sound)


def test_a_damaged_database_page_is_found(sound: Path) -> None:
    with closing(sqlite3.connect(sound / "hub.sqlite3")) as connection:
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'entry'"
        ).fetchone()
    path = sound / "hub.sqlite3"
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    assert any(each.startswith("hub.sqlite3: ") for each in problems(sound))


def test_a_file_that_is_no_database_is_found(sound: Path) -> None:
    (sound / "hub.sqlite3").write_bytes(b"not a database" * 1000)
    assert "hub.sqlite3" in only_problem(sound)


def test_a_database_gone_from_beside_its_log_is_found(sound: Path) -> None:
    (sound / "hub.sqlite3").rename(sound / "hub.sqlite3-wal")
    assert "hub.sqlite3: is gone" in only_problem(sound)


def test_a_flipped_byte_in_a_blob_is_found(sound: Path) -> None:
    flip(sound / "blobs/tiles/tile=/0=/x001")
    assert "blob tile/0/x001 of tiles" in only_problem(sound)


def test_a_blob_under_another_name_is_found(sound: Path) -> None:
    blob = sound / "blobs/tiles/tile=/0=/x001"
    blob.rename(blob.with_name("x002"))
    assert "blob tile/0/x002 of tiles" in only_problem(sound)


def test_a_foreign_file_among_the_blobs_is_found(sound: Path) -> None:
    (sound / "blobs/tiles/no blob.txt").write_text("hello")
    assert "no blob.txt" in only_problem(sound)


def test_what_a_crashed_writer_left_is_found_and_a_write_under_way_is_not(sound: Path) -> None:
    (sound / "blobs/tiles/.new-0123456789abcdef").write_bytes(b"half")
    assert "crashed writer" in only_problem(sound)
    assert len(list(leftovers(sound))) == 1


@pytest.mark.parametrize("name", ["root.key", "hub.sqlite3"])
def test_a_file_that_others_can_read_is_found(sound: Path, name: str) -> None:
    (sound / name).chmod(0o640)
    assert f"{name}: can be read by other users" in only_problem(sound)


def test_an_altered_root_key_is_found(sound: Path) -> None:
    flip(sound / "root.key", 30)
    assert "root.key: root.key is not a root key" in only_problem(sound)


def test_another_folders_root_key_is_found(sound: Path, tmp_path: Path) -> None:
    LocalKeys(tmp_path / "other", "key")
    (tmp_path / "other/root.key").replace(sound / "root.key")
    assert "signers/" in only_problem(sound)


def test_a_lost_root_key_is_found(sound: Path) -> None:
    (sound / "root.key").unlink()
    assert "root.key: is gone" in only_problem(sound)


def change_algorithm(path: Path) -> None:
    path.write_text(path.read_text().replace("EdDSA", "ES256"))


def change_wrapped(path: Path) -> None:
    content = json.loads(path.read_text())
    content["wrapped"] = "AAAA" + content["wrapped"][4:]
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("damage", [flip, change_algorithm, change_wrapped])
def test_a_damaged_signing_key_is_found(sound: Path, damage: Callable[[Path], None]) -> None:
    (signer,) = (sound / "signers").iterdir()
    if damage is flip:
        flip(signer, 0)
    else:
        damage(signer)
    assert "signers/" in only_problem(sound)


def test_the_command_says_what_is_wrong_and_exits_with_one(sound: Path) -> None:
    flip(sound / "blobs/tiles/tile=/0=/x001")
    told = CliRunner().invoke(fsck, ["--data", str(sound)])
    assert told.exit_code == 1
    assert "tile/0/x001" in told.stdout
    told = CliRunner().invoke(fsck, ["--data", str(sound), "--json"])
    assert told.exit_code == 1
    assert json.loads(told.stdout)["findings"][0]["object"] == "blob tile/0/x001 of tiles"


def test_the_command_removes_leftovers_and_is_content_with_the_rest(sound: Path) -> None:
    leftover = sound / "blobs/tiles/.new-0123456789abcdef"
    leftover.write_bytes(b"half")
    told = CliRunner().invoke(fsck, [], env={"MYDATA_DATA": os.fspath(sound)})
    assert told.exit_code == 0
    assert not leftover.exists()
    assert "everything is as the hub wrote it" in told.stdout


def test_the_command_refuses_a_folder_without_a_hub(tmp_path: Path) -> None:
    told = CliRunner().invoke(fsck, ["--data", str(tmp_path)])
    assert told.exit_code == 1
    assert "there is no hub in this folder" in told.stderr
