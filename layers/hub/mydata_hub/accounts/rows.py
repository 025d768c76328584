"""Values as rows and back: the fields by their names, instants as ISO 8601, absent ones left out.

Change rule for every table of this package, format 1: fields may be added with a default, and a
reader passes over what it does not know, so that releases n and n - 1 read each other's rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from mydata_hub.errors import Damaged
from mydata_hub.ports.tables import Row, Tables, Value

Kept = TypeVar("Kept")


def values_of(thing: Any, *in_key: str) -> dict[str, Value]:
    """What a row keeps of a value; the fields that are `in_key` are left out."""
    kept = {field.name: getattr(thing, field.name) for field in fields(thing)}
    return {
        name: _plain(value)
        for name, value in kept.items()
        if name not in in_key and value is not None
    }


def read_row(adapter: TypeAdapter[Kept], row: Row, **in_key: object) -> Kept:
    """The value that a row keeps, given the fields of its key. Raises Damaged."""
    try:
        return adapter.validate_python({**row.values, **in_key})
    except ValidationError:
        raise Damaged(f"a row of table {row.key.table} is not what was written") from None


def rows_of(
    tables: Tables, table: str, partition: str, *, prefix: str = "", newest_first: bool = False
) -> Iterator[Row]:
    """The rows of a partition, page by page as they are asked for."""
    after: str | None = None
    while True:
        page = tables.query(table, partition, prefix=prefix, after=after, newest_first=newest_first)
        yield from page.rows
        after = page.after
        if after is None:
            return


def _plain(value: Any) -> Value:
    if is_dataclass(value):
        return values_of(value)
    if isinstance(value, datetime):
        return value.isoformat()
    plain: Value = str(value) if isinstance(value, StrEnum) else value
    return plain
