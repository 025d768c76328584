"""Responses: what the partner gets, whose length tells nothing of what is in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from mydata_hub.base64url import encode_base64url
from mydata_hub.release.attempt import Act, Attempt
from mydata_hub.release.ledger import Ledger
from mydata_hub.release.sd_jwt import MAX_SYMBOL_LETTERS, issue_answers, present_each

BUCKET_BYTES: Final = 1024


def write_response(trying: Attempt, act: Act, ledger: Ledger) -> bytes:
    """The JSON body of an answer: each symbol with its proof, and what they cost. Raises Busy."""
    gate, access = trying.gate, trying.access
    release = trying.release(act)
    assert release is not None  # at least one claim is asked for
    issued = int(trying.now.timestamp())
    lifetime = min(claim.valid_for for claim in trying.claims)
    frozen = {claim.ref: ledger.answers[claim.ref] for claim in trying.claims}
    payload = {
        "iss": gate.issuer,
        "aud": access.client.client_id,
        "sub": access.subject,
        "iat": issued,
        "exp": issued + int(lifetime.total_seconds()),
        "jti": trying.event_id,
        "cnf": {"jkt": access.jkt},
        "claims": [{"id": claim, "period": answer.period} for claim, answer in frozen.items()],
        "bits": format(release.bits, "f"),
        "policy": release.policy_hash.hex(),
        "decision": encode_hash(release.digest()),
        "consent": encode_hash(access.grant.consent_hash),
    }
    told: dict[str, str] = {claim: answer.symbol for claim, answer in frozen.items()}
    # One signature; each answer comes with what shows it and none of the others.
    shown = present_each(issue_answers(payload, told, gate.key.present(trying.now), gate.entropy))
    body: dict[str, Any] = {
        "event_id": trying.event_id,
        "bits": payload["bits"],
        "answers": [
            {"claim": claim.id, "version": claim.version, "answer": told[claim.ref], "sd_jwt": one}
            for claim, one in zip(trying.claims, shown, strict=True)
        ],
        "padding": "",
    }
    # Filled up to where the longest symbols would end, so no length tells a symbol.
    spare = sum(MAX_SYMBOL_LETTERS - len(symbol) for symbol in told.values())
    longest = len(_dump(body)) + spare
    return _dump({**body, "padding": " " * (spare + -longest % BUCKET_BYTES)})


def encode_hash(digest: bytes) -> str:
    """A hash in base64url without padding, as JOSE writes one."""
    return encode_base64url(digest)


def _dump(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()
