"""CSV from a stranger, read in bounded memory: every limit is checked before more is read.

Broken lines are told and passed over. A file that is not what it says, or that attacks whoever
opens it, is refused as a whole: archives, other bytes than its encoding has, NUL, formulas, and
lines, rows or files over their maximum.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from mydata_hub.errors import BadInput, TooLarge

MAX_FILE_BYTES: Final = 64 * 1024 * 1024
# Of one row, whose quoted cells may hold line ends.
MAX_ROW_LETTERS: Final = 16 * 1024
MAX_ROWS: Final = 200_000
MAX_COLUMNS: Final = 100
_CHUNK_BYTES: Final = 64 * 1024
# zip and xlsx, gzip, bzip2, xz, zstd, 7z, rar, xls, pdf: whatever a person may pick by mistake.
_MAGIC: Final = (
    *(b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08", b"\x1f\x8b", b"BZh", b"\xfd7zXZ"),
    *(b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf", b"Rar!", b"\xd0\xcf\x11\xe0", b"%PDF"),
)
# What a spreadsheet would run when the person opens an export: "=", "@name(", "+1+cmd|...". Signed
# amounts, telephone numbers and notes begin with + and - too, and stay.
_FORMULA: Final = re.compile(
    r"\s*(?:[=＝]|[@＠][\w.]+\(|[+\-＋－].*(?:[|=]|![$A-Z]|[A-Za-z]\())", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A line that gives no record, and why; `column` counts cells from 1. For the person only."""

    file: str
    line: int
    column: int
    name: str
    problem: str


@dataclass(frozen=True, slots=True)
class Cells:
    """A row of the file and the line it begins on."""

    line: int
    cells: list[str]


class _Lines:
    """Decoded lines, and the text of the row that is being read."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._encoding = encoding
        self.number = 0
        self.row = ""

    def __iter__(self) -> Iterator[str]:
        rest = ""
        for text in self._texts():
            *whole, rest = (rest + text).split("\n")
            for line in whole:
                yield self._told(line + "\n")
            self._check(rest)
        if rest:
            yield self._told(rest)

    def _told(self, line: str) -> str:
        self._check(line)
        self.number += 1
        self.row += line
        return line

    def _check(self, line: str) -> None:
        if len(self.row) + len(line) > MAX_ROW_LETTERS:
            raise TooLarge(f"line {self.number + 1}: a row takes at most {MAX_ROW_LETTERS} letters")

    def _texts(self) -> Iterator[str]:
        encoding = "utf-8-sig" if self._encoding == "utf-8" else self._encoding
        decoder = codecs.getincrementaldecoder(encoding)()
        total = newlines = 0
        while True:
            chunk = self._stream.read(_CHUNK_BYTES)
            if total == 0 and chunk.startswith(_MAGIC):
                raise BadInput("file", "is an archive or document: unpack or save it as CSV first")
            total += len(chunk)
            if total > MAX_FILE_BYTES:
                raise TooLarge(f"a statement takes at most {MAX_FILE_BYTES} bytes")
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                line = newlines + error.object.count(b"\n", 0, error.start) + 1
                raise BadInput(f"line {line}", f"has bytes that are not {self._encoding}") from None
            if "\0" in text:
                line = newlines + text.count("\n", 0, text.index("\0")) + 1
                raise BadInput(f"line {line}", "has a NUL byte: the file is not text")
            newlines += text.count("\n")
            if not chunk:
                return
            yield text


def read_cells(
    stream: BinaryIO, encoding: str, delimiter: str, file: str, most_rows: int = MAX_ROWS
) -> Iterator[Cells | BrokenLine]:
    """Rows in order, empty ones left out. Raises BadInput and TooLarge, naming line and column."""
    lines = _Lines(stream, encoding)
    reader = csv.reader(iter(lines), delimiter=delimiter, strict=True)
    for _ in range(most_rows + 1):
        line = lines.number + 1
        lines.row = ""
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            column = _broken_cell(lines.row, delimiter)
            yield BrokenLine(file, line, column, "", "quotes are not as CSV has them")
            continue
        if len(cells) > MAX_COLUMNS:
            raise TooLarge(f"line {line}: a row takes at most {MAX_COLUMNS} columns")
        for place, cell in enumerate(cells, 1):
            if _FORMULA.match(cell):
                raise BadInput(f"line {line}, column {place}", "begins like a spreadsheet formula")
        if cells:
            yield Cells(line, cells)
    raise TooLarge(f"a statement takes at most {most_rows} lines")


def _broken_cell(row: str, delimiter: str) -> int:
    """The cell at which strict reading stops: the shortest beginning of the row that fails."""
    low, high = 0, len(row)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _fails(row[:middle], delimiter) else (middle + 1, high)
    before = next(csv.reader([row[: max(low - 1, 0)]], delimiter=delimiter), [])
    return max(len(before), 1)


def _fails(row: str, delimiter: str) -> bool:
    try:
        list(csv.reader([row], delimiter=delimiter, strict=True))
    except csv.Error as error:
        # A beginning that is only not finished yet does not fail.
        return "end of data" not in str(error)
    return False
