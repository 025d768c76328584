"""History: a person's consents, the answers that were given, and the log's entries about them.

Read as it lies in the hub's own tables, some at a time. At another hub it is history and nothing
more: no consent of an archive is ever a grant.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

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
from mydata_hub.release.attempt import KINDS
from mydata_hub.release.keeping import Keeper, place_of
from mydata_hub.release.ledger import Ledger
from mydata_hub.release.ledger_rows import ledger_key, read_ledger, sealed_answers
from mydata_hub.release.periods import answer_period
from mydata_hub.release.release import Decision, Release
from mydata_hub.transparency import events
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.log_proof import prove_entry
from mydata_hub.transparency.published import PublishedLog
from mydata_hub.vault.key_rows import secrets_row

# A grant has as many versions as it was changed, of some 5 kB; an entry is at most 45 kB with its
# proof. So a part stays within its bytes.
MAX_CONSENTS: Final = 4
MAX_ENTRIES: Final = 40


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
                "credential": None if one.credential is None else _encode(one.credential),
                "counterparty_name": names.get(one.grant.counterparty),
                "state_when_exported": states[one.grant.grant_id],
            }
        )
        for one in held
    ]
    return Part({"after": page.after}, lines)


def answers_part(room: ExportRoom, account_id: str, after: str | None) -> Part:
    """What each partner asked and was told, when, by which consent and at what price."""
    found, mark = _events(room.desk.tables, account_id, after)
    releases = [
        (event, index, Release.decode(event.payload))
        for event, index, _row in found
        if event.kind in KINDS and event.payload
    ]
    told = _Told(room, account_id)
    names = _names(room.desk.tables, {str(event.actor) for event, _index, _release in releases})
    lines = [
        _line(
            {
                "event_id": event.event_id,
                "index": index,
                "at": event.occurred_at.isoformat(),
                "kind": event.kind,
                "partner": {"client_id": event.actor, "name": names.get(event.actor)},
                "grant_id": release.grant_id,
                "decision": release.decision,
                "answers": told.answers(event, release),
                "bits": format(release.bits, "f"),
                "policy_hash": release.policy_hash.hex(),
            }
        )
        for event, index, release in releases
    ]
    return Part({"after": mark}, lines)


def entries_part(room: ExportRoom, account_id: str, after: str | None) -> Part:
    """Every event of the person: the leaf, what opens it, and its proof once it is in the log."""
    found, mark = _events(room.desk.tables, account_id, after)
    log = _SameLog(room.log, max((index for _event, index, _row in found if index), default=0))
    lines = [
        _line(
            {
                "event_id": event.event_id,
                "index": index,
                "leaf": _encode(events.leaf_of(row).encode()),
                "salt": _encode(_bytes(row, "personal_salt")),
                "payload": _bytes(row, "personal").decode(),
                "proof": None if index is None else prove_entry(log, index),
            }
        )
        for event, index, row in found
    ]
    return Part({"after": mark}, lines)


PARTS: Final = {"consents": consents_part, "answers": answers_part, "entries": entries_part}


def history_part(room: ExportRoom, account_id: str, kind: str, after: str | None) -> Part:
    """The next part of one kind of history. Raises BadInput for another kind, or another mark."""
    if kind not in PARTS:
        raise BadInput("kind", f"takes one of {', '.join(PARTS)}")
    try:
        return PARTS[kind](room, account_id, after)
    except LimitExceeded:
        # The only thing in these reads that a caller chooses.
        raise BadInput("after", "takes the mark that the part before gave") from None


@dataclass(slots=True)
class _SameLog:
    """The published log at one checkpoint, each tile read once: a part has many proofs."""

    log: PublishedLog
    last: int
    _note: bytes = b""
    _tiles: dict[str, bytes] = field(default_factory=dict)

    def checkpoint(self, covering: int = 0) -> bytes:
        self._note = self._note or self.log.checkpoint(max(covering, self.last + 1))
        return self._note

    def key(self) -> str:
        return self.log.key()

    def tile(self, path: str) -> bytes:
        if path not in self._tiles:
            self._tiles[path] = self.log.tile(path)
        return self._tiles[path]


@dataclass(slots=True)
class _Told:
    """The symbols that the ledger still keeps, opened once for each group of partners."""

    room: ExportRoom
    account_id: str
    _grants: dict[str, Grant | None] = field(default_factory=dict)
    _groups: dict[GroupId, Ledger] = field(default_factory=dict)

    def answers(self, event: Event, release: Release) -> list[dict[str, Any]]:
        """Each claim with its answer, or None where nothing was told or it is not kept any more."""
        grant = self._grant(release.grant_id)
        group = grant.recipient_group if grant else None
        told = group is not None and release.decision is Decision.ALLOW
        ledger = self._ledger(group) if group and told else Ledger()
        return [_answer(ref, event, ledger) for ref in release.claims]

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


def _answer(ref: ClaimRef, event: Event, ledger: Ledger) -> dict[str, Any]:
    """The symbol that was told: the one kept for the period, unless a correction came later."""
    try:
        period = answer_period(find_claim(ref).claim.answer_period, event.occurred_at)
    except BadInput:
        period = None  # a claim that is not in the catalogue any more
    kept = ledger.answers.get(ref)
    charged = [one for one in ledger.charges if (one.claim, one.period) == (ref, period)]
    first = max((one.charged_at for one in charged), default=event.occurred_at)
    same = kept is not None and kept.period == period and first <= event.occurred_at
    return {"claim": ref, "period": period, "answer": kept.symbol if kept and same else None}


def _events(
    tables: Tables, account_id: str, after: str | None
) -> tuple[Sequence[tuple[Event, int | None, Row]], str | None]:
    page = tables.find_keys(events.TABLE, "subject", account_id, after=after, limit=MAX_ENTRIES)
    rows = tables.fetch_many(*page.keys) if page.keys else {}
    return list(_read(rows[key] for key in page.keys if key in rows)), page.after


def _read(rows: Iterator[Row]) -> Iterator[tuple[Event, int | None, Row]]:
    for row in rows:
        index = row.values.get("index")
        if "personal" in row.values:  # what was erased since has no opening
            event = Event.decode(_bytes(row, "personal"))
            yield event, index if isinstance(index, int) else None, row


def _names(tables: Tables, parties: set[str]) -> dict[str, str]:
    """The names of those that are registered partners."""
    keys: list[Key] = [client_key(party) for party in sorted(parties)]
    rows = tables.fetch_many(*keys) if keys else {}
    return {key.partition: read_client(row).name for key, row in rows.items()}


def _line(members: Mapping[str, Any]) -> bytes:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _bytes(row: Row, name: str) -> bytes:
    value = row.values.get(name)
    if not isinstance(value, bytes):
        raise Damaged("an event row is malformed")
    return value


def log_document(log: PublishedLog) -> dict[str, str] | None:
    """The log's key and present checkpoint, or None before it has begun."""
    try:
        return {"key": log.key(), "checkpoint": log.checkpoint().decode()}
    except NotFound:
        return None
