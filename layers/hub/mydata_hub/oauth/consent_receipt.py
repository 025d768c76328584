"""Consent receipts: one consent as ISO/IEC TS 27560 writes it down, with the terms of the W3C Data
Privacy Vocabulary, signed by the hub.

Two copies of one statement. The person's adds the record that was signed, the sentences that were
shown and the passkey's assertion, so it verifies without the hub; the partner's holds of these a
salted commitment alone, and names the person only as the partner does. The salt is made of the
record's nonce, which no partner ever sees. Change rule: members may be added; a reader passes over
what it does not know.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import rfc8785
from joserfc.jwk import Key

from mydata_hub.base64url import decode_base64url, encode_base64url
from mydata_hub.consent.consent_record import ConsentRecord, hash_wording
from mydata_hub.consent.grant import Grant, GrantKind
from mydata_hub.consent.grants import Held
from mydata_hub.consent.signature import check_signature
from mydata_hub.consent.states import DPV, ConsentState, given_as, state_of
from mydata_hub.errors import BadInput, FormatUnknown, NotProven, Unreadable
from mydata_hub.fields import Wording
from mydata_hub.insights.catalogue import find_claim
from mydata_hub.insights.purposes import find_purpose
from mydata_hub.oauth.authority import SigningKeys
from mydata_hub.oauth.jose import verify_jwt

TYPE: Final = "mydata-consent-receipt+jwt"
OBJECT: Final = "consent_receipt"
SCHEMA: Final = "ISO/IEC TS 27560:2023"
JWKS: Final = "/consents/jwks"
MAX_RECEIPT_BYTES: Final = 256 * 1024
_SALT_DOMAIN: Final = b"mydata-hub/consent-receipt/salt/v1\n"
_COMMITMENT_DOMAIN: Final = b"mydata-hub/consent-receipt/approval/v1\n"
_MEMBERS: Final = frozenset({"object", "format", "statement", "approval"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterparty:
    """Who is asked, or asks: the partner of a release, the provider of a collection."""

    name: str
    contact: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a consent receipt proves; `signed` is what only the person's copy shows."""

    statement: Mapping[str, Any]
    signed: ConsentRecord | None


def issue_consent_receipt(
    keys: SigningKeys,
    issuer: str,
    held: Held,
    *,
    subject: str,
    party: Counterparty,
    now: datetime,
    own: bool,
) -> bytes:
    """The receipt of a version of a consent, the person's `own` copy or the partner's.

    `subject` is the person as the partner calls them. Raises Busy.
    """
    statement = {
        "iss": issuer,
        "iat": int(now.timestamp()),
        **_statement(issuer, held, subject, party, now),
    }
    receipt = {
        "object": OBJECT,
        "format": 1,
        "statement": keys.sign(TYPE, statement),
        "approval": _approval(held) if own else None,
    }
    return json.dumps(receipt, indent=1, ensure_ascii=False).encode()


def is_consent_receipt(encoded: bytes) -> bool:
    """Whether a file says that it is a consent receipt; nothing is verified."""
    try:
        return bool(json.loads(encoded)["object"] == OBJECT)
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def verify_consent_receipt(encoded: bytes, keys: Sequence[Key]) -> Verified:
    """Check a receipt with nothing but the hub's public keys.

    Raises NotProven, which says what is wrong.
    """
    try:
        receipt = json.loads(encoded[: MAX_RECEIPT_BYTES + 1])
    except (ValueError, RecursionError):
        raise NotProven("receipt", "is not JSON, or is too long") from None
    if not isinstance(receipt, dict) or receipt.keys() != _MEMBERS:
        raise NotProven("receipt", "is not one, or is cut short")
    if (receipt["object"], receipt["format"]) != (OBJECT, 1):
        raise NotProven("receipt", "is of another kind or format")
    statement = verify_jwt(str(receipt["statement"]), keys, typ=TYPE).claims
    if receipt["approval"] is None:
        return Verified(statement=statement, signed=None)
    try:
        return Verified(statement=statement, signed=_check(statement, receipt["approval"]))
    except (BadInput, Unreadable, FormatUnknown) as error:
        raise NotProven("record", str(error)) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NotProven("approval", "is not one, or is cut short") from None


def _statement(
    issuer: str, held: Held, subject: str, party: Counterparty, now: datetime
) -> dict[str, Any]:
    grant, record = held.grant, held.record
    state, purpose = state_of(held, now), find_purpose(grant.purpose)
    release = grant.kind is GrantKind.RELEASE
    return {
        "schema_version": SCHEMA,
        "receipt_id": f"{grant.grant_id}.{grant.version}",
        "record_id": grant.grant_id,
        "version": grant.version,
        "pii_principal_id": subject,
        "language": record.locale,
        "privacy_notice": {"sha256": encode_base64url(record.wording_hash)},
        "purposes": [
            {
                "purpose": _words(purpose.text),
                "purpose_id": purpose.id,
                "purpose_type": f"dpv:{purpose.dpv}",
                "lawful_basis": "dpv:Consent",
                "processing_type": "dpv:Disclose" if release else "dpv:Collect",
                "pii_information": [_item(item, grant) for item in record.items],
                "pii_controllers": [grant.counterparty if release else "hub"],
                "frequency": {"unit": str(grant.frequency.unit), "count": grant.frequency.count},
                "max_bits": grant.max_bits,
                # What was collected is the person's own, until they delete it.
                "retention_period": _rfc3339(grant.expires_at) if release else None,
                "withdrawal_method": f"{issuer}/consents/{grant.grant_id}",
            }
        ],
        "party_identification": [
            {"party_id": "hub", "party_role": "dpv:Entity", "party_url": issuer},
            {
                "party_id": grant.counterparty,
                "party_role": "dpv:Recipient" if release else "dpv:DataSource",
                "party_name": party.name,
                "party_contact": party.contact,
            },
        ],
        "events": list(_events(held, now)),
        "state": state.value,
        "expires_at": _rfc3339(grant.expires_at),
        # The record that the person signed, by its hash; answers carry the same one.
        "consent": encode_base64url(grant.consent_hash),
        "approval": {
            "type": "webauthn.get",
            "sha256": encode_base64url(_commit(held, _salt(record))),
        },
    }


def _events(held: Held, now: datetime) -> list[dict[str, Any]]:
    grant = held.grant
    given = _event(given_as(held), grant.given_at, "pii_principal")
    events = [given | {"event_type": "dpv:ExplicitlyExpressedConsent"}]
    if grant.ended_at is not None:
        ended = state_of(held, now)
        # A grant does not say which of hub and partner revoked it; the log does.
        by = "pii_principal" if ended is ConsentState.WITHDRAWN else None
        events.append(_event(ended, grant.ended_at, by))
    elif now >= grant.expires_at:
        events.append(_event(ConsentState.EXPIRED, grant.expires_at, None))
    return events


def _event(state: ConsentState, at: datetime, entity: str | None) -> dict[str, Any]:
    return {
        "event_time": _rfc3339(at),
        "event_state": f"dpv:{DPV[state]}",
        "entity_id": entity,
    }


def _item(item: str, grant: Grant) -> dict[str, Any]:
    told: dict[str, Any] = {"pii_type": item, "pii_optional": True}
    if grant.kind is GrantKind.RELEASE:
        told["question"] = _words(find_claim(item).claim.question)
    return told | {"allowed": item in grant.items}


def _approval(held: Held) -> dict[str, Any]:
    return {
        "record": encode_base64url(held.record.encode()),
        "wording": held.wording,
        "assertion": encode_base64url(held.grant.assertion),
        "credential": encode_base64url(held.credential or b""),
        "salt": encode_base64url(_salt(held.record)),
    }


def _salt(record: ConsentRecord) -> bytes:
    return hashlib.sha256(_SALT_DOMAIN + record.nonce).digest()


def _commit(held: Held, salt: bytes) -> bytes:
    return _commitment(salt, held.grant.assertion, held.credential or b"")


def _commitment(salt: bytes, assertion: bytes, credential: bytes) -> bytes:
    opened = {"assertion": encode_base64url(assertion), "credential": encode_base64url(credential)}
    return hashlib.sha256(_COMMITMENT_DOMAIN + salt + rfc8785.dumps({**opened})).digest()


def _check(statement: Mapping[str, Any], approval: Mapping[str, str]) -> ConsentRecord:
    record = ConsentRecord.decode(decode_base64url(approval["record"]))
    assertion, credential = (
        decode_base64url(approval["assertion"]),
        decode_base64url(approval["credential"]),
    )
    salt = decode_base64url(approval["salt"])
    (purpose,) = statement["purposes"]
    allowed = {one["pii_type"] for one in purpose["pii_information"] if one["allowed"]}
    checks = {
        "record": encode_base64url(record.digest()) == statement["consent"],
        "wording": hash_wording(approval["wording"]) == record.wording_hash,
        "commitment": encode_base64url(_commitment(salt, assertion, credential))
        == statement["approval"]["sha256"],
        "consent": record.consent_id == statement["record_id"],
        "purpose": record.purpose == purpose["purpose_id"],
        "items": allowed <= set(record.items),
        "end": datetime.fromisoformat(statement["expires_at"]) <= record.expires_at,
    }
    for part, holds in checks.items():
        if not holds:
            raise NotProven(part, "is not the one that was signed")
    if not credential:
        raise NotProven("passkey", "was not kept when this was signed, so nothing checks it")
    check_signature(record, assertion, credential)
    return record


def _words(wording: Wording) -> dict[str, str]:
    return {"ko": wording.ko, "en": wording.en}


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
