"""The command line's own authenticator: a passkey in a file, for a hub on one's own laptop.

Nobody touches it and nobody is asked for a PIN, although it says "user verified": whoever can read
the file is the person. That is why hubs refuse its model number everywhere but on a laptop.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from fido2.cose import ES256
from fido2.utils import sha256, websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    AuthenticatorData,
    CollectedClientData,
    RegistrationResponse,
)

from mydata_hub.accounts.webauthn import SOFTWARE_AAGUID
from mydata_hub.errors import BadInput, Damaged, Taken

FORMAT: Final = 1
CREDENTIAL_ID_BYTES: Final = 32
MAX_FILE_BYTES: Final = 4096


@dataclass(slots=True, kw_only=True)
class SoftwarePasskey:
    """One discoverable ES256 credential with a signature counter.

    It belongs to nobody until `create`; after that it answers for that relying party and user.
    """

    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False
    )
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(CREDENTIAL_ID_BYTES))
    rp_id: str = ""
    user_handle: bytes = b""
    counter: int = 0
    aaguid: bytes = SOFTWARE_AAGUID
    path: Path | None = None

    @classmethod
    def make(cls) -> Self:
        """A new passkey that belongs to nobody yet."""
        return cls()

    def create(self, options: Mapping[str, Any], origin: str) -> dict[str, Any]:
        """RegistrationResponseJSON for PublicKeyCredentialCreationOptionsJSON (WebAuthn section
        5.1.3); `origin` is the page's. Raises BadInput where ES256 is not among the options.

        A passkey with a file is kept there with its new owner before it answers.
        """
        if all(offered["alg"] != ES256.ALGORITHM for offered in options["pubKeyCredParams"]):
            raise BadInput("options", "offer ES256, the only algorithm of this passkey")
        self.rp_id = options["rp"]["id"]
        self.user_handle = websafe_decode(options["user"]["id"])
        self._keep()
        public_key: ES256 = ES256.from_cryptography_key(self.key.public_key())  # type: ignore[no-untyped-call]
        attested = AttestedCredentialData.create(self.aaguid, self.credential_id, public_key)
        response = RegistrationResponse(
            raw_id=self.credential_id,
            response=AuthenticatorAttestationResponse(
                client_data=self.client_data("webauthn.create", options["challenge"], origin),
                attestation_object=AttestationObject.create(
                    "none", self.authenticator_data(AuthenticatorData.FLAG.AT, attested), {}
                ),
            ),
        )
        return _json(response)

    def get(self, options: Mapping[str, Any], origin: str) -> dict[str, Any]:
        """AuthenticationResponseJSON for PublicKeyCredentialRequestOptionsJSON (section 5.1.4).

        A passkey with a file has its counter on the disk before it answers, or a crash would make
        the next answer look like a copy's. Raises BadInput for another relying party than the one
        it was made for.
        """
        if options["rpId"] != self.rp_id:
            raise BadInput("options", "this passkey is for another hub")
        self.counter += 1
        self._keep()
        client_data = self.client_data("webauthn.get", options["challenge"], origin)
        data = self.authenticator_data(AuthenticatorData.FLAG(0))
        response = AuthenticationResponse(
            raw_id=self.credential_id,
            response=AuthenticatorAssertionResponse(
                client_data=client_data,
                authenticator_data=data,
                signature=self.key.sign(data + client_data.hash, ec.ECDSA(SHA256())),
                user_handle=self.user_handle,
            ),
        )
        return _json(response)

    def save(self, path: Path) -> None:
        """Keep the passkey in a new file that this user alone may read. Raises Taken."""
        try:
            self._write(path)
        except FileExistsError:
            raise Taken("a file of this name is there already") from None
        self.path = path

    @classmethod
    def load(cls, path: Path) -> Self:
        """The passkey in a file. Raises Damaged, and OSError where the file cannot be read."""
        try:
            with path.open("rb") as file:
                kept = json.loads(file.read(MAX_FILE_BYTES))
            if kept["format"] != FORMAT:
                raise Damaged("the passkey file has a format that this release does not know")
            key = load_der_private_key(websafe_decode(kept["private_key"]), password=None)
            if not isinstance(key, ec.EllipticCurvePrivateKey):
                raise Damaged("the passkey file holds a key of another kind")
            return cls(
                key=key,
                credential_id=websafe_decode(kept["credential_id"]),
                rp_id=kept["rp_id"],
                user_handle=websafe_decode(kept["user_handle"]),
                counter=int(kept["counter"]),
                path=path,
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Damaged("the passkey file does not hold a passkey") from None

    def client_data(self, kind: str, challenge: str, origin: str) -> CollectedClientData:
        """What the browser says of the page (section 5.8.1)."""
        return CollectedClientData.create(type=kind, challenge=challenge, origin=origin)

    def authenticator_data(
        self, flags: AuthenticatorData.FLAG, attested: bytes = b""
    ) -> AuthenticatorData:
        """What the authenticator says of itself and the user (section 6.1)."""
        flags |= AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV
        data: AuthenticatorData = AuthenticatorData.create(
            sha256(self.rp_id.encode()), flags, self.counter, attested
        )
        return data

    def _write(self, path: Path) -> None:
        key = self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        kept = {
            "format": FORMAT,
            "private_key": websafe_encode(key),
            "credential_id": websafe_encode(self.credential_id),
            "rp_id": self.rp_id,
            "user_handle": websafe_encode(self.user_handle),
            "counter": self.counter,
        }
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(kept, file)
            file.flush()
            os.fsync(file.fileno())

    def _keep(self) -> None:
        if self.path is None:
            return
        # A rename, so that whoever loads it meanwhile finds the old passkey or the new, whole.
        scratch = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}")
        self._write(scratch)
        scratch.replace(self.path)


def _json(response: Any) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(dict(response), default=dict))
    return plain
