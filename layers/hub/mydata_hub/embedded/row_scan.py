"""Reading a whole table of the embedded engine: for the laptop's own commands, never a function."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mydata_hub.embedded.row_image import decode_row
from mydata_hub.embedded.sqlite_file import SqliteFile
from mydata_hub.ports.tables import Row


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
