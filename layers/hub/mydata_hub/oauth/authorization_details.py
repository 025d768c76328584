"""Rich authorization requests (RFC 9396): the type `mydata_claims`, validated field by field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from mydata_hub.consent.consent_record import Proposal
from mydata_hub.consent.grant import Frequency, FrequencyUnit, Grant, GrantKind
from mydata_hub.errors import BadInput, OAuthRefused
from mydata_hub.fields import PartyId, Purpose
from mydata_hub.insights.claim import Claim
from mydata_hub.oauth.authority import Authority
from mydata_hub.oauth.clients import Client

TYPE: Final = "mydata_claims"
MAX_DETAILS_BYTES: Final = 8 * 1024
MAX_CLAIMS: Final = 32
# What one grant may tell at most, whatever was asked (DESIGN section 8).
MAX_BITS: Final = 16
MAX_DURATION: Final = timedelta(days=366)
DEFAULT_DURATION: Final = timedelta(days=90)
_FIELDS: Final = frozenset(
    {"type", "claims", "purpose", "max_bits", "frequency", "expires_at", "locations"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request for claims that this client may make."""

    claims: tuple[Claim, ...]
    purpose: Purpose
    max_bits: int
    frequency: Frequency
    expires_at: datetime

    def proposal(
        self, client: Client, request_hash: bytes, amends: Grant | None = None
    ) -> Proposal:
        """What the person is asked to consent to."""
        return Proposal(
            kind=GrantKind.RELEASE,
            counterparty=PartyId(client.client_id),
            recipient_group=client.group,
            purpose=self.purpose,
            items=tuple(claim.ref for claim in self.claims),
            frequency=self.frequency,
            max_bits=self.max_bits,
            expires_at=self.expires_at,
            request_hash=request_hash,
            amends=amends,
        )


def read_details(authority: Authority, client: Client, encoded: str) -> Asked:
    """The `authorization_details` of a request: exactly one object of type `mydata_claims`.

    What is left out has a default: 16 bits, once a month, 90 days. Raises OAuthRefused
    (invalid_authorization_details), naming the field.
    """
    details = _parse(encoded)
    for name in sorted(details.keys() - _FIELDS):
        raise _refused(_told(name), "is not a field of mydata_claims")
    if details.get("locations", [authority.issuer]) != [authority.issuer]:
        raise _refused("locations", f"takes [{authority.issuer}] or is left out")
    purpose = details.get("purpose")
    if not isinstance(purpose, str) or purpose not in client.purposes:
        raise _refused("purpose", "is needed, and must be one this client is registered for")
    now = authority.desk.now()
    asked = Asked(
        claims=_claims(authority, client, details.get("claims"), Purpose(purpose)),
        purpose=Purpose(purpose),
        max_bits=_max_bits(details.get("max_bits", MAX_BITS)),
        frequency=_frequency(details.get("frequency", {"unit": "month", "count": 1})),
        expires_at=_expires_at(details.get("expires_at"), now),
    )
    check_fair(authority, asked)
    return asked


def check_fair(authority: Authority, asked: Asked) -> None:
    """Raises OAuthRefused for more than is fair for its purpose, where bounds are published."""
    fair_use, now = authority.fair_use, authority.desk.now()
    if fair_use is None:
        return
    bounds = fair_use.of(asked.purpose)
    if bounds is None:
        raise _refused("purpose", "has no bounds of fair use here, so nothing is asked for it")
    unit, most = asked.frequency.unit, bounds.times(asked.frequency.unit)
    if asked.frequency.count > most:
        raise _refused("frequency", f"is more than is fair for this purpose: {most} a {unit}")
    if asked.expires_at > now + bounds.age:
        raise _refused("expires_at", f"is later than is fair for this purpose: {bounds.days} days")
    if len(asked.claims) > bounds.claims:
        raise _refused("claims", f"are more than are fair for this purpose: {bounds.claims}")


def granted_details(grant: Grant) -> list[dict[str, Any]]:
    """What a grant allows, as its client reads it (RFC 9396 section 7)."""
    return [
        {
            "type": TYPE,
            "claims": [item.partition("@")[0] for item in grant.items],
            "purpose": grant.purpose,
            "max_bits": grant.max_bits,
            "frequency": {"unit": str(grant.frequency.unit), "count": grant.frequency.count},
            "expires_at": grant.expires_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        }
    ]


def _parse(encoded: str) -> Mapping[str, Any]:
    if len(encoded.encode()) > MAX_DETAILS_BYTES:
        raise _refused("authorization_details", f"takes at most {MAX_DETAILS_BYTES} bytes")
    try:
        details = json.loads(encoded, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise _refused("authorization_details", "is not JSON with each name once") from None
    if not (isinstance(details, list) and len(details) == 1 and isinstance(details[0], dict)):
        raise _refused("authorization_details", "takes an array with one object")
    if details[0].get("type") != TYPE:
        raise _refused("type", f"takes {TYPE}")
    return details[0]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Threat: the page shows the one value and the grant gets the other.
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name twice")
    return dict(pairs)


def _claims(
    authority: Authority, client: Client, names: object, purpose: Purpose
) -> tuple[Claim, ...]:
    if not isinstance(names, list) or not 0 < len(names) <= MAX_CLAIMS:
        raise _refused("claims", f"takes 1 to {MAX_CLAIMS} ids of the catalogue")
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise _refused("claims", "takes each id once, as text")
    claims = tuple(authority.catalogue.current(name) for name in names)
    known = tuple(claim for claim in claims if claim is not None and claim.id in names)
    if len(known) < len(names):
        raise _refused("claims", "names what is not in the catalogue")
    if any(purpose not in claim.purposes for claim in known):
        raise _refused("claims", "names a claim that is not answered for this purpose")
    if not all(client.may_ask(claim.id) for claim in known):
        raise _refused("claims", "names a claim that this client is not registered for")
    return known


def _max_bits(value: object) -> int:
    if type(value) is not int or not 1 <= value <= MAX_BITS:
        raise _refused("max_bits", f"takes an integer from 1 to {MAX_BITS}")
    return value


def _frequency(value: object) -> Frequency:
    if not isinstance(value, dict) or value.keys() != {"unit", "count"}:
        raise _refused("frequency", "takes unit and count")
    try:
        return Frequency(unit=FrequencyUnit(value["unit"]), count=value["count"])
    except (ValueError, BadInput):
        raise _refused("frequency", "takes unit day, week or month and a positive count") from None


def _expires_at(value: object, now: datetime) -> datetime:
    if value is None:
        return now + DEFAULT_DURATION
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise _refused("expires_at", "takes an RFC 3339 instant with its zone")
    if not now < at <= now + MAX_DURATION:
        raise _refused("expires_at", f"must be within {MAX_DURATION.days} days from now")
    return at.astimezone(UTC)


def _told(name: str) -> str:
    return name if name.isascii() and name.isidentifier() and len(name) <= 64 else "a field"


def _refused(field: str, remedy: str) -> OAuthRefused:
    return OAuthRefused("invalid_authorization_details", f"{field}: {remedy}")
