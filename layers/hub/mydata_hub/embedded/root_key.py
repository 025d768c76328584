"""The root key of a laptop: one file that opens everything, and the keys that it took the place of.

`root.key` holds the present key in three lines: the format of the file, the key in hexadecimal
digits, and the first digits of its SHA-256, so that a damaged file is told at the start and not by
whatever it does not open. `roots/<fingerprint of the present key>.json`, format 1, holds the former
ones, wrapped under the present one: what was wrapped before a renewal, in this folder or in a
backup, opens with the one file that an operator keeps. A renewal writes that file first; replacing
`root.key` is the one step that counts.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mydata_hub.embedded.durable_files import (
    disk_errors,
    held_alone,
    make_folder,
    replace_file,
    write_once,
)
from mydata_hub.embedded.local_wrapping import KEY_BYTES, master_key, unwrap_under, wrap_under
from mydata_hub.errors import Damaged, FormatUnknown, LimitExceeded, NotFound, Unopenable

FILE_NAME: Final = "root.key"
FORMER: Final = "roots"
SIGNERS: Final = "signers"  # the folder of what local_signer keeps under this root key
MAX_FORMER: Final = 64
LOCK: Final = "roots.lock"
LOCK_SECONDS: Final = 5.0
_FORMAT: Final = 1
_FILE_HEAD: Final = "mydata-root-key-1\n"
_KEY_ID: Final = "mydata-hub former roots"
_CONTEXT: Final = {"purpose": "former-root"}


@dataclass(frozen=True, slots=True)
class Roots:
    """The present root key, and those before it, newest first."""

    present: bytes = field(repr=False)
    former: tuple[bytes, ...] = field(default=(), repr=False)


def read_roots(folder: Path) -> Roots | None:
    """The root keys of a data folder, or None where none was made. Raises Damaged, StoreError."""
    present = read_root_key(folder)
    while present is not None:
        former = _read_former(folder, present)
        # A renewal takes the old file away once the new key is there: then it is read again.
        again = read_root_key(folder)
        if again == present:
            return Roots(present, former)
        present = again
    return None


def read_root_key(folder: Path) -> bytes | None:
    """The root key of a data folder, or None where none was made. Raises Damaged, StoreError."""
    with disk_errors():
        try:
            text = (folder / FILE_NAME).read_bytes().decode("ascii", "replace")
        except FileNotFoundError:
            return None
    digits = text.removeprefix(_FILE_HEAD)[: 2 * KEY_BYTES]
    try:
        root = bytes.fromhex(digits)
    except ValueError:
        root = b""
    if len(root) != KEY_BYTES or text != _file_text(root):
        raise Damaged(f"{FILE_NAME} is not a root key; restore it from a backup")
    return root


def make_root_key(folder: Path) -> Roots:
    """Create the root key where there is none yet. Raises Damaged, Busy, StoreError."""
    make_folder(folder)
    # A new root key would leave everything that the lost one protects shut for ever, unnoticed.
    # The order matters: whoever made a signing key made the root key before it.
    if any((folder / SIGNERS).glob("*")) and read_root_key(folder) is None:
        raise Damaged(f"{FILE_NAME} is gone while signing keys are there; restore it")
    content = _file_text(secrets.token_bytes(KEY_BYTES))
    # Of several processes that start at once one is first; all of them read what is there then.
    write_once(folder / FILE_NAME, content.encode())
    roots = read_roots(folder)
    if roots is None:
        raise Damaged(f"{FILE_NAME} was removed while it was made")
    return roots


def renew_root_key(folder: Path) -> Roots:
    """Put a new root key in the place of the present one, which stays readable behind it.

    Killed before the one step that counts, nothing has changed; after it, everything opens with the
    new file. Raises NotFound where there is no root key, LimitExceeded after MAX_FORMER renewals,
    Damaged, Busy, StoreError.
    """
    with held_alone(folder / LOCK, LOCK_SECONDS):
        before = read_roots(folder)
        if before is None:
            raise NotFound("there is no root key in this folder")
        renewed = Roots(secrets.token_bytes(KEY_BYTES), (before.present, *before.former))
        if len(renewed.former) > MAX_FORMER:
            raise LimitExceeded(f"a root key is renewed at most {MAX_FORMER} times")
        make_folder(folder / FORMER)
        kept = _former_file(folder, renewed.present)
        replace_file(kept, _encode_former(renewed))
        replace_file(folder / FILE_NAME, _file_text(renewed.present).encode())
        with disk_errors():
            for path in (folder / FORMER).glob("[!.]*"):
                if path != kept:
                    path.unlink()
    return renewed


def fingerprint(root_key: bytes | None) -> str | None:
    """By which a root key is known; 64 bits of a hash of 256 random ones say nothing of them."""
    if root_key is None:
        return None
    return hashlib.sha256(b"mydata-hub root key\0" + root_key).hexdigest()[:16]


def mirror_former(data: Path, folder: Path) -> None:
    """Let a backup folder hold the former root keys as the data folder does: wrapped under the
    present one. Raises Busy, StoreError."""
    here = data / FORMER
    paths = sorted(here.glob("[!.]*")) if here.is_dir() else []
    if paths:
        make_folder(folder / FORMER)
    for path in paths:
        with disk_errors(), suppress(FileNotFoundError):
            replace_file(folder / FORMER / path.name, path.read_bytes())
    with disk_errors():
        for old in (folder / FORMER).glob("[!.]*"):
            if old.name not in {path.name for path in paths}:
                old.unlink()


def _former_file(folder: Path, present: bytes) -> Path:
    return folder / FORMER / f"{fingerprint(present)}.json"


def _encode_former(roots: Roots) -> bytes:
    master = master_key(roots.present, _KEY_ID)
    wrapped = [b64encode(wrap_under(master, one, _CONTEXT)).decode() for one in roots.former]
    return json.dumps({"format": _FORMAT, "wrapped": wrapped}, indent=1).encode() + b"\n"


def _read_former(folder: Path, present: bytes) -> tuple[bytes, ...]:
    path = _former_file(folder, present)
    with disk_errors():
        try:
            stored = path.read_bytes()
        except FileNotFoundError:
            return ()
    try:
        told: Any = json.loads(stored)
        known = told["format"] == _FORMAT
        wrapped = [b64decode(one, validate=True) for one in told["wrapped"]]
    except (KeyError, TypeError, ValueError):
        raise Damaged(f"{FORMER}/{path.name} cannot be read") from None
    if not known:
        raise FormatUnknown(f"a newer release wrote {FORMER}/{path.name}")
    master = master_key(present, _KEY_ID)
    try:
        return tuple(unwrap_under(master, one, _CONTEXT) for one in wrapped)
    except Unopenable:
        raise Damaged(f"{FORMER}/{path.name} does not open") from None


def _file_text(root: bytes) -> str:
    return f"{_FILE_HEAD}{root.hex()}\n{hashlib.sha256(root).hexdigest()[:8]}\n"
