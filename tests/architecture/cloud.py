"""The deployed functions before moto, and every call they make to AWS, in the words of IAM.

Moto judges nothing here (it is no oracle for much); it only answers, so that the real functions go
on to their next call. Tables are made from template.yaml, so an index that is missing there is
missing here.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeAlias

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from moto import mock_aws

from tests.architecture.permissions import Permission, snake
from tests.architecture.template import (
    Template,
    functions,
    properties,
    read_template,
    resources,
    target,
)

ISSUER = "https://hub.example"
# Named, and never there.
PUSH_SERVICE = "push.invalid"
# A key's name here is its logical id without "Key"; a bucket's likewise.
ARN = "arn:aws:kms:us-east-1:123456789012:key/"
SigningKey: TypeAlias = Ed25519PrivateKey | ec.EllipticCurvePrivateKey
Key: TypeAlias = SigningKey | AESGCM
_KEYS: dict[str, Callable[[], Key]] = {
    "SYMMETRIC_DEFAULT": lambda: AESGCM(AESGCM.generate_key(256)),
    "ECC_NIST_EDWARDS25519": Ed25519PrivateKey.generate,
    "ECC_NIST_P256": lambda: ec.generate_private_key(ec.SECP256R1()),
}
_PARTS = {"Put": "PutItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


@dataclass
class Cloud:
    """The functions as deployed, and what they have called so far."""

    template: Template
    called: set[Permission] = field(default_factory=set)
    # Every call as AWS bills it, in order: (function, service:operation). Without those for the
    # log's key.
    paid: list[tuple[str, str]] = field(default_factory=list)
    # Of the acts that were billed: how often each call was paid for.
    bills: dict[str, Counter[str]] = field(default_factory=dict)
    caller: str = ""
    # Set before the functions are built; none are asked until somebody answers.
    witnesses: str = ""
    # Whom the tables' streams wake: nobody, except while `waking` holds.
    woken: str = ""
    handlers: dict[str, Callable[[dict[str, Any], Any], Any]] = field(default_factory=dict)

    def environment(self, function: str) -> dict[str, str]:
        """The variables of a function, its parameters and resources filled in."""
        values = {"Engine": "aws", "Issuer": ISSUER, "SoftwarePasskeys": "refused"}
        values |= {"DpopNonce": "required", "PushServices": PUSH_SERVICE}
        values["Witnesses"] = self.witnesses
        values |= {name: bucket_name(name) for name in resources(self.template, "AWS::S3::Bucket")}
        values |= {name: arn_of(name) for name in resources(self.template, "AWS::KMS::Key")}
        declared = functions(self.template)[function]["Environment"]["Variables"]
        return {name: values.get(target(one)[0], target(one)[0]) for name, one in declared.items()}

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        """One invocation, its calls counted as this function's."""
        before, self.caller = self.caller, function
        try:
            if function not in self.handlers:
                module = importlib.import_module(f"functions.{function}")
                self.handlers[function] = module.build(self.environment(function))
            return self.handlers[function](event, None)
        finally:
            self.caller = before

    @contextmanager
    def billed(self, act: str) -> Iterator[None]:
        """What is paid for while the block runs is one bill, by "function service:operation"."""
        begun = len(self.paid)
        yield
        self.bills[act] = Counter(" ".join(one) for one in self.paid[begun:])

    @contextmanager
    def waking(self, function: str) -> Iterator[None]:
        """As streams do on an account: each commit of another function wakes this one at once.

        So whoever waits for what it makes of a commit finds it made.
        """
        self.woken = function
        try:
            yield
        finally:
            self.woken = ""

    def commit_made(self, http_response: AWSResponse, **_: Any) -> None:
        """Wake whoever is woken, but not by their own commits, nor by those of nobody."""
        made = http_response.status_code == HTTPStatus.OK
        if made and self.woken and self.caller not in {"", self.woken}:
            self.invoke(self.woken, {"sweep": True})

    def note(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        """Write down one call of whoever is running."""
        if self.caller:
            service = model.service_model.service_name
            things = list(_KINDS[service](model.name, params))
            # An instance reads that key anew every few minutes, whatever it is called for.
            if {thing for thing, _ in things} != {"table log_public"}:
                self.paid.append((self.caller, f"{service}:{model.name}"))
            for thing, action in things:
                self.called.add(Permission(self.caller, thing, f"{service}:{action}"))


def _dynamodb(operation: str, params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    match operation:
        case "TransactWriteItems":
            for item in params["TransactItems"]:
                ((part, body),) = item.items()
                yield _table(body["TableName"]), _PARTS[part]
        case "BatchGetItem":
            for name in params["RequestItems"]:
                yield _table(name), operation
        case _:
            index = f" index {params['IndexName']}" if "IndexName" in params else ""
            yield _table(params["TableName"]) + index, operation


def _table(name: str) -> str:
    return f"table {snake(name.removesuffix('Table'))}"


def _s3(operation: str, params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    actions = {"HeadObject": "GetObject", "ListObjectsV2": "ListBucket"}
    name = f"bucket {params['Bucket']}"
    if "Key" in params:
        name += f" {params['Key']}"
    yield name, actions.get(operation, operation)


def _kms(operation: str, params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if operation == "ReEncrypt":
        yield f"key {params['SourceKeyId'].removeprefix(ARN)}", "ReEncryptFrom"
        yield f"key {params['DestinationKeyId'].removeprefix(ARN)}", "ReEncryptTo"
        return
    assert params["KeyId"].startswith(ARN)
    yield f"key {params['KeyId'].removeprefix(ARN)}", operation


def bucket_name(logical: str) -> str:
    return snake(logical.removesuffix("Bucket"))


def arn_of(logical: str) -> str:
    return ARN + snake(logical.removesuffix("Key"))


_KINDS = {"dynamodb": _dynamodb, "s3": _s3, "kms": _kms}


@contextmanager
def cloud() -> Iterator[Cloud]:
    """An empty account with the template's tables, its bucket and a key that signs."""
    with pytest.MonkeyPatch.context() as environment, mock_aws():
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        session = boto3.Session()
        environment.setattr(boto3, "DEFAULT_SESSION", session)
        made = Cloud(read_template())
        for name, table in resources(made.template, "AWS::DynamoDB::Table").items():
            session.client("dynamodb").create_table(TableName=name, **_shape(properties(table)))
        for name in resources(made.template, "AWS::S3::Bucket"):
            session.client("s3").create_bucket(Bucket=bucket_name(name))
        session.events.register("provide-client-params", made.note)
        session.events.register("after-call.dynamodb.TransactWriteItems", made.commit_made)
        keys = {
            arn_of(name): _KEYS[properties(key)["KeySpec"]]()
            for name, key in resources(made.template, "AWS::KMS::Key").items()
            if properties(key).get("KeySpec") in _KEYS
        }
        # Moto knows no Ed25519, so KMS is answered here, with keys that really sign.
        session.events.register(
            "before-call.kms", lambda model, params, **_: _answer(keys, model, params)
        )
        yield made


def _shape(own: Mapping[str, Any]) -> dict[str, Any]:
    wanted = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    return {name: own[name] for name in wanted if name in own}


def _answer(keys: Mapping[str, Key], model: Any, params: Mapping[str, Any]) -> tuple[Any, Any]:
    asked = json.loads(params["body"])
    key, http = keys[asked.get("KeyId") or asked["SourceKeyId"]], AWSResponse("", 200, {}, None)
    if model.name == "GetPublicKey":
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return http, {"PublicKey": public}
    if isinstance(key, AESGCM):
        return http, _wrapped(key, model.name, asked)
    message = base64.b64decode(asked["Message"])
    if isinstance(key, Ed25519PrivateKey):
        return http, {"Signature": key.sign(message)}
    return http, {"Signature": key.sign(message, ec.ECDSA(SHA256()))}


def _wrapped(key: AESGCM, operation: str, asked: Mapping[str, Any]) -> dict[str, bytes]:
    """What a symmetric key answers; the encryption context is the associated data, as in KMS."""
    given = asked.get("EncryptionContext") or asked["SourceEncryptionContext"]
    context = json.dumps(given, sort_keys=True).encode()
    if operation == "Encrypt":
        nonce = os.urandom(12)
        secret = base64.b64decode(asked["Plaintext"])
        return {"CiphertextBlob": nonce + key.encrypt(nonce, secret, context)}
    blob = base64.b64decode(asked["CiphertextBlob"])
    plain = key.decrypt(blob[:12], blob[12:], context)
    if operation == "ReEncrypt":
        nonce = os.urandom(12)
        return {"CiphertextBlob": nonce + key.encrypt(nonce, plain, context)}
    return {"Plaintext": plain}
