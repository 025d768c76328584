"""Reading a whole table of the embedded engine: for the laptop's own commands, never a function."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mydata_hub.embedded.row_image import decode_row
from mydata_hub.embedded.sqlite_file import SqliteFile
from mydata_hub.errors import StoreError
from mydata_hub.ports.tables import Row


def rows_of_table(folder: Path, name: str) -> Iterator[tuple[str, Row]]:
    """Every readable row of the engine's table `name`, with a label that shows no key.

    One that is not readable is named by the check of rows (fsck.py) and left out. Raises Busy.
    """
    with SqliteFile(folder, create=False).reading() as connection:
        found = connection.execute(
            "SELECT id, image, checksum FROM row WHERE name = ? ORDER BY id", (name,)
        ).fetchall()
    for row_id, image, checksum in found:
        with suppress(StoreError):
            yield f"row {row_id} of {name}", decode_row(name, name, image, checksum).row


def rows_sorted_as(folder: Path, name: str, sort: str) -> Iterator[Row]:
    """Every row of the engine's table `name` with this sort key, whatever its partition.

    Expired rows are among them. Raises Busy, Damaged.
    """
    with SqliteFile(folder).reading() as connection:
        found = connection.execute(
            "SELECT image, checksum FROM row WHERE name = ? AND sort = ?", (name, sort.encode())
        ).fetchall()
    for image, checksum in found:
        yield decode_row(name, name, image, checksum).row
