"""A labelled table for a scorecard: a CSV file as columns of numbers or of kinds, and a target.

Errors name the column and the line, and never a value: it may be somebody's.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import click

from mydata_hub.scorecard.evaluate import Value

# What stands for a value that is not known; "none" is none of them, for it is a kind in itself.
MISSING: Final = frozenset({"", "na", "n/a", "nan", "null", "?"})
# A column with more numbers than text is one of numbers, and its text is a mistake.
MOSTLY: Final = 0.5
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_DELIMITERS: Final = ",;\t|"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table, row by row; None where a value is not known."""

    name: str
    numeric: bool
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it was written: names, and rows of text that are as long as the names."""

    path: Path
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    # The line of the file that each row ends on.
    lines: tuple[int, ...]

    def cells(self, name: str) -> list[str]:
        """A column's text, without the space around it. Raises ClickException."""
        at = self.at(name)
        return [row[at].strip() for row in self.rows]

    def at(self, name: str) -> int:
        """Which column has the name. Raises ClickException."""
        if name not in self.names:
            raise click.ClickException(f"{self.path.name} has no column {name!r}")
        return self.names.index(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Who turned out badly: True of them; `bad` is how the file says it, `how` why that one."""

    bads: tuple[bool, ...]
    bad: str
    how: str


def read_table(path: Path) -> Table:
    """The file's rows. Raises ClickException, naming the line that is not like the others."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            file.seek(0)
            delimiter = max(_DELIMITERS, key=head.count)
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            return _table(path, ((reader.line_num, row) for row in reader))
    except UnicodeDecodeError:
        raise click.ClickException(f"{path.name} is not text in UTF-8") from None
    except csv.Error as error:
        raise click.ClickException(f"{path.name} is not CSV: {error}") from None


def _table(path: Path, numbered: Iterable[tuple[int, list[str]]]) -> Table:
    names: tuple[str, ...] | None = None
    rows, lines = [], []
    for line, row in numbered:
        if not any(cell.strip() for cell in row) and len(row) <= 1:
            continue
        if names is None:
            names = tuple(cell.strip() for cell in row)
            continue
        if len(row) != len(names):
            fields = f"{len(row)} fields where the first line has {len(names)}"
            raise click.ClickException(f"{path.name}, line {line}: {fields}")
        rows.append(tuple(row))
        lines.append(line)
    if names is None:
        raise click.ClickException(f"{path.name} is empty")
    if not rows:
        raise click.ClickException(f"{path.name} has names and no rows")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise click.ClickException(f"{path.name} has the column {twice[0]!r} twice")
    return Table(path, names, tuple(rows), tuple(lines))


def read_target(table: Table, name: str, bad: str | None) -> Target:
    """The target's two values; which of them is bad is given, or 1 of 0 and 1, or the rarer.

    Raises ClickException.
    """
    cells = table.cells(name)
    for line, cell in zip(table.lines, cells, strict=True):
        if is_missing(cell):
            raise click.ClickException(f"{table.path.name}, line {line}: {name} is not known")
    told = [_plain(cell) for cell in cells]
    kinds = sorted(set(told))
    if len(kinds) == 1:
        raise click.ClickException(f"{name} has one value in all rows: there is nothing to tell")
    if len(kinds) > 2:
        raise click.ClickException(f"{name} has {len(kinds)} values: a target has two")
    if bad is not None:
        chosen, how = _plain(bad), "as given"
        if chosen not in kinds:
            raise click.ClickException(f"{name} never has the value that --bad gives")
    elif kinds == ["0", "1"]:
        chosen, how = "1", "the 1 of 0 and 1"
    elif told.count(kinds[0]) == told.count(kinds[1]):
        raise click.ClickException(f"{name} has both values equally often: say --bad VALUE")
    else:
        chosen, how = min(kinds, key=told.count), "the rarer of the two"
    return Target(bads=tuple(cell == chosen for cell in told), bad=chosen, how=how)


def read_column(table: Table, name: str, *, numeric: bool | None = None) -> Column:
    """A column; of numbers where that is said, or where most of its known values are.

    Raises ClickException, naming the line, where a column of numbers holds text.
    """
    cells = table.cells(name)
    if numeric is None:
        known = [cell for cell in cells if not is_missing(cell)]
        numbers = sum(is_number(cell) for cell in known)
        numeric = numbers > MOSTLY * len(known)
    if not numeric:
        kinds = (None if is_missing(cell) else cell for cell in cells)
        return Column(name=name, numeric=False, values=tuple(kinds))
    values: list[Value] = []
    for line, cell in zip(table.lines, cells, strict=True):
        if not (is_missing(cell) or is_number(cell)):
            raise click.ClickException(
                f"{table.path.name}, line {line}: {name} is a column of numbers, and this is none"
            )
        values.append(None if is_missing(cell) else float(cell))
    return Column(name=name, numeric=True, values=tuple(values))


def is_missing(cell: str) -> bool:
    """Whether it stands for a value that is not known."""
    return cell.lower() in MISSING


def is_number(cell: str) -> bool:
    """Whether it is a number that a double can hold."""
    return bool(_NUMBER.fullmatch(cell)) and math.isfinite(float(cell))


def why_no_feature(column: Column) -> str | None:
    """Why a column tells nothing of people in general, if so: constant, or an identifier."""
    known = [value for value in column.values if value is not None]
    distinct = set(known)
    if len(set(column.values)) <= 1:
        return "has one value in all rows"
    words = re.split(r"[\W_]+", column.name.lower())
    if not column.name or words[0] == "unnamed":
        return "has no name, as the numbers of rows have none"
    if len(distinct) < len(known):
        return None
    if "id" in words or "uuid" in words:
        return "is an identifier: another value in every row"
    if not column.numeric:
        return "has another value in every row"
    return "counts the rows" if _counts(known) else None


def _counts(known: Sequence[Value]) -> bool:
    """Whether they are whole numbers that rise from row to row, as those of no person do."""
    numbers = [value for value in known if isinstance(value, float)]
    rising = all(before < after for before, after in pairwise(numbers))
    return rising and len(numbers) > 10 and all(value.is_integer() for value in numbers)


def _plain(cell: str) -> str:
    """A target's value; 1, 1.0 and 01 are one."""
    cell = cell.strip()
    return f"{float(cell):g}" if is_number(cell) else cell
