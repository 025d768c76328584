"""The laws of the canonical encoding, for every central object."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, ClassVar

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from mydata_hub.canonical import MAX_DEPTH, MAX_INTEGER, CentralObject, check_json
from mydata_hub.errors import BadInput, FormatUnknown, Unreadable

from tests.unit.objects.samples import EVENT, GRANT, OBJECTS, PROFILE, RECORD, SAMPLES

SECRET = "9f8e7d-personal"
FIELDS = [
    (name, field.name) for name, value in SAMPLES.items() for field in dataclasses.fields(value)
]


def members_of(value: CentralObject) -> dict[str, Any]:
    return json.loads(value.encode())


def refusal(value: CentralObject, members: dict[str, Any]) -> Unreadable:
    with pytest.raises(Unreadable) as refused:
        type(value).decode(rfc8785.dumps(members))
    assert refused.value.__cause__ is None
    assert SECRET not in str(refused.value)
    return refused.value


@settings(max_examples=200, deadline=None)
@given(value=OBJECTS)
def test_decoding_gives_back_what_was_encoded(value: CentralObject):
    encoded = value.encode()
    decoded = type(value).decode(encoded)
    assert decoded == value
    assert type(decoded) is type(value)
    assert decoded.encode() == encoded
    for field in dataclasses.fields(value):
        assert type(getattr(decoded, field.name)) is type(getattr(value, field.name))


@settings(max_examples=60, deadline=None)
@given(one=OBJECTS, other=OBJECTS)
def test_equal_objects_and_no_others_have_equal_encodings(one: CentralObject, other: CentralObject):
    assert (one.encode() == other.encode()) is (one == other)


@settings(max_examples=200, deadline=None)
@given(
    body=st.dictionaries(
        # Control characters, what JSON escapes, and names whose order by UTF-16 is another one.
        st.text(st.sampled_from('\x00\x1f\x7f"\\/\b\naZ~é힣\u2028\ufffd\U0001f600'), max_size=3),
        st.text(max_size=4) | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.booleans() | st.none(),
        max_size=6,
    )
)
def test_names_and_text_of_every_kind_are_written_as_rfc_8785_has_them(body):
    value = dataclasses.replace(RECORD, body=body)
    assert value.encode() == rfc8785.dumps(members_of(value))
    assert type(value).decode(value.encode()) == value


@settings(max_examples=60, deadline=None)
@given(value=OBJECTS, data=st.data())
def test_the_encoding_is_that_of_rfc_8785_whatever_order_members_had(value, data):
    members = members_of(value)
    shuffled = dict(data.draw(st.permutations(list(members.items()))))
    assert rfc8785.dumps(shuffled) == value.encode()
    assert value.digest() == hashlib.sha256(value.encode()).digest()


@pytest.mark.parametrize("name", SAMPLES)
def test_every_field_is_always_there(name: str):
    value = SAMPLES[name]
    names = {field.name for field in dataclasses.fields(value)}
    assert members_of(value).keys() == names | {"object", "format"}


@pytest.mark.parametrize(("name", "field"), FIELDS)
def test_a_field_that_is_missing_is_named(name: str, field: str):
    members = members_of(SAMPLES[name])
    del members[field]
    assert refusal(SAMPLES[name], members).field == field


@pytest.mark.parametrize(("name", "field"), FIELDS)
def test_a_field_of_a_wrong_type_is_named_and_its_value_is_not(name: str, field: str):
    right = members_of(SAMPLES[name])[field]
    wrong: list[Any] = [[SECRET, SECRET], {SECRET: SECRET}, True]
    if not isinstance(right, str):
        wrong.append(SECRET)
    if not isinstance(right, int):
        wrong.append(7)
    if field == "body":
        wrong.remove({SECRET: SECRET})
    for value in wrong:
        members = members_of(SAMPLES[name]) | {field: value}
        assert refusal(SAMPLES[name], members).field == field


@pytest.mark.parametrize("name", SAMPLES)
def test_an_unknown_field_is_named(name: str):
    assert refusal(SAMPLES[name], members_of(SAMPLES[name]) | {"extra": SECRET}).field == "extra"
    strange = refusal(SAMPLES[name], members_of(SAMPLES[name]) | {SECRET: 1})
    assert strange.field == "a name that is no field name"


@pytest.mark.parametrize(
    ("value", "field", "inner"),
    [(GRANT, "frequency", {}), (EVENT, "row", {}), (PROFILE, "folds", {"habits.coffee": {}})],
)
def test_an_unknown_field_deeper_down_is_refused_too(value, field, inner):
    members = members_of(value)
    target = members[field]["habits.coffee"] if inner else members[field]
    target["extra"] = SECRET
    assert refusal(value, members).field == field


@pytest.mark.parametrize("name", SAMPLES)
def test_another_format_is_refused(name: str):
    value = SAMPLES[name]
    for number in (0, 2, 3, -1):
        with pytest.raises(FormatUnknown, match="format"):
            type(value).decode(rfc8785.dumps(members_of(value) | {"format": number}))
    for wrong in ("1", None, True, [1]):
        assert refusal(value, members_of(value) | {"format": wrong}).field == "format"


@pytest.mark.parametrize("name", SAMPLES)
def test_no_object_passes_for_another_kind(name: str):
    encoded = SAMPLES[name].encode()
    for other in SAMPLES.values():
        if type(other) is not type(SAMPLES[name]):
            with pytest.raises(Unreadable) as refused:
                type(other).decode(encoded)
            assert refused.value.field == "object"


CANONICAL = GRANT.encode()


@pytest.mark.parametrize(
    "encoded",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'"grant"',
        CANONICAL + b" ",
        b" " + CANONICAL,
        CANONICAL[:-1],
        CANONICAL.replace(b":", b": ", 1),
        CANONICAL.replace(b'"version":2', b'"version":2.0'),
        CANONICAL.replace(b'"version":2', b'"version":NaN'),
        CANONICAL.replace(b'"version":2', b'"version":2,"version":2'),
        CANONICAL.replace(b'"version":2', b'"version":9007199254740993'),
        CANONICAL.replace(b"person-1", b"\\u0070erson-1"),
        CANONICAL.replace(b"person-1", b"\\ud800"),
        CANONICAL.replace(b"person-1", b"\xff"),
        b'{"version":2,' + CANONICAL[1:-len(b',"version":2}')] + b"}",
        b"[" * 100_000,
        b"{" * 9_000_000,
    ],
    ids=range(19),
)  # fmt: skip
def test_bytes_that_are_not_canonical_json_are_refused(encoded: bytes):
    with pytest.raises(Unreadable):
        type(GRANT).decode(encoded)


@pytest.mark.parametrize(
    ("field", "lax"),
    [
        ("given_at", "2026-03-01T09:30:00Z"),
        ("given_at", "2026-03-01T09:30:00.000000+00:00"),
        ("given_at", "2026-03-01T18:30:00.000000+09:00"),
        ("given_at", "2026-03-01 09:30:00.000000Z"),
        ("given_at", "1772357400"),
        ("given_at", 1772357400),
        ("given_at", "2026-03-01T09:30:00.000000"),
        ("assertion", "__79_A=="),
        ("assertion", "//79/A"),
        ("assertion", "__79_B"),
        ("assertion", "__79_A\n"),
        ("consent_hash", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9"),
        ("kind", "RELEASE"),
        ("max_bits", "16"),
    ],
)
def test_another_spelling_of_the_same_value_is_refused(field: str, lax: Any):
    assert refusal(GRANT, members_of(GRANT) | {field: lax}).field == field


def test_another_spelling_of_the_same_bits_and_spans_is_refused():
    release, claim = SAMPLES["release"], SAMPLES["claim"]
    for lax in ("2.322", "2.32200", "02.3220", "+2.3220", "2322e-3", " 2.3220", "NaN", 2):
        assert refusal(release, members_of(release) | {"bits": lax}).field == "bits"
    for lax in ("P1D", "PT24H", "PT086400S", "+PT86400S", "-PT86400S", 86400):
        assert refusal(claim, members_of(claim) | {"valid_for": lax}).field == "valid_for"


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        float("nan"),
        b"bytes",
        (1, 2),
        {1: 2},
        {"\ud800": 1},
        "\ud800",
        MAX_INTEGER + 1,
        -MAX_INTEGER - 1,
        datetime(2026, 1, 1, tzinfo=UTC),
        Decimal(1),
        {1},
        object(),
    ],
    ids=range(13),
)
def test_a_free_field_refuses_what_would_not_come_back_equal(value: Any):
    for wrong in ({"a": value}, {"a": [value]}, {"a": {"b": value}}):
        with pytest.raises(BadInput) as refused:
            check_json("body", wrong)
        assert refused.value.field == "body"
    with pytest.raises(BadInput):
        dataclasses.replace(RECORD, body={"a": value})


def test_a_free_field_nests_within_a_limit():
    nested: Any = 1
    for _ in range(MAX_DEPTH):
        nested = [nested]
    check_json("body", nested)
    for deeper in ([nested], {"a": nested}):
        with pytest.raises(BadInput):
            check_json("body", deeper)


@dataclass(frozen=True, slots=True, kw_only=True)
class Former(CentralObject):
    object_name: ClassVar[str] = "thing"

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Present(CentralObject):
    object_name: ClassVar[str] = "thing"
    object_format: ClassVar[int] = 2

    name: str
    size: int | None = None

    @classmethod
    def upgrade(cls, members: dict[str, Any]) -> dict[str, Any]:
        return members | {"size": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Next(CentralObject):
    object_name: ClassVar[str] = "thing"
    object_format: ClassVar[int] = 3

    name: str


def test_a_reader_accepts_its_format_and_the_one_before():
    assert Present.decode(Former(name="a").encode()) == Present(name="a")
    assert Present.decode(Present(name="a", size=1).encode()) == Present(name="a", size=1)
    for reader, value in ((Former, Present(name="a")), (Next, Former(name="a"))):
        with pytest.raises(FormatUnknown):
            reader.decode(value.encode())
    with pytest.raises(FormatUnknown):
        Next.decode(Present(name="a").encode())


def test_what_has_no_canonical_form_is_named_when_it_is_encoded():
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Anything(CentralObject):
        object_name: ClassVar[str] = "anything"

        field: Any

    for value in (
        1.5,
        {1},
        object(),
        {2: 1},
        "\ud800",
        2**53,
        datetime(2026, 1, 1),  # noqa: DTZ001
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=9))),
        timedelta(microseconds=1),
        timedelta(seconds=-1),
        "x" * 9_000_000,
    ):
        with pytest.raises(BadInput) as refused:
            Anything(field=value).encode()
        assert refused.value.field in ("field", "anything")
