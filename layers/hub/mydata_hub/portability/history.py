"""History: a person's consents, answers that were given, coupons (own_entries.py has the log's).

Read as it lies in the hub's own tables, some at a time. At another hub it is history and nothing
more: no consent of an archive is ever a grant.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from mydata_hub.base64url import encode_base64url
from mydata_hub.benefits.coupons import coupon_document, page_of_coupons
from mydata_hub.consent.amending import list_versions
from mydata_hub.consent.grant import Grant
from mydata_hub.consent.grants import TABLE as GRANTS
from mydata_hub.consent.grants import grant_key, list_of, read_grant
from mydata_hub.errors import BadInput, Damaged, LimitExceeded, NotFound
from mydata_hub.fields import ClaimRef, GroupId, VaultId
from mydata_hub.insights.catalogue import find_claim
from mydata_hub.oauth.clients import client_key, read_client
from mydata_hub.portability.beginning import ExportRoom
from mydata_hub.portability.parts import Part
from mydata_hub.ports.tables import Key, Row, Tables
from mydata_hub.release.keeping import Keeper, place_of
from mydata_hub.release.ledger import Ledger
from mydata_hub.release.ledger_rows import ledger_key, read_ledger, sealed_answers
from mydata_hub.release.partner_copies import INDEX, TABLE
from mydata_hub.release.periods import answer_period
from mydata_hub.release.release import Decision, Release
from mydata_hub.transparency import events
from mydata_hub.transparency.published import Checkpoints
from mydata_hub.vault.key_rows import secrets_row

# A grant has as many versions as it was changed, of some 5 kB. So a part stays within its bytes.
MAX_CONSENTS: Final = 4
MAX_ANSWERS: Final = 40


def consents_part(room: ExportRoom, account_id: str, after: str | None) -> Part:
    """Every version of grants: the record that was signed, its signature and the passkey's public
    key, the sentences that were shown."""
    tables, now = room.desk.tables, room.now()
    page = tables.query(GRANTS, list_of(account_id), after=after, limit=MAX_CONSENTS)
    held = [one for row in page.rows for one in list_versions(tables, row.key.sort)]
    names = _names(tables, {str(one.grant.counterparty) for one in held})
    states = {one.grant.grant_id: one.grant.state(now) for one in held}  # the last version's
    lines = [
        _line(
            {
                "grant": json.loads(one.grant.encode()),
                "record": json.loads(one.record.encode()),
                "wording": one.wording,
                "credential": None if one.credential is None else encode_base64url(one.credential),
                "counterparty_name": names.get(one.grant.counterparty),
                "state_when_exported": states[one.grant.grant_id],
            }
        )
        for one in held
    ]
    return Part({"after": page.after}, lines)


def answers_part(room: ExportRoom, account_id: str, after: str | None) -> Part:
    """What each partner asked and was told, when, by which consent and at what price."""
    found, mark = _releases(room.desk.tables, account_id, after)
    told = _Told(room, account_id)
    names = _names(room.desk.tables, {one.client_id for one in found})
    lines = [
        _line(
            {
                "event_id": one.release.event_id,
                "index": one.index,
                "at": one.at.isoformat(),
                "kind": one.kind,
                "partner": {"client_id": one.client_id, "name": names.get(one.client_id)},
                "grant_id": one.release.grant_id,
                "decision": one.release.decision,
                "answers": told.answers(one),
                "bits": format(one.release.bits, "f"),
                "policy_hash": one.release.policy_hash.hex(),
            }
        )
        for one in found
    ]
    return Part({"after": mark}, lines)


def coupons_part(room: ExportRoom, account_id: str, after: str | None) -> Part:
    """Coupons as they stand, the used ones too; none in an archive can be redeemed."""
    coupons, mark = page_of_coupons(room.desk.tables, account_id, after)
    return Part({"after": mark}, [_line(coupon_document(one, room.now())) for one in coupons])


PARTS: Final = {"consents": consents_part, "answers": answers_part, "coupons": coupons_part}


def history_part(room: ExportRoom, account_id: str, kind: str, after: str | None) -> Part:
    """The next part of one kind of history. Raises BadInput for another kind, or another mark."""
    if kind not in PARTS:
        raise BadInput("kind", f"takes one of {', '.join(PARTS)}")
    try:
        return PARTS[kind](room, account_id, after)
    except LimitExceeded:
        # The only thing in these reads that a caller chooses.
        raise BadInput("after", "takes the mark that the part before gave") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Released:
    """A release with what the archive says of it besides."""

    client_id: str
    kind: str
    at: datetime
    index: int | None
    release: Release


@dataclass(slots=True)
class _Told:
    """The symbols that the ledger still keeps, opened once for each group of partners."""

    room: ExportRoom
    account_id: str
    _grants: dict[str, Grant | None] = field(default_factory=dict)
    _groups: dict[GroupId, Ledger] = field(default_factory=dict)

    def answers(self, one: _Released) -> list[dict[str, Any]]:
        """Each claim with its answer, or None where nothing was told or it is not kept any more."""
        release = one.release
        grant = self._grant(release.grant_id)
        group = grant.recipient_group if grant else None
        told = group is not None and release.decision is Decision.ALLOW
        ledger = self._ledger(group) if group and told else Ledger()
        return [_answer(ref, one.at, ledger) for ref in release.claims]

    def _grant(self, grant_id: str) -> Grant | None:
        if grant_id not in self._grants:
            key = grant_key(grant_id)
            row = self.room.desk.tables.fetch_many(key).get(key)
            self._grants[grant_id] = None if row is None else read_grant(row)
        return self._grants[grant_id]

    def _ledger(self, group: GroupId) -> Ledger:
        if group not in self._groups:
            vault_id = VaultId(self.account_id)
            key, secrets = ledger_key(vault_id, group), secrets_row(vault_id)
            rows = self.room.desk.tables.fetch_many(key, secrets)
            keys = self.room.strongroom.keys
            keeper = Keeper(vault_id=vault_id, keys=keys, row=rows.get(secrets), secret=None)
            opened = keeper.open(place_of(key), sealed_answers(rows.get(key)))
            self._groups[group] = read_ledger(rows.get(key), opened)
        return self._groups[group]


def _answer(ref: ClaimRef, at: datetime, ledger: Ledger) -> dict[str, Any]:
    """The symbol that was told: the one kept for the period, unless a correction came later."""
    try:
        period = answer_period(find_claim(ref).claim.answer_period, at)
    except BadInput:
        period = None  # a claim that is not in the catalogue any more
    kept = ledger.answers.get(ref)
    charged = [one for one in ledger.charges if (one.claim, one.period) == (ref, period)]
    first = max((one.charged_at for one in charged), default=at)
    same = kept is not None and kept.period == period and first <= at
    return {"claim": ref, "period": period, "answer": kept.symbol if kept and same else None}


def _releases(
    tables: Tables, account_id: str, after: str | None
) -> tuple[Sequence[_Released], str | None]:
    page = tables.find_keys(TABLE, INDEX, account_id, after=after, limit=MAX_ANSWERS)
    places = [Key(events.TABLE, key.partition) for key in page.keys]
    rows = tables.fetch_many(*page.keys, *places) if page.keys else {}
    pairs = [(rows.get(key), rows.get(place)) for key, place in zip(page.keys, places, strict=True)]
    return [_released(row, event) for row, event in pairs if row is not None], page.after


def _released(row: Row, event: Row | None) -> _Released:
    index = event.values.get("index") if event else None
    return _Released(
        client_id=str(row.values.get("client_id")),
        kind=str(row.values.get("kind")),
        at=datetime.fromisoformat(str(row.values.get("at"))),
        index=index if isinstance(index, int) else None,
        release=Release.decode(_bytes(row, "release")),
    )


def _names(tables: Tables, parties: set[str]) -> dict[str, str]:
    """The names of those that are registered partners."""
    keys: list[Key] = [client_key(party) for party in sorted(parties)]
    rows = tables.fetch_many(*keys) if keys else {}
    return {key.partition: read_client(row).name for key, row in rows.items()}


def _line(members: Mapping[str, Any]) -> bytes:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()


def _bytes(row: Row, name: str) -> bytes:
    value = row.values.get(name)
    if not isinstance(value, bytes):
        raise Damaged("an event row is malformed")
    return value


def log_document(log: Checkpoints) -> dict[str, str] | None:
    """The log's key and present checkpoint, or None before it has begun."""
    try:
        return {"key": log.key(), "checkpoint": log.checkpoint().decode()}
    except NotFound:
        return None
