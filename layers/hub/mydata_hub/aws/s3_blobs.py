"""The blob port on S3: conditional puts, and a SHA-256 that travels and is kept with the object.

The bucket is not public, and the role may list it: without ListBucket S3 says
"forbidden" where it means "not there".
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mydata_hub.aws.clients import THROTTLED, LazyClient, code_of, make_client, status_of
from mydata_hub.errors import (
    BlobMissing,
    Busy,
    Damaged,
    HubError,
    OutcomeUnknown,
    StoreError,
    Taken,
)
from mydata_hub.ports.blobs import check_blob

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError
    from mypy_boto3_s3 import S3Client


class S3Blobs:
    """One bucket. botocore's own tries are safe here: every call may be repeated."""

    def __init__(self, bucket: str, client: S3Client | None = None) -> None:
        self._bucket = bucket
        self._client: LazyClient[S3Client] = LazyClient(lambda: make_client("s3"), client)

    def put_if_absent(self, name: str, content: bytes) -> None:
        """See the port. One PutObject; where the name is taken, one HeadObject to compare."""
        from botocore.exceptions import BotoCoreError, ClientError

        check_blob(name, len(content))
        checksum = _checksum(content)
        try:
            self._client.get().put_object(
                Bucket=self._bucket,
                Key=name,
                Body=content,
                IfNoneMatch="*",
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=checksum,
            )
        except ClientError as error:
            if code_of(error) not in ("PreconditionFailed", "412"):
                raise _write_failure(error) from None
        except BotoCoreError:
            raise OutcomeUnknown("the answer to a put was lost") from None
        else:
            return
        if self._stored_checksum(name) != checksum:
            raise Taken("other bytes have this name")

    def get(self, name: str) -> bytes:
        """See the port. One GetObject; the bytes are held against their SHA-256."""
        from botocore.exceptions import BotoCoreError, ClientError

        check_blob(name)
        try:
            # Not botocore's own check of the checksum: it lets an object without one pass.
            answer = self._client.get().get_object(
                Bucket=self._bucket, Key=name, ChecksumMode="ENABLED"
            )
            content = answer["Body"].read()
        except (ClientError, BotoCoreError) as error:
            raise _read_failure(error) from None
        if answer.get("ChecksumSHA256") != _checksum(content):
            raise Damaged("a blob does not match its checksum, or has none")
        return content

    def delete(self, name: str) -> None:
        """See the port. One DeleteObject."""
        from botocore.exceptions import BotoCoreError, ClientError

        check_blob(name)
        try:
            self._client.get().delete_object(Bucket=self._bucket, Key=name)
        except ClientError as error:
            raise _write_failure(error) from None
        except BotoCoreError:
            raise OutcomeUnknown("the answer to a delete was lost") from None

    def names(self, prefix: str) -> Iterator[str]:
        """See the port. One ListObjectsV2 for each thousand names, in byte order."""
        from botocore.exceptions import BotoCoreError, ClientError

        pages = self._client.get().get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                for entry in page.get("Contents", []):
                    yield entry["Key"]
        except (ClientError, BotoCoreError) as error:
            raise _read_failure(error) from None

    def _stored_checksum(self, name: str) -> str | None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            head = self._client.get().head_object(
                Bucket=self._bucket, Key=name, ChecksumMode="ENABLED"
            )
        except (ClientError, BotoCoreError) as error:
            if isinstance(_read_failure(error), BlobMissing):
                # Taken a moment ago and deleted since: nothing is stored, so a retry is due.
                raise Busy("the blob of this name was just deleted") from None
            raise _read_failure(error) from None
        return head.get("ChecksumSHA256")


def _checksum(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode("ascii")


def _read_failure(error: ClientError | BotoCoreError) -> HubError:
    from botocore.exceptions import BotoCoreError, FlexibleChecksumError

    if isinstance(error, FlexibleChecksumError):
        return Damaged("a blob does not match its checksum")
    if isinstance(error, BotoCoreError):
        return Busy("S3 could not be reached or its answer was lost")
    code = code_of(error)
    if code in ("NoSuchKey", "404", "NotFound"):
        return BlobMissing("no blob has this name")
    if code in THROTTLED or status_of(error) >= 500:
        return Busy(f"S3 answered {code}")
    return StoreError(f"S3 refused the request: {code}")


def _write_failure(error: ClientError) -> HubError:
    code = code_of(error)
    if code in THROTTLED or code == "ConditionalRequestConflict":
        return Busy(f"S3 answered {code}")
    if status_of(error) >= 500:
        return OutcomeUnknown(f"S3 answered {code}")
    return StoreError(f"S3 refused the request: {code}")
