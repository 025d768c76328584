"""The blob port's contract on both engines."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mydata_hub.errors import BlobMissing, LimitExceeded, Taken
from mydata_hub.ports.blobs import MAX_BLOB_BYTES, MAX_NAME_BYTES

PARTS = st.from_regex(r"\A[A-Za-z0-9_-][A-Za-z0-9._-]{0,8}\Z")
BLOB_NAMES = st.lists(PARTS, min_size=1, max_size=4).map("/".join)
_count = itertools.count()


@pytest.fixture
def blobs(engine):
    return engine.blobs()


@pytest.mark.parametrize("content", [b"", b"\0", b"line\r\nline\n", bytes(range(256)) * 1000])
def test_bytes_come_back_as_they_were_put(blobs, content):
    blobs.put_if_absent("a/b.c", content)
    assert blobs.get("a/b.c") == content


def test_the_same_bytes_again_are_a_success_and_other_bytes_are_not(blobs):
    blobs.put_if_absent("a", b"first")
    blobs.put_if_absent("a", b"first")
    for other in (b"second", b"", b"first "):
        with pytest.raises(Taken):
            blobs.put_if_absent("a", other)
    assert blobs.get("a") == b"first"


def test_what_was_never_put_is_missing(blobs):
    blobs.put_if_absent("a/b", b"")
    for name in ("a", "b", "a/b/c", "A/b"):
        with pytest.raises(BlobMissing):
            blobs.get(name)


def test_a_deleted_blob_is_gone_and_its_name_is_free(blobs):
    blobs.put_if_absent("a/b", b"first")
    blobs.delete("a/b")
    blobs.delete("a/b")
    blobs.delete("never/there")
    with pytest.raises(BlobMissing):
        blobs.get("a/b")
    assert list(blobs.names("")) == []
    blobs.put_if_absent("a/b", b"second")
    assert blobs.get("a/b") == b"second"


def test_a_name_may_begin_with_another_name_and_differ_in_case_only(blobs):
    names = [
        "A",
        "a",
        "a-b",
        "a.b",
        "a/b",
        "a/b/c",
        "a/bc",
        "a_b",
        "ab",
        "tile/0/000",
        "tile/0/000.p/5",
    ]
    for name in names:
        blobs.put_if_absent(name, name.encode())
    assert list(blobs.names("")) == sorted(names)
    assert [blobs.get(name) for name in names] == [name.encode() for name in names]


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("", ["Z", "a/b", "a/b/c", "a/bc", "ab", "b"]),
        ("a", ["a/b", "a/b/c", "a/bc", "ab"]),
        ("a/", ["a/b", "a/b/c", "a/bc"]),
        ("a/b", ["a/b", "a/b/c", "a/bc"]),
        ("a/b/", ["a/b/c"]),
        ("A", []),
        ("z", []),
        ("Z", ["Z"]),
    ],
)
def test_names_are_listed_by_prefix_in_the_order_of_their_bytes(blobs, prefix, expected):
    for name in ["b", "ab", "a/bc", "a/b", "a/b/c", "Z"]:
        blobs.put_if_absent(name, b"")
    assert list(blobs.names(prefix)) == expected


@pytest.mark.parametrize(
    "name",
    ["", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/.b", "a\\b", "a b", "a\n", "é",
     "a=", "a,b", "a~", "\0", "a" * (MAX_NAME_BYTES + 1)],
)  # fmt: skip
def test_names_that_could_leave_their_folder_are_refused(blobs, name):
    for call in (blobs.get, blobs.delete, lambda name: blobs.put_if_absent(name, b"")):
        with pytest.raises(LimitExceeded):
            call(name)


def test_the_longest_name_is_stored(blobs):
    for name in ("a" * MAX_NAME_BYTES, "A" * MAX_NAME_BYTES, "/".join("a" * (MAX_NAME_BYTES // 2))):
        blobs.put_if_absent(name, b"x")
        assert blobs.get(name) == b"x"
        assert list(blobs.names(name)) == [name]


def test_a_blob_beyond_the_limit_is_refused(blobs):
    with pytest.raises(LimitExceeded):
        blobs.put_if_absent("a", bytes(MAX_BLOB_BYTES + 1))


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(contents=st.dictionaries(BLOB_NAMES, st.binary(max_size=300), max_size=5))
def test_any_names_and_bytes_come_back(blobs, contents):
    folder = f"{next(_count)}/"
    for name, content in contents.items():
        blobs.put_if_absent(folder + name, content)
    assert {name: blobs.get(folder + name) for name in contents} == contents
    assert list(blobs.names(folder)) == sorted(folder + name for name in contents)
