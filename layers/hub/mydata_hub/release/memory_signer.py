"""A signer whose private key this process holds: a key of one day, unwrapped or just made."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mydata_hub.ports.signer import Algorithm

_COORDINATE_BYTES: Final = 32  # of P-256; RFC 7518 section 3.4 writes r and s in so many each


class MemorySigner:
    """The signer port (ES256) on a private key in memory."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        self._private = private

    @property
    def algorithm(self) -> Algorithm:
        """See the port."""
        return "ES256"

    def public_key(self) -> bytes:
        """See the port."""
        public = self._private.public_key()
        return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> bytes:
        """See the port; there is no limit of length here."""
        numbers = utils.decode_dss_signature(self._private.sign(message, ec.ECDSA(SHA256())))
        return b"".join(number.to_bytes(_COORDINATE_BYTES, "big") for number in numbers)
