"""The table port's contract, sentence by sentence, on both engines."""

from __future__ import annotations

from datetime import timedelta

import pytest
from mydata_hub.errors import Conflict, LimitExceeded
from mydata_hub.ports.clock import SetClock
from mydata_hub.ports.tables import (
    MAX_CHANGES,
    MAX_FETCH,
    MAX_PAGE,
    MAX_PARTITION_BYTES,
    MAX_SORT_BYTES,
    Absent,
    Check,
    Compare,
    Delete,
    Key,
    Put,
    Row,
    Tables,
    VersionIs,
)

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


def test_every_type_of_value_comes_back_as_it_was_put(tables: Tables):
    values = {
        "none": None,
        "yes": True,
        "no": False,
        "zero": 0,
        "one": 1,
        "largest": 2**63 - 1,
        "smallest": -(2**63) + 1,
        "text": "가 é \u0000 😀",
        "empty": "",
        "bytes": b"\x00\xff",
        "no_bytes": b"",
        "list": [1, "1", True, None, b"1", [], {}],
        "map": {"$bytes": "not bytes", "values": {"partition": {"#n0": ":v0"}}},
        "reserved words of the engines": {"select": 1, "SIZE": 2, "a.b": 3, "a[0]": 4},
    }
    tables.commit(Put(key=KEY, values=values, when=Absent(), format=7))
    row = fetch(tables)
    assert row == Row(KEY, 1, values, 7)
    for name, value in values.items():
        assert type(row.values[name]) is type(value)
    assert [type(item) for item in row.values["list"]] == [
        int,
        str,
        bool,
        type(None),
        bytes,
        list,
        dict,
    ]


def test_a_row_counts_its_writes(tables: Tables):
    tables.commit(put(n=1))
    tables.commit(put(when=VersionIs(1), n=2))
    assert fetch(tables) == Row(KEY, 2, {"n": 2})
    with pytest.raises(Conflict):
        tables.commit(put(when=VersionIs(1), n=3))
    assert fetch(tables).values == {"n": 2}


def test_a_put_replaces_the_whole_row(tables: Tables):
    tables.commit(put(a=1, b=2))
    tables.commit(put(when=VersionIs(1), b=3))
    assert fetch(tables).values == {"b": 3}


def test_a_row_deleted_and_put_again_starts_at_version_one(tables: Tables):
    tables.commit(put(n=1))
    tables.commit(put(when=VersionIs(1), n=2))
    tables.commit(Delete(KEY, VersionIs(2)))
    assert fetch(tables) is None
    tables.commit(put(n=3))
    assert fetch(tables).version == 1


def test_a_conflict_names_the_first_change_that_failed_and_applies_nothing(tables: Tables):
    tables.commit(put(Key("others", "p"), n=1))
    with pytest.raises(Conflict) as conflict:
        tables.commit(
            put(Key("things", "new")),
            Check(Key("others", "p"), (VersionIs(1),)),
            Check(Key("others", "p", "missing"), (VersionIs(1),)),
            Delete(Key("things", "missing"), VersionIs(1)),
        )
    assert (conflict.value.change, conflict.value.table) == (2, "others")
    assert fetch(tables, Key("things", "new")) is None


@pytest.mark.parametrize(
    "change",
    [
        put(when=VersionIs(1)),
        Delete(KEY, VersionIs(1)),
        Check(KEY, (VersionIs(1),)),
        Check(KEY, (Compare("n", "=", 1),)),
        Check(KEY, (Compare("n", "!=", 1),)),
        Put(key=KEY, values={}, when=Absent(), also=(Compare("n", "=", 1),)),
    ],
)
def test_an_absent_row_has_no_version_and_no_attribute(tables: Tables, change):
    with pytest.raises(Conflict):
        tables.commit(change)


def test_absence_is_a_condition_too(tables: Tables):
    tables.commit(Check(KEY, (Absent(),)))
    tables.commit(put())
    for change in (Check(KEY, (Absent(),)), put()):
        with pytest.raises(Conflict):
            tables.commit(change)


def test_a_check_of_nothing_holds_for_any_row(tables: Tables):
    tables.commit(Check(KEY, ()))
    tables.commit(put())
    tables.commit(Check(KEY, ()))
    assert fetch(tables).version == 1


def test_conditions_beside_the_version_must_hold_as_well(tables: Tables):
    tables.commit(put(state="open"))
    is_open, is_shut = Compare("state", "=", "open"), Compare("state", "=", "shut")
    with pytest.raises(Conflict):
        tables.commit(Put(key=KEY, values={}, when=VersionIs(1), also=(is_open, is_shut)))
    with pytest.raises(Conflict):
        tables.commit(Delete(KEY, VersionIs(1), also=(is_shut,)))
    with pytest.raises(Conflict):
        tables.commit(Check(KEY, (VersionIs(1), is_shut)))
    tables.commit(Delete(KEY, VersionIs(1), also=(is_open,)))


STORED = {
    "n": 5,
    "minus": -5,
    "t": "b",
    "big": "B",
    "hangul": "가",
    "bytes": b"\x80",
    "yes": True,
    "one": 1,
    "none": None,
    "list": [1],
    "map": {"n": 5},
    "values": "a reserved word",
}
HOLDS = [
    ("n", "=", 5),
    ("n", "!=", 4),
    ("n", "<", 6),
    ("n", "<=", 5),
    ("n", ">", -1),
    ("n", ">=", 5),
    ("n", "<", 10),
    ("minus", "<", 4),
    ("t", "=", "b"),
    ("t", "!=", ""),
    ("t", "<", "ba"),
    ("t", ">", "a"),
    ("t", ">", "B"),
    ("big", "<", "a"),
    ("hangul", ">", "z"),
    ("hangul", "<", "😀"),
    ("bytes", "=", b"\x80"),
    ("bytes", ">", b"\x7f\xff"),
    ("bytes", "<", b"\x80\x00"),
    ("yes", "=", True),
    ("yes", "!=", False),
    ("one", "=", 1),
    ("values", "=", "a reserved word"),
]
FAILS = [
    ("n", "=", 4), ("n", "!=", 5), ("n", "<", 5), ("n", ">", 5), ("t", "<", "a"),
    # Another type is never equal, never different and never ordered.
    ("n", "=", "5"), ("n", "!=", "5"), ("n", "<", "6"), ("t", "!=", b"b"), ("bytes", "!=", "x"),
    ("yes", "=", 1), ("yes", "!=", 0), ("one", "=", True), ("one", "!=", False),
    # Nor is a type without an order, or an attribute that is not there.
    ("yes", "<", True), ("yes", "<=", True), ("yes", ">=", True), ("yes", ">", False),
    ("none", "=", ""), ("none", "!=", ""), ("none", "!=", False), ("list", "!=", 1),
    ("map", "!=", 1), ("missing", "=", 1), ("missing", "!=", 1), ("missing", "<", 1),
    # A path into a map is a name like any other, and the port's own attributes are not values.
    ("map.n", "=", 5), ("version", "=", 1), ("partition", "=", "p"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "operator", "value"), HOLDS)
def test_a_comparison_that_holds(tables: Tables, attribute, operator, value):
    tables.commit(put(**STORED))
    tables.commit(Check(KEY, (Compare(attribute, operator, value),)))


@pytest.mark.parametrize(("attribute", "operator", "value"), FAILS)
def test_a_comparison_that_does_not_hold(tables: Tables, attribute, operator, value):
    tables.commit(put(**STORED))
    with pytest.raises(Conflict):
        tables.commit(Check(KEY, (Compare(attribute, operator, value),)))


def test_an_expired_row_does_not_exist(tables: Tables, clock: SetClock):
    at = clock.now() + timedelta(seconds=10, microseconds=1)
    tables.commit(Put(key=KEY, values={"n": 1}, when=Absent(), expires_at=at))
    tables.commit(Put(key=KEY, values={"n": 2}, when=VersionIs(1), expires_at=at))

    clock.at = at - timedelta(microseconds=1)
    assert fetch(tables) == Row(KEY, 2, {"n": 2}, expires_at=at)
    tables.commit(Check(KEY, (VersionIs(2), Compare("n", "=", 2))))

    clock.at = at
    assert fetch(tables) is None
    assert all_rows(tables, "p") == []
    tables.commit(Check(KEY, (Absent(),)))
    for change in (
        Check(KEY, (VersionIs(2),)),
        Check(KEY, (Compare("n", "=", 2),)),
        Delete(KEY, VersionIs(2)),
        put(when=VersionIs(2)),
        Put(key=KEY, values={}, when=Absent(), also=(Compare("n", "=", 2),)),
    ):
        with pytest.raises(Conflict):
            tables.commit(change)


def test_an_expired_row_put_again_starts_at_version_one(tables: Tables, clock: SetClock):
    at = clock.now() + timedelta(seconds=10)
    tables.commit(Put(key=KEY, values={"n": 1}, when=Absent(), expires_at=at))
    tables.commit(Put(key=KEY, values={"n": 2}, when=VersionIs(1), expires_at=at))
    clock.at = at
    tables.commit(put(n=3))
    assert fetch(tables) == Row(KEY, 1, {"n": 3})


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


def indexed(n: int, owner: str, place: str, **how) -> Put:
    key = Key("things", f"p{n}")
    return Put(key=key, values={}, when=Absent(), indexes={INDEX: (owner, place)}, **how)


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


def test_a_table_that_was_not_given_is_out_of_reach(tables: Tables):
    for name in ("secrets", "ThingsTable", "things-0", ""):
        key = Key(name, "p")
        with pytest.raises(LimitExceeded):
            tables.fetch_many(key)
        with pytest.raises(LimitExceeded):
            tables.query(name, "p")
        with pytest.raises(LimitExceeded):
            tables.find_keys(name, INDEX, "p")
        with pytest.raises(LimitExceeded):
            tables.list_keys(name)
        with pytest.raises(LimitExceeded):
            tables.commit(put(), put(key))
    assert fetch(tables) is None


def nested(depth: int):
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [put(Key("things", f"p{n}")) for n in range(MAX_CHANGES + 1)],
        [put(), Check(KEY, (Absent(),))],
        [put(x="a" * 400 * 1024)],
        [put(Key("things", f"p{n}"), x=b"\0" * 390_000) for n in range(11)],
        [put(x=2**63)],
        [put(x=-(2**63))],
        [put(x=1.5)],
        [put(x={1, 2})],
        [put(x=nested(31))],
        [put(x="\ud800")],
        [put(x={"\ud800": 1})],
        [put(**{"": 1})],
        [put(x=[{"": 1}])],
        [put(Key("things", "\ud800"))],
        [put(Key("things", "p", "\ud800"))],
        [put(version=1)],
        [put(expires_at=1)],
        [put(Key("things", ""))],
        [put(Key("things", "p", ""))],
        [put(Key("things", "p" * (MAX_PARTITION_BYTES + 1)))],
        [put(Key("things", "p", "s" * (MAX_SORT_BYTES + 1)))],
        [Delete(Key("things", "가" * MAX_PARTITION_BYTES), VersionIs(1))],
        [indexed(1, "", "1")],
        [indexed(1, "me", "")],
    ],
    ids=range(25),
)
def test_what_one_engine_could_not_store_both_refuse(tables: Tables, changes):
    with pytest.raises(LimitExceeded):
        tables.commit(*changes)
    assert fetch(tables) is None


def test_what_is_just_within_the_limits_is_stored(tables: Tables):
    longest = Key("things", "p" * MAX_PARTITION_BYTES, "s" * MAX_SORT_BYTES)
    changes = [put(longest, x=nested(30), y="a" * 390 * 1024)]
    changes += [put(Key("things", f"p{n:03d}")) for n in range(MAX_CHANGES - 1)]
    tables.commit(*changes)
    keys = [change.key for change in changes]
    found = tables.fetch_many(*keys)
    assert len(found) == len(keys) == MAX_FETCH
    assert found[longest].values == changes[0].values


def test_reads_keep_to_their_limits(tables: Tables):
    with pytest.raises(LimitExceeded):
        tables.fetch_many(*(Key("things", f"p{n}") for n in range(MAX_FETCH + 1)))
    with pytest.raises(LimitExceeded):
        tables.fetch_many(Key("things", ""))
    for limit in (0, -1, MAX_PAGE + 1):
        with pytest.raises(LimitExceeded):
            tables.query("things", "p", limit=limit)
        with pytest.raises(LimitExceeded):
            tables.find_keys("things", INDEX, "p", limit=limit)
        with pytest.raises(LimitExceeded):
            tables.list_keys("things", limit=limit)
    with pytest.raises(LimitExceeded):
        tables.query("things", "")
    with pytest.raises(LimitExceeded):
        tables.query("things", "p", after="")
    with pytest.raises(LimitExceeded):
        tables.find_keys("things", INDEX, "p", after="not a mark")
    with pytest.raises(LimitExceeded):
        tables.list_keys("things", after="not a mark")


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
