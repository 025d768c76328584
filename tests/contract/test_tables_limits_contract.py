"""The table port's contract on both engines: what both refuse, and what is just within."""

from __future__ import annotations

import pytest
from mydata_hub.errors import LimitExceeded
from mydata_hub.ports.tables import (
    MAX_CHANGES,
    MAX_FETCH,
    MAX_PAGE,
    MAX_PARTITION_BYTES,
    MAX_SORT_BYTES,
    Absent,
    Check,
    Delete,
    Key,
    Tables,
    VersionIs,
)

from tests.contract.rows import INDEX, KEY, fetch, indexed, put


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
