"""Tiles: paths, widths and contents as C2SP tlog-tiles writes them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mydata_hub.errors import NotProven
from mydata_hub.transparency.merkle import (
    inclusion_proof,
    leaf_hash,
    root_of,
    verify_inclusion,
)
from mydata_hub.transparency.tiles import (
    ENTRIES,
    Edge,
    Tile,
    decode_bundle,
    decode_tile,
    encode_bundle,
    narrow,
    partial_tiles_of,
    subtree_hash,
    tiles_of,
)


def grown(size):
    """All tiles of a tree of entries 0..size-1, and the edge."""
    stored = {}
    edge = Edge(stored.__setitem__)
    for number in range(size):
        edge.append(str(number).encode())
    stored.update(edge.partials())
    return stored, edge


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 1234067), "tile/0/x001/x234/067"),  # the example of the specification
        (Tile(0, 0), "tile/0/000"),
        (Tile(3, 999, 1), "tile/3/999.p/1"),
        (Tile(63, 1000, 255), "tile/63/x001/000.p/255"),
        (Tile(ENTRIES, 7, 12), "tile/entries/007.p/12"),
    ],
)
def test_a_path_is_the_one_of_the_specification_and_reads_back(tile, path):
    assert tile.path == path
    assert Tile.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0",
        "tile/00/000",
        "tile/64/000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000/",
        "tile/0/../000",
        "/tile/0/000",
        "tile/-1/000",
        "checkpoint",
    ],
)
def test_every_other_spelling_is_refused(path):
    with pytest.raises(NotProven, match="tile path"):
        Tile.parse(path)


def test_a_tree_of_70000_has_the_tiles_that_the_specification_counts():
    widths = {}
    for tile in tiles_of(70_000):
        widths.setdefault(tile.level, []).append(tile.width)
    assert widths[0] == [256] * 273 + [112]
    assert widths[ENTRIES] == widths[0]
    assert widths[1] == [256, 17]
    assert widths[2] == [1]


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 1000, 65_536, 66_000])
def test_what_grows_is_exactly_what_the_specification_lists(size):
    stored, edge = grown(size)
    assert set(stored) == set(tiles_of(size))
    assert {tile for tile in stored if tile.width < 256} == set(partial_tiles_of(size))
    assert edge.root() == root_of([leaf_hash(str(number).encode()) for number in range(size)])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1500), st.integers(0, 600))
def test_growing_from_a_stored_edge_gives_the_same_tree_as_growing_at_once(size, more):
    stored, _ = grown(size)
    by_path = {tile.path: content for tile, content in stored.items()}
    resumed = dict(stored)
    edge = Edge.read(size, by_path.__getitem__, resumed.__setitem__)
    for number in range(size, size + more):
        edge.append(str(number).encode())
    resumed.update(edge.partials())
    whole, at_once = grown(size + more)
    assert edge.root() == at_once.root()
    assert {tile: resumed[tile] for tile in whole} == whole


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_proofs_come_out_of_tiles_alone(data):
    size = data.draw(st.sampled_from([1, 2, 255, 256, 257, 511, 512, 700, 66_000]))
    index = data.draw(st.integers(0, size - 1))
    stored, edge = TREES.setdefault(size, grown(size))

    def subtree(start, end):
        return subtree_hash(start, end, lambda tile: decode_tile(tile, stored[tile]), size)

    proof = inclusion_proof(index, size, subtree)
    verify_inclusion(leaf_hash(str(index).encode()), index, size, proof, edge.root())


TREES = {}


@given(st.lists(st.binary(max_size=400), max_size=256))
def test_a_bundle_reads_back_as_it_was_written(entries):
    assert decode_bundle(Tile(ENTRIES, 0, len(entries)), encode_bundle(entries)) == entries


@pytest.mark.parametrize(
    "content", [b"", b"\x00", b"\x00\x05abc", b"\x00\x01a", b"\x00\x01a\x00\x01b\x00\x01c"]
)
def test_a_bundle_of_another_count_or_length_is_refused_by_name(content):
    with pytest.raises(NotProven, match=r"tile/entries/000\.p/2"):
        decode_bundle(Tile(ENTRIES, 0, 2), content)


def test_a_tile_of_another_length_is_refused_by_name():
    with pytest.raises(NotProven, match=r"tile/0/000\.p/2"):
        decode_tile(Tile(0, 0, 2), bytes(63))


def test_a_wider_tile_narrows_to_what_it_was():
    before, _ = grown(300)
    after, _ = grown(400)
    for level in (0, ENTRIES):
        wide = Tile(level, 1, 144)
        assert narrow(wide, after[wide], 44) == before[Tile(level, 1, 44)]


def test_an_edge_whose_bundle_and_tile_differ_is_not_built_upon():
    stored, _ = grown(3)
    by_path = {tile.path: content for tile, content in stored.items()}
    by_path["tile/0/000.p/3"] = bytes(96)
    with pytest.raises(NotProven, match="differ"):
        Edge.read(3, by_path.__getitem__, lambda tile, content: None)
