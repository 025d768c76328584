"""The desk: the ports and the setting that every use case of accounts works with."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from mydata_hub.base64url import encode_base64url
from mydata_hub.errors import Busy, Conflict
from mydata_hub.ports.clock import Clock, Entropy
from mydata_hub.ports.tables import Tables

Result = TypeVar("Result")

ID_BYTES: Final = 16
TRIES: Final = 5
_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]{1,700}")


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

    def new_id(self) -> str:
        """A fresh name for an account, event or message: 128 bits in hexadecimal."""
        return self.entropy.token(ID_BYTES).hex()

    def token(self, size_bytes: int) -> str:
        """A fresh unguessable text of letters, digits, "-" and "_"."""
        return encode_base64url(self.entropy.token(size_bytes))

    @property
    def rp_id(self) -> str:
        """The relying party id (WebAuthn section 5.1.2): the issuer's host without its port."""
        return self.issuer.partition("://")[2].partition(":")[0]


def until_settled(act: Callable[[], Result]) -> Result:
    """Do an act that reads and then commits; again when somebody changed in between what it read.

    Every conflict means that another act went through, so there is no need to wait in between.
    Raises Busy after TRIES, and whatever the act raises.
    """
    for _ in range(TRIES):
        try:
            return act()
        except Conflict:
            continue
    raise Busy("others keep changing this account; try again")


def is_plain(text: str) -> bool:
    """Whether a text from outside can be part of a row's key: base64url, not too long."""
    return _PLAIN.fullmatch(text) is not None
