"""KMS and S3 at the wire: what moto does not know, or knows better than AWS does."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from mydata_hub.aws.kms_keys import KmsKeys
from mydata_hub.aws.kms_signer import KmsSigner
from mydata_hub.aws.s3_blobs import S3Blobs
from mydata_hub.errors import (
    BlobMissing,
    Busy,
    Damaged,
    OutcomeUnknown,
    StoreError,
    Taken,
    Unopenable,
)

from tests.contract.wire import LOST, Reply, refused

CONTEXT = {"purpose": "profile"}
TRIES = 3


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.fixture
def no_waiting(monkeypatch):
    """botocore's own pauses between tries; it reads `time.sleep` at each call."""
    monkeypatch.setattr("time.sleep", lambda _: None)


def test_each_operation_of_kms_is_one_paid_call(wire):
    keys = KmsKeys("key-1")
    wire.will(
        Reply(body={"CiphertextBlob": text(b"wrapped")}), Reply(body={"Plaintext": text(b"s")})
    )
    assert keys.wrap(b"s", CONTEXT) == b"wrapped"
    assert keys.unwrap(b"wrapped", CONTEXT) == b"s"
    assert wire.bodies == [
        {"KeyId": "key-1", "Plaintext": text(b"s"), "EncryptionContext": CONTEXT},
        {"KeyId": "key-1", "CiphertextBlob": text(b"wrapped"), "EncryptionContext": CONTEXT},
    ]


@pytest.mark.parametrize(
    "code",
    [
        "InvalidCiphertextException",
        "IncorrectKeyException",
        "InvalidKeyUsageException",
        "ValidationException",
        "AccessDeniedException",
        "DisabledException",
        "KMSInvalidStateException",
        "NotFoundException",
    ],
)
def test_whatever_keeps_kms_from_opening_is_one_error(wire, code):
    wire.will(refused(code))
    with pytest.raises(Unopenable) as error:
        KmsKeys("key-1").unwrap(b"wrapped", CONTEXT)
    assert str(error.value) == "these bytes do not open here"


@pytest.mark.parametrize("wrapped", [b"", bytes(6145)])
def test_bytes_that_no_encrypt_can_have_made_cost_nothing(wire, wrapped):
    with pytest.raises(Unopenable):
        KmsKeys("key-1").unwrap(wrapped, CONTEXT)
    assert wire.requests == []


@pytest.mark.parametrize(
    "failure",
    [
        LOST,
        refused("ThrottlingException"),
        refused("DependencyTimeoutException", 500),
        refused("KeyUnavailableException", 500),
        refused("KMSInternalException", 500),
    ],
)
def test_kms_is_asked_three_times_and_then_busy(wire, no_waiting, failure):
    wire.will(*[failure] * TRIES)
    with pytest.raises(Busy):
        KmsKeys("key-1").unwrap(b"wrapped", CONTEXT)
    wire.will(*[failure] * TRIES)
    with pytest.raises(Busy):
        KmsKeys("key-1").wrap(b"s", CONTEXT)
    wire.will(*[failure] * TRIES)
    with pytest.raises(Busy):
        KmsSigner("key-1", "ES256").sign(b"m")


def test_a_wrap_that_kms_refuses_is_a_store_error_without_its_words(wire):
    wire.will(refused("DisabledException"))
    with pytest.raises(StoreError) as error:
        KmsKeys("key-1").wrap(b"s", CONTEXT)
    assert str(error.value) == "KMS refused the request: DisabledException"


def test_ed25519_signs_the_whole_message_and_keeps_its_64_bytes(wire):
    key = Ed25519PrivateKey.generate()
    public_key = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    wire.will(
        Reply(body={"Signature": text(key.sign(b"checkpoint"))}),
        Reply(body={"PublicKey": text(public_key), "KeySpec": "ECC_NIST_EDWARDS25519"}),
    )
    signer = KmsSigner("key-1", "EdDSA")
    signature = signer.sign(b"checkpoint")
    assert signer.public_key() == signer.public_key() == public_key
    key.public_key().verify(signature, b"checkpoint")
    assert wire.operations == ["Sign", "GetPublicKey"]
    assert wire.bodies[0] == {
        "KeyId": "key-1",
        "Message": text(b"checkpoint"),
        "MessageType": "RAW",
        "SigningAlgorithm": "ED25519_SHA_512",
    }


CONTENT = b"content"
CHECKSUM = text(hashlib.sha256(CONTENT).digest())
CHECKED = {"x-amz-checksum-sha256": CHECKSUM}


def xml(code: str, status: int) -> Reply:
    return Reply(status, f"<Error><Code>{code}</Code><Message>x</Message></Error>".encode())


EXISTS = xml("PreconditionFailed", 412)


def test_a_put_is_one_paid_call_with_condition_and_checksum(wire):
    wire.will(Reply(body=b""))
    S3Blobs("bucket").put_if_absent("a/b", CONTENT)
    (request,) = wire.requests
    assert (request["operation"], request["path"]) == ("PUT", "/bucket/a/b")
    assert request["headers"]["if-none-match"] == "*"
    assert request["headers"]["x-amz-checksum-sha256"] == CHECKSUM
    assert request["body"] == CONTENT


def test_a_put_whose_answer_was_lost_finds_its_own_bytes(wire, no_waiting):
    wire.will(LOST, EXISTS, Reply(headers=CHECKED))
    S3Blobs("bucket").put_if_absent("a", CONTENT)
    assert wire.operations == ["PUT", "PUT", "HEAD"]


@pytest.mark.parametrize(
    ("replies", "error"),
    [
        ([EXISTS, Reply(headers={"x-amz-checksum-sha256": text(bytes(32))})], Taken),
        ([EXISTS, Reply()], Taken),
        ([EXISTS, Reply(404)], Busy),
        ([xml("ConditionalRequestConflict", 409)], Busy),
        ([xml("SlowDown", 503)] * TRIES, Busy),
        ([xml("InternalError", 500)] * TRIES, OutcomeUnknown),
        ([LOST] * TRIES, OutcomeUnknown),
        ([xml("AccessDenied", 403)], StoreError),
    ],
)
def test_a_put_that_failed_says_what_is_certain(wire, no_waiting, replies, error):
    wire.will(*replies)
    with pytest.raises(error) as raised:
        S3Blobs("bucket").put_if_absent("a", CONTENT)
    assert type(raised.value) is error


@pytest.mark.parametrize(
    ("replies", "error"),
    [
        ([Reply(body=CONTENT + b"!", headers=CHECKED)], Damaged),
        ([Reply(body=CONTENT)], Damaged),
        ([xml("NoSuchKey", 404)], BlobMissing),
        ([xml("AccessDenied", 403)], StoreError),
        ([xml("SlowDown", 503)] * TRIES, Busy),
        ([LOST] * TRIES, Busy),
    ],
)
def test_a_get_that_failed_says_why(wire, no_waiting, replies, error):
    wire.will(*replies)
    with pytest.raises(error) as raised:
        S3Blobs("bucket").get("a")
    assert type(raised.value) is error


def test_a_get_and_a_delete_are_one_paid_call_each(wire):
    wire.will(Reply(body=CONTENT, headers=CHECKED), Reply(204, b""))
    blobs = S3Blobs("bucket")
    assert blobs.get("a") == CONTENT
    blobs.delete("a")
    assert wire.operations == ["GET", "DELETE"]


def test_a_delete_whose_answer_was_lost_is_not_taken_for_done(wire, no_waiting):
    wire.will(*[LOST] * TRIES)
    with pytest.raises(OutcomeUnknown):
        S3Blobs("bucket").delete("a")
