"""Answer receipts: what was released, by which consent and decision, at what price, and where in
the log; one JSON file that verifies offline.

The partner's copy opens the audit commitment of the log entry, whose every word the partner knows
already; the gate gives the person the same with what each answer was and rested on, as long as the
vault still knows it. What a person reads of an entry (personal_log) opens the person's commitment,
which is the whole event, and verifies here as well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import rfc8785
from joserfc.jwk import ECKey

from mydata_hub.base64url import decode_base64url, encode_base64url
from mydata_hub.consent.grants import fetch_grant
from mydata_hub.errors import (
    BadInput,
    Damaged,
    FormatUnknown,
    NotFound,
    NotProven,
    Unreadable,
)
from mydata_hub.fields import GroupId
from mydata_hub.ports.tables import Key, Row, Tables
from mydata_hub.release.attempt import KINDS
from mydata_hub.release.partner_copies import copy_key
from mydata_hub.release.release import Release
from mydata_hub.release.response import encode_hash
from mydata_hub.release.sd_jwt import AnswerKey, sign_compact, verify_compact
from mydata_hub.transparency import events
from mydata_hub.transparency.checkpoint import VerifierKey
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import leaf_of
from mydata_hub.transparency.leaf import AUDIT_DOMAIN, NO_TAG, PERSON_DOMAIN, Leaf, Opening
from mydata_hub.transparency.log_proof import Log, Proven, prove_entry, verify_proof

TYPE: Final = "mydata-answer-receipt+jwt"
MAX_RECEIPT_BYTES: Final = 256 * 1024
_PARTS: Final = frozenset({"statement", "release", "entry", "opened", "salt", "payload", "log"})
_MEMBERS: Final = _PARTS | {"object", "format"}
# Of the person's copy alone: nobody else may see what an answer rested on.
_COVERAGE: Final = "coverage"
_PERSON, _AUDIT = "person", "audit"
_DOMAINS: Final = {_PERSON: PERSON_DOMAIN, _AUDIT: AUDIT_DOMAIN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a receipt proves."""

    release: Release
    # The hash of the consent record that the person signed, in base64url.
    consent: str
    # The leaf of the log that it opens.
    entry: bytes
    # Of the person's copy: claim -> answer, period, sources, complete_until.
    coverage: Mapping[str, Any] | None
    # Its place, and the checkpoint that commits to it; None where the receipt was made before.
    proven: Proven | None

    @property
    def index(self) -> int | None:
        return self.proven.index if self.proven else None


def issue_receipt(
    tables: Tables,
    log: Log,
    key: AnswerKey,
    issuer: str,
    event_id: str,
    reader: str,
    at: datetime,
    cover: Callable[[Release, GroupId | None], Mapping[str, Any]] | None = None,
) -> bytes:
    """The receipt of a release, for its partner or, with `cover`, for the person it is about.

    `cover` finds what each answer was and rested on. Before the entry has its place its tag is not
    decided, and is zeros. Raises NotFound, alike for what is not there and what is not the
    reader's; Damaged, Busy.
    """
    row, kind, release, client_id = _read_release(tables, event_id)
    grant = fetch_grant(tables, release.grant_id)
    if reader != (client_id if cover is None else grant and grant.subject):
        raise NotFound("there is no such release")
    if grant is None:
        raise Damaged("a release names a grant that is gone")
    leaf = leaf_of(row)
    entry = (leaf if leaf.tag else replace(leaf, tag=NO_TAG)).encode()
    told = {_COVERAGE: cover(release, grant.recipient_group)} if cover else {}
    statement = {
        "iss": issuer,
        "iat": int(at.timestamp()),
        "aud": client_id,
        "kind": kind,
        "decision": encode_hash(release.digest()),
        "consent": encode_hash(grant.consent_hash),
        "entry": encode_hash(hashlib.sha256(entry).digest()),
        **{name: _covered_hash(covered) for name, covered in told.items()},
    }
    index = row.values.get("index")
    receipt = {
        "object": "answer_receipt",
        "format": 1,
        "statement": sign_compact(TYPE, statement, key),
        **told,
        "release": encode_base64url(release.encode()),
        "entry": encode_base64url(entry),
        "opened": _AUDIT,
        # The columns of the events table (transparency/events.py).
        "salt": encode_base64url(_bytes(row, "audit_salt")),
        "payload": encode_base64url(_bytes(row, "audit")),
        "log": prove_entry(log, index) if isinstance(index, int) else None,
    }
    return json.dumps(receipt, indent=1).encode()


def signing_key(encoded: bytes, keys: Sequence[ECKey]) -> ECKey:
    """The one of the hub's keys that a receipt says it is signed with; nothing is verified.

    Raises NotProven.
    """
    try:
        head = str(_parse(encoded)["statement"]).partition(".")[0]
        kid = json.loads(decode_base64url(head))["kid"]
    except (ValueError, KeyError, TypeError):
        raise NotProven("receipt", "is not one, or is cut short") from None
    for key in keys:
        if kid in (key.kid, key.thumbprint()):
            return key
    raise NotProven("signature", "is by a key that is none of the hub's")


def verify_receipt(encoded: bytes, key: ECKey, log_key: VerifierKey) -> Verified:
    """Check a receipt with nothing but the hub's and the log's public keys.

    Raises NotProven, which says what is wrong.
    """
    try:
        return _verify(_parse(encoded), key, log_key)
    except (Unreadable, FormatUnknown, BadInput) as error:
        raise NotProven("receipt", str(error)) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NotProven("receipt", "is not one, or is cut short") from None


def _covered_hash(covered: Mapping[str, Any]) -> str:
    return encode_hash(hashlib.sha256(rfc8785.dumps(dict(covered))).digest())


def _read_release(tables: Tables, event_id: str) -> tuple[Row, str, Release, str]:
    key, copy = Key(events.TABLE, event_id), copy_key(event_id)
    rows = tables.fetch_many(key, copy)
    row, kept = rows.get(key), rows.get(copy)
    if row is not None and kept is not None:
        client_id, kind = str(kept.values.get("client_id")), str(kept.values.get("kind"))
        return row, kind, Release.decode(_bytes(kept, "release")), client_id
    # Of an older release: the event itself lies open until its person's next one is placed.
    if row is not None and "personal" in row.values:
        event = Event.decode(_bytes(row, "personal"))
        if event.kind in KINDS and event.payload:
            return row, event.kind, Release.decode(event.payload), event.actor
    raise NotFound("there is no such release")


def _verify(receipt: Mapping[str, Any], key: ECKey, log_key: VerifierKey) -> Verified:
    statement = verify_compact(TYPE, receipt["statement"], key)
    release, entry = (
        Release.decode(decode_base64url(receipt["release"])),
        decode_base64url(receipt["entry"]),
    )
    if encode_hash(release.digest()) != statement["decision"]:
        raise NotProven("decision", "is not the one of this release")
    if encode_hash(hashlib.sha256(entry).digest()) != statement["entry"]:
        raise NotProven("entry", "is not the one that was signed")
    _check_opening(receipt, statement, release, Leaf.decode(entry))
    covered = receipt.get(_COVERAGE)
    if (None if covered is None else _covered_hash(covered)) != statement.get(_COVERAGE):
        raise NotProven("coverage", "is not the one that was signed")
    proof = receipt["log"]
    return Verified(
        release=release,
        consent=statement["consent"],
        entry=entry,
        coverage=covered,
        proven=None if proof is None else verify_proof(proof, entry, log_key),
    )


def _check_opening(
    receipt: Mapping[str, Any], statement: Mapping[str, Any], release: Release, leaf: Leaf
) -> None:
    opened, payload = receipt["opened"], decode_base64url(receipt["payload"])
    committed = Opening(decode_base64url(receipt["salt"]), payload).commitment(_DOMAINS[opened])
    if committed != (leaf.person if opened == _PERSON else leaf.audit):
        raise NotProven("opening", "does not open the entry")
    if opened == _PERSON:
        event = Event.decode(payload)
        same = event.payload == release.encode() and event.kind == statement["kind"]
    else:
        told = json.loads(payload)
        same = told["partner"] == statement["aud"] and told["class"] == statement["kind"]
        same = same and told["claim"].split(" ") == list(release.claims)
        same = same and told["bits"] == format(release.bits, "f")
        same = same and told["policy_hash"] == release.policy_hash.hex()
        same = same and told["decision"] == release.decision.value
    if not same:
        raise NotProven("opening", "tells of another release")


def _parse(encoded: bytes) -> dict[str, Any]:
    if len(encoded) > MAX_RECEIPT_BYTES:
        raise NotProven("receipt", "is too long")
    try:
        receipt = json.loads(encoded)
    except (ValueError, RecursionError):
        raise NotProven("receipt", "is not JSON") from None
    if not isinstance(receipt, dict) or receipt.keys() - {_COVERAGE} != _MEMBERS:
        raise NotProven("receipt", "is not one, or is cut short")
    if (receipt["object"], receipt["format"]) != ("answer_receipt", 1):
        raise NotProven("receipt", "is of another kind or format")
    return receipt


def _bytes(row: Row, name: str) -> bytes:
    value = row.values.get(name)
    if not isinstance(value, bytes):
        raise Damaged("an event row is malformed")
    return value
