"""The signer port on AWS KMS: Sign with an elliptic-curve key that never leaves it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from mydata_hub.aws.clients import LazyClient, make_client
from mydata_hub.aws.kms_failures import kms_failure
from mydata_hub.errors import LimitExceeded
from mydata_hub.ports.signer import MAX_SIGNED_BYTES, Algorithm

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_kms.literals import SigningAlgorithmSpecType

# ECC_NIST_P256 and ECC_NIST_EDWARDS25519 keys; plain Ed25519 needs the whole message (RAW).
_KMS_ALGORITHMS: Final[dict[Algorithm, SigningAlgorithmSpecType]] = {
    "ES256": "ECDSA_SHA_256",
    "EdDSA": "ED25519_SHA_512",
}
_P256_SCALAR_BYTES: Final = 32


class KmsSigner:
    """One asymmetric key of usage SIGN_VERIFY."""

    def __init__(self, key_id: str, algorithm: Algorithm, client: KMSClient | None = None) -> None:
        """`key_id`: the key's id, ARN or alias; `algorithm` must be the one it was made for."""
        self._key_id = key_id
        self._algorithm = algorithm
        self._client: LazyClient[KMSClient] = LazyClient(lambda: make_client("kms"), client)
        self._public_key: bytes | None = None
        self._reading = threading.Lock()

    @property
    def algorithm(self) -> Algorithm:
        """See the port."""
        return self._algorithm

    def public_key(self) -> bytes:
        """See the port. One GetPublicKey in the life of this object."""
        from botocore.exceptions import BotoCoreError, ClientError

        with self._reading:
            if self._public_key is None:
                try:
                    answer = self._client.get().get_public_key(KeyId=self._key_id)
                except (ClientError, BotoCoreError) as error:
                    raise kms_failure(error) from None
                self._public_key = answer["PublicKey"]
            return self._public_key

    def sign(self, message: bytes) -> bytes:
        """See the port. One Sign."""
        from botocore.exceptions import BotoCoreError, ClientError

        if not 0 < len(message) <= MAX_SIGNED_BYTES:
            raise LimitExceeded(f"a signed message takes 1 to {MAX_SIGNED_BYTES} bytes")
        try:
            answer = self._client.get().sign(
                KeyId=self._key_id,
                Message=message,
                MessageType="RAW",
                SigningAlgorithm=_KMS_ALGORITHMS[self._algorithm],
            )
        except (ClientError, BotoCoreError) as error:
            raise kms_failure(error) from None
        signature = answer["Signature"]
        return signature if self._algorithm == "EdDSA" else _r_and_s(signature)


def _r_and_s(der: bytes) -> bytes:
    """KMS gives ECDSA signatures in DER (RFC 3279 section 2.2.3); RFC 7518 wants `r || s`."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    r, s = decode_dss_signature(der)
    return r.to_bytes(_P256_SCALAR_BYTES, "big") + s.to_bytes(_P256_SCALAR_BYTES, "big")
