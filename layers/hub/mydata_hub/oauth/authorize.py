"""The authorization endpoint: what its page shows, and what the person's answer makes of it.

Nothing here redirects on an error: where a browser is sent was checked when the request was
pushed, and a request that cannot be found has no place to send anybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from mydata_hub.accounts.account import Role
from mydata_hub.accounts.desk import until_settled
from mydata_hub.accounts.sessions import Session
from mydata_hub.consent.approval import Prepared, approve, prepare_approval
from mydata_hub.consent.consent_record import ConsentRecord, Proposal
from mydata_hub.consent.grant import Grant
from mydata_hub.consent.grants import REFUSED, consent_event
from mydata_hub.consent.pairwise import pairwise_subject
from mydata_hub.errors import NotAllowed, OAuthRefused
from mydata_hub.fields import PartyId, SubjectId
from mydata_hub.oauth.amendments import ACTION, GRANT, MERGE, find_amended, merged
from mydata_hub.oauth.authority import Authority, secret_key
from mydata_hub.oauth.authorization_code import KIND
from mydata_hub.oauth.authorization_details import Asked, read_details
from mydata_hub.oauth.call import Call
from mydata_hub.oauth.clients import Client, fetch_client
from mydata_hub.oauth.pushed_requests import PushedRequest, find_request, settle_request
from mydata_hub.ports.tables import Absent, Change, Put
from mydata_hub.transparency.events import AuditFacts

CODE_LIFETIME: Final = timedelta(seconds=60)
# A used code is remembered for this long, so that a second use still ends what it gave.
CODE_MEMORY: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the page puts to the person: who asks, and for what."""

    client: Client
    asked: Asked
    request: PushedRequest
    # The grant that a yes would change, as it is now.
    amends: Grant | None = None

    @property
    def proposal(self) -> Proposal:
        return self.asked.proposal(self.client, self.request.request_hash, self.amends)


def open_question(authority: Authority, call: Call) -> Question:
    """The question that the authorization URL names; opening it uses nothing up.

    Only `client_id` and `request_uri` are read (RFC 9126 section 4). Raises OAuthRefused.
    """
    parameters = call.parameters()
    return find_question(
        authority, parameters.get("client_id", ""), parameters.get("request_uri", "")
    )


def find_question(authority: Authority, client_id: str, request_uri: str) -> Question:
    """The question of a pending request. Raises OAuthRefused."""
    request = find_request(authority, client_id, request_uri)
    client = fetch_client(authority.desk.tables, client_id)
    if client is None or client.suspended:
        raise OAuthRefused("unauthorized_client", "this client may not ask at present")
    asked = read_details(authority, client, request["authorization_details"])
    asked = replace(asked, expires_at=datetime.fromisoformat(request["expires_at"]))
    amends = None
    if request[GRANT]:
        amends = find_amended(authority, client, request[GRANT])
        if request[ACTION] == MERGE:
            asked = merged(authority, client, amends, asked)
    return Question(client=client, asked=asked, request=request, amends=amends)


def require_own(question: Question, session: Session) -> Question:
    """The question, if it is not about somebody else's consent, which nobody may see.

    Raises OAuthRefused.
    """
    if question.amends is not None and str(question.amends.subject) != session.account_id:
        raise OAuthRefused("invalid_grant_id", "this question is about somebody else's consent")
    return question


def prepare_consent(
    authority: Authority,
    session: Session,
    question: Question,
    items: Sequence[str],
    *,
    locale: str,
    wording: str,
) -> Prepared:
    """Fix the record that the person is about to sign; see `prepare_approval`."""
    return prepare_approval(
        authority.desk, session, question.proposal, items, locale=locale, wording=wording
    )


def approve_question(
    authority: Authority,
    session: Session,
    question: Question,
    approval: str,
    credential: Mapping[str, Any],
) -> str:
    """Make the grant, use up the request and issue the code in one commit: where to redirect.

    Raises what `approve` raises, and OAuthRefused for a request that was answered meanwhile.
    """
    code = authority.secret()

    def also(grant: Grant, record: ConsentRecord) -> Sequence[Change]:
        request = _still_pending(authority, question.request)
        if record.request_hash != request.request_hash:
            raise OAuthRefused("invalid_request", "this approval is for another request")
        subject, new = pairwise_subject(authority.desk, grant)
        return (
            settle_request(authority, request, "approved"),
            *new,
            _code(authority, code, request, grant, subject),
        )

    approve(authority.desk, session, approval, credential, also)
    return _redirect(authority, question.request, {"code": code})


def refuse_question(authority: Authority, session: Session, question: Question) -> str:
    """Use up the request with the person's no, and log it: where to redirect.

    Raises OAuthRefused for a request that was answered meanwhile, NotAllowed for staff.
    """
    if session.role is not Role.PERSON:
        raise NotAllowed("only a person can answer this")

    def act() -> None:
        request = _still_pending(authority, question.request)
        authority.desk.tables.commit(
            settle_request(authority, request, "refused"),
            consent_event(
                authority.desk,
                REFUSED,
                SubjectId(session.account_id),
                PartyId(session.account_id),
                AuditFacts(partner=question.client.client_id, purpose=question.asked.purpose),
                (request.key, request.version + 1),
            ),
        )

    until_settled(act)
    said = {"error": "access_denied", "error_description": "the person said no"}
    return _redirect(authority, question.request, said)


def _still_pending(authority: Authority, request: PushedRequest) -> PushedRequest:
    row = authority.desk.tables.fetch_many(request.key).get(request.key)
    if row is None or row.version != request.version:
        raise OAuthRefused("invalid_request_uri", "this request is over or was answered already")
    return request


def _code(
    authority: Authority, code: str, request: PushedRequest, grant: Grant, subject: str
) -> Put:
    now = authority.desk.now()
    return Put(
        key=secret_key(KIND, code),
        values={
            "client_id": request["client_id"],
            "redirect_uri": request["redirect_uri"],
            "code_challenge": request["code_challenge"],
            "dpop_jkt": request["dpop_jkt"],
            "grant_id": grant.grant_id,
            "subject": subject,
            "authorization_id": authority.desk.new_id(),
            "usable_until": (now + CODE_LIFETIME).isoformat(),
            "used": False,
        },
        when=Absent(),
        expires_at=now + CODE_MEMORY,
    )


def _redirect(authority: Authority, request: PushedRequest, said: dict[str, str]) -> str:
    # `iss` defends the client against mix-up (RFC 9207).
    said = {**said, "iss": authority.issuer}
    if request["state"]:
        said["state"] = request["state"]
    joint = "&" if "?" in request["redirect_uri"] else "?"
    return f"{request['redirect_uri']}{joint}{urlencode(said)}"
