"""The release gate: the one way by which anything about a person reaches a partner.

What an answer rests on (grant, decision, charge, idempotency, proof of possession, event) is one
commit, made before the answer leaves. Where any of it cannot be written, there is no answer.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from mydata_hub.errors import Busy, Conflict, Damaged
from mydata_hub.fields import EventId, VaultId
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.ports.tables import Absent, Check, Key, Put, Row, VersionIs
from mydata_hub.release.attempt import ANSWERED, REPEATED, WITHDRAWN, Act, Attempt, Gate
from mydata_hub.release.keeping import Keeper, place_of
from mydata_hub.release.ledger import Ledger, Total, price
from mydata_hub.release.ledger_rows import (
    encode_answers,
    ledger_key,
    put_ledger,
    put_total,
    read_ledger,
    read_total,
    sealed_answers,
    total_key,
)
from mydata_hub.release.policies import Amounts, Verdict
from mydata_hub.release.question import Access, Question, find_entries
from mydata_hub.release.response import write_response
from mydata_hub.release.telling import tell
from mydata_hub.vault.key_rows import secrets_row
from mydata_hub.vault.manifest import vault_row
from mydata_hub.vault.refusal import Cause, NotOpened
from mydata_hub.vault.vault_rows import fetch_vault

RETRIES: Final = 3
BASE_PAUSE_S: Final = 0.02
# As long as the longest answer is valid.
REMEMBERED: Final = timedelta(hours=24)
_EVENT_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """`body` is the response; the rest is for the operator.

    `held_back` are the policies for which every symbol became `no_answer`, `trouble` names an error
    for which one did.
    """

    body: bytes
    event_id: EventId
    repeated: bool = False
    held_back: tuple[str, ...] = ()
    trouble: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What the second read of an answer found."""

    keeper: Keeper
    rows: Mapping[Key, Row]
    ledger_key: Key
    ledger: Ledger
    total: Total


def answer_claims(gate: Gate, access: Access, vault_id: VaultId, question: Question) -> Answered:
    """Answer a partner's question about the person whose vault this is (DESIGN section 8).

    `access` was verified for this very request; its read and the one here are the two of an
    answer. Raises NotReleased (recorded, at 0 bits), `access.refusal` where grant, token or proof
    have been used up meanwhile, BadInput, Busy after RETRIES, and what the ports raise.
    """
    event_id = EventId(gate.entropy.token(_EVENT_BYTES).hex())
    for attempt in range(RETRIES + 1):
        if attempt:
            # Spreads those who ask about one person for one group; no secret hangs on it.
            gate.pause(random.uniform(0, BASE_PAUSE_S * 2.0**attempt))  # noqa: S311
        entries = find_entries(gate.catalogue, question, access.grant)
        trying = Attempt(
            gate=gate,
            access=access,
            question=question,
            event_id=event_id,
            now=gate.clock.now(),
            entries=entries or (),
        )
        try:
            return _attempt(trying, vault_id)
        except (Conflict, Busy):
            continue
    raise Busy("others ask about the same person; try again")


def _attempt(trying: Attempt, vault_id: VaultId) -> Answered:
    if not trying.entries:
        trying.refuse("catalogue")
    try:
        found = _read(trying, vault_id)
    except NotOpened as error:
        if error.cause is not Cause.ERASED:
            raise Damaged("a vault's keys do not open") from None
        # Erasure ends every consent: a partner learns of it what a withdrawal tells.
        trying.refuse(WITHDRAWN, ("erased",))
    kept = found.rows.get(trying.question.key(trying.access.client.client_id))
    if kept is None:
        return _answer(trying, found)
    return _repeat(trying, found, kept) or _answer(trying, found)


def _read(trying: Attempt, vault_id: VaultId) -> _Found:
    gate, client = trying.gate, trying.access.client
    secrets, ledger = secrets_row(vault_id), ledger_key(vault_id, client.group)
    total, kept = total_key(vault_id), trying.question.key(client.client_id)
    rows = fetch_vault(gate.tables, vault_id, ledger, total, kept)
    row = rows.get(secrets)
    secret = gate.vault_keys.profile_secret(vault_id, row=row) if row else None
    keeper = Keeper(vault_id=vault_id, keys=gate.vault_keys, row=row, secret=secret)
    answers = keeper.open(place_of(ledger), sealed_answers(rows.get(ledger)))
    return _Found(
        keeper=keeper,
        rows=rows,
        ledger_key=ledger,
        ledger=read_ledger(rows.get(ledger), answers).prune(trying.now),
        total=read_total(rows.get(total)),
    )


def _answer(trying: Attempt, found: _Found) -> Answered:
    question, grant, now = trying.question, trying.access.grant, trying.now
    # What was paid for when the grant was given is told as it is now, whatever was told before.
    paid = {one.claim for one in trying.entries if found.ledger.is_prepaid(grant, one.claim)}
    new = [
        entry
        for entry in trying.entries
        if question.anew or entry.claim in paid or found.ledger.frozen(entry.claim, now) is None
    ]
    charged = [entry.claim for entry in new if entry.claim not in paid]
    units = sum(map(price, charged))
    verdict = _decide(trying, found, units, uses=1)
    if verdict.refusal is not None:
        trying.refuse(verdict.refusal, verdict.failing)
    keeper = found.keeper
    row = found.rows.get(vault_row(keeper.vault_id))
    opening = keeper.secret_of if keeper.secret else None
    told, covered, trouble = tell(keeper.vault_id, row, opening, new, now)
    if not verdict.allowed:
        # Computed all the same, so that it takes as long: nobody may learn which of the two it was.
        told = dict.fromkeys(told, NO_ANSWER)
    fresh = {entry.claim: told[entry.claim.ref] for entry in new}
    used = found.ledger.use(grant, now).charge(grant, charged, now)
    ledger = used.settle(grant, paid).freeze(fresh, now, covered)
    act = Act(ANSWERED, verdict.failing, units)
    body = write_response(trying, act, ledger)
    changes = [_put_ledger(trying, found, ledger)]
    recorded = trying.record(act, _written(changes[0]))
    if charged:
        # A person's cap is never exceeded: what was not told because of it is not charged to it.
        changes.append(_put_total(trying, found, units if verdict.allowed else 0))
    changes.append(_remember(trying, found, body))
    trying.commit(*changes, keeper.still(), *recorded)
    return Answered(body=body, event_id=trying.event_id, held_back=verdict.failing, trouble=trouble)


def _repeat(trying: Attempt, found: _Found, kept: Row) -> Answered | None:
    """The same request once more: the same bytes, after the same checks; None where the secret that
    kept them was given up, for then it is answered anew."""
    if kept.values.get("request") != trying.question.digest(trying.access):
        trying.refuse("idempotency_key")
    verdict = _decide(trying, found, 0, uses=0)
    if verdict.refusal is not None:
        trying.refuse(verdict.refusal, verdict.failing)
    response = kept.values.get("response")
    if not isinstance(response, bytes):
        raise Damaged("a remembered answer is malformed")
    body = found.keeper.open(place_of(kept.key), response)
    if body is None:
        return None
    recorded = trying.record(Act(REPEATED, verdict.failing), (kept.key, kept.version))
    still = Check(kept.key, (VersionIs(kept.version),))
    trying.commit(still, found.keeper.still(), *recorded)
    return Answered(body=body, event_id=trying.event_id, repeated=True)


def _decide(trying: Attempt, found: _Found, units: int, uses: int) -> Verdict:
    gate, grant, now = trying.gate, trying.access.grant, trying.now
    amounts = Amounts(
        uses=found.ledger.used(grant, now) + uses,
        price=units,
        grant_charged=found.ledger.charged_to(grant.grant_id),
        group_charged=found.ledger.charged(now),
        group_cap=gate.group_cap,
        person_charged=found.total.charged(now),
        person_cap=gate.person_cap,
    )
    now_ms = int(now.timestamp() * 1000)
    return gate.policies.decide(trying.access.client, grant, trying.claims, amounts, now_ms)


def _put_ledger(trying: Attempt, found: _Found, ledger: Ledger) -> Put:
    key = found.ledger_key
    answers = found.keeper.keep(place_of(key), encode_answers(ledger), trying.gate.entropy)
    return put_ledger(key, found.rows.get(key), ledger, answers)


def _put_total(trying: Attempt, found: _Found, units: int) -> Put:
    key = total_key(found.keeper.vault_id)
    total = found.total.charge(trying.access.client.group, units, trying.now)
    return put_total(key, found.rows.get(key), total)


def _remember(trying: Attempt, found: _Found, body: bytes) -> Put:
    key = trying.question.key(trying.access.client.client_id)
    before = found.rows.get(key)
    return Put(
        key=key,
        values={
            "request": trying.question.digest(trying.access),
            "response": found.keeper.keep(place_of(key), body, trying.gate.entropy),
        },
        when=VersionIs(before.version) if before else Absent(),
        expires_at=trying.now + REMEMBERED,
    )


def _written(put: Put) -> tuple[Key, int]:
    return put.key, put.when.version + 1 if isinstance(put.when, VersionIs) else 1
