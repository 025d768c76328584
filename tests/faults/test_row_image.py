"""Row images: frozen bytes, types kept, every altered byte told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mydata_hub.embedded.row_image import StoredRow, checksum_of, decode_row, encode_row
from mydata_hub.errors import Damaged, FormatUnknown
from mydata_hub.ports.tables import MAX_INTEGER, Key, Row

STORED = StoredRow(
    Row(
        key=Key("left", "누구", "a"),
        version=3,
        values={"b": b"\x00\xff", "$bytes": {"$bytes": "no bytes"}, "n": -1, "l": [True, None]},
        format=2,
        expires_at=datetime(2026, 11, 2, 12, 0, 0, 1, tzinfo=UTC),
    ),
    {"by_day": ("monday", "a")},
)
# Change rule: this is encoding 1, and it can be read for as long as the hub exists.
IMAGE = (
    '{"encoding":1,"expires_at":1793620800000001,"format":2,"indexes":{"by_day":["monday","a"]},'
    '"partition":"누구","sort":"a","values":{"$$bytes":{"$$bytes":"no bytes"},'
    '"b":{"$bytes":"AP8="},"l":[true,null],"n":-1},"version":3}'
).encode()
CHECKSUM = bytes.fromhex("5f5f42470dbfb2865bea929bea1c8d6d")

names = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(["$", "$bytes", "$$b"])
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.text(st.characters(codec="utf-8"), max_size=8)
    | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=12,
)


def test_encoding_one_is_frozen() -> None:
    assert encode_row(STORED) == IMAGE
    assert checksum_of("LeftTable", IMAGE) == CHECKSUM
    assert decode_row("left", "LeftTable", IMAGE, CHECKSUM) == STORED


@given(st.dictionaries(names, values, max_size=4))
def test_values_come_back_with_their_types(content: dict[str, object]) -> None:
    stored = StoredRow(Row(Key("left", "p"), 1, content), {})
    image = encode_row(stored)
    back = decode_row("left", "LeftTable", image, checksum_of("LeftTable", image))
    # `repr` tells True from 1 and the order-free equality of maps is checked beside it.
    assert back == stored
    assert sorted(repr(back.row.values)) == sorted(repr(content))


def test_every_flipped_bit_is_damage() -> None:
    for position in range(len(IMAGE)):
        for bit in range(8):
            altered = bytearray(IMAGE)
            altered[position] ^= 1 << bit
            with pytest.raises(Damaged):
                decode_row("left", "LeftTable", bytes(altered), CHECKSUM)


def test_an_image_of_another_table_is_damage() -> None:
    with pytest.raises(Damaged):
        decode_row("left", "RightTable", IMAGE, CHECKSUM)


@pytest.mark.parametrize(
    "image",
    [b"", b"[]", b"{}", b"\xff", IMAGE[:-1], IMAGE.replace(b'"n":-1', b'"n":1.5')],
)
def test_bytes_that_are_no_row_are_damage_even_with_a_checksum(image: bytes) -> None:
    with pytest.raises(Damaged):
        decode_row("left", "LeftTable", image, checksum_of("LeftTable", image))


def test_an_encoding_of_a_newer_release_is_told_as_such() -> None:
    newer = IMAGE.replace(b'"encoding":1', b'"encoding":2')
    with pytest.raises(FormatUnknown):
        decode_row("left", "LeftTable", newer, checksum_of("LeftTable", newer))
