"""The contracts of the keys port and the signer port on both engines."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mydata_hub.errors import LimitExceeded, Unopenable
from mydata_hub.ports.keys import MAX_CONTEXT_BYTES, MAX_SECRET_BYTES
from mydata_hub.ports.signer import MAX_SIGNED_BYTES

CONTEXT = {"vault": "f00", "purpose": "profile", "version": "1"}


@pytest.fixture
def keys(engine):
    return engine.keys()


@pytest.fixture(
    params=[("embedded", "ES256"), ("embedded", "EdDSA"), ("aws", "ES256")], ids="-".join
)
def signer(request):
    # EdDSA on AWS is tested at the wire: moto knows no ECC_NIST_EDWARDS25519.
    engine_name, algorithm = request.param
    return request.getfixturevalue(f"{engine_name}_engine").signer(algorithm)


@pytest.mark.parametrize("secret", [b"\0", b"secret", bytes(MAX_SECRET_BYTES)])
def test_a_secret_opens_with_its_context(keys, secret):
    wrapped = keys.wrap(secret, CONTEXT)
    assert keys.unwrap(wrapped, dict(reversed(CONTEXT.items()))) == secret
    assert secret not in wrapped or len(secret) == 1


def test_wrapping_twice_gives_different_bytes(keys):
    assert keys.wrap(b"secret", CONTEXT) != keys.wrap(b"secret", CONTEXT)


def test_a_secret_that_is_wrapped_again_opens_with_the_same_context_alone(keys):
    again = keys.rewrap(keys.wrap(b"secret", CONTEXT), CONTEXT)
    assert keys.unwrap(again, CONTEXT) == b"secret"
    assert keys.unwrap(keys.rewrap(again, CONTEXT), CONTEXT) == b"secret"
    refusal(keys, again, CONTEXT | {"purpose": "records"})


def test_bytes_that_do_not_open_are_not_wrapped_again(keys):
    wrapped = keys.wrap(b"secret", CONTEXT)
    for bad, context in ((b"", CONTEXT), (wrapped[:-1], CONTEXT), (wrapped, {"vault": "f00"})):
        with pytest.raises(Unopenable):
            keys.rewrap(bad, context)


def refusal(keys, wrapped, context=None) -> str:
    with pytest.raises(Unopenable) as error:
        keys.unwrap(wrapped, CONTEXT if context is None else context)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__ or error.value.__context__ is None
    return str(error.value)


def test_whatever_is_wrong_is_refused_with_the_same_words(engine, keys):
    wrapped = keys.wrap(b"secret", CONTEXT)
    contexts = [
        {},
        {"vault": "f00"},
        CONTEXT | {"purpose": "records"},
        CONTEXT | {"more": "1"},
        {"vault": "f00", "purpose": "profile1", "version": ""},
        {name.upper(): text for name, text in CONTEXT.items()},
    ]
    damaged = [b"", b"x", wrapped[:-1], wrapped + b"\0", wrapped[::-1], bytes(7000), b"\xff" * 7000]
    words = {refusal(keys, wrapped, context) for context in contexts}
    words |= {refusal(keys, other) for other in damaged}
    words.add(refusal(engine.keys(), wrapped))
    assert len(words) == 1


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(position=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_flipped_bit_goes_unnoticed(embedded_engine, position, bit):
    # On the embedded engine only: what moto makes of ciphertext says nothing about KMS.
    keys = embedded_engine.keys()
    wrapped = bytearray(keys.wrap(b"secret", CONTEXT))
    wrapped[position % len(wrapped)] ^= 1 << bit
    refusal(keys, bytes(wrapped))


@pytest.mark.parametrize(
    ("secret", "context"),
    [
        (b"", CONTEXT),
        (bytes(MAX_SECRET_BYTES + 1), CONTEXT),
        (b"secret", {}),
        (b"secret", {"name": "x" * MAX_CONTEXT_BYTES}),
    ],
)
def test_what_one_engine_could_not_wrap_both_refuse(keys, secret, context):
    with pytest.raises(LimitExceeded):
        keys.wrap(secret, context)


def verify(signer, signature: bytes, message: bytes) -> None:
    public_key = load_der_public_key(signer.public_key())
    if signer.algorithm == "EdDSA":
        assert isinstance(public_key, ed25519.Ed25519PublicKey)
        public_key.verify(signature, message)
        return
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    assert isinstance(public_key.curve, ec.SECP256R1)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    public_key.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))


@pytest.mark.parametrize("message", [b"\0", b"header.payload", bytes(MAX_SIGNED_BYTES)])
def test_a_signature_is_64_bytes_and_verifies_with_the_public_key(signer, message):
    signature = signer.sign(message)
    assert len(signature) == 64
    verify(signer, signature, message)
    with pytest.raises(InvalidSignature):
        verify(signer, signature, message + b"\0")
    assert signer.public_key() == signer.public_key()


@pytest.mark.parametrize("size_bytes", [0, MAX_SIGNED_BYTES + 1])
def test_a_message_that_kms_would_refuse_is_refused(signer, size_bytes):
    with pytest.raises(LimitExceeded):
        signer.sign(bytes(size_bytes))
