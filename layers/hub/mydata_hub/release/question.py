"""Questions: what a partner asks at once, by what right, and the names it has for them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from mydata_hub.consent.grant import Grant
from mydata_hub.errors import BadInput, Refusal
from mydata_hub.fields import ClaimRef, ClientId
from mydata_hub.insights.entries import Entry
from mydata_hub.ports.tables import Change, Key
from mydata_hub.release.policies import Partner
from mydata_hub.vault.framing import frame

IDEMPOTENCY: Final = "idempotency"
# As many as fit what a signer takes; more are asked in two requests.
MAX_ASKED: Final = 10
MAX_NAME_LETTERS: Final = 160
MAX_KEY_LETTERS: Final = 255
_FIELDS: Final = frozenset({"claims", "anew"})


class Access(Protocol):
    """A partner's right to ask, as oauth has verified it: `oauth.protected_resource.Access`."""

    @property
    def client(self) -> Partner: ...

    @property
    def grant(self) -> Grant: ...

    @property
    def subject(self) -> str:
        """The person's name for this partner's group."""
        ...

    @property
    def jkt(self) -> str:
        """The thumbprint of the partner's DPoP key (RFC 9449 section 6.1)."""
        ...

    @property
    def changes(self) -> Sequence[Change]:
        """What the commit of an answer depends on: the grant, the proof, the token."""
        ...

    def refusal(self, change: int) -> Refusal:
        """What the conflict of one of them means."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Claims as the partner names them, and its own name for this request (Idempotency-Key)."""

    claims: tuple[str, ...]
    idempotency_key: str
    # Pay again for what is frozen, in case the person's records were corrected meanwhile.
    anew: bool = False

    def digest(self, access: Access) -> bytes:
        """What a repeated request must be equal in: the grant, the claims and the key, too."""
        asked = (access.grant.grant_id, access.jkt, str(self.anew), *self.claims)
        return hashlib.sha256(frame(*(part.encode() for part in asked))).digest()

    def key(self, client_id: ClientId) -> Key:
        """The row that remembers the answer to this request."""
        name = hashlib.sha256(self.idempotency_key.encode()).hexdigest()
        return Key(IDEMPOTENCY, client_id, name)


def read_question(body: object, idempotency_key: str | None) -> Question:
    """The question in a request's JSON body and Idempotency-Key header. Raises BadInput."""
    if not isinstance(body, Mapping) or not body.keys() <= _FIELDS:
        raise BadInput("body", "takes a JSON object with claims and, if need be, anew")
    names: Any = body.get("claims")
    if not isinstance(names, list) or not 0 < len(names) <= MAX_ASKED:
        raise BadInput("claims", f"takes 1 to {MAX_ASKED} claims")
    if not all(isinstance(name, str) and 0 < len(name) <= MAX_NAME_LETTERS for name in names):
        raise BadInput("claims", "takes ids of the catalogue, as text")
    anew = body.get("anew", False)
    if not isinstance(anew, bool):
        raise BadInput("anew", "takes true or false")
    key = idempotency_key or ""
    if not (0 < len(key) <= MAX_KEY_LETTERS and key.isascii() and key.isprintable()) or " " in key:
        raise BadInput("Idempotency-Key", "takes 1 to 255 visible ASCII letters, and is needed")
    return Question(claims=tuple(names), idempotency_key=key, anew=anew)


def find_entries(
    catalogue: Mapping[ClaimRef, Entry], question: Question, grant: Grant
) -> tuple[Entry, ...] | None:
    """What is asked: an id alone means the version that was consented to.

    None where a name is not in the catalogue, or of a version that is over. Raises BadInput for a
    claim named twice.
    """
    found: list[Entry] = []
    for name in question.claims:
        versions = [ref for ref in catalogue if name in (ref, ref.partition("@")[0])]
        granted = [ref for ref in versions if ref in grant.items]
        if not versions:
            return None
        entry = catalogue[(granted or versions)[-1]]
        if entry.retired:
            return None
        found.append(entry)
    if len({entry.claim.ref for entry in found}) < len(found):
        raise BadInput("claims", "takes each claim once")
    return tuple(found)
