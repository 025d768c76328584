"""Both engines behind one face, so that each contract test runs on both."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import boto3
import pytest
from moto import mock_aws
from mydata_hub.aws.dynamo_tables import DynamoTables
from mydata_hub.aws.kms_keys import KmsKeys
from mydata_hub.aws.kms_signer import KmsSigner
from mydata_hub.aws.s3_blobs import S3Blobs
from mydata_hub.embedded.disk_blobs import DiskBlobs
from mydata_hub.embedded.local_keys import LocalKeys
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.ports.blobs import Blobs
from mydata_hub.ports.clock import Clock, SetClock
from mydata_hub.ports.keys import Keys
from mydata_hub.ports.signer import Algorithm, Signer
from mydata_hub.ports.tables import Tables

from tests.contract.wire import Wire, scripted_endpoint

LOGICAL = ("things", "others", "outbox")
INDEX = "by_owner"
_WIRE_SESSION = boto3.Session()
START = datetime(2026, 3, 1, 9, tzinfo=UTC)


class Engine(Protocol):
    """What a contract test may ask of an engine; everything it gives is empty and new."""

    name: str

    def tables(self, clock: Clock) -> Tables: ...

    def blobs(self) -> Blobs: ...

    def keys(self) -> Keys: ...

    def signer(self, algorithm: Algorithm) -> Signer: ...


class EmbeddedEngine:
    name = "embedded"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = itertools.count()

    def tables(self, clock: Clock) -> Tables:
        return SqliteTables(
            self._folder / f"tables-{next(self._count)}",
            {table: f"{table.title()}Table" for table in LOGICAL},
            clock,
        )

    def blobs(self) -> Blobs:
        return DiskBlobs(self._folder, f"bucket-{next(self._count)}")

    def keys(self) -> Keys:
        return LocalKeys(self._folder, f"key-{next(self._count)}")

    def signer(self, algorithm: Algorithm) -> Signer:
        return LocalSigner(self._folder, f"signer-{next(self._count)}", algorithm)


class AwsEngine:
    """The AWS adapters before moto, which is single-threaded and no oracle for races, tokens or
    disabled keys: those paths are tested at the wire (test_aws_*)."""

    name = "aws"

    def __init__(self) -> None:
        self._count = itertools.count()
        self.clients = {service: boto3.client(service) for service in ("dynamodb", "s3", "kms")}
        self.calls: list[str] = []
        for client in self.clients.values():
            client.meta.events.register("before-call", self._note)

    def _note(self, model: Any, **_: Any) -> None:
        self.calls.append(model.name)

    def tables(self, clock: Clock) -> DynamoTables:
        names = {table: f"{table}-{next(self._count)}" for table in LOGICAL}
        for name in names.values():
            create_table(self.clients["dynamodb"], name)
        self.calls.clear()
        return DynamoTables(names, clock, self.clients["dynamodb"], pause=lambda _: None)

    def blobs(self) -> S3Blobs:
        bucket = f"bucket-{next(self._count)}"
        self.clients["s3"].create_bucket(Bucket=bucket)
        self.calls.clear()
        return S3Blobs(bucket, self.clients["s3"])

    def keys(self) -> KmsKeys:
        key_id = self.clients["kms"].create_key()["KeyMetadata"]["KeyId"]
        self.calls.clear()
        return KmsKeys(key_id, self.clients["kms"])

    def signer(self, algorithm: Algorithm) -> KmsSigner:
        if algorithm == "EdDSA":
            # Not a skip: what moto lacks is tested at the wire in test_aws_kms_wire.py.
            raise NotImplementedError("moto knows no ECC_NIST_EDWARDS25519")
        made = self.clients["kms"].create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        self.calls.clear()
        return KmsSigner(made["KeyMetadata"]["KeyId"], algorithm, self.clients["kms"])


def create_table(client: Any, name: str) -> None:
    """A table as template.yaml declares one: on demand, a KEYS_ONLY index, a stream."""
    attributes = ("partition", "sort", f"{INDEX}_partition", f"{INDEX}_sort")
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": a, "AttributeType": "S"} for a in attributes],
        KeySchema=_schema("partition", "sort"),
        GlobalSecondaryIndexes=[
            {
                "IndexName": INDEX,
                "KeySchema": _schema(f"{INDEX}_partition", f"{INDEX}_sort"),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )


def _schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


@pytest.fixture(scope="module")
def aws_engine() -> Iterator[AwsEngine]:
    with pytest.MonkeyPatch.context() as environment, mock_aws():
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield AwsEngine()


@pytest.fixture(scope="module")
def embedded_engine(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedEngine:
    return EmbeddedEngine(tmp_path_factory.mktemp("engine"))


@pytest.fixture(scope="module", params=["embedded", "aws"])
def engine(request: pytest.FixtureRequest) -> Engine:
    return request.getfixturevalue(f"{request.param}_engine")


@pytest.fixture
def clock() -> SetClock:
    return SetClock(START)


@pytest.fixture
def tables(engine: Engine, clock: SetClock) -> Tables:
    return engine.tables(clock)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """The endpoint that every AWS client made in this test talks to, with the product's settings.

    Not a mock: botocore signs, sends, retries and parses as it does against AWS.
    """
    with scripted_endpoint() as endpoint:
        # One session for all of them: most of the cost of a client is reading its description.
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", _WIRE_SESSION)
        for name, text in {
            "AWS_ENDPOINT_URL": endpoint.url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
        }.items():
            monkeypatch.setenv(name, text)
        yield endpoint
