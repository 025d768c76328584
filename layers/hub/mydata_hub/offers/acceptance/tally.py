"""Tallies: how often an offer was accepted and redeemed, by the day; what a partner's report says.

Table `offers`, `offer#<id>`/`day#<day>`, format 1. A report tells days that are over and nothing
else: a number that moved with the tap would tell its moment. Nothing here is made from matches,
which no function outside the vaults knows of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from mydata_hub.errors import Damaged
from mydata_hub.offers.acceptance.windows import Window, window_at
from mydata_hub.ports.tables import Absent, Key, Put, Row, Tables, VersionIs

TABLE: Final = "offers"
_DAY: Final = "day#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One offer on one day."""

    day: str
    accepted: int = 0
    redeemed: int = 0


def count_acceptance(tables: Tables, offer_id: str, now: datetime) -> Put:
    """The change that counts one more acceptance in the window of now. Raises Damaged, Busy."""
    key, row, tally = _today(tables, offer_id, now)
    return _put(key, row, replace(tally, accepted=tally.accepted + 1))


def count_redemption(tables: Tables, offer_id: str, now: datetime) -> Put:
    """The change that counts one more redemption in the window of now. Raises Damaged, Busy."""
    key, row, tally = _today(tables, offer_id, now)
    return _put(key, row, replace(tally, redeemed=tally.redeemed + 1))


def read_report(tables: Tables, offer_id: str, now: datetime) -> tuple[Tally, ...]:
    """Every day that is over and has something to tell, oldest first. Raises Damaged, Busy."""
    over = window_at(now).name
    return tuple(tally for tally in _all(tables, offer_id) if tally.day < over)


def _all(tables: Tables, offer_id: str) -> Iterator[Tally]:
    after: str | None = None
    while True:
        page = tables.query(TABLE, f"offer#{offer_id}", prefix=_DAY, after=after)
        yield from map(_read, page.rows)
        after = page.after
        if after is None:
            return


def _today(tables: Tables, offer_id: str, now: datetime) -> tuple[Key, Row | None, Tally]:
    window: Window = window_at(now)
    key = Key(TABLE, f"offer#{offer_id}", f"{_DAY}{window.name}")
    row = tables.fetch_many(key).get(key)
    return key, row, Tally(day=window.name) if row is None else _read(row)


def _put(key: Key, row: Row | None, tally: Tally) -> Put:
    return Put(
        key=key,
        values={"accepted": tally.accepted, "redeemed": tally.redeemed},
        when=Absent() if row is None else VersionIs(row.version),
    )


def _read(row: Row) -> Tally:
    values: Any = row.values
    try:
        return Tally(
            day=row.key.sort.removeprefix(_DAY),
            accepted=int(values["accepted"]),
            redeemed=int(values["redeemed"]),
        )
    except (KeyError, TypeError, ValueError):
        raise Damaged("a tally of an offer does not hold one") from None
