"""Authenticators and pages that lie in one thing each."""

from __future__ import annotations

from dataclasses import dataclass

from fido2.utils import sha256
from fido2.webauthn import AuthenticatorData, CollectedClientData
from mydata_hub.cli.passkey import SoftwarePasskey

FLAG = AuthenticatorData.FLAG


@dataclass(slots=True, kw_only=True)
class Liar(SoftwarePasskey):
    """A passkey whose answers differ from the truth as told: `lie` may be changed at any time."""

    lie: str = ""

    def client_data(self, kind, challenge, origin):
        if self.lie == "origin":
            origin = "http://localhost:9999"
        if self.lie == "kind":
            kind = "webauthn.get" if kind == "webauthn.create" else "webauthn.create"
        if self.lie == "challenge":
            challenge = "A" * 43
        return CollectedClientData.create(
            type=kind, challenge=challenge, origin=origin, cross_origin=self.lie == "frame"
        )

    def authenticator_data(self, flags, attested=b""):
        flags |= FLAG.UP | FLAG.UV
        if self.lie == "not verified":
            flags &= ~FLAG.UV
        if self.lie == "not present":
            flags &= ~FLAG.UP
        if self.lie == "synced":
            flags |= FLAG.BE | FLAG.BS
        counter = 0 if self.lie in ("synced", "no counter") else self.counter
        if self.lie == "counter stepped back":
            counter = max(counter - 2, 1)
        if self.lie == "counter stood still":
            counter -= 1
        rp_id = "elsewhere.example" if self.lie == "relying party" else self.rp_id
        return AuthenticatorData.create(sha256(rp_id.encode()), flags, counter, attested)


LIES = (
    "origin",
    "kind",
    "challenge",
    "frame",
    "not verified",
    "not present",
    "relying party",
)
