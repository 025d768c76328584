"""The desk: the ports and the setting that every use case of accounts works with."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime

from mydata_hub.ports.clock import Clock, Entropy
from mydata_hub.ports.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """`issuer` is the WebAuthn origin, and its host the relying party id."""

    tables: Tables
    clock: Clock
    entropy: Entropy
    issuer: str
    software_passkeys: bool = False

    def now(self) -> datetime:
        return self.clock.now()

    def token(self, size_bytes: int) -> str:
        """A fresh unguessable text of letters, digits, "-" and "_"."""
        return base64.urlsafe_b64encode(self.entropy.token(size_bytes)).decode().rstrip("=")

    @property
    def rp_id(self) -> str:
        """The relying party id (WebAuthn section 5.1.2): the issuer's host without its port."""
        return self.issuer.partition("://")[2].partition(":")[0]
