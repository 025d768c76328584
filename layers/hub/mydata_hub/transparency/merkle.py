"""The Merkle tree of RFC 6962: hashes, proofs, and the verification anyone can repeat.

Pure and small on purpose: this file is what the promise of the log rests on (section 2.1 of
RFC 6962; the verification is sections 2.1.3.2 and 2.1.4.2 of RFC 9162). A tree is never held
here; proofs are made from a function that gives the hash of any range of leaves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from mydata_hub.errors import NotProven

HASH_BYTES: Final = 32
# RFC 6962 section 2.1: the hash of an empty list is the hash of an empty string.
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

# (start, end) -> the Merkle tree hash of leaves start..end-1; end - start is a power of two,
# or end is the size of the tree.
Subtree: TypeAlias = Callable[[int, int], bytes]


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf; the prefix keeps leaves and nodes apart (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over leaf hashes, or over roots of equally large, complete subtrees.

    The last may stand for a smaller subtree: the tree of RFC 6962 splits it off alike.
    """
    if not hashes:
        return EMPTY_ROOT
    level = list(hashes)
    while len(level) > 1:
        paired = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        # An odd last node has no sibling and moves up as it is (section 2.1, k < n <= 2k).
        level = paired + level[len(paired) * 2 :]
    return level[0]


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962 section 2.1.1, from the leaf upwards.

    Raises NotProven when the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise NotProven("inclusion proof", f"no leaf {index} in a tree of {size}")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        split = start + _split(end - start)
        if index < split:
            proof.append(subtree(split, end))
            end = split
        else:
            proof.append(subtree(start, split))
            start = split
    proof.reverse()
    return proof


def consistency_proof(old_size: int, size: int, subtree: Subtree) -> list[bytes]:
    """PROOF(old_size, D[size]) of RFC 6962 section 2.1.2; empty for equal sizes.

    Raises NotProven for sizes that no proof can join.
    """
    if not 0 < old_size <= size:
        raise NotProven("consistency proof", f"none from size {old_size} to {size}")
    proof: list[bytes] = []
    start, end, whole = 0, size, True
    while end > old_size:
        split = start + _split(end - start)
        if old_size <= split:
            proof.append(subtree(split, end))
            end = split
        else:
            proof.append(subtree(start, split))
            start, whole = split, False
    if not whole:
        proof.append(subtree(start, end))
    proof.reverse()
    return proof


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """That `leaf` (its hash) is number `index` of the tree with this size and root.

    Raises NotProven (RFC 9162 section 2.1.3.2).
    """
    _check_lengths("inclusion proof", leaf, root, *proof)
    if not 0 <= index < size:
        raise NotProven("inclusion proof", f"no leaf {index} in a tree of {size}")
    node, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise NotProven("inclusion proof", "it is too long")
        if node & 1 or node == last:
            computed = node_hash(sibling, computed)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise NotProven("inclusion proof", "it is too short")
    if computed != root:
        raise NotProven("inclusion proof", "it leads to another root")


def verify_consistency(
    old_size: int, size: int, proof: Sequence[bytes], old_root: bytes, root: bytes
) -> None:
    """That the tree of `old_size` is a beginning of the tree of `size`.

    Raises NotProven (RFC 9162 section 2.1.4.2). Nothing is proven from an empty tree to a larger
    one, so that is refused rather than waved through.
    """
    _check_lengths("consistency proof", *proof)
    if old_size == size:
        if proof or old_root != root or (size == 0 and root != EMPTY_ROOT):
            raise NotProven("consistency proof", "one size with two roots, or a needless proof")
        return
    if not 0 < old_size < size or not proof:
        raise NotProven("consistency proof", f"none from size {old_size} to {size}")
    # An old tree that is complete is itself the first node of the proof.
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    node, last = old_size - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_computed = computed = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise NotProven("consistency proof", "it is too long")
        if node & 1 or node == last:
            old_computed = node_hash(sibling, old_computed)
            computed = node_hash(sibling, computed)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        node, last = node >> 1, last >> 1
    if last != 0 or old_computed != old_root or computed != root:
        raise NotProven("consistency proof", "it does not join the two roots")


def _split(size: int) -> int:
    """The largest power of two below `size` (k of RFC 6962 section 2.1)."""
    return 1 << (size - 1).bit_length() - 1


def _check_lengths(what: str, *hashes: bytes) -> None:
    if any(len(one) != HASH_BYTES for one in hashes):
        raise NotProven(what, f"a hash that is not {HASH_BYTES} bytes long")
