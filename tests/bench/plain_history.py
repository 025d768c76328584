"""A history as partners might otherwise hold it: plain, in a Parquet file, asked with DuckDB."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import duckdb
from mydata_hub.collection.record import Record

from tests.unit.insights.lives import KOREA, at, record, trip, weekdays_before

QUERIES = 40
BATCH = 20_000
# What `commute.mode` asks: of the weekdays of eight weeks the first trip in the morning, the hour
# that most of them set out in, and how they are made in that hour.
COMMUTE = """
    WITH first_of_day AS (
        SELECT day, arg_min(mode, minute) AS mode, min(minute) AS minute
        FROM read_parquet(?)
        WHERE dataset = 'mobility.trips' AND day >= ? AND minute BETWEEN 300 AND 659
          AND weekday BETWEEN 1 AND 5
        GROUP BY day),
    busiest AS (
        SELECT begins.minute AS start, count(*) AS days
        FROM first_of_day AS begins
        JOIN first_of_day AS within ON within.minute BETWEEN begins.minute AND begins.minute + 59
        GROUP BY begins.day, begins.minute ORDER BY days DESC, start LIMIT 1)
    SELECT mode, count(*) AS days FROM first_of_day, busiest
    WHERE minute BETWEEN start AND start + 59 GROUP BY mode ORDER BY days DESC LIMIT 1
"""


def history(size: int) -> Iterator[list[Record]]:
    """A person's records in the order they happened: to work by subway, payments otherwise."""
    now, draw = datetime.now(KOREA), Random(size)
    days = weekdays_before(80, now)
    commutes = [trip(f"trip-{day}", at(day, 7)) for day in days]
    payments = size - len(commutes)
    batch: list[Record] = []
    # Over ten years, up to a day ago.
    for number in range(payments):
        happened = now - timedelta(days=3650) * (1 - number / payments) - timedelta(days=1)
        paid = -draw.randrange(1_000, 90_000)
        shop = f"shop {draw.randrange(400)}"
        batch.append(record(f"paid-{number}", happened, amount_minor=paid, counterparty=shop))
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield [*batch, *commutes]


def query_times(folder: Path, size: int) -> list[float]:
    """Milliseconds of the query, its connection open and the file in the page cache."""
    path = folder / "history.parquet"
    _write_parquet(path, size)
    since = datetime.now(KOREA).date() - timedelta(days=56)
    connection = duckdb.connect()
    taken = []
    for _ in range(QUERIES):
        begun = time.perf_counter()
        (mode, _) = connection.execute(COMMUTE, [str(path), since]).fetchone()
        taken.append((time.perf_counter() - begun) * 1000)
        assert mode == "subway"
    return taken[1:]


def _write_parquet(path: Path, size: int) -> None:
    lines = path.with_suffix(".jsonl")
    with lines.open("w") as written:
        for batch in history(size):
            for one in batch:
                local = one.occurred_at.astimezone(KOREA)
                row = {
                    "dataset": one.dataset,
                    "occurred_at": one.occurred_at.isoformat(),
                    "day": str(local.date()),
                    "minute": local.hour * 60 + local.minute,
                    "weekday": local.isoweekday(),
                    "amount_minor": one.amount_minor,
                    "counterparty": one.counterparty,
                    "mode": one.body.get("mode"),
                }
                written.write(json.dumps(row) + "\n")
    # Said and not guessed: what stands in few rows would be taken for something else.
    columns = {
        "dataset": "VARCHAR",
        "occurred_at": "TIMESTAMPTZ",
        "day": "DATE",
        "minute": "INTEGER",
        "weekday": "INTEGER",
        "amount_minor": "BIGINT",
        "counterparty": "VARCHAR",
        "mode": "VARCHAR",
    }
    read = f"read_json('{lines}', format = 'newline_delimited', columns = {columns})"
    duckdb.connect().execute(f"COPY (SELECT * FROM {read}) TO '{path}' (FORMAT parquet)")
    lines.unlink()
