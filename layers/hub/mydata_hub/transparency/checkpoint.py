"""Checkpoints: the signed size and root of the log (C2SP tlog-checkpoint over signed-note).

Reading is strict: one spelling of every number and base64 text, and a note that no known key
signed is not read at all.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from mydata_hub.errors import NotProven
from mydata_hub.transparency.merkle import HASH_BYTES

MAX_NOTE_BYTES: Final = 128 * 1024
MAX_SIGNATURES: Final = 32  # the format asks for at least 16; witnesses add their own lines
MAX_SIZE: Final = 2**63 - 1
# signed-note: type 0x01 is Ed25519 over the note's text, as a log signs it; type 0x04 is what a
# witness adds (transparency/cosignature.py).
ED25519: Final = b"\x01"
COSIGNATURE: Final = b"\x04"
_SIGNATURE_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_NAME = re.compile(r"[^\s+]+")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A note's public key: who signs, with which Ed25519 key, and what (signed-note "vkey")."""

    name: str
    public: bytes
    kind: bytes = ED25519

    @property
    def key_id(self) -> bytes:
        """SHA-256(name, newline, type, key), cut to 4 bytes."""
        return hashlib.sha256(self.name.encode() + b"\n" + self.kind + self.public).digest()[:4]

    def __str__(self) -> str:
        key = base64.b64encode(self.kind + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{key}"

    @classmethod
    def parse(cls, text: str, kind: bytes = ED25519) -> Self:
        """Read a vkey of this kind. Raises NotProven if malformed or its id is not its own."""
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        material = _decode("verifier key", encoded)
        key = cls(name, material[1:], kind)
        well_named = bool(_NAME.fullmatch(name)) and key.key_id.hex() == key_id
        if material[:1] != kind or len(key.public) != 32 or not well_named:
            whose = "a witness's" if kind == COSIGNATURE else "a log's"
            raise NotProven("verifier key", f"not {whose} Ed25519 key in the form name+id+key")
        return key

    @classmethod
    def of(cls, name: str, public_key: bytes, kind: bytes = ED25519) -> Self:
        """A signer's public key (DER). Raises NotProven unless it is for Ed25519."""
        public = load_der_public_key(public_key)
        if not isinstance(public, Ed25519PublicKey):
            raise NotProven("log key", "a checkpoint is signed with Ed25519 only")
        return cls(name, public.public_bytes_raw(), kind)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the log commits to: its name, how many entries it has, and the root over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> bytes:
        """The note text that is signed."""
        root = base64.b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\n".encode()


def verify_checkpoint(note: bytes, key: VerifierKey) -> Checkpoint:
    """The checkpoint in a note that `key` signed.

    Signatures of other keys are ignored, as the format wants; a wrong one of this key is not.
    Raises NotProven, always naming "checkpoint".
    """
    opened = open_note(note)
    verifier = Ed25519PublicKey.from_public_bytes(key.public)
    signatures = opened.signatures_of(key)
    for signature in signatures:
        try:
            verifier.verify(signature, opened.text)
        except InvalidSignature:
            raise NotProven("checkpoint", "its signature is wrong") from None
    if not signatures:
        raise NotProven("checkpoint", "not signed by the key of this log")
    checkpoint = opened.checkpoint()
    if checkpoint.origin != key.name:
        raise NotProven("checkpoint", "it is of another log")
    return checkpoint


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """A signed note taken apart; nothing of it is verified."""

    text: bytes
    signatures: tuple[tuple[str, bytes], ...]

    def signatures_of(self, key: VerifierKey) -> list[bytes]:
        """What stands under this key's name and id, without the id."""
        return [
            blob[4:] for name, blob in self.signatures if (name, blob[:4]) == (key.name, key.key_id)
        ]

    def checkpoint(self) -> Checkpoint:
        """The checkpoint that the text is. Raises NotProven."""
        return _parse_text(self.text)


def open_note(note: bytes) -> OpenedNote:
    """Take a signed note apart, strictly. Raises NotProven, naming "checkpoint"."""
    if len(note) > MAX_NOTE_BYTES:
        raise NotProven("checkpoint", "too long")
    try:
        whole = note.decode()
    except UnicodeDecodeError:
        raise NotProven("checkpoint", "not UTF-8") from None
    text, blank, tail = whole.rpartition("\n\n")
    lines = tail.split("\n")
    if not blank or lines.pop() != "" or not lines or _CONTROL.search(whole):
        raise NotProven("checkpoint", "not a signed note")
    if len(lines) > MAX_SIGNATURES:
        raise NotProven("checkpoint", f"over {MAX_SIGNATURES} signatures")
    signatures = []
    for line in lines:
        match = _SIGNATURE_LINE.fullmatch(line)
        if match is None:
            raise NotProven("checkpoint", "a malformed signature line")
        signatures.append((match[1], _decode("checkpoint", match[2])))
    return OpenedNote((text + "\n").encode(), tuple(signatures))


def _parse_text(text: bytes) -> Checkpoint:
    # Extension lines are allowed by the format and never written by this log: refusing them
    # leaves nothing in a signed text that no monitor reads.
    lines = text.decode().split("\n")
    if len(lines) != 4 or not lines[0] or not _SIZE.fullmatch(lines[1]):
        raise NotProven("checkpoint", "not an origin, a size and a root")
    size, root = int(lines[1]), _decode("checkpoint", lines[2])
    if size > MAX_SIZE or len(root) != HASH_BYTES:
        raise NotProven("checkpoint", "not an origin, a size and a root")
    return Checkpoint(lines[0], size, root)


def _decode(what: str, text: str) -> bytes:
    try:
        decoded = base64.b64decode(text, validate=True)
    except ValueError:
        raise NotProven(what, "not base64") from None
    # Base64 has several spellings of the same bytes; only the canonical one is read.
    if base64.b64encode(decoded).decode() != text:
        raise NotProven(what, "not base64")
    return decoded
