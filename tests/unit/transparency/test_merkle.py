"""The Merkle tree: the public vectors, and laws that hold for every tree."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mydata_hub.errors import NotProven
from mydata_hub.transparency.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# The vectors of transparency-dev/merkle: 98 inclusion and 98 consistency proofs.
VECTORS = Path(os.environ.get("MYDATA_VECTORS", "../shared/vectors")) / "merkle" / "testdata"
needs_vectors = pytest.mark.skipif(
    not VECTORS.is_dir(), reason="the public Merkle vectors are not here (MYDATA_VECTORS)"
)


def read_vectors(kind):
    found = [json.loads(path.read_text()) for path in sorted((VECTORS / kind).rglob("*.json"))]
    assert len(found) == 98
    return found


def decoded(vector, name):
    return base64.b64decode(vector[name] or "")


def proof_of(vector):
    return [base64.b64decode(part) for part in vector["proof"] or []]


def refused(check, *arguments):
    try:
        check(*arguments)
    except NotProven:
        return True
    return False


@needs_vectors
def test_every_public_inclusion_vector_is_judged_as_it_says():
    for vector in read_vectors("inclusion"):
        arguments = (
            decoded(vector, "leafHash"),
            vector["leafIdx"],
            vector["treeSize"],
            proof_of(vector),
            decoded(vector, "root"),
        )
        assert refused(verify_inclusion, *arguments) is vector["wantErr"], vector["desc"]


@needs_vectors
def test_every_public_consistency_vector_is_judged_as_it_says():
    for vector in read_vectors("consistency"):
        arguments = (
            vector["size1"],
            vector["size2"],
            proof_of(vector),
            decoded(vector, "root1"),
            decoded(vector, "root2"),
        )
        assert refused(verify_consistency, *arguments) is vector["wantErr"], vector["desc"]


def tree(size):
    hashes = [leaf_hash(str(number).encode()) for number in range(size)]
    return hashes, lambda start, end: root_of(hashes[start:end])


def recursive_root(hashes):
    """The definition of RFC 6962 section 2.1, word for word."""
    if not hashes:
        return EMPTY_ROOT
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(recursive_root(hashes[:split]), recursive_root(hashes[split:]))


def test_the_root_is_that_of_the_definition_for_every_size_to_300():
    for size in range(300):
        hashes, _ = tree(size)
        assert root_of(hashes) == recursive_root(hashes)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_proof_of_inclusion_holds_for_its_leaf_and_for_no_other(data):
    size = data.draw(st.integers(1, 400))
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1))
    hashes, subtree = tree(size)
    proof = inclusion_proof(index, size, subtree)
    verify_inclusion(hashes[index], index, size, proof, root_of(hashes))
    if other != index:
        assert refused(verify_inclusion, hashes[other], index, size, proof, root_of(hashes))
        assert refused(verify_inclusion, hashes[index], other, size, proof, root_of(hashes))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_tree_is_consistent_with_each_of_its_beginnings_and_no_other_tree(data):
    size = data.draw(st.integers(1, 400))
    old_size = data.draw(st.integers(1, size))
    hashes, subtree = tree(size)
    old_root, root = root_of(hashes[:old_size]), root_of(hashes)
    proof = consistency_proof(old_size, size, subtree)
    verify_consistency(old_size, size, proof, old_root, root)
    forged = [leaf_hash(b"forged"), *hashes[1:old_size]]
    assert refused(verify_consistency, old_size, size, proof, root_of(forged), root)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_proof_with_one_bit_changed_is_refused(data):
    size = data.draw(st.integers(2, 200))
    index = data.draw(st.integers(0, size - 1))
    hashes, subtree = tree(size)
    proof = inclusion_proof(index, size, subtree)
    at = data.draw(st.integers(0, len(proof) - 1))
    bit = data.draw(st.integers(0, 255))
    flipped = int.from_bytes(proof[at], "big") ^ (1 << bit)
    proof[at] = flipped.to_bytes(32, "big")
    assert refused(verify_inclusion, hashes[index], index, size, proof, root_of(hashes))


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 3)])
def test_no_proof_is_made_for_a_leaf_that_is_not_there(index, size):
    _, subtree = tree(max(size, 1))
    with pytest.raises(NotProven, match="no leaf"):
        inclusion_proof(index, size, subtree)


@pytest.mark.parametrize(("old_size", "size"), [(0, 3), (4, 3), (-1, 3)])
def test_no_proof_joins_sizes_that_cannot_be_joined(old_size, size):
    _, subtree = tree(3)
    with pytest.raises(NotProven, match="none from size"):
        consistency_proof(old_size, size, subtree)
