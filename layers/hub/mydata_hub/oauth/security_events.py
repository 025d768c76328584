"""Security events (RFC 8417): what a partner is told of a grant's end, and what it states back.

Both are Security Event Tokens of type `secevent+jwt` without `sub` and `exp`, so that neither can
pass for an access token or a client assertion (RFC 8417 section 4). They name a person only by the
pairwise subject. There is no registered event for the end of a grant, hence names of our own:
docs/decisions/0019-events-to-partners.md says what was looked at. Change rule: members may be
added; a receiver passes over what it does not know.
"""

from __future__ import annotations

from typing import Any, Final

from mydata_hub.consent.deliveries import Delivery

TYPE: Final = "secevent+jwt"
GRANT_ENDED: Final = "urn:mydata-hub:event:grant-ended"
ANSWERS_CORRECTED: Final = "urn:mydata-hub:event:answers-corrected"
OFFER_ACCEPTED: Final = "urn:mydata-hub:event:offer-accepted"
DELETION_ATTESTED: Final = "urn:mydata-hub:event:deletion-attested"
TRANSMITTER_METADATA: Final = "/.well-known/ssf-configuration"
JWKS: Final = "/oauth/events/jwks"
ATTEST: Final = "/oauth/deletions"


def event_claims(issuer: str, delivery: Delivery) -> dict[str, Any]:
    """The claims of the event that tells of a grant's end, which answers under it are corrected, or
    that it was made by accepting an offer: the same ones at every try. What an answer is stands in
    none: the partner asks.

    There is no time of event: `iat` is when it was first due, which after an erasure is another
    hour for each partner.
    """
    # Whom it is about (RFC 9493): the person by the partner's own name, else the grant.
    sub_id = {"format": "opaque", "id": str(delivery.grant_id)}
    if delivery.subject is not None:
        sub_id = {"format": "iss_sub", "iss": issuer, "sub": delivery.subject}
    return {
        "iss": issuer,
        "aud": delivery.client_id,
        "jti": delivery.event_id,
        "iat": int(delivery.due_at.timestamp()),
        "sub_id": sub_id,
        "events": _events(delivery),
    }


def _events(delivery: Delivery) -> dict[str, Any]:
    if delivery.corrected:
        told = {"grant_id": delivery.grant_id, "claims": list(delivery.corrected)}
        return {ANSWERS_CORRECTED: told}
    if delivery.offer:
        offer_id, _, version = delivery.offer.rpartition("@")
        accepted = {"grant_id": delivery.grant_id, "offer_id": offer_id, "version": int(version)}
        return {OFFER_ACCEPTED: {**accepted, "code": delivery.code}}
    ended = {"grant_id": delivery.grant_id, "initiated_by": delivery.initiated_by.value}
    return {GRANT_ENDED: ended}


def transmitter_metadata(issuer: str) -> dict[str, Any]:
    """What OpenID SSF 1.0 publishes of a transmitter, and where to attest deletion.

    There are no streams to configure: an operator registers where a partner's events go.
    """
    return {
        "spec_version": "1_0",
        "issuer": issuer,
        "jwks_uri": issuer + JWKS,
        "delivery_methods_supported": ["urn:ietf:rfc:8935"],
        "default_subjects": "ALL",
        "deletion_attestation_endpoint": issuer + ATTEST,
    }
