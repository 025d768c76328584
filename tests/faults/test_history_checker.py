"""The checker itself, against an oracle that tries every order."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faults.history import Operation, check_history

instants = st.integers(0, 12)


@st.composite
def small_histories(draw: st.DrawFn) -> list[Operation]:
    operations = []
    for process in range(draw(st.integers(1, 6))):
        begun, span = draw(instants), draw(st.integers(0, 6))
        kind = draw(st.sampled_from(["read", "write"]))
        version = draw(st.integers(1 if kind == "write" else 0, 3))
        operations.append(Operation(process, "row", kind, version, begun, begun + span))
    return operations


def explained_by_some_order(operations: list[Operation]) -> bool:
    for order in permutations(operations):
        version, fits = 0, True
        for position, operation in enumerate(order):
            if any(later.ended_ns < operation.begun_ns for later in order[position + 1 :]):
                fits = False
                break
            if operation.kind == "write":
                version += 1
            if operation.version != version:
                fits = False
                break
        if fits:
            return True
    return False


@settings(max_examples=1500, deadline=None)
@given(small_histories())
def test_the_checker_agrees_with_trying_every_order(operations: list[Operation]) -> None:
    assert (check_history(operations) == []) == explained_by_some_order(operations)


def test_a_refusal_that_no_write_explains_is_told() -> None:
    write = Operation(1, "row", "write", 1, 0, 5)
    early = Operation(2, "row", "refused", 0, 3, 6)
    causeless = Operation(3, "row", "refused", 1, 7, 9)
    assert check_history([write, early]) == []
    assert check_history([write, causeless]) != []


def test_rows_are_judged_one_by_one() -> None:
    write = Operation(1, "one", "write", 1, 0, 5)
    other = Operation(2, "other", "read", 0, 7, 9)
    assert check_history([write, other]) == []
