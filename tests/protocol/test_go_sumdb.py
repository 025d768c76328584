"""The log before a verifier that this project did not write: Go's golang.org/x/mod/sumdb."""

from __future__ import annotations

import base64
import functools
import itertools
import json
import os
import shutil
import subprocess
from pathlib import Path
from random import Random

import pytest
from mydata_hub.ports.clock import SetClock
from mydata_hub.transparency.add_checkpoint import AddCheckpoint
from mydata_hub.transparency.checkpoint import COSIGNATURE, VerifierKey, verify_checkpoint
from mydata_hub.transparency.merkle import consistency_proof, inclusion_proof, leaf_hash, root_of
from mydata_hub.transparency.published import CHECKPOINT
from mydata_hub.transparency.sequencer import Log, sequence
from mydata_hub.transparency.tiles import (
    ENTRIES,
    TILE_WIDTH,
    Tile,
    decode_bundle,
    decode_tile,
    subtree_hash,
    tiles_of,
)
from mydata_hub.transparency.witness import Witness

from tests.faults.sequencer_world import START, Faults, MemoryTables, World
from tests.faults.test_sequencer import write_events
from tests.unit.transparency.growing_log import SeededSigner

ENTRIES_IN_ALL = 3_210  # full and partial tiles on three levels of what the library reads
LIBRARY = Path("/usr/share/gocode")
PROGRAM = Path(__file__).parent / "go" / "main.go"
needs_go = pytest.mark.skipif(
    shutil.which("go") is None or not (LIBRARY / "src/golang.org/x/mod/sumdb").is_dir(),
    reason="Go with golang.org/x/mod is not here (Debian: golang-go golang-golang-x-mod-dev)",
)


class WitnessedLog:
    """A sequenced log, a witness that cosigned its checkpoints, and its files in a folder."""

    def __init__(self, folder):
        self.folder = folder
        world = World(Log, 1)
        for first in range(0, ENTRIES_IN_ALL, 992):
            write_events(world, first, min(992, ENTRIES_IN_ALL - first))
            world.tables.catch_up()
            sequence(world.log)
        self.key = VerifierKey.parse(world.tables.rows[CHECKPOINT].values["key"])
        signer = SeededSigner(9)
        self.witness = VerifierKey.of("witness.example/w1", signer.public_key(), COSIGNATURE)
        for name, content in world.blobs.stored.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.sizes = [size for size, _ in world.tables.checkpoints]
        self.entries = [
            entry
            for bundle in tiles_of(self.sizes[-1])
            if bundle.level == ENTRIES
            for entry in decode_bundle(bundle, world.blobs.stored[bundle.path])
        ]
        self.hashes = [leaf_hash(entry) for entry in self.entries]
        self.stored = world.blobs.stored
        asked = Witness(
            tables=MemoryTables(Faults(), Random(1)),
            signer=signer,
            clock=SetClock(START),
            key=self.witness,
            logs=[self.key],
        )
        self.notes, before = [], 0
        for size, note in world.tables.checkpoints:
            opened = AddCheckpoint.parse(b"old 0\n\n" + note).opened
            proof = self.consistent(before, size)["proof"] if before else []
            proof = tuple(map(base64.b64decode, proof))
            request = AddCheckpoint(before, proof, note, opened, opened.checkpoint())
            reply = asked.add_checkpoint(request.encode())
            assert reply.status == 200, reply
            self.notes.append(note.decode() + reply.body)
            before = size

    @functools.cache  # noqa: B019 (one log lives as long as these tests)
    def root(self, size):
        return encode(root_of(self.hashes[:size]))

    @functools.cache  # noqa: B019
    def subtree(self, size):
        """As the hub makes proofs: from its tiles."""
        return lambda low, high: subtree_hash(low, high, self.tile, size)

    @functools.cache  # noqa: B019
    def tile(self, tile):
        wide = min(TILE_WIDTH, self.sizes[-1] // TILE_WIDTH**tile.level - tile.index * TILE_WIDTH)
        stored = Tile(tile.level, tile.index, wide)
        return decode_tile(stored, self.stored[stored.path])[: tile.width]

    def included(self, index, size):
        proof = inclusion_proof(index, size, self.subtree(size))
        return {
            "index": index,
            "size": size,
            "root": self.root(size),
            "entry": encode(self.entries[index]),
            "proof": [encode(one) for one in proof],
        }

    def consistent(self, old_size, size):
        proof = consistency_proof(old_size, size, self.subtree(size))
        return {
            "old_size": old_size,
            "old_root": self.root(old_size),
            "size": size,
            "root": self.root(size),
            "proof": [encode(one) for one in proof],
        }


def encode(content):
    return base64.b64encode(content).decode()


@pytest.fixture(scope="module")
def go(tmp_path_factory):
    """Asks the compiled program. Nothing is downloaded: the library is where Debian put it."""
    built = tmp_path_factory.mktemp("go")
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": str(LIBRARY),
        "GOCACHE": str(built / "cache"),
        "GOPROXY": "off",
        "GOFLAGS": "",
    }
    program = str(built / "verify")
    subprocess.run(["go", "build", "-o", program, str(PROGRAM)], env=environment, check=True)

    def ask(log, **question):
        asked = {"key": str(log.key), "witness": str(log.witness), **question}
        done = subprocess.run(
            [program, str(log.folder)],
            input=json.dumps(asked).encode(),
            capture_output=True,
            check=True,
        )
        return json.loads(done.stdout)

    return ask


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return WitnessedLog(tmp_path_factory.mktemp("log"))


@needs_go
def test_go_opens_every_checkpoint_with_both_signatures_and_no_changed_one(go, log):
    said = go(log, notes=log.notes)["notes"]
    assert log.sizes[-1] == ENTRIES_IN_ALL
    assert said == [f"{size} {log.key.name} {log.witness.name}" for size in log.sizes]
    note = log.notes[-1]
    spoilt = [note.replace(f"\n{ENTRIES_IN_ALL}\n", f"\n{ENTRIES_IN_ALL - 1}\n")]
    for at in (len(note) // 2, len(note) - 30, len(note) - 60):
        spoilt.append(note[:at] + ("A" if note[at] != "A" else "B") + note[at + 1 :])
    assert all(one.startswith("error") for one in go(log, notes=[note, *spoilt])["notes"][1:])


@needs_go
def test_go_verifies_a_proof_of_every_entry_and_refuses_it_of_any_other(go, log):
    size = log.sizes[-1]
    right = [log.included(index, size) for index in range(size)]
    assert go(log, inclusion=right)["inclusion"] == ["ok"] * size
    wrong = [one | {"entry": other["entry"]} for one, other in itertools.pairwise(right)]
    wrong += [one | {"index": other["index"]} for one, other in itertools.pairwise(right)]
    said = go(log, inclusion=wrong[:: size // 100])["inclusion"]
    assert all(one.startswith("error") for one in said)


@needs_go
def test_go_verifies_that_each_checkpoint_continues_each_earlier_one_and_any_sizes_do(go, log):
    random = Random(3)
    pairs = [(old, new) for old in log.sizes for new in log.sizes if 0 < old < new]
    pairs += [sorted(random.sample(range(1, ENTRIES_IN_ALL), 2)) for _ in range(300)]
    right = [log.consistent(old, new) for old, new in pairs]
    assert go(log, consistency=right)["consistency"] == ["ok"] * len(pairs)
    forged = encode(leaf_hash(b"forged"))
    wrong = [one | {"old_root": forged} for one in right]
    assert all(one.startswith("error") for one in go(log, consistency=wrong)["consistency"])


@needs_go
def test_go_reads_the_tree_from_our_tiles_and_finds_the_same_roots(go, log):
    sizes = sorted({1, 2, 255, 256, 257, 3000, *log.sizes[1:]})
    said = go(log, notes=[log.notes[-1]], tiles=sizes)["tiles"]
    assert said == [encode(root_of(log.hashes[:size])) for size in sizes]
    assert encode(verify_checkpoint(log.notes[-1].encode(), log.key).root) == said[-1]
    # At the edge: version 0.7 of the library does not compare every inner tile with its parent.
    path = log.folder / "tile/0/012.p/138"
    content = path.read_bytes()
    path.write_bytes(content[:500] + bytes([content[500] ^ 1]) + content[501:])
    said = go(log, notes=[log.notes[-1]], tiles=[1000])["tiles"]
    path.write_bytes(content)
    assert said[0].startswith("error")
