"""The secret copy: what opens everything, in a backup folder, under a passphrase of the operator's.

It holds the root key and the software passkeys of the command line. JSON, format 1: the parameters
and salt of scrypt (RFC 7914), and what AES-256-GCM made under its key with a nonce of zeros, for
each salt makes one key and each key seals once; all other members are the associated data.
"""

from __future__ import annotations

import json
import secrets
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any, Final

from mydata_hub.embedded.durable_files import make_folder, replace_file, write_once
from mydata_hub.embedded.root_key import FILE_NAME as ROOT_KEY
from mydata_hub.errors import BadInput, Damaged, FormatUnknown, NotFound, Unopenable

NAME: Final = "secrets.json"
PASSKEYS: Final = "passkeys"
MIN_LETTERS: Final = 12
MAX_LETTERS: Final = 1000
# 128 MB and a third of a second for each guess (OWASP's first choice for scrypt).
COST: Final = 2**17
MAX_COST: Final = 2**20
_SALT_BYTES: Final = 32
_KEY_BYTES: Final = 32
_NONCE: Final = bytes(12)


def keep_secrets(data: Path, folder: Path, passphrase: str) -> None:
    """Seal the secrets of a data folder into a backup folder, over what was there.

    Raises BadInput for a passphrase that is too short, Busy, StoreError.
    """
    if not MIN_LETTERS <= len(passphrase) <= MAX_LETTERS:
        raise BadInput("passphrase", f"takes {MIN_LETTERS} to {MAX_LETTERS} letters")
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    paths = [data / ROOT_KEY, *sorted((data / PASSKEYS).rglob("*.json"))]
    held = {
        path.relative_to(data).as_posix(): b64encode(path.read_bytes()).decode()
        for path in paths
        if path.is_file()
    }
    head = {
        "object": "mydata-hub secrets",
        "format": 1,
        "n": COST,
        "salt": b64encode(secrets.token_bytes(_SALT_BYTES)).decode(),
    }
    sealed = AESGCM(_key(passphrase, head)).encrypt(_NONCE, json.dumps(held).encode(), _bound(head))
    document = {**head, "sealed": b64encode(sealed).decode()}
    replace_file(folder / NAME, json.dumps(document).encode())


def open_secrets(folder: Path, passphrase: str) -> dict[str, bytes]:
    """The secrets in a backup folder, by their paths in the data folder.

    Raises NotFound, Damaged, FormatUnknown, and Unopenable for another passphrase.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    path = folder / NAME
    if not path.exists():
        raise NotFound("this backup holds no root key; name the file that you kept")
    try:
        head: dict[str, Any] = json.loads(path.read_bytes())
        sealed = b64decode(head.pop("sealed"), validate=True)
        if head["format"] != 1:
            raise FormatUnknown(f"{NAME} has a format newer than 1")
        key = _key(passphrase, head)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Damaged(f"{NAME} is damaged") from None
    try:
        held = json.loads(AESGCM(key).decrypt(_NONCE, sealed, _bound(head)))
    except InvalidTag:
        raise Unopenable(f"{NAME} does not open with this passphrase") from None
    return {str(name): b64decode(content) for name, content in held.items()}


def put_secrets(data: Path, held: dict[str, bytes]) -> None:
    """Write opened secrets into a data folder; what is there stays. Raises Busy, StoreError."""
    for name, content in held.items():
        make_folder((data / name).parent)
        write_once(data / name, content)


def _key(passphrase: str, head: dict[str, Any]) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    cost = head["n"]
    # A foreign file must not choose how much memory this takes.
    if type(cost) is not int or not 2 <= cost <= MAX_COST:
        raise ValueError
    salt = b64decode(head["salt"], validate=True)
    return Scrypt(salt=salt, length=_KEY_BYTES, n=cost, r=8, p=1).derive(passphrase.encode())


def _bound(head: dict[str, Any]) -> bytes:
    return json.dumps(head, sort_keys=True).encode()
