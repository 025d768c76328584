"""Reads the tables of docs/zones.md."""

from __future__ import annotations

import re
from pathlib import Path

from tests.architecture.permissions import Permission
from tests.architecture.template import ROOT

PAGE = ROOT / "docs" / "zones.md"
_TICKED = re.compile(r"`([^`]+)`")


def table(*columns: str, page: Path = PAGE) -> list[list[str]]:
    """The rows of the one table with these columns, cell by cell as written."""
    lines = page.read_text("utf-8").splitlines()
    header = "| " + " | ".join(columns) + " |"
    start = lines.index(header) + 2
    rows: list[list[str]] = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def names(cell: str) -> list[str]:
    """What stands between backticks in a cell."""
    return _TICKED.findall(cell)


def zones() -> dict[str, str]:
    """Function -> its zone."""
    rows = table("function", "zone", "ports", "does")
    return {names(function)[0]: zone for function, zone, *_ in rows}


def ports() -> dict[str, set[str]]:
    """Function -> what it may ask wiring.py for."""
    rows = table("function", "zone", "ports", "does")
    return {names(function)[0]: set(names(cell)) for function, _, cell, _ in rows}


def permitted() -> set[Permission]:
    """Everything that the page lets functions do."""
    return {
        Permission(names(function)[0], names(thing)[0], action)
        for function, thing, actions in table("function", "thing", "actions")
        for action in names(actions)
    }


def routes() -> set[tuple[str, str, str]]:
    """(route key, function, guard)."""
    return {
        (names(route)[0], names(function)[0], guard)
        for route, function, guard in table("route", "function", "guard")
    }


def settings() -> dict[str, set[str]]:
    """Function -> its variables."""
    found: dict[str, set[str]] = {}
    for variable, functions, _ in table("variable", "functions", "is"):
        for function in names(functions):
            found.setdefault(function, set()).add(names(variable)[0])
    return found
