"""Columns: rows of a series like beside like, so that deflate finds payees and zeros again."""

from __future__ import annotations

import functools
import re
import struct
from collections.abc import Iterator, Sequence
from typing import Final

_NUMBERS: Final = ">{}I"


def number_column(numbers: Sequence[int]) -> bytes:
    """Four-byte numbers in planes."""
    return to_planes(struct.pack(_NUMBERS.format(len(numbers)), *numbers), 4)


class Columns:
    """Reads one column after the other."""

    def __init__(self, body: bytes, count: int) -> None:
        self._body, self._count, self._at = body, count, 0

    def take(self, size: int) -> bytes:
        """The next column of so many bytes a row."""
        begin, self._at = self._at, self._at + size * self._count
        return self._body[begin : self._at]

    def texts(self, size: int) -> Iterator[bytes]:
        """A column row by row."""
        column = self.take(size)
        return (column[at : at + size] for at in range(0, len(column), size))

    def numbers(self) -> tuple[int, ...]:
        """A column of four-byte numbers in planes."""
        return struct.unpack(_NUMBERS.format(self._count), from_planes(self.take(4), 4))


def to_planes(column: bytes, size: int) -> bytes:
    """First the first bytes of all rows, then their second ones: like with like."""
    return b"".join(column[at::size] for at in range(size))


def from_planes(planes: bytes, size: int) -> bytes:
    column, count = bytearray(len(planes)), len(planes) // size
    for at in range(size):
        column[at::size] = planes[at * count : (at + 1) * count]
    return bytes(column)


@functools.cache
def _fields(layout: struct.Struct) -> tuple[tuple[int, int, bool], ...]:
    """Where each field of a row begins, how long it is, and whether it is a text."""
    found, at = [], 0
    for size, kind in re.findall(r"(\d*)([a-zA-Z?])", layout.format):
        length = int(size) if kind == "s" else struct.calcsize(f">{kind}")
        found.append((at, length, kind == "s"))
        at += length
    return tuple(found)


def split_fields(layout: struct.Struct, rows: bytes) -> bytes:
    """The rows in columns: texts whole, so that they are found again, and numbers in planes."""
    columns = []
    for begin, length, is_text in _fields(layout):
        planes = b"".join(rows[begin + at :: layout.size] for at in range(length))
        columns.append(from_planes(planes, length) if is_text else planes)
    return b"".join(columns)


def join_fields(layout: struct.Struct, columns: Columns, count: int) -> bytes:
    """The rows again, one behind the other."""
    rows = bytearray(layout.size * count)
    for begin, length, is_text in _fields(layout):
        column = columns.take(length)
        planes = to_planes(column, length) if is_text else column
        for at in range(length):
            rows[begin + at :: layout.size] = planes[at * count : (at + 1) * count]
    return bytes(rows)
