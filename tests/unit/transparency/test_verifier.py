"""The tamper drill: every stored object changed, deleted, inserted and exchanged, one by one."""

from __future__ import annotations

import pytest
from mydata_hub.errors import BlobMissing
from mydata_hub.transparency.checkpoint import (
    Checkpoint,
    VerifierKey,
    verify_checkpoint,
)
from mydata_hub.transparency.leaf import LEAF_BYTES
from mydata_hub.transparency.signing import sign_checkpoint
from mydata_hub.transparency.tiles import Edge
from mydata_hub.transparency.verifier import verify_log

from tests.faults.sequencer_world import MemorySigner

ORIGIN = "hub.example/log"
SIGNER = MemorySigner()
KEY = VerifierKey.of(ORIGIN, SIGNER.public_key())


def an_entry(number):
    return b"\x01" + number.to_bytes(LEAF_BYTES - 1, "big")


def a_log(size):
    stored = {}
    edge = Edge(lambda tile, content: stored.__setitem__(tile.path, content))
    for number in range(size):
        edge.append(an_entry(number))
    stored.update((tile.path, content) for tile, content in edge.partials())
    stored["checkpoint"] = sign_checkpoint(Checkpoint(ORIGIN, size, edge.root()), SIGNER)
    return stored


class Stored(dict):
    """A dictionary of objects as a source that can be listed."""

    def get(self, name):
        if name not in self:
            raise BlobMissing("no such object")
        return self[name]

    def tile_names(self):
        return [name for name in self if name.startswith("tile/")]


class Served(Stored):
    """The same as HTTP shows it: nothing is listed."""

    def tile_names(self):
        return None


def findings(stored, source=Stored, **how):
    report = verify_log(source(stored), KEY, **how)
    return {finding.name: finding.reason for finding in report.findings}


SIZE = 66_100  # two full level-1 hashes: three levels, full and partial tiles on each
LOG = a_log(SIZE)
SMALL = a_log(600)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 600])
def test_a_log_as_it_was_written_has_no_findings(size):
    told = []
    report = verify_log(Stored(a_log(size)), KEY, progress=lambda *at: told.append(at))
    assert report.findings == ()
    assert report.checkpoint.size == size
    assert report.objects == len(a_log(size))
    assert told[-1:] == ([(size, size)] if size else [])


def test_a_log_of_three_levels_has_no_findings_and_one_changed_upper_tile_is_named():
    assert findings(LOG) == {}
    upper = [name for name in LOG if name.startswith(("tile/1", "tile/2"))]
    assert len(upper) == 3
    damaged = dict(LOG)
    damaged["tile/1/000"] = bytes(32) + LOG["tile/1/000"][32:]
    assert set(findings(damaged)) == {"tile/1/000"}


@pytest.mark.parametrize("source", [Stored, Served])
@pytest.mark.parametrize("name", sorted(SMALL))
def test_each_object_that_is_deleted_is_named_and_no_other(name, source):
    damaged = {key: value for key, value in SMALL.items() if key != name}
    assert findings(damaged, source) == {name: "missing"}


@pytest.mark.parametrize("source", [Stored, Served])
@pytest.mark.parametrize("name", sorted(SMALL))
def test_each_object_that_is_changed_anywhere_is_named_and_no_other(name, source):
    content = SMALL[name]
    for at in {0, 1, 2, len(content) // 2, len(content) - 2, len(content) - 1}:
        for change in (0x01, 0x80, 0xFF):
            damaged = bytearray(content)
            damaged[at] ^= change
            assert set(findings({**SMALL, name: bytes(damaged)}, source)) == {name}
    for damaged in (content[:-1], content + b"\x00", b"", content[: len(content) // 2]):
        assert set(findings({**SMALL, name: damaged}, source)) == {name}


@pytest.mark.parametrize("source", [Stored, Served])
def test_every_two_objects_that_change_places_are_both_named(source):
    names = sorted(SMALL)
    for one in names:
        for other in names:
            if one < other:
                swapped = {**SMALL, one: SMALL[other], other: SMALL[one]}
                found = set(findings(swapped, source))
                # With the checkpoint gone there is nothing left to hold the rest against.
                expected = {"checkpoint"} if "checkpoint" in (one, other) else {one, other}
                assert found == expected


def test_entries_that_change_places_inside_a_bundle_name_it_and_the_entry():
    bundle = SMALL["tile/entries/001"]
    each = 2 + LEAF_BYTES
    swapped = bundle[each : 2 * each] + bundle[:each] + bundle[2 * each :]
    reason = "entry 256 and its hash in the tree differ"
    assert findings({**SMALL, "tile/entries/001": swapped}) == {"tile/entries/001": reason}


@pytest.mark.parametrize(
    "name",
    ["tile/0/003", "tile/entries/003.p/1", "tile/2/000.p/1", "tile/0/002.p/89", "tile/notes"],
)
def test_each_object_that_is_inserted_is_named(name):
    inserted = {**SMALL, name: SMALL["tile/0/000"]}
    assert set(findings(inserted)) == {name}


def test_a_narrower_tile_from_before_is_no_finding_unless_it_was_changed():
    before = SMALL["tile/0/001"][: 10 * 32]
    assert findings({**SMALL, "tile/0/001.p/10": before}) == {}
    changed = {**SMALL, "tile/0/001.p/10": bytes(320)}
    assert findings(changed) == {"tile/0/001.p/10": "not the beginning of tile/0/001"}


def test_an_entry_that_is_no_leaf_is_named_even_under_a_right_checkpoint():
    stored = {}
    edge = Edge(lambda tile, content: stored.__setitem__(tile.path, content))
    edge.append(b"not a leaf")
    stored.update((tile.path, content) for tile, content in edge.partials())
    stored["checkpoint"] = sign_checkpoint(Checkpoint(ORIGIN, 1, edge.root()), SIGNER)
    assert findings(stored) == {
        "tile/entries/000.p/1": "entry 0 is not a leaf of version 1",
    }


def test_a_bundle_changed_together_with_its_tile_is_found():
    changed = SMALL["tile/entries/000"][:20] + b"\xff" + SMALL["tile/entries/000"][21:]
    both = {**SMALL, "tile/entries/000": changed, "tile/0/000": bytes(8192)}
    assert {"tile/entries/000", "tile/0/000"} <= set(findings(both))


def test_a_bundle_and_its_tile_that_are_both_gone_are_both_named():
    gone = {"tile/entries/000", "tile/0/000"}
    assert set(findings({k: v for k, v in SMALL.items() if k not in gone})) == gone


def test_a_well_signed_checkpoint_with_another_root_is_named():
    forged = sign_checkpoint(Checkpoint(ORIGIN, 600, bytes(32)), SIGNER)
    assert "checkpoint" in findings({**SMALL, "checkpoint": forged})


def test_a_log_that_continues_a_kept_checkpoint_has_no_findings():
    for size in (1, 256, 300, 599, 600):
        kept = verify_checkpoint(a_log(size)["checkpoint"], KEY)
        assert findings(SMALL, kept=kept) == {}


def test_a_log_rolled_back_or_rewritten_since_a_kept_checkpoint_is_found():
    later = verify_checkpoint(a_log(601)["checkpoint"], KEY)
    assert findings(SMALL, kept=later) == {
        "checkpoint": "does not continue the kept one of size 601"
    }
    other = Checkpoint(ORIGIN, 300, bytes(32))
    assert findings(SMALL, kept=other) == {
        "checkpoint": "does not continue the kept one of size 300"
    }
    foreign = Checkpoint("other.example/log", 0, bytes(32))
    assert set(findings(SMALL, kept=foreign)) == {"checkpoint"}
