"""Root key, wrapping and signing keys on a laptop: formats held by vectors, refusals all alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from mydata_hub.embedded.local_keys import LocalKeys
from mydata_hub.embedded.local_signer import LocalSigner, rewrap_signers
from mydata_hub.embedded.local_wrapping import is_under, master_key, message_keys
from mydata_hub.embedded.root_key import read_root_key, read_roots, renew_root_key
from mydata_hub.errors import Damaged, Unopenable

CONTEXT = {"purpose": "records", "vault": "v1"}
# Change rule: these bytes are wrapping format 1 and open for as long as the hub exists.
ROOT_FILE = (
    "mydata-root-key-1\n"
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
    "630dcd29\n"
)
WRAPPED = bytes.fromhex(
    "016465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182"
    "830f9c4ac868facdd726f6033bce231ce161d579eafbe84b2969396b52583bd6"
    "0072ba8bfc72cd11a8693fda5dc4ab1b898f1d64f427e6f34d"
)


@pytest.fixture
def vector(folder: Path) -> LocalKeys:
    folder.mkdir()
    (folder / "root.key").write_text(ROOT_FILE)
    return LocalKeys(folder, "vaults")


def test_format_one_of_wrapped_bytes_opens(vector: LocalKeys) -> None:
    assert vector.unwrap(WRAPPED, CONTEXT) == b"a secret"


def test_every_flipped_byte_is_refused_in_the_same_words(vector: LocalKeys) -> None:
    told = set()
    for position in range(len(WRAPPED)):
        flipped = bytearray(WRAPPED)
        flipped[position] ^= 1
        with pytest.raises(Unopenable) as refused:
            vector.unwrap(bytes(flipped), CONTEXT)
        told.add(str(refused.value))
    assert len(told) == 1


def test_every_truncation_is_refused(vector: LocalKeys) -> None:
    for length in range(len(WRAPPED)):
        with pytest.raises(Unopenable):
            vector.unwrap(WRAPPED[:length], CONTEXT)


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"purpose": "records"},
        {"purpose": "profile", "vault": "v1"},
        {"purpose": "records", "vault": "v1", "more": ""},
        {"purpose": "recordsvault", "": "v1"},
        {"purpos": "erecords", "vault": "v1"},
    ],
)
def test_another_context_is_refused(vector: LocalKeys, context: dict[str, str]) -> None:
    with pytest.raises(Unopenable):
        vector.unwrap(WRAPPED, context)


def test_another_key_id_and_another_folder_are_refused(
    vector: LocalKeys, folder: Path, tmp_path: Path
) -> None:
    for keys in (LocalKeys(folder, "logs"), LocalKeys(tmp_path / "other", "vaults")):
        with pytest.raises(Unopenable):
            keys.unwrap(WRAPPED, CONTEXT)


def test_a_ciphertext_under_the_right_key_without_its_commitment_is_refused(
    vector: LocalKeys, folder: Path
) -> None:
    # What a holder of two message keys could forge for GCM alone: the tag fits, the commitment
    # is of another key.
    salt = bytes(32)
    key, commitment = message_keys(master_key(read_root_key(folder) or b"", "vaults"), salt)
    sealed = AESGCM(key).encrypt(bytes(12), b"a secret", _associated_data())
    assert vector.unwrap(b"\x01" + salt + commitment + sealed, CONTEXT) == b"a secret"
    with pytest.raises(Unopenable):
        vector.unwrap(b"\x01" + salt + bytes(32) + sealed, CONTEXT)


def test_the_same_secret_is_never_wrapped_alike(vector: LocalKeys) -> None:
    assert len({vector.wrap(b"a secret", CONTEXT) for _ in range(100)}) == 100


def test_the_root_key_is_for_this_user_only(folder: Path) -> None:
    LocalKeys(folder, "vaults")
    assert (folder / "root.key").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("content", [b"", b"mydata-root-key-2\n", b"\xff" * 90, ROOT_FILE[:-5]])
def test_a_file_that_is_no_root_key_is_told_at_the_start(
    folder: Path, content: bytes | str
) -> None:
    folder.mkdir()
    (folder / "root.key").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(Damaged):
        LocalKeys(folder, "vaults")


def test_a_lost_root_key_is_not_replaced_by_a_new_one(folder: Path) -> None:
    LocalSigner(folder, "log", "EdDSA")
    (folder / "root.key").unlink()
    with pytest.raises(Damaged, match="gone while signing keys are there"):
        LocalKeys(folder, "vaults")
    assert not (folder / "root.key").exists()


def test_signing_keys_outlive_the_process_and_are_kept_wrapped(folder: Path) -> None:
    first = {alg: LocalSigner(folder, "log/1", alg).public_key() for alg in ("ES256", "EdDSA")}
    again = {alg: LocalSigner(folder, "log/1", alg).public_key() for alg in ("ES256", "EdDSA")}
    assert first == again
    assert LocalSigner(folder, "log/2", "EdDSA").public_key() != first["EdDSA"]
    for path in (folder / "signers").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
        assert b"PRIVATE" not in path.read_bytes()


def _associated_data() -> bytes:
    texts = [b"purpose", b"records", b"vault", b"v1"]
    return b"\x01" + b"".join(len(text).to_bytes(4, "big") + text for text in texts)


def test_a_renewed_root_key_opens_what_the_former_ones_wrapped(folder: Path) -> None:
    keys, other = LocalKeys(folder, "vaults"), LocalKeys(folder, "vaults")
    wrapped = [keys.wrap(b"a secret", CONTEXT)]
    for _ in range(3):
        renew_root_key(folder)
        wrapped.append(keys.wrap(b"a secret", CONTEXT))
    # The process that began before the renewals too, and one that begins now.
    for one in (keys, other, LocalKeys(folder, "vaults")):
        assert {one.unwrap(old, CONTEXT) for old in wrapped} == {b"a secret"}
    root = read_root_key(folder)
    assert root
    under = [is_under(master_key(root, "vaults"), one) for one in wrapped]
    assert under == [False, False, False, True]
    again = [keys.rewrap(one, CONTEXT) for one in wrapped]
    assert again[3] == wrapped[3]
    assert all(is_under(master_key(root, "vaults"), one) for one in again)


def test_rewrapping_what_does_not_open_is_refused(folder: Path) -> None:
    keys = LocalKeys(folder, "vaults")
    wrapped = keys.wrap(b"a secret", CONTEXT)
    for bad, context in ((wrapped[:-1], CONTEXT), (wrapped, {"purpose": "records"})):
        with pytest.raises(Unopenable):
            keys.rewrap(bad, context)


@pytest.mark.parametrize("step", ["before", "after"])
def test_a_renewal_that_is_killed_leaves_one_key_that_opens_everything(
    folder: Path, step: str
) -> None:
    wrapped = LocalKeys(folder, "vaults").wrap(b"a secret", CONTEXT)
    renew_root_key(folder)
    root, (stale,) = (folder / "root.key").read_bytes(), (folder / "roots").iterdir()
    former = stale.read_bytes()
    renew_root_key(folder)
    # What the disk holds when the process dies at the one step that counts, or right behind it.
    stale.write_bytes(former)
    if step == "before":
        (folder / "root.key").write_bytes(root)
    assert LocalKeys(folder, "vaults").unwrap(wrapped, CONTEXT) == b"a secret"
    renewed = renew_root_key(folder)
    assert len(renewed.former) == (2 if step == "before" else 3)
    assert LocalKeys(folder, "vaults").unwrap(wrapped, CONTEXT) == b"a secret"
    # Only what the present key opens stays.
    assert len(list((folder / "roots").iterdir())) == 1


def test_signing_keys_survive_a_renewal_and_are_wrapped_anew(folder: Path) -> None:
    public = LocalSigner(folder, "collect", "ES256").public_key()
    LocalSigner(folder, "log", "EdDSA")
    renew_root_key(folder)
    assert LocalSigner(folder, "collect", "ES256").public_key() == public
    assert rewrap_signers(folder) == 2
    assert rewrap_signers(folder) == 0
    assert LocalSigner(folder, "collect", "ES256").public_key() == public
    # Without the former keys, all of them open.
    for former in (folder / "roots").iterdir():
        former.unlink()
    assert LocalSigner(folder, "collect", "ES256").public_key() == public


def test_a_damaged_file_of_former_root_keys_is_told(folder: Path) -> None:
    LocalKeys(folder, "vaults")
    renew_root_key(folder)
    (path,) = (folder / "roots").iterdir()
    for content in (b"{", b'{"format": 1, "wrapped": ["AAAA"]}'):
        path.write_bytes(content)
        with pytest.raises(Damaged):
            read_roots(folder)
