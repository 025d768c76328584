"""Conditions of a commit, judged as DynamoDB judges them."""

from __future__ import annotations

from mydata_hub.ports.tables import Absent, Change, Check, Compare, Row, Value, VersionIs


def conditions_of(change: Change) -> tuple[Absent | VersionIs | Compare, ...]:
    """Every condition that must hold for this change."""
    return change.when if isinstance(change, Check) else (change.when, *change.also)


def holds(condition: Absent | VersionIs | Compare, row: Row | None) -> bool:
    """Whether a condition holds for the row as it is now; None stands for absent or expired."""
    match condition:
        case Absent():
            return row is None
        case VersionIs(version):
            return row is not None and row.version == version
        case Compare(attribute, operator, value):
            if row is None or attribute not in row.values:
                return False
            return _compares(row.values[attribute], operator, value)


def _compares(found: Value, operator: str, wanted: str | int | bool | bytes) -> bool:
    kind = _kind(found)
    if kind is None or kind is not _kind(wanted):
        return False
    if operator == "=":
        return found == wanted
    if operator == "!=":
        return found != wanted
    if isinstance(found, bool) or not isinstance(found, (str, int, bytes)):
        return False
    return _ordered(found, operator, wanted)


def _ordered(found: str | int | bytes, operator: str, wanted: str | int | bytes) -> bool:
    # Both are of one kind; tuples compare them without a case for each kind. Python orders text by
    # code point, which is the order of its UTF-8 bytes.
    below, equal = (found,) < (wanted,), found == wanted
    return {
        "<": below,
        "<=": below or equal,
        ">": not below and not equal,
        ">=": not below,
    }[operator]


def _kind(value: Value) -> type | None:
    # A bool is an int in Python, and a type of its own in the tables.
    return next((kind for kind in (bool, int, str, bytes) if isinstance(value, kind)), None)
