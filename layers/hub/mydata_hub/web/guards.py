"""Guards: one table says who may call each route, and it is enforced before anything else.

HTTP API authorisers can neither check DPoP nor answer with its nonce, so the check is ours. A
route that is not in the table does not exist; a guard that a function has no check for denies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

from mydata_hub.errors import NotAllowed, NotFound


class Guard(StrEnum):
    """Who may call a route."""

    PUBLIC = "public"
    PERSON = "person"  # a person's session, opened with a passkey
    SESSION = "session"  # a session of any role, for what belongs to its own account
    CLIENT = "client"  # a partner that authenticates itself (RFC 7523)
    DPOP = "dpop"  # an access token with a proof of possession (RFC 9449)
    AUDITOR = "auditor"  # an auditor's session
    OPERATOR = "operator"  # an operator's session


@dataclass(frozen=True, slots=True)
class Route:
    """One route of the HTTP API: `method path` is its API Gateway route key."""

    method: str
    path: str
    function: str
    guard: Guard

    @property
    def key(self) -> str:
        return f"{self.method} {self.path}"


# A session alone lets nobody see another's account: what these routes touch is the caller's own.
ROUTES: Final[tuple[Route, ...]] = (
    Route("GET", "/", "pages", Guard.PUBLIC),
    Route("GET", "/health", "pages", Guard.PUBLIC),
    Route("GET", "/static/{file}", "pages", Guard.PUBLIC),
    Route("POST", "/language", "pages", Guard.PUBLIC),
    Route("GET", "/sign-up", "pages", Guard.PUBLIC),
    Route("POST", "/sign-up/options", "pages", Guard.PUBLIC),
    Route("POST", "/sign-up/finish", "pages", Guard.PUBLIC),
    Route("GET", "/enrol/{token}", "pages", Guard.PUBLIC),
    Route("POST", "/enrol/{token}/options", "pages", Guard.PUBLIC),
    Route("GET", "/sign-in", "pages", Guard.PUBLIC),
    Route("POST", "/sign-in/options", "pages", Guard.PUBLIC),
    Route("POST", "/sign-in/finish", "pages", Guard.PUBLIC),
    Route("GET", "/recover", "pages", Guard.PUBLIC),
    Route("POST", "/recover/options", "pages", Guard.PUBLIC),
    Route("POST", "/recover/finish", "pages", Guard.PUBLIC),
    Route("GET", "/account", "pages", Guard.PERSON),
    Route("GET", "/account/state", "pages", Guard.SESSION),
    Route("POST", "/sign-out", "pages", Guard.SESSION),
    Route("POST", "/passkeys/options", "pages", Guard.SESSION),
    Route("POST", "/passkeys/finish", "pages", Guard.SESSION),
    Route("POST", "/passkeys/{passkey_id}/remove", "pages", Guard.SESSION),
    Route("POST", "/passkeys/{passkey_id}/rename", "pages", Guard.SESSION),
    Route("POST", "/recovery-code", "pages", Guard.SESSION),
    Route("POST", "/recovery/cancel", "pages", Guard.SESSION),
    Route("POST", "/notices/{notice_id}/acknowledge", "pages", Guard.SESSION),
    Route("GET", "/notifications", "pages", Guard.PERSON),
    Route("GET", "/notifications/state", "pages", Guard.PERSON),
    Route("POST", "/notifications", "pages", Guard.PERSON),
    Route("POST", "/notifications/{subscription_id}/end", "pages", Guard.PERSON),
    Route("POST", "/notifications/quiet-hours", "pages", Guard.PERSON),
    Route("GET", "/erase", "pages", Guard.PERSON),
    Route("POST", "/erase", "pages", Guard.PERSON),
    Route("GET", "/certificates/jwks", "pages", Guard.PUBLIC),
    Route("GET", "/certificates/{certificate_id}", "pages", Guard.PUBLIC),
    Route("GET", "/auditor", "pages", Guard.AUDITOR),
    Route("GET", "/operator", "pages", Guard.OPERATOR),
    Route("POST", "/operator/partners", "consent", Guard.OPERATOR),
    Route("GET", "/operator/partners/{client_id}", "consent", Guard.OPERATOR),
    Route("POST", "/operator/partners/{client_id}", "consent", Guard.OPERATOR),
    Route("POST", "/operator/partners/{client_id}/suspend", "consent", Guard.OPERATOR),
    Route("GET", "/operator/appeals", "review", Guard.OPERATOR),
    Route("GET", "/operator/appeals/state", "review", Guard.OPERATOR),
    Route("POST", "/operator/appeals/{appeal_id}", "review", Guard.OPERATOR),
    Route("POST", "/operator/appeals/{appeal_id}/decide", "review", Guard.OPERATOR),
    Route("POST", "/offers", "offers", Guard.CLIENT),
    Route("POST", "/offers/withdraw", "offers", Guard.CLIENT),
    Route("POST", "/offers/list", "offers", Guard.CLIENT),
    Route("GET", "/offers/snapshot", "offers", Guard.PUBLIC),
    Route("GET", "/offers/blobs/{sha256}", "offers", Guard.PUBLIC),
    Route("GET", "/offers/jwks", "offers", Guard.PUBLIC),
    Route("POST", "/coupons/redeem", "offers", Guard.CLIENT),
    Route("GET", "/coupons/jwks", "offers", Guard.PUBLIC),
    Route("GET", "/coupons/{coupon_id}", "offers", Guard.PERSON),
    Route("GET", "/operator/offers", "offers", Guard.OPERATOR),
    Route("GET", "/operator/offers/state", "offers", Guard.OPERATOR),
    Route("GET", "/operator/offers/{offer_id}/image/{version}", "offers", Guard.OPERATOR),
    Route("POST", "/operator/offers/{offer_id}/decide", "offers", Guard.OPERATOR),
    Route("GET", "/today", "my_vault", Guard.PERSON),
    Route("GET", "/today/state", "my_vault", Guard.PERSON),
    Route("GET", "/life", "my_vault", Guard.PERSON),
    Route("GET", "/life/state", "my_vault", Guard.PERSON),
    Route("POST", "/life/disputes", "my_vault", Guard.PERSON),
    Route("POST", "/life/disputes/end", "my_vault", Guard.PERSON),
    Route("POST", "/life/categories", "my_vault", Guard.PERSON),
    Route("GET", "/score", "my_vault", Guard.PERSON),
    Route("GET", "/score/state", "my_vault", Guard.PERSON),
    Route("GET", "/appeals", "my_vault", Guard.PERSON),
    Route("GET", "/appeals/state", "my_vault", Guard.PERSON),
    Route("POST", "/appeals", "my_vault", Guard.PERSON),
    Route("POST", "/appeals/{appeal_id}/end", "my_vault", Guard.PERSON),
    Route("GET", "/offers", "my_vault", Guard.PERSON),
    Route("GET", "/offers/state", "my_vault", Guard.PERSON),
    Route("GET", "/offers/{offer_id}/image", "my_vault", Guard.PERSON),
    Route("POST", "/offers/words", "my_vault", Guard.PERSON),
    Route("GET", "/wallet", "my_vault", Guard.PERSON),
    Route("GET", "/wallet/state", "my_vault", Guard.PERSON),
    Route("POST", "/wallet/favourites", "my_vault", Guard.PERSON),
    Route("POST", "/wallet/favourites/end", "my_vault", Guard.PERSON),
    Route("POST", "/wallet/spendings", "my_vault", Guard.PERSON),
    Route("POST", "/wallet/coupons/{coupon_id}/give-back", "my_vault", Guard.PERSON),
    Route("POST", "/offers/{offer_id}/open", "my_vault", Guard.PERSON),
    Route("POST", "/import", "my_vault", Guard.PERSON),
    Route("POST", "/import/archive", "my_vault", Guard.PERSON),
    Route("GET", "/export", "export", Guard.PERSON),
    Route("POST", "/export", "export", Guard.PERSON),
    Route("POST", "/export/{export_id}/records", "export", Guard.PERSON),
    Route("POST", "/export/{export_id}/history", "export", Guard.PERSON),
    Route("POST", "/export/{export_id}/entries", "audit", Guard.PERSON),
    Route("POST", "/export/{export_id}/end", "export", Guard.PERSON),
    Route("POST", "/claims", "answer", Guard.DPOP),
    Route("GET", "/claims/jwks", "answer", Guard.PUBLIC),
    Route("GET", "/claims/keys/{kid}", "answer", Guard.PUBLIC),
    Route("GET", "/receipts/{event_id}", "answer", Guard.DPOP),
    Route("GET", "/activity/{event_id}/receipt", "answer", Guard.PERSON),
    Route("GET", "/.well-known/jwt-vc-issuer", "answer", Guard.PUBLIC),
    Route("GET", "/log/checkpoint", "audit", Guard.PUBLIC),
    Route("GET", "/log/key", "audit", Guard.PUBLIC),
    Route("GET", "/log/tile/{tile+}", "audit", Guard.PUBLIC),
    Route("GET", "/auditor/entries", "audit", Guard.AUDITOR),
    Route("GET", "/auditor/search", "audit", Guard.AUDITOR),
    Route("GET", "/auditor/sample", "audit", Guard.AUDITOR),
    Route("GET", "/auditor/growth", "audit", Guard.AUDITOR),
    Route("GET", "/authorize", "authorize", Guard.PERSON),
    Route("POST", "/authorize/prepare", "authorize", Guard.PERSON),
    Route("POST", "/authorize/approve", "authorize", Guard.PERSON),
    Route("POST", "/authorize/refuse", "authorize", Guard.PERSON),
    Route("GET", "/offers/{offer_id}/accept", "authorize", Guard.PERSON),
    Route("POST", "/offers/{offer_id}/prepare", "authorize", Guard.PERSON),
    Route("POST", "/offers/{offer_id}/approve", "authorize", Guard.PERSON),
    Route("POST", "/offers/{offer_id}/take", "authorize", Guard.PERSON),
    Route("POST", "/offers/report", "offers", Guard.CLIENT),
    Route("GET", "/.well-known/oauth-authorization-server", "issue_token", Guard.PUBLIC),
    Route("GET", "/.well-known/oauth-protected-resource", "issue_token", Guard.PUBLIC),
    Route("GET", "/oauth/jwks", "issue_token", Guard.PUBLIC),
    Route("POST", "/oauth/par", "issue_token", Guard.CLIENT),
    Route("ANY", "/oauth/par", "issue_token", Guard.PUBLIC),
    Route("POST", "/oauth/token", "issue_token", Guard.CLIENT),
    Route("POST", "/oauth/introspect", "issue_token", Guard.CLIENT),
    Route("POST", "/oauth/revoke", "issue_token", Guard.CLIENT),
    Route("POST", "/oauth/deletions", "issue_token", Guard.CLIENT),
    Route("GET", "/.well-known/ssf-configuration", "issue_token", Guard.PUBLIC),
    Route("GET", "/oauth/events/jwks", "issue_token", Guard.PUBLIC),
    Route("GET", "/oauth/grants/{grant_id}", "issue_token", Guard.DPOP),
    Route("DELETE", "/oauth/grants/{grant_id}", "issue_token", Guard.DPOP),
    Route("GET", "/oauth/grants/{grant_id}/receipt", "issue_token", Guard.DPOP),
    Route("GET", "/grants/state", "consent", Guard.PERSON),
    Route("POST", "/grants/{grant_id}/withdraw", "consent", Guard.PERSON),
    Route("POST", "/grants/{grant_id}/narrow", "consent", Guard.PERSON),
    Route("POST", "/grants/withdraw", "consent", Guard.PERSON),
    Route("GET", "/consents", "consent", Guard.PERSON),
    Route("GET", "/consents/jwks", "consent", Guard.PUBLIC),
    Route("GET", "/consents/{grant_id}", "consent", Guard.PERSON),
    Route("GET", "/consents/{grant_id}/receipt", "consent", Guard.PERSON),
    Route("GET", "/sources", "consent", Guard.PERSON),
    Route("GET", "/sources/state", "consent", Guard.PERSON),
    Route("POST", "/sources/prepare", "consent", Guard.PERSON),
    Route("POST", "/sources/approve", "consent", Guard.PERSON),
    Route("GET", "/sources/erase", "consent", Guard.PERSON),
    Route("POST", "/sources/erase", "consent", Guard.PERSON),
    Route("GET", "/activity", "consent", Guard.PERSON),
    Route("POST", "/activity/disclose", "consent", Guard.PERSON),
    Route("GET", "/activity/state", "audit", Guard.PERSON),
    Route("GET", "/connect/{provider_id}/callback", "receive", Guard.PUBLIC),
    Route("GET", "/catalogue", "partner", Guard.PUBLIC),
    Route("GET", "/purposes", "partner", Guard.PUBLIC),
    Route("GET", "/dry-run", "partner", Guard.PUBLIC),
    Route("GET", "/openapi.json", "partner", Guard.PUBLIC),
    Route("GET", "/partner", "partner", Guard.PUBLIC),
)

# A check takes the event and gives the caller (a session, a client), or raises a Refusal.
Check: TypeAlias = Callable[[Mapping[str, Any]], object]


def enforce(function: str, event: Mapping[str, Any], checks: Mapping[Guard, Check]) -> object:
    """The caller of a request, before any of its content is read.

    Raises NotFound for a route that is not this function's, NotAllowed for a guard without a
    check, and whatever the check raises.
    """
    route = _BY_KEY.get((function, str(event.get("routeKey", ""))))
    if route is None:
        raise NotFound("there is no such page")
    if route.guard is Guard.PUBLIC:
        return None
    check = checks.get(route.guard)
    if check is None:
        raise NotAllowed("this function admits no caller of that kind")
    return check(event)


_BY_KEY: Final = {(route.function, route.key): route for route in ROUTES}
