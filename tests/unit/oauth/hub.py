"""The served side and the partner's side of the authorization server, over real tables."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import warnings
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey
from mydata_hub.consent.endings import withdraw_grant
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.fields import Wording
from mydata_hub.insights.claim import NO_ANSWER, AnswerPeriod, Claim, Floor, Sensitivity
from mydata_hub.oauth.authority import Authority, SigningKeys
from mydata_hub.oauth.authorize import (
    approve_question,
    open_question,
    prepare_consent,
    refuse_question,
)
from mydata_hub.oauth.call import FORM, Call
from mydata_hub.oauth.client_assertion import ASSERTION_TYPE
from mydata_hub.oauth.clients import Client, jwks_text, register_client
from mydata_hub.oauth.deletion_attestation import attest_deletion
from mydata_hub.oauth.dpop_proof import hash_token
from mydata_hub.oauth.metadata import INTROSPECT, PAR, REVOKE, TOKEN
from mydata_hub.oauth.pushed_requests import push_request
from mydata_hub.oauth.security_events import ATTEST, DELETION_ATTESTED
from mydata_hub.oauth.token_endpoint import answer_token
from mydata_hub.oauth.token_status import introspect, revoke

from tests.unit.consent.world import WORDING, World

REDIRECT = "https://bicycles.example/callback"
KEYS = {
    "ES256": lambda: ECKey.generate_key("P-256", {"kid": "1"}),
    "PS256": lambda: RSAKey.generate_key(2048, {"kid": "1"}),
    "EdDSA": lambda: OKPKey.generate_key("Ed25519", {"kid": "1"}),
}


def a_claim(name, purposes=("deposit_waiver",), symbols=("below", "600", "650", "700")):
    return Claim(
        id=name,
        version=2,
        question=Wording(ko="질문?", en="Question?"),
        alphabet=(*symbols, NO_ANSWER),
        attributes=("score",),
        inputs=("card.approvals",),
        floor=Floor(sources=1, window=timedelta(days=90), freshness=timedelta(days=7)),
        answer_period=AnswerPeriod.QUARTER,
        valid_for=timedelta(hours=24),
        sensitivity=Sensitivity.ORDINARY,
        purposes=purposes,
    )


class Claims:
    """A catalogue of three claims."""

    def __init__(self):
        claims = (
            a_claim("trust_tier"),
            a_claim("commute.mode"),
            a_claim("income", ("loan_advice",)),
        )
        self.claims = {claim.id: claim for claim in claims}

    def current(self, claim_id):
        return self.claims.get(claim_id)


class Hub(World):
    def __init__(self, folder):
        super().__init__(folder / "data")
        self.authority = Authority(
            desk=self.desk,
            keys=SigningKeys(LocalSigner(folder / "data", "tokens", "ES256")),
            catalogue=Claims(),
            nonce_required=False,
        )

    def demanding_nonces(self):
        self.authority = replace(self.authority, nonce_required=True)

    def partner(self, client_id="bicycles", group="rentals", alg="ES256", **changes):
        key = KEYS[alg]()
        client = Client(
            client_id=client_id,
            name="자전거",
            jwks=jwks_text({"keys": [key.as_dict()]}),
            redirect_uris=(REDIRECT, "https://bicycles.example/other?shop=1"),
            group=group,
            purposes=("deposit_waiver", "loan_advice"),
        )
        register_client(self.desk, replace(client, **changes))
        return Partner(self, client_id, key, alg)

    def open(self, client_id, request_uri):
        query = urlencode({"client_id": client_id, "request_uri": request_uri})
        return open_question(self.authority, Call(method="GET", path="/authorize", query=query))

    def prepare_question(self, session, question, items=None):
        return prepare_consent(
            self.authority,
            session,
            question,
            items or question.proposal.items,
            locale="ko",
            wording=WORDING,
        )

    def approve(self, passkey, session, question, items=None):
        prepared = self.prepare_question(session, question, items)
        answer = self.sign(passkey, prepared)
        return approve_question(self.authority, session, question, prepared.approval, answer)

    def refuse(self, session, question):
        return refuse_question(self.authority, session, question)

    def withdraw(self, session, grant_id):
        return withdraw_grant(self.desk, session, grant_id)


def said(location):
    """The parameters of a redirect."""
    return {name: value for name, (value,) in parse_qs(urlsplit(location).query).items()}


def sign(header, claims, key):
    payload = claims if isinstance(claims, (str, bytes)) else json.dumps(claims)
    registry = jws.JWSRegistry(algorithms=[header["alg"]], strict_check_header=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # of algorithms that we want to be refused
        return jws.serialize_compact(header, payload, key, registry=registry)


class Partner:
    """A client of the standard kind: makes assertions and proofs, and posts forms."""

    def __init__(self, hub, client_id, key, alg):
        self.hub, self.client_id, self.key, self.alg = hub, client_id, key, alg
        self.origin = hub.desk.issuer
        self.dpop_key = ECKey.generate_key("P-256")
        self.verifier = secrets.token_urlsafe(48)

    @property
    def now(self):
        return int(self.hub.now.timestamp())

    @property
    def jkt(self):
        return self.dpop_key.thumbprint()

    def assertion(self, header=None, key=None, **claims):
        standard = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.origin,
            "jti": secrets.token_hex(8),
            "iat": self.now,
            "exp": self.now + 60,
        }
        chosen = {name: value for name, value in (standard | claims).items() if value is not None}
        head = {"alg": self.alg, "kid": "1"} | (header or {})
        return sign(head, chosen, key or self.key)

    def proof(self, method="POST", path=TOKEN, header=None, key=None, token=None, **claims):
        key = key or self.dpop_key
        standard = {
            "jti": secrets.token_hex(8),
            "htm": method,
            "htu": self.origin + path,
            "iat": self.now,
        }
        if token is not None:
            standard["ath"] = hash_token(token)
        chosen = {name: value for name, value in (standard | claims).items() if value is not None}
        head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}
        return sign(head | (header or {}), chosen, key)

    def attestation(self, grant_id, header=None, key=None, said=None, **claims):
        """The client's signed statement that it deleted what it learnt by a grant."""
        stated = {"grant_id": grant_id, "deleted_at": self.now} | (said or {})
        standard = {
            "iss": self.client_id,
            "aud": self.origin,
            "jti": secrets.token_hex(8),
            "iat": self.now,
            "events": {DELETION_ATTESTED: stated},
        }
        chosen = {name: value for name, value in (standard | claims).items() if value is not None}
        head = {"typ": "secevent+jwt", "alg": self.alg, "kid": "1"} | (header or {})
        return sign(head, chosen, key or self.key)

    def attest(self, attestation, assertion=None):
        call = self.call(ATTEST, {"attestation": attestation}, assertion=assertion)
        return attest_deletion(self.hub.authority, call)

    def call(self, path, form, dpop=None, assertion=None):
        form = {
            "client_id": self.client_id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion or self.assertion(),
        } | form
        headers = {"content-type": FORM}
        if dpop is not None:
            headers["dpop"] = dpop
        body = urlencode({name: value for name, value in form.items() if value is not None})
        return Call(method="POST", path=path, headers=headers, body=body.encode())

    def request(self, **changes):
        challenge = hashlib.sha256(self.verifier.encode()).digest()
        return {
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "state": "state-1",
            "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
            "code_challenge_method": "S256",
            "authorization_details": json.dumps([self.details()]),
        } | changes

    def details(self, **changes):
        details = {
            "type": "mydata_claims",
            "claims": ["trust_tier", "commute.mode"],
            "purpose": "deposit_waiver",
            "max_bits": 12,
            "frequency": {"unit": "month", "count": 2},
            "expires_at": (self.hub.now + timedelta(days=90)).isoformat(),
        } | changes
        return {name: value for name, value in details.items() if value is not None}

    def push(self, dpop=None, assertion=None, **changes):
        call = self.call(PAR, self.request(**changes), dpop, assertion)
        return push_request(self.hub.authority, call)

    def pushed(self, **changes):
        answer = self.push(**changes)
        assert answer.status == 201, answer.body
        return answer.body["request_uri"]

    def question(self, **changes):
        return self.hub.open(self.client_id, self.pushed(**changes))

    def code(self, passkey, session, **changes):
        return said(self.hub.approve(passkey, session, self.question(**changes)))["code"]

    def token(self, form, dpop=None, assertion=None):
        dpop = self.proof() if dpop is None else dpop
        call = self.call(TOKEN, form, dpop or None, assertion)
        return answer_token(self.hub.authority, call)

    def redeem(self, code, dpop=None, assertion=None, **changes):
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": self.verifier,
        }
        return self.token(form | changes, dpop, assertion)

    def refresh(self, refresh_token, **options):
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self.token(form, **options)

    def tokens(self, passkey, session, **changes):
        answer = self.redeem(self.code(passkey, session, **changes))
        assert answer.status == 200, answer.body
        return answer.body

    def own_token(self, scope=None):
        answer = self.token({"grant_type": "client_credentials", "scope": scope})
        assert answer.status == 200, answer.body
        return answer.body["access_token"]

    def introspect(self, token):
        return introspect(self.hub.authority, self.call(INTROSPECT, {"token": token}))

    def revoke(self, token):
        return revoke(self.hub.authority, self.call(REVOKE, {"token": token}))

    def resource(self, token, method="POST", path="/claims", dpop=None, authorization=None):
        """A call with an access token."""
        dpop = self.proof(method, path, token=token) if dpop is None else dpop
        headers = {"authorization": authorization or f"DPoP {token}", "dpop": dpop}
        return Call(method=method, path=path, headers=headers)
