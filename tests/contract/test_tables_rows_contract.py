"""The table port's contract on both engines: what a row keeps, and when a commit may change it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from mydata_hub.errors import Conflict
from mydata_hub.ports.clock import SetClock
from mydata_hub.ports.tables import Absent, Check, Compare, Delete, Key, Put, Row, Tables, VersionIs

from tests.contract.rows import KEY, all_rows, fetch, put


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
