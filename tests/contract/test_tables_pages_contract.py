"""The table port's contract on both engines: what is found, in which order, page by page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from mydata_hub.ports.clock import SetClock
from mydata_hub.ports.tables import (
    MAX_PAGE,
    MAX_SORT_BYTES,
    Absent,
    Delete,
    Key,
    Put,
    Row,
    Tables,
    VersionIs,
)

from tests.contract.rows import INDEX, KEY, all_keys, all_rows, indexed, put


def test_many_rows_of_several_tables_come_in_one_fetch(tables: Tables):
    keys = [Key(table, f"p{n}", f"s{n}") for table in ("things", "others") for n in range(50)]
    tables.commit(*(put(key, n=n) for n, key in enumerate(keys)))
    missing = Key("others", "missing")
    found = tables.fetch_many(*keys[1:], missing)
    assert found == {key: Row(key, 1, {"n": n}) for n, key in enumerate(keys) if n}


def test_a_key_asked_for_twice_comes_once(tables: Tables):
    tables.commit(put(n=1))
    assert tables.fetch_many(KEY, KEY) == {KEY: Row(KEY, 1, {"n": 1})}
    assert tables.fetch_many() == {}


def test_sort_keys_are_in_the_order_of_their_bytes(tables: Tables):
    # As numbers, as UTF-16 and as a locale sorts them, these come in another order.
    sorts = ["!", "-", "10", "9", "Z", "a", "a\u0000", "a ", "aa", "é", "가", "\uffee", "😀"]
    assert sorts == sorted(sorts, key=lambda sort: sort.encode())
    tables.commit(*(put(Key("things", "p", sort)) for sort in reversed(sorts)))
    tables.commit(put(Key("things", "q", "a")), put(Key("others", "p", "a")))
    assert [row.key.sort for row in all_rows(tables, "p")] == sorts
    assert [row.key.sort for row in all_rows(tables, "p", newest_first=True)] == sorts[::-1]


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 3, 7, MAX_PAGE])
def test_pages_give_every_row_once(tables: Tables, newest_first: bool, limit: int):
    sorts = [f"{n:02d}" for n in range(7)]
    tables.commit(*(put(Key("things", "p", sort)) for sort in sorts))
    found = [row.key.sort for row in all_rows(tables, "p", limit=limit, newest_first=newest_first)]
    assert found == (sorts[::-1] if newest_first else sorts)
    page = tables.query("things", "p", limit=limit, newest_first=newest_first)
    assert len(page.rows) <= limit
    assert page.after == (page.rows[-1].key.sort if page.after else None)


def test_pages_skip_expired_rows_without_ending(tables: Tables, clock: SetClock):
    soon = clock.now() + timedelta(seconds=1)
    tables.commit(
        *(
            Put(
                key=Key("things", "p", f"{n:02d}"),
                values={},
                when=Absent(),
                expires_at=soon if n < 6 else None,
            )
            for n in range(8)
        )
    )
    clock.advance(timedelta(seconds=2))
    assert [row.key.sort for row in all_rows(tables, "p", limit=2)] == ["06", "07"]


PREFIXED = ["a", "b", "b#1", "b#2", "b#2x", "b$", "c"]


@pytest.mark.parametrize(
    ("prefix", "after", "newest_first", "expected"),
    [
        ("b", None, False, ["b", "b#1", "b#2", "b#2x", "b$"]),
        ("b#", None, False, ["b#1", "b#2", "b#2x"]),
        ("b#", None, True, ["b#2x", "b#2", "b#1"]),
        ("b#", "b#1", False, ["b#2", "b#2x"]),
        ("b#", "b#1x", False, ["b#2", "b#2x"]),
        ("b#", "b#2", True, ["b#1"]),
        ("b#", "a", False, ["b#1", "b#2", "b#2x"]),
        ("b#", "a", True, []),
        ("b#", "c", False, []),
        ("b#", "c", True, ["b#2x", "b#2", "b#1"]),
        ("b#", "b", False, ["b#1", "b#2", "b#2x"]),
        ("b#", "b", True, []),
        ("b#", "b#", True, []),
        ("", "b$", False, ["c"]),
        ("", "b", True, ["a"]),
        ("zz", None, False, []),
        ("x" * (MAX_SORT_BYTES + 1), None, False, []),
    ],
)
def test_a_prefix_and_a_place_to_go_on_from(tables: Tables, prefix, after, newest_first, expected):
    tables.commit(*(put(Key("things", "p", sort)) for sort in PREFIXED))
    found = all_rows(tables, "p", prefix=prefix, after=after, newest_first=newest_first, limit=2)
    assert [row.key.sort for row in found] == expected


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("limit", [1, 2, MAX_PAGE])
def test_an_index_lists_keys_by_its_own_sort_key(tables: Tables, newest_first: bool, limit: int):
    tables.commit(
        indexed(1, "me", "3"),
        indexed(2, "me", "1"),
        indexed(3, "you", "2"),
        indexed(4, "me", "2"),
        put(Key("things", "me", "1")),
    )
    found = all_keys(tables, "me", newest_first=newest_first, limit=limit)
    expected = [Key("things", f"p{n}") for n in (2, 4, 1)]
    assert found == (expected[::-1] if newest_first else expected)


@pytest.mark.parametrize("limit", [1, 2, MAX_PAGE])
def test_rows_in_one_place_of_an_index_are_each_listed_once(tables: Tables, limit: int):
    tables.commit(*(indexed(n, "me", "same") for n in range(5)))
    found = all_keys(tables, "me", limit=limit)
    assert sorted(key.partition for key in found) == [f"p{n}" for n in range(5)]


def test_a_row_moves_in_its_index_and_leaves_it(tables: Tables):
    first = indexed(1, "me", "1")
    tables.commit(first)
    moved = Put(key=first.key, values={}, when=VersionIs(1), indexes={INDEX: ("you", "1")})
    tables.commit(moved)
    assert (all_keys(tables, "me"), all_keys(tables, "you")) == ([], [first.key])
    tables.commit(Put(key=first.key, values={}, when=VersionIs(2)))
    assert all_keys(tables, "you") == []
    tables.commit(Put(key=first.key, values={}, when=VersionIs(3), indexes=first.indexes))
    tables.commit(Delete(first.key, VersionIs(4)))
    assert all_keys(tables, "me") == []


def test_a_large_partition_comes_in_pages(tables: Tables):
    keys = [Key("things", "p", f"{n:02d}") for n in range(9)]
    tables.commit(*(put(key, x=b"\0" * 300_000) for key in keys))
    assert [row.key for row in all_rows(tables, "p")] == keys
    assert len(tables.fetch_many(*keys)) == len(keys)


def whole_table(tables: Tables, limit: int) -> list[Key]:
    keys, after = [], None
    for _ in range(1000):
        page = tables.list_keys("things", after=after, limit=limit)
        assert len(page.keys) <= limit
        keys += page.keys
        after = page.after
        if after is None:
            return keys
    raise AssertionError("the pages do not end")


def test_a_whole_table_is_listed_once_each_and_nothing_of_another(tables: Tables):
    keys = {Key("things", f"p{n % 5}", f"가{n}") for n in range(23)}
    tables.commit(*map(put, keys), put(Key("others", "p0", "x")))
    for limit in (1, 4, 23, 24):
        found = whole_table(tables, limit)
        assert len(found) == len(keys)
        assert set(found) == keys
    assert tables.list_keys("outbox").keys == ()


def test_a_row_that_stays_is_listed_whatever_comes_and_goes_meanwhile(tables: Tables):
    stay = {Key("things", f"p{n:02d}") for n in range(0, 20, 2)}
    tables.commit(*map(put, stay))
    found, after = [], None
    for n in range(1, 40, 2):
        page = tables.list_keys("things", after=after, limit=2)
        found += page.keys
        after = page.after
        tables.commit(put(Key("things", f"p{n:02d}")))
        if after is None:
            break
    assert stay <= set(found)
    assert len(found) == len(set(found))
