"""The resource server's side (RFC 9449 section 7): who calls, by which grant, with which key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mydata_hub.consent.grant import Grant, GrantState
from mydata_hub.consent.grants import grant_key, read_grant, still
from mydata_hub.errors import NotProven, OAuthRefused
from mydata_hub.oauth.access_token import AccessToken, read_access_token
from mydata_hub.oauth.authority import Authority
from mydata_hub.oauth.call import Answer, Call
from mydata_hub.oauth.clients import Client, client_key, read_client
from mydata_hub.oauth.dpop_proof import Proof, verify_proof
from mydata_hub.oauth.jose import ALGORITHMS
from mydata_hub.oauth.scopes import CLAIMS
from mydata_hub.ports.tables import Absent, Change, Check, Key, Put, Row

_NO_TOKEN: Final = "no_token"  # noqa: S105 (an error code, never sent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A client that may ask by a grant that is active.

    `changes` belong into the commit of the answer, or a replayed proof, a revoked token or a
    withdrawn grant could still get one; `refusal` says what a conflict of one of them means.
    """

    client: Client
    grant: Grant
    grant_id: str
    grant_version: int
    subject: str
    jkt: str
    changes: tuple[Change, ...]
    replayed: OAuthRefused

    def refusal(self, change: int) -> OAuthRefused:
        """What the conflict of `changes[change]` tells the client."""
        if isinstance(self.changes[change], Put):
            return self.replayed
        return _refused("the grant or the token has ended meanwhile")


def check_access(authority: Authority, call: Call) -> Access:
    """Verify token and proof of a call for answers. Raises OAuthRefused: see `challenge`."""
    token, proof = _verify(authority, call, CLAIMS)
    if token.grant_id is None:
        raise _refused("this token names no grant")
    rows, client = _rows(authority, token, grant_key(token.grant_id))
    row = rows.get(grant_key(token.grant_id))
    grant = None if row is None else read_grant(row)
    if (
        grant is None
        or grant.version != token.grant_version
        or grant.state(authority.desk.now()) is not GrantState.ACTIVE
    ):
        raise _refused("the grant was withdrawn, revoked or changed, or has expired")
    unrevoked = (Check(key, (Absent(),)) for key in token.ended_by)
    return Access(
        client=client,
        grant=grant,
        grant_id=grant.grant_id,
        grant_version=grant.version,
        subject=token.subject,
        jkt=proof.jkt,
        changes=(still(grant), proof.spent.put, *unrevoked),
        replayed=proof.spent.again,
    )


def check_own_access(authority: Authority, call: Call, *scopes: str) -> tuple[Client, Proof]:
    """Verify a client's token with one of these scopes; the proof is for the caller to spend.

    Raises OAuthRefused.
    """
    token, proof = _verify(authority, call, *scopes)
    _, client = _rows(authority, token)
    return client, proof


def presented_token(call: Call) -> str:
    """The access token as it was sent; nothing is verified. Raises OAuthRefused."""
    authorization = call.header("authorization")
    if authorization is None:  # no error code for who did not know (RFC 6750 section 3.1)
        raise OAuthRefused(_NO_TOKEN, "this needs an access token and a DPoP proof")
    scheme, _, presented = authorization.partition(" ")
    presented = presented.strip()
    # Threat: a stolen token sent as a bearer token, which needs no key (RFC 9449 section 7.2).
    if scheme.lower() != "dpop" or not presented or "," in presented:
        raise _refused("send one Authorization header with the scheme DPoP")
    return presented


def challenge(error: OAuthRefused) -> Answer:
    """The status and headers that say why (RFC 9449 section 7.1); the body is the caller's."""
    # Descriptions are sentences of ours without quotes: they stand in a quoted string as they are.
    said = f'error="{error.code}", error_description="{error.description}", '
    if error.code == _NO_TOKEN:
        said = ""
    return Answer(
        status=403 if error.code == "insufficient_scope" else 401,
        headers={"www-authenticate": f'DPoP {said}algs="{" ".join(ALGORITHMS)}"'}
        | ({"dpop-nonce": error.nonce} if error.nonce else {}),
    )


def _verify(authority: Authority, call: Call, *scopes: str) -> tuple[AccessToken, Proof]:
    presented = presented_token(call)
    try:
        token = read_access_token(authority, presented)
    except NotProven as error:
        raise _refused(str(error)) from None
    proof = verify_proof(authority, call, presented)
    if proof.jkt != token.jkt:
        raise _refused("the proof is by another key than the token is bound to")
    if not set(scopes).intersection(token.scope.split(" ")):
        wanted = " or ".join(scopes)
        raise OAuthRefused("insufficient_scope", f"this needs a token with scope {wanted}")
    return token, proof


def _rows(authority: Authority, token: AccessToken, *more: Key) -> tuple[Mapping[Key, Row], Client]:
    own = client_key(token.client_id)
    rows = authority.desk.tables.fetch_many(own, *token.ended_by, *more)
    client = read_client(rows[own]) if own in rows else None
    if client is None or client.suspended:
        raise _refused("this client is not registered here, or it is suspended")
    if any(key in rows for key in token.ended_by):
        raise _refused("the token was revoked")
    return rows, client


def _refused(description: str) -> OAuthRefused:
    return OAuthRefused("invalid_token", description)
