"""Project Wycheproof's vectors through the vault's own calls; its files are not in this tree."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from mydata_hub.vault.committing import derive, gcm_open, gcm_seal
from mydata_hub.vault.refusal import Cause, NotOpened
from mydata_hub.vault.segment_opening import verify_es256

DEFAULT = Path(__file__).resolve().parents[4] / "shared" / "vectors"
FOLDER = Path(os.environ.get("MYDATA_VECTORS", DEFAULT)) / "wycheproof"
HKDF_MOST_BYTES = 255 * 32


def cases(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    path = FOLDER / f"{name}.json"
    if not path.is_file():
        pytest.skip(f"Wycheproof's {name}.json is not on this machine")
    for group in json.loads(path.read_text())["testGroups"]:
        for case in group["tests"]:
            yield group, case


def test_aes_256_gcm_seals_and_opens_as_wycheproof_says():
    checked = refused = 0
    for group, case in cases("aes_gcm_test"):
        if (group["keySize"], group["ivSize"], group["tagSize"]) != (256, 96, 128):
            continue
        key, nonce, header, plain, text, tag = (
            bytes.fromhex(case[name]) for name in ("key", "iv", "aad", "msg", "ct", "tag")
        )
        checked += 1
        if case["result"] == "valid":
            assert gcm_seal(key, plain, header, nonce) == text + tag
            assert gcm_open(key, text + tag, header, nonce) == plain
        else:
            refused += 1
            with pytest.raises(NotOpened) as caught:
                gcm_open(key, text + tag, header, nonce)
            assert caught.value.cause is Cause.SEALED
    assert checked > 60
    assert refused > 20


def test_hkdf_sha256_derives_as_wycheproof_says():
    checked = 0
    for _, case in cases("hkdf_sha256_test"):
        ikm, salt, info = (bytes.fromhex(case[name]) for name in ("ikm", "salt", "info"))
        if case["result"] == "valid":
            found = derive(ikm, salt=salt, info=info, size_bytes=case["size"])
            assert found.hex() == case["okm"]
        else:
            assert case["size"] > HKDF_MOST_BYTES
            with pytest.raises(ValueError, match="derive keys larger"):
                derive(ikm, salt=salt, info=info, size_bytes=case["size"])
        checked += 1
    assert checked > 80


def test_signatures_are_believed_as_wycheproof_says():
    checked = refused = 0
    for group, case in cases("ecdsa_secp256r1_sha256_p1363_test"):
        key = load_der_public_key(bytes.fromhex(group["publicKeyDer"]))
        assert isinstance(key, ec.EllipticCurvePublicKey)
        message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
        checked += 1
        if case["result"] == "valid":
            verify_es256(key, message, signature)
        else:
            refused += 1
            with pytest.raises(NotOpened):
                verify_es256(key, message, signature)
    assert checked > 200
    assert refused > 80
