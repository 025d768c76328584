"""Rows as the contract tests of the table port write and read them."""

from __future__ import annotations

from mydata_hub.ports.tables import Absent, Key, Put, Row, Tables

KEY = Key("things", "p", "s")
INDEX = "by_owner"


def put(key: Key = KEY, /, when=None, **values):
    return Put(key=key, values=values, when=when or Absent())


def fetch(tables: Tables, key: Key = KEY) -> Row | None:
    return tables.fetch_many(key).get(key)


def all_rows(tables: Tables, partition: str, **how) -> list[Row]:
    rows, after = [], how.pop("after", None)
    for _ in range(1000):
        page = tables.query("things", partition, after=after, **how)
        rows += page.rows
        after = page.after
        if after is None:
            return rows
    raise AssertionError("the pages do not end")


def all_keys(tables: Tables, partition: str, **how) -> list[Key]:
    keys, after = [], None
    for _ in range(1000):
        page = tables.find_keys("things", INDEX, partition, after=after, **how)
        keys += page.keys
        after = page.after
        if after is None:
            return keys
    raise AssertionError("the pages do not end")


def indexed(n: int, owner: str, place: str, **how) -> Put:
    key = Key("things", f"p{n}")
    return Put(key=key, values={}, when=Absent(), indexes={INDEX: (owner, place)}, **how)
