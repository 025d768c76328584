"""Parts: a long statement cut so that each part can be sent at once.

A line without a number of its own is known by its contents and by how many like lines came before
it in the same part. So lines with the same contents go into the same part, wherever they stand;
then the parts give the very records that the whole file would have given.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

from mydata_hub.collection.csv_lines import MAX_ROWS, Cells, read_cells
from mydata_hub.collection.mapping import StatementMapping
from mydata_hub.collection.statement import Statement
from mydata_hub.fields import ConnectionId

MAX_PART_BYTES: Final = 4 * 1024 * 1024
# A part is closed here; lines like its own still find room in what is left.
FULL_BYTES: Final = 2 * 1024 * 1024
MAX_NAMED: Final = 100


@dataclass(frozen=True, slots=True)
class Part:
    """What is sent at once."""

    content: bytes


@dataclass(slots=True)
class _Open:
    """A part that is being filled."""

    rows: list[list[str]] = field(default_factory=list)
    size_bytes: int = 0


def parts_of(stream: BinaryIO, mapping: StatementMapping, file: str) -> Iterator[Part]:
    """The file as it is where it fits, else parts with the same header. Raises BadInput."""
    content = stream.read(MAX_PART_BYTES + 1)
    if len(content) <= MAX_PART_BYTES:
        yield Part(content)
        return
    stream.seek(0)
    head, parts = _divide(stream, mapping, file)
    for part in parts:
        yield Part(_written([*head, *part.rows], mapping))


def check_whole(
    stream: BinaryIO, mapping: StatementMapping, file: str
) -> tuple[int, list[dict[str, Any]]]:
    """How many lines of the whole file are broken, and the first of them. Raises BadInput."""
    statement = Statement(stream, mapping, ConnectionId("own"), file, datetime.now(UTC))
    for _ in statement.batches():
        pass
    return len(statement.broken), [asdict(one) for one in statement.broken[:MAX_NAMED]]


def _divide(
    stream: BinaryIO, mapping: StatementMapping, file: str
) -> tuple[list[list[str]], list[_Open]]:
    head: list[list[str]] = []
    parts, home = [_Open()], dict[tuple[str, ...], _Open]()
    header = mapping.header
    read: list[int] = _places(header, mapping) if header else []
    for row in read_cells(stream, mapping.encoding, mapping.delimiter, file, MAX_ROWS):
        if not isinstance(row, Cells):
            continue  # broken, and told by `check_whole`
        if row.line <= mapping.skip_lines:
            head.append(row.cells)
        elif not read:
            head.append(row.cells)
            read = _places([cell.strip() for cell in row.cells], mapping)
        else:
            _place(row.cells, read, parts, home, mapping)
    return head, parts


def _place(
    cells: list[str],
    read: list[int],
    parts: list[_Open],
    home: dict[tuple[str, ...], _Open],
    mapping: StatementMapping,
) -> None:
    known = tuple(cells[at].strip() for at in read if at < len(cells))
    part = home.get(known)
    if part is None:
        if parts[-1].size_bytes >= FULL_BYTES:
            parts.append(_Open())
        part = home[known] = parts[-1]
    part.rows.append(cells)
    part.size_bytes += len(_written([cells], mapping))


def _places(header: list[str], mapping: StatementMapping) -> list[int]:
    return [at for at, name in enumerate(header) if name in mapping.columns]


def _written(rows: list[list[str]], mapping: StatementMapping) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=mapping.delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue().encode(mapping.encoding)
