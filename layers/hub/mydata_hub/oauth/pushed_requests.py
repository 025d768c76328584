"""Pushed authorization requests (RFC 9126): everything about a request is checked here, before
the person sees it, so the authorization endpoint has nothing left to redirect errors to.

Table `oauth`, partition "request#<hash>": `state` is pending, approved or refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, cast

import rfc8785

from mydata_hub.errors import Damaged, OAuthRefused
from mydata_hub.oauth.admission import Admitted, admit
from mydata_hub.oauth.amendments import ACTION, GRANT, MERGE, find_amended, merged, read_action
from mydata_hub.oauth.authority import Authority, secret_key
from mydata_hub.oauth.authorization_details import read_details
from mydata_hub.oauth.call import Answer, Call, answering
from mydata_hub.oauth.dpop_proof import is_thumbprint
from mydata_hub.oauth.scopes import CLAIMS, require_scope
from mydata_hub.oauth.single_use import commit_spending
from mydata_hub.ports.tables import Absent, Key, Put, Row, Value, VersionIs

URN: Final = "urn:ietf:params:oauth:request_uri:"
# FAPI 2.0 section 5.3.2.2 asks for less than 600 seconds; people need most of that to read.
LIFETIME: Final = timedelta(seconds=590)
MAX_STATE_LETTERS: Final = 2048
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedRequest:
    """A request as it was pushed; `version` is its row's, `state` says what became of it."""

    key: Key
    version: int
    state: str
    values: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    @property
    def request_hash(self) -> bytes:
        """SHA-256 of the canonical request: what the consent record answers."""
        return hashlib.sha256(rfc8785.dumps(dict(self.values))).digest()


def push_request(authority: Authority, call: Call) -> Answer:
    """The PAR endpoint: 201 with a request_uri for one use, or the error of its RFC."""

    def act() -> Answer:
        with admit(authority, call) as admitted:
            values = _check(authority, admitted)
            secret = authority.secret()
            put = Put(
                key=secret_key("request", secret),
                values={"request": cast("Mapping[str, Value]", values), "state": "pending"},
                when=Absent(),
                expires_at=authority.desk.now() + LIFETIME,
            )
            commit_spending(authority.desk, admitted.spent, put)
        expires_in = int(LIFETIME.total_seconds())
        return Answer(status=201, body={"request_uri": URN + secret, "expires_in": expires_in})

    return answering(act)


def find_request(authority: Authority, client_id: str, request_uri: str) -> PushedRequest:
    """The pending request of this client by this name.

    Raises OAuthRefused alike for one that is unknown, over, used, or another client's.
    """
    over = OAuthRefused(
        "invalid_request_uri", "this request is over, was used, or is not this client's; ask again"
    )
    secret = request_uri.removeprefix(URN)
    if not request_uri.startswith(URN) or not _SECRET.fullmatch(secret):
        raise over
    key = secret_key("request", secret)
    row = authority.desk.tables.fetch_many(key).get(key)
    if row is None:
        raise over
    request = _read(row)
    if request.state != "pending" or request["client_id"] != client_id:
        raise over
    return request


def settle_request(authority: Authority, request: PushedRequest, state: str) -> Put:
    """The change that uses a request up; it conflicts if somebody else was first."""
    return Put(
        key=request.key,
        values={"request": dict(request.values), "state": state},
        when=VersionIs(request.version),
        expires_at=authority.desk.now() + LIFETIME,
    )


def _check(authority: Authority, admitted: Admitted) -> dict[str, str]:
    form, client = admitted.form, admitted.client
    _refuse_request_objects(form)
    if form.get("response_type") != "code":
        raise OAuthRefused("unsupported_response_type", "response_type: takes code")
    if form.get("response_mode", "query") != "query":
        raise _bad("response_mode: takes query")
    if form.get("redirect_uri") not in client.redirect_uris:
        raise _bad("redirect_uri: must be one that is registered, letter for letter")
    if form.get("code_challenge_method") != "S256":
        raise _bad("code_challenge_method: takes S256")
    if not _CHALLENGE.fullmatch(form.get("code_challenge", "")):
        raise _bad("code_challenge: takes the SHA-256 of the verifier in base64url")
    if len(form.get("state", "")) > MAX_STATE_LETTERS:
        raise _bad(f"state: takes at most {MAX_STATE_LETTERS} letters")
    if form.get("resource", authority.issuer) != authority.issuer:
        raise OAuthRefused("invalid_target", f"resource: takes {authority.issuer}")
    require_scope(form.get("scope"), CLAIMS)
    if "authorization_details" not in form:
        raise _bad("authorization_details: is needed, with type mydata_claims")
    asked = read_details(authority, client, form["authorization_details"])
    action = read_action(authority, client, form)
    if action.get(ACTION) == MERGE:
        merged(authority, client, find_amended(authority, client, action[GRANT]), asked)
    values = {
        "client_id": str(client.client_id),
        "redirect_uri": form["redirect_uri"],
        "code_challenge": form["code_challenge"],
        "authorization_details": form["authorization_details"],
        # What was left out, and "90 days from now", mean what they meant when it was asked.
        "expires_at": asked.expires_at.isoformat(),
        "dpop_jkt": _bound_key(form, admitted.jkt),
        "state": form.get("state", ""),
        **action,
    }
    return {name: value for name, value in values.items() if value}


def _refuse_request_objects(form: Mapping[str, str]) -> None:
    if "request_uri" in form:  # RFC 9126 section 2.1
        raise _bad("request_uri: cannot be pushed")
    if "request" in form:
        raise OAuthRefused("request_not_supported", "request: push the parameters themselves")


def _bound_key(form: Mapping[str, str], proven: str | None) -> str:
    """The key that the code will be bound to (RFC 9449 sections 10 and 10.1)."""
    named = form.get("dpop_jkt", "")
    if named and not is_thumbprint(named):
        raise _bad("dpop_jkt: takes the SHA-256 thumbprint of a key")
    if named and proven and named != proven:
        raise OAuthRefused("invalid_dpop_proof", "dpop_jkt: is not the key of the DPoP proof")
    return proven or named


def _read(row: Row) -> PushedRequest:
    values, state = row.values.get("request"), row.values.get("state")
    if not isinstance(values, Mapping) or not isinstance(state, str):
        raise Damaged("a request row does not hold a request")
    texts = {name: str(value) for name, value in cast("Mapping[str, Any]", values).items()}
    return PushedRequest(key=row.key, version=row.version, state=state, values=texts)


def _bad(description: str) -> OAuthRefused:
    return OAuthRefused("invalid_request", description)
