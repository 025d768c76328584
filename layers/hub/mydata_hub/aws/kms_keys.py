"""The keys port on AWS KMS: Encrypt and Decrypt under one key, bound to an encryption context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from mydata_hub.aws.clients import LazyClient, make_client
from mydata_hub.aws.kms_failures import BUSY, kms_failure
from mydata_hub.errors import Busy, Unopenable
from mydata_hub.ports.keys import check_secret

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

MAX_WRAPPED_BYTES: Final = 6144  # what Decrypt accepts as CiphertextBlob


class KmsKeys:
    """One symmetric key. The role's policy says which contexts it may open."""

    def __init__(self, key_id: str, client: KMSClient | None = None) -> None:
        """`key_id`: the key's id, ARN or alias."""
        self._key_id = key_id
        self._client: LazyClient[KMSClient] = LazyClient(lambda: make_client("kms"), client)

    def wrap(self, secret: bytes, context: Mapping[str, str]) -> bytes:
        """See the port. One Encrypt."""
        from botocore.exceptions import BotoCoreError, ClientError

        check_secret(secret, context)
        try:
            answer = self._client.get().encrypt(
                KeyId=self._key_id, Plaintext=secret, EncryptionContext=dict(context)
            )
        except (ClientError, BotoCoreError) as error:
            raise kms_failure(error) from None
        return answer["CiphertextBlob"]

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """See the port. One Decrypt, and none for bytes that no Encrypt can have made.

        A key that is disabled, deleted or not ours to use is Unopenable too: telling it apart
        would say which part is wrong.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        if not 0 < len(wrapped) <= MAX_WRAPPED_BYTES or not context:
            raise Unopenable("these bytes do not open here")
        try:
            answer = self._client.get().decrypt(
                KeyId=self._key_id, CiphertextBlob=wrapped, EncryptionContext=dict(context)
            )
        except ClientError as error:
            if isinstance(kms_failure(error), Busy):
                raise Busy(BUSY) from None
            raise Unopenable("these bytes do not open here") from None
        except BotoCoreError as error:
            raise kms_failure(error) from None
        return answer["Plaintext"]

    def rewrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """See the port. One ReEncrypt: the secret does not leave KMS. What opens under any backing
        key of this one comes back under its newest (KMS rotates them yearly, or on demand)."""
        from botocore.exceptions import BotoCoreError, ClientError

        if not 0 < len(wrapped) <= MAX_WRAPPED_BYTES or not context:
            raise Unopenable("these bytes do not open here")
        try:
            answer = self._client.get().re_encrypt(
                CiphertextBlob=wrapped,
                SourceKeyId=self._key_id,
                SourceEncryptionContext=dict(context),
                DestinationKeyId=self._key_id,
                DestinationEncryptionContext=dict(context),
            )
        except ClientError as error:
            if isinstance(kms_failure(error), Busy):
                raise Busy(BUSY) from None
            raise Unopenable("these bytes do not open here") from None
        except BotoCoreError as error:
            raise kms_failure(error) from None
        return answer["CiphertextBlob"]
