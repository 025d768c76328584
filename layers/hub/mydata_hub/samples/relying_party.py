"""A sample partner's side of OAuth, by a standard client library that knows nothing of this hub.

PAR, RAR, PKCE, DPoP and private_key_jwt are all of requests_oauth2client;
docs/decisions/0010-sample-partners.md says why. Endpoints are discovered (RFC 8414, RFC 9728).
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from jwskate import Jwt
from requests_oauth2client import (
    ApiClient,
    AuthorizationRequest,
    AuthorizationResponseError,
    BearerToken,
    EndpointError,
    InvalidUseDPoPNonceResponse,
    OAuth2Client,
    OAuth2Error,
    PrivateKeyJwt,
)

from mydata_hub.samples.trades import Trade

TIMEOUT_S: Final = 20
LEEWAY_S: Final = 10
SCOPE: Final = "claims"
CLAIMS_PATH: Final = "claims"
ACCEPTED_OFFER: Final = "urn:mydata-hub:grant-type:accepted-offer"
DELETION_ATTESTED: Final = "urn:mydata-hub:event:deletion-attested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What one call told: answers, or why there were none."""

    status: int
    answers: tuple[Mapping[str, Any], ...] = ()
    event_id: str | None = None
    # What the hub gave as the reason, in its own words.
    refusal: str | None = None
    milliseconds: float

    def view(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "status": self.status,
            "answers": [dict(answer) for answer in self.answers],
            "event_id": self.event_id,
            "refusal": self.refusal,
            "milliseconds": self.milliseconds,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What the hub gave for a code; `current` is the access token in use."""

    # It alone has the refresh token, which never changes (FAPI 2.0 section 5.3.2.1).
    first: BearerToken = field(repr=False)
    current: BearerToken = field(repr=False)

    @property
    def grant_id(self) -> str:
        """The grant's name at the hub (FAPI Grant Management)."""
        return str(getattr(self.first, "grant_id", ""))

    @property
    def claims(self) -> tuple[str, ...]:
        """What may be asked by it, as the hub said (RFC 9396 section 7)."""
        allowed: list[dict[str, Any]] = getattr(self.first, "authorization_details", [])
        return tuple(claim for details in allowed for claim in details["claims"])


class RefusedByHub(Exception):
    """The hub, or the person at it, said no; `code` is the error of its RFC."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code


class RelyingParty:
    """The partner as a client of the hub; it finds the hub when it first needs it."""

    def __init__(
        self, hub: str, trade: Trade, client_id: str, key: Mapping[str, Any], redirect_uri: str
    ) -> None:
        """`key` is the partner's private JWK, with `kid` and `alg`."""
        self.hub = hub
        self.trade = trade
        self._redirect_uri = redirect_uri
        self.client_id = client_id
        self._key = dict(key)
        # FAPI 2.0 section 5.3.2.1: the audience is the issuer and no endpoint.
        self._auth = PrivateKeyJwt(client_id, dict(key), aud=hub)

    def begin(self, claims: Sequence[str]) -> tuple[str, AuthorizationRequest]:
        """Push a request for answers; gives the address to send the person to.

        Raises RefusedByHub.
        """
        details = {
            "type": "mydata_claims",
            "claims": list(claims),
            "purpose": self.trade.purpose,
            "max_bits": self.trade.max_bits,
            "frequency": {"unit": "day", "count": 10},
        }
        request = self._client.authorization_request(
            scope=SCOPE,
            dpop=True,
            authorization_response_iss_parameter_supported=True,
            authorization_details=json.dumps([details]),
        )
        with _told():
            pushed = self._client.pushed_authorization_request(request, {"timeout": TIMEOUT_S})
        return str(pushed.uri), request

    def finish(self, request: AuthorizationRequest, callback: str) -> Granted:
        """Tokens for the code in the address that the person came back with.

        Raises RefusedByHub, also for an answer that is not to this request.
        """
        with _told():
            token = self._client.authorization_code(request.validate_callback(callback))
        return Granted(first=token, current=token)

    def redeem_acceptance(self, code: str) -> Granted:
        """Tokens for the code in the event that an offer was accepted. Raises RefusedByHub."""
        with _told():
            token = self._client.token_request(
                {"grant_type": ACCEPTED_OFFER, "code": code}, timeout=TIMEOUT_S, dpop=True
            )
        return Granted(first=token, current=token)

    def fresh(self, granted: Granted) -> Granted:
        """The same with an access token that has not expired. Raises RefusedByHub."""
        if not granted.current.is_expired(LEEWAY_S):
            return granted
        with _told():
            return Granted(first=granted.first, current=self._client.refresh_token(granted.first))

    def ask(self, granted: Granted, claims: Sequence[str]) -> Learnt:
        """Ask the hub; a refusal is a result, since the person may withdraw at any time."""
        api = ApiClient(self._resource, timeout=TIMEOUT_S, raise_for_status=False)
        # A new key for each question: the same one would give the same answer again.
        headers = {"Idempotency-Key": str(uuid.uuid4()), "Accept": "application/json"}
        begun = time.perf_counter()
        try:
            answer: Any = api.post(
                CLAIMS_PATH, json={"claims": list(claims)}, headers=headers, auth=granted.current
            )
        except InvalidUseDPoPNonceResponse as error:
            # The library takes every 401 for a question of nonces; this one ended the grant.
            answer = error.response
        spent = round((time.perf_counter() - begun) * 1000, 1)
        told = _json(answer)
        if not answer.ok:
            reason = str(told.get("detail") or told.get("error_description") or told.get("title"))
            return Learnt(status=answer.status_code, refusal=reason, milliseconds=spent)
        return Learnt(
            status=answer.status_code,
            answers=tuple(told["answers"]),
            event_id=told["event_id"],
            milliseconds=spent,
        )

    def receipt(self, granted: Granted, event_id: str) -> bytes:
        """The hub's signed receipt of an answer, as it came. Raises RefusedByHub."""
        api = ApiClient(self._resource, timeout=TIMEOUT_S, raise_for_status=False)
        with _told():
            answer: Any = api.get(f"receipts/{event_id}", auth=granted.current)
        if not answer.ok:
            raise RefusedByHub("no_receipt", str(_json(answer).get("detail")))
        return bytes(answer.content)

    def redeem_coupon(self, coupon: str) -> dict[str, Any]:
        """Take a coupon that somebody shows; the hub says that it counts. Raises RefusedByHub."""
        return self._post("coupons/redeem", coupon=coupon)

    def report(self, offer_id: str) -> dict[str, Any]:
        """How often an offer of the partner's was accepted and redeemed. Raises RefusedByHub."""
        return self._post("offers/report", offer_id=offer_id)

    def event_keys(self) -> dict[str, Any]:
        """The JWK Set that the hub signs events with, as it is now. Raises RefusedByHub."""
        return self._fetch(str(self._transmitter["jwks_uri"]))

    def attest(self, grant_id: str, deleted_at: int) -> None:
        """State, signed, that what was learnt by a grant is deleted. Raises RefusedByHub."""
        claims = {
            "iss": self.client_id,
            "aud": self.hub,
            "jti": str(uuid.uuid4()),
            "iat": int(time.time()),
            "events": {DELETION_ATTESTED: {"grant_id": grant_id, "deleted_at": deleted_at}},
        }
        statement = Jwt.sign(claims, self._key, typ="secevent+jwt")
        endpoint = str(self._transmitter["deletion_attestation_endpoint"])
        self._post(endpoint, attestation=str(statement))

    @cached_property
    def _client(self) -> OAuth2Client:
        document = self._discover("oauth-authorization-server")
        return OAuth2Client.from_discovery_document(
            document,
            issuer=self.hub,
            auth=self._auth,
            redirect_uri=self._redirect_uri,
            dpop_bound_access_tokens=True,
            # The library wants https everywhere; a hub on loopback has none.
            testing=urlsplit(self.hub).hostname in ("localhost", "127.0.0.1"),
        )

    @cached_property
    def _resource(self) -> str:
        return str(self._discover("oauth-protected-resource")["resource"])

    @cached_property
    def _transmitter(self) -> dict[str, Any]:
        return self._discover("ssf-configuration")

    def _post(self, where: str, **form: str) -> dict[str, Any]:
        """A form with the proof of who calls, to an address or a path of the hub."""
        url = where if "://" in where else f"{self.hub}/{where}"
        with _told():
            answer = requests.post(url, data=form, auth=self._auth, timeout=TIMEOUT_S)
        told = _json(answer)
        if not answer.ok:
            raise RefusedByHub(str(told.get("error")), str(told.get("error_description")))
        return told

    def _discover(self, name: str) -> dict[str, Any]:
        return self._fetch(f"{self.hub}/.well-known/{name}")

    def _fetch(self, url: str) -> dict[str, Any]:
        with _told():
            found = requests.get(url, timeout=TIMEOUT_S)
            found.raise_for_status()
            document: dict[str, Any] = found.json()
        return document


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (EndpointError, AuthorizationResponseError) as error:
        raise RefusedByHub(str(error.error), str(error.description)) from None
    except (OAuth2Error, ValueError) as error:
        raise RefusedByHub("invalid_response", type(error).__name__) from None
    except OSError as error:
        raise RefusedByHub("hub_unreachable", type(error).__name__) from None


def _json(answer: Any) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
