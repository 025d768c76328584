"""What the browser's authenticator says, verified (WebAuthn Level 3 sections 7.1 and 7.2).

The library checks challenge, origin, relying party and signature. What it leaves to the caller is
here: user verification is always required, the signature counter may not step back, a page of
another origin may not frame the ceremony, and the software authenticator stays on laptops.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestationConveyancePreference,
    AttestedCredentialData,
    AuthenticationResponse,
    CollectedClientData,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialParameters,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from mydata_hub.accounts.account import Passkey, PasskeyId
from mydata_hub.accounts.desk import Desk, is_plain
from mydata_hub.errors import BadInput, NotAllowed, NotSignedIn

CHALLENGE_BYTES: Final = 32
MAX_CREDENTIAL_ID_BYTES: Final = 512
# ES256, EdDSA and RS256 (COSE algorithm numbers): what authenticators in use can do.
ALGORITHMS: Final = (-7, -8, -257)
# The model number of the command line's own authenticator (`mydata person add`).
SOFTWARE_AAGUID: Final = bytes.fromhex("6d796461746168756200736f66747700")
RP_NAME: Final = "MyData Hub"

_BYTES: Final = (
    *("clientDataJSON", "attestationObject"),
    *("authenticatorData", "signature", "userHandle"),
)
# Whatever hostile input makes of a decoder; each means that this credential is not acceptable.
_MALFORMED: Final = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    AssertionError,
    NotImplementedError,
    RecursionError,
    struct.error,
    InvalidSignature,
    UnsupportedAlgorithm,
)


def creation_options(
    desk: Desk, challenge: bytes, *, user: str, name: str, held: tuple[Passkey, ...] = ()
) -> dict[str, Any]:
    """PublicKeyCredentialCreationOptionsJSON; `user` becomes the user handle."""
    options, _ = _server(desk).register_begin(
        PublicKeyCredentialUserEntity(id=user.encode(), name=name, display_name=name),
        credentials=[
            PublicKeyCredentialDescriptor(
                type=PublicKeyCredentialType.PUBLIC_KEY, id=websafe_decode(passkey.passkey_id)
            )
            for passkey in held
        ],
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
        challenge=challenge,
    )
    return _json(options.public_key)


def request_options(desk: Desk, challenge: bytes) -> dict[str, Any]:
    """PublicKeyCredentialRequestOptionsJSON for whichever passkey the person has here."""
    options, _ = _server(desk).authenticate_begin(
        user_verification=UserVerificationRequirement.REQUIRED, challenge=challenge
    )
    return _json(options.public_key)


def verify_registration(
    desk: Desk, challenge: bytes, response: Mapping[str, Any], name: str
) -> Passkey:
    """Verify RegistrationResponseJSON: gives the new passkey, usable at once.

    Raises BadInput, NotAllowed for a software passkey.
    """
    try:
        _require_text(response)
        _refuse_frames(RegistrationResponse.from_dict(response).response.client_data)
        data = _server(desk).register_complete(_state(challenge), response)
        credential = data.credential_data
        assert credential is not None
        _require_usable(credential)
    except _MALFORMED:
        raise BadInput("credential", "this passkey was not made for this page; try again") from None
    software = bytes(credential.aaguid) == SOFTWARE_AAGUID
    _refuse_software(desk, software=software)
    now = desk.now()
    return Passkey(
        passkey_id=PasskeyId(websafe_encode(credential.credential_id)),
        version=0,
        name=name,
        credential=bytes(credential),
        counter=data.counter,
        synced=data.is_backup_eligible(),
        software=software,
        added_at=now,
        usable_from=now,
    )


def claimed_identity(response: Mapping[str, Any]) -> tuple[str, str]:
    """The account and passkey that an assertion claims to be of; nothing is verified yet.

    Raises NotSignedIn.
    """
    try:
        _require_text(response)
        parsed = AuthenticationResponse.from_dict(response)
        account_id = (parsed.response.user_handle or b"").decode("ascii")
        passkey_id = websafe_encode(parsed.raw_id)
    except _MALFORMED:
        raise unknown_passkey() from None
    if not (is_plain(account_id) and is_plain(passkey_id)):
        raise unknown_passkey()
    return account_id, passkey_id


def verify_assertion(
    desk: Desk, challenge: bytes, response: Mapping[str, Any], passkey: Passkey
) -> Passkey:
    """Verify AuthenticationResponseJSON: gives the passkey as it is after this use.

    Raises NotSignedIn, alike for every cause, and NotAllowed for a software passkey that was
    enrolled when they were allowed.
    """
    try:
        _require_text(response)
        parsed = AuthenticationResponse.from_dict(response)
        _refuse_frames(parsed.response.client_data)
        _server(desk).authenticate_complete(
            _state(challenge), [AttestedCredentialData(passkey.credential)], response
        )
        data = parsed.response.authenticator_data
    except _MALFORMED:
        raise unknown_passkey() from None
    # A counter that steps back means that the key was copied (section 6.1.1). Synced passkeys
    # always say 0.
    if (data.counter or passkey.counter) and data.counter <= passkey.counter:
        raise unknown_passkey()
    _refuse_software(desk, software=passkey.software)
    return replace(
        passkey, counter=data.counter, synced=data.is_backup_eligible(), last_used_at=desk.now()
    )


def unknown_passkey() -> NotSignedIn:
    """One answer for every cause, so that nobody learns which accounts exist."""
    return NotSignedIn("this passkey does not open an account here")


def _server(desk: Desk) -> Fido2Server:
    server = Fido2Server(
        PublicKeyCredentialRpEntity(id=desk.rp_id, name=RP_NAME),
        attestation=AttestationConveyancePreference.NONE,
        verify_origin=lambda origin: origin == desk.issuer,
    )
    server.allowed_algorithms = [
        PublicKeyCredentialParameters(type=PublicKeyCredentialType.PUBLIC_KEY, alg=algorithm)
        for algorithm in ALGORITHMS
    ]
    return server


def _state(challenge: bytes) -> dict[str, Any]:
    return {
        "challenge": websafe_encode(challenge),
        "user_verification": UserVerificationRequirement.REQUIRED,
    }


def _require_usable(credential: AttestedCredentialData) -> None:
    """Refuse a key that could never verify anything: it would count as a way in and be none."""
    if credential.public_key[3] not in ALGORITHMS:
        raise ValueError("an algorithm that was not offered")
    if not 0 < len(credential.credential_id) <= MAX_CREDENTIAL_ID_BYTES:
        raise ValueError("a credential id that is empty or too long")
    # A key that can be used finds this signature wrong; any other key fails in another way.
    with suppress(InvalidSignature):
        credential.public_key.verify(b"", b"")


def _refuse_software(desk: Desk, *, software: bool) -> None:
    if software and not desk.software_passkeys:
        raise NotAllowed("a software passkey can only be used with a hub on one's own laptop")


def _require_text(response: Mapping[str, Any]) -> None:
    """Refuse what is no text where bytes belong: of a number the library would make that many
    zero bytes, so that one small request could take all the memory."""
    inner = response["response"]
    given = [response["rawId"], *(inner[name] for name in _BYTES if inner.get(name) is not None)]
    if not all(isinstance(value, str) for value in given):
        raise TypeError("no text where bytes belong")


def _refuse_frames(client_data: CollectedClientData) -> None:
    if client_data.cross_origin:
        raise ValueError("made in a frame of another origin")


def _json(options: Any) -> dict[str, Any]:
    return dict(options)
