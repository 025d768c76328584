"""The table port against a plain dictionary, on both engines, with values and steps made up."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from mydata_hub.errors import Conflict
from mydata_hub.ports.clock import SetClock
from mydata_hub.ports.tables import Absent, Check, Compare, Delete, Key, Put, Row, VersionIs

INDEX = "by_owner"
OWNERS = ("me", "you")
INTEGERS = st.integers(-(2**63) + 1, 2**63 - 1)
SCALARS = st.one_of(st.none(), st.booleans(), INTEGERS, st.text(), st.binary())
NAMES = st.text(min_size=1, max_size=12)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
RESERVED = {"partition", "sort", "version", "format", "expires_at", "expires_at_us"}
ROW_VALUES = st.dictionaries(NAMES.filter(lambda name: name not in RESERVED), VALUES, max_size=5)
_count = itertools.count()


def typed(value: Any) -> Any:
    """The value with its types spelled out: in Python, True equals 1."""
    if isinstance(value, dict):
        return {name: typed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    return (type(value), value)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=ROW_VALUES, partition=st.text(min_size=1), sort=st.text(min_size=1))
def test_values_keys_and_types_come_back_as_they_were_put(tables, values, partition, sort):
    key = Key("things", f"{next(_count)}{partition}", sort)
    tables.commit(Put(key=key, values=values, when=Absent()))
    found = tables.fetch_many(key)[key]
    assert (found.key, found.version, typed(dict(found.values))) == (key, 1, typed(values))
    assert tables.query("things", key.partition).rows == (found,)


# A handful of keys, attributes and values, so that the steps meet each other.
KEYS = [
    Key(table, "p", sort) for table in ("things", "others") for sort in ("a", "a#1", "a#2", "b")
]
ATTRIBUTES = ("x", "y")
OPERANDS = st.one_of(
    st.booleans(),
    st.integers(-1, 2),
    st.sampled_from(["", "0", "1", "é"]),
    st.sampled_from([b"", b"0", b"\xff"]),
)
COMPARES = st.builds(
    Compare,
    st.sampled_from(ATTRIBUTES),
    st.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
    OPERANDS,
)
VERSIONS = st.builds(VersionIs, st.integers(1, 3))
STEPS_S = st.one_of(st.none(), st.integers(1, 6))


@dataclass(frozen=True)
class Step:
    """A change as drawn: `lives_s` becomes an instant only when the machine runs it."""

    key: Key
    kind: str
    when: Absent | VersionIs
    also: tuple[Compare, ...]
    values: dict[str, Any]
    lives_s: int | None
    owner: str | None


STEPS = st.builds(
    Step,
    key=st.sampled_from(KEYS),
    kind=st.sampled_from(["put", "put", "put", "delete", "check"]),
    when=st.just(Absent()) | VERSIONS,
    also=st.lists(COMPARES, max_size=1).map(tuple),
    values=st.fixed_dictionaries({}, optional=dict.fromkeys(ATTRIBUTES, OPERANDS | st.none())),
    lives_s=STEPS_S,
    owner=st.sampled_from([None, *OWNERS]),
)


class TablesMachine(RuleBasedStateMachine):
    """Does each step on an engine and on a dictionary and compares what can be seen."""

    def __init__(self, engine: Any) -> None:
        super().__init__()
        self.clock = SetClock(datetime.fromisoformat("2026-03-01T00:00:00+00:00"))
        self.tables = engine.tables(self.clock)
        self.rows: dict[Key, tuple[Row, str | None]] = {}

    @rule(steps=st.lists(STEPS, min_size=1, max_size=4, unique_by=lambda step: step.key))
    def commit(self, steps: list[Step]) -> None:
        # Without this, most versions drawn would be wrong and most commits would conflict.
        steps = [self._aimed(step) for step in steps]
        changes = [self._change(step) for step in steps]
        failed = [n for n, step in enumerate(steps) if not self._holds(step)]
        if failed:
            with pytest.raises(Conflict) as conflict:
                self.tables.commit(*changes)
            assert conflict.value.change == failed[0]
            assert conflict.value.table == steps[failed[0]].key.table
            return
        self.tables.commit(*changes)
        for step, change in zip(steps, changes, strict=True):
            if isinstance(change, Delete):
                del self.rows[step.key]
            elif isinstance(change, Put):
                version = step.when.version + 1 if isinstance(step.when, VersionIs) else 1
                row = Row(step.key, version, step.values, 1, change.expires_at)
                self.rows[step.key] = (row, step.owner)

    @rule(seconds=st.integers(1, 3))
    def wait(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    @rule(
        prefix=st.sampled_from(["", "a", "a#", "b", "c"]),
        limit=st.integers(1, 3),
        newest_first=st.booleans(),
    )
    def query(self, prefix: str, limit: int, newest_first: bool) -> None:
        found: list[Row] = []
        after: str | None = None
        while True:
            page = self.tables.query(
                "things",
                "p",
                prefix=prefix,
                after=after,
                limit=limit,
                newest_first=newest_first,
            )
            assert len(page.rows) <= limit
            found += page.rows
            after = page.after
            if after is None:
                break
        expected = sorted(
            (
                row
                for row in self._live()
                if row.key.table == "things" and row.key.sort.startswith(prefix)
            ),
            key=lambda row: row.key.sort.encode(),
            reverse=newest_first,
        )
        assert found == expected

    @rule(owner=st.sampled_from(OWNERS))
    def find_keys(self, owner: str) -> None:
        found = set(self.tables.find_keys("things", INDEX, owner).keys)
        listed = {
            key for key, (_, held_by) in self.rows.items()
            if key.table == "things" and held_by == owner
        }  # fmt: skip
        # An index may still list what has expired.
        assert {row.key for row in self._live()} & listed <= found <= listed

    @invariant()
    def every_row_reads_as_it_was_written(self) -> None:
        expected = {row.key: row for row in self._live()}
        found = self.tables.fetch_many(*KEYS)
        assert found == expected
        assert {key: typed(dict(row.values)) for key, row in found.items()} == {
            key: typed(row.values) for key, row in expected.items()
        }

    def _live(self) -> Iterator[Row]:
        for row, _ in self.rows.values():
            if row.expires_at is None or row.expires_at > self.clock.now():
                yield row

    def _aimed(self, step: Step) -> Step:
        row = next((row for row in self._live() if row.key == step.key), None)
        if isinstance(step.when, VersionIs) and row is not None and step.when.version < 3:
            return Step(**{**vars(step), "when": VersionIs(row.version)})
        return step

    def _change(self, step: Step) -> Put | Delete | Check:
        if step.kind == "check":
            return Check(step.key, (step.when, *step.also))
        if step.kind == "delete" and isinstance(step.when, VersionIs):
            return Delete(step.key, step.when, step.also)
        lives_s = step.lives_s
        return Put(
            key=step.key,
            values=step.values,
            when=step.when,
            also=step.also,
            expires_at=None if lives_s is None else self.clock.now() + timedelta(seconds=lives_s),
            indexes={} if step.owner is None else {INDEX: (step.owner, step.key.sort)},
        )

    def _holds(self, step: Step) -> bool:
        row = next((row for row in self._live() if row.key == step.key), None)
        if isinstance(step.when, Absent):
            return row is None and not step.also
        if row is None or row.version != step.when.version:
            return False
        return all(compares(row.values, compare) for compare in step.also)


def compares(values: Any, compare: Compare) -> bool:
    """The sentence of the port, as plainly as Python can say it."""
    if compare.attribute not in values:
        return False
    found, wanted = values[compare.attribute], compare.value
    if type(found) is not type(wanted):
        return False
    if compare.operator in ("=", "!="):
        return (found == wanted) is (compare.operator == "=")
    if isinstance(found, bool):
        return False
    if isinstance(found, str):
        found, wanted = found.encode(), wanted.encode()
    order = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
    return order[compare.operator](found, wanted)


def test_an_engine_does_what_a_dictionary_would(engine):
    run_state_machine_as_test(
        lambda: TablesMachine(engine),
        settings=settings(
            max_examples=25,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
