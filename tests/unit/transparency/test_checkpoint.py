"""Checkpoints: what is signed reads back, and every other spelling is refused."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mydata_hub.errors import NotProven
from mydata_hub.transparency.checkpoint import (
    Checkpoint,
    VerifierKey,
    verify_checkpoint,
)
from mydata_hub.transparency.signing import sign_checkpoint

from tests.faults.sequencer_world import MemorySigner

ORIGIN = "hub.example/log"
SIGNER = MemorySigner()
KEY = VerifierKey.of(ORIGIN, SIGNER.public_key())
CHECKPOINT = Checkpoint(ORIGIN, 42, bytes(range(32)))
NOTE = sign_checkpoint(CHECKPOINT, SIGNER)
# The example of golang.org/x/mod/sumdb/note, which this project did not make.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpR"
    "Zb6KE6RyyBwJnAM=\n"
)


def signed(text: str) -> bytes:
    """Any text under a right signature, so that only the text can be what is wrong."""
    signature = base64.b64encode(KEY.key_id + SIGNER.sign(text.encode())).decode()
    return f"{text}\n— {ORIGIN} {signature}\n".encode()


def test_a_signed_checkpoint_reads_back():
    assert verify_checkpoint(NOTE, KEY) == CHECKPOINT


def test_a_note_of_another_implementation_has_a_right_signature_and_is_no_checkpoint():
    with pytest.raises(NotProven, match="not an origin"):
        verify_checkpoint(GO_NOTE.encode(), VerifierKey.parse(GO_KEY))
    with pytest.raises(NotProven, match="signature is wrong"):
        verify_checkpoint(GO_NOTE.replace("If", "if").encode(), VerifierKey.parse(GO_KEY))


def test_a_verifier_key_reads_back_and_matches_one_of_another_implementation():
    assert VerifierKey.parse(str(KEY)) == KEY
    assert str(VerifierKey.parse(GO_KEY)) == GO_KEY


@pytest.mark.parametrize(
    "text",
    [
        "",
        ORIGIN,
        str(KEY).replace("+", " ", 1),
        str(KEY)[:-4],
        str(KEY).replace(KEY.key_id.hex(), "00000000"),
        str(KEY).replace("hub.example", "other.example"),
        str(KEY) + "한",
        "+00000000+" + str(KEY).rpartition("+")[2],
    ],
)
def test_a_malformed_verifier_key_is_refused(text):
    with pytest.raises(NotProven, match="verifier key"):
        VerifierKey.parse(text)


def test_signatures_of_others_are_ignored_before_and_after_ours():
    witness = "— witness.example/w1 " + base64.b64encode(bytes(76)).decode()
    text, _, signature = NOTE.decode().partition("\n\n")
    for lines in (f"{witness}\n{signature}", f"{signature}{witness}\n"):
        assert verify_checkpoint(f"{text}\n\n{lines}".encode(), KEY) == CHECKPOINT


def test_a_wrong_signature_under_our_name_is_not_ignored():
    forged = "— " + ORIGIN + " " + base64.b64encode(KEY.key_id + bytes(64)).decode() + "\n"
    with pytest.raises(NotProven, match="signature is wrong"):
        verify_checkpoint(NOTE + forged.encode(), KEY)


@given(st.integers(0, len(NOTE) - 1), st.integers(1, 255))
def test_no_byte_of_a_checkpoint_can_be_changed(at, change):
    damaged = bytearray(NOTE)
    damaged[at] ^= change
    with pytest.raises(NotProven):
        verify_checkpoint(bytes(damaged), KEY)


@given(st.binary(max_size=300))
def test_no_bytes_at_all_raise_anything_else(note):
    with pytest.raises(NotProven):
        verify_checkpoint(note, KEY)


ROOT = base64.b64encode(bytes(range(32))).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n042\n{ROOT}\n",
        f"{ORIGIN}\n+42\n{ROOT}\n",
        f"{ORIGIN}\n-1\n{ROOT}\n",
        f"{ORIGIN}\n{2**63}\n{ROOT}\n",
        f"{ORIGIN}\n４２\n{ROOT}\n",
        f"{ORIGIN}\n42\n{ROOT[:-4]}\n",
        f"{ORIGIN}\n42\n{ROOT.rstrip('=')}\n",
        f"{ORIGIN}\n42\n{ROOT[:-2]}9=\n",
        f"{ORIGIN}\n42\n{ROOT}\nan extension\n",
        f"{ORIGIN}\n42\n",
        f"\n42\n{ROOT}\n",
        f"other.example/log\n42\n{ROOT}\n",
        f"{ORIGIN}\r\n42\n{ROOT}\n",
        f"{ORIGIN}\n42\t\n{ROOT}\n",
    ],
)
def test_a_well_signed_text_that_is_spelled_otherwise_is_refused(text):
    with pytest.raises(NotProven, match="checkpoint"):
        verify_checkpoint(signed(text), KEY)


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        (b"x" * 200_000, "too long"),
        (NOTE[:-1], "not a signed note"),
        (NOTE + b"\n", "not a signed note"),
        (CHECKPOINT.text(), "not a signed note"),
        (NOTE.replace("—".encode(), b"-"), "malformed signature"),
        (NOTE + NOTE.partition(b"\n\n")[2] * 40, "over 32 signatures"),
        (sign_checkpoint(Checkpoint("other.example", 1, bytes(32)), SIGNER), "not signed by"),
    ],
)
def test_what_is_no_signed_note_of_this_log_is_refused(note, reason):
    with pytest.raises(NotProven, match=reason):
        verify_checkpoint(note, KEY)


class OtherSigner(MemorySigner):
    """A signer of another kind of key."""

    def public_key(self):
        from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        public = generate_private_key(SECP256R1()).public_key()
        return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_a_log_is_never_signed_with_another_kind_of_key():
    with pytest.raises(NotProven, match="Ed25519 only"):
        sign_checkpoint(CHECKPOINT, OtherSigner())
