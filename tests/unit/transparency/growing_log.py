"""A log of made-up entries at any of its sizes, and a second history that forks off it."""

from __future__ import annotations

from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from mydata_hub.transparency.add_checkpoint import AddCheckpoint
from mydata_hub.transparency.checkpoint import Checkpoint, VerifierKey
from mydata_hub.transparency.merkle import consistency_proof, leaf_hash, root_of
from mydata_hub.transparency.signing import sign_checkpoint


class SeededSigner:
    """Ed25519 from a seed of one byte, so that every signature is the same in every run."""

    algorithm = "EdDSA"

    def __init__(self, seed: int) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(bytes([seed] * 32))

    def public_key(self):
        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message):
        return self._key.sign(message)


class GrowingLog:
    """Entries 0, 1, 2 ... until `forked_at`, and other ones from there."""

    def __init__(self, origin="hub.example/log", seed=1, forked_at=None):
        self.origin, self.forked_at = origin, forked_at
        self.signer = SeededSigner(seed)
        self._hashes = []

    @cached_property
    def key(self):
        return VerifierKey.of(self.origin, self.signer.public_key())

    def hashes(self, size):
        for number in range(len(self._hashes), size):
            forked = self.forked_at is not None and number >= self.forked_at
            self._hashes.append(leaf_hash(f"{number}{'!' if forked else ''}".encode()))
        return self._hashes[:size]

    def checkpoint(self, size):
        return Checkpoint(self.origin, size, root_of(self.hashes(size)))

    def note(self, size):
        return sign_checkpoint(self.checkpoint(size), self.signer)

    def proof(self, old_size, size):
        if not 0 < old_size < size:
            return []
        hashes = self.hashes(size)
        return consistency_proof(old_size, size, lambda low, high: root_of(hashes[low:high]))

    def request(self, old_size, size, proof=None, note=None):
        """The body of an add-checkpoint."""
        found = note or self.note(size)
        lines = self.proof(old_size, size) if proof is None else proof
        opened = AddCheckpoint.parse(b"old 0\n\n" + found).opened
        asked = AddCheckpoint(old_size, tuple(lines), found, opened, opened.checkpoint())
        return asked.encode()
