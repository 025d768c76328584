"""A desk that keeps what the sync engine collects, as the intake function would."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from mydata_hub.collection.cursor import Cursor, read_cursor
from mydata_hub.collection.record import Record
from mydata_hub.collection.sync import Batch, Connection, Outcome, Syncer
from mydata_hub.collection.versions import settle
from mydata_hub.ports.clock import SetClock

from tests.unit.collection.sample_pages import NOW, CardCompany, approval, connect


class Desk:
    """Keeps batches as the intake function would, and counts the seconds it waited."""

    def __init__(self, minutes: float = 10) -> None:
        self.clock = SetClock(NOW)
        self.until = NOW + timedelta(minutes=minutes)
        self.waits: list[float] = []
        self.kept: list[Batch] = []
        self.before_keep: Callable[[Batch], None] = lambda _: None

    def keep(self, batch: Batch) -> None:
        self.before_keep(batch)
        self.kept.append(batch)

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.advance(timedelta(seconds=seconds))

    def syncer(self) -> Syncer:
        return Syncer(clock=self.clock, chance=lambda: 0.5, wait=self.wait, until=self.until)

    def run(self, connection: Connection) -> Outcome:
        return self.syncer().run(connection, self.keep)

    def held(self) -> dict[str, Record]:
        return settle(record for batch in self.kept for record in batch.records)

    def cursor(self) -> Cursor:
        """The committed cursor, through the values of a row, as the next run reads it."""
        return read_cursor(self.kept[-1].cursor.to_values()) if self.kept else Cursor()


def company(count: int = 10, **more: Any) -> CardCompany:
    return CardCompany({"c1": [approval(n) for n in range(count)]}, **more)


def clean_run(provider: CardCompany) -> dict[str, Record]:
    desk = Desk()
    assert desk.run(connect(provider)).finished
    return desk.held()
