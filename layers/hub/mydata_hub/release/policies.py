"""Policies: what a release must satisfy, as reviewed Cedar text that is parsed once.

A grant is data, never a policy. Whatever narrows is a `forbid`, so that no later permit gets around
it; and since Cedar skips a forbid whose evaluation fails, any error at all is a refusal.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Protocol

from mydata_hub.consent.grant import Grant
from mydata_hub.errors import BadInput
from mydata_hub.fields import ClaimRef, ClientId, GroupId, Purpose
from mydata_hub.insights.claim import Claim
from mydata_hub.insights.fair_use import OWN, SHIPPED, Bounds, parse_fair_use
from mydata_hub.release.cedar import UNDECIDED, Engine
from mydata_hub.release.ledger import UNITS
from mydata_hub.vault.framing import frame

SCHEMA: Final = "hub.cedarschema"
_ACTION: Final = {"type": "Action", "id": "answer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One policy: its number, its sentence, and what a partner is told when it forbids."""

    id: str
    says: str
    # None where the partner is not told: then the answer is `no_answer` at its full price.
    refusal: str | None


class Partner(Protocol):
    """The partner that asks, as it is registered."""

    @property
    def client_id(self) -> ClientId: ...

    @property
    def group(self) -> GroupId: ...

    @property
    def purposes(self) -> Sequence[Purpose]: ...

    @property
    def suspended(self) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """What was told and asked before, and what this request adds; bits in ten-thousandths."""

    uses: int
    price: int
    grant_charged: int
    group_charged: int
    group_cap: int
    person_charged: int
    person_cap: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`failing` are the policies in the way, by number, and none that is not; `refusal` is what the
    partner is told."""

    failing: tuple[str, ...]
    refusal: str | None

    @property
    def allowed(self) -> bool:
        """Whether what the vault says may leave."""
        return not self.failing


class Policies:
    """The parsed policies of one release of the hub. Safe between threads."""

    def __init__(self, files: Mapping[str, str]) -> None:
        """Parse the files of `policies/` by name. Raises BadInput for any that is not sound."""
        if SCHEMA not in files:
            raise BadInput("policies", f"need {SCHEMA}")
        self.fair_use: Final = parse_fair_use(files)
        text = "\n".join(files[name] for name in sorted(files) if name.endswith(".cedar"))
        self._engine = Engine(text, files[SCHEMA], _named)
        parsed = self._engine.policies
        self.policies: Final = {name: _policy(name, one) for name, one in sorted(parsed.items())}
        self.hash: Final = hashlib.sha256(
            frame(*(part.encode() for name in sorted(files) for part in (name, files[name])))
        ).digest()

    def decide(
        self,
        partner: Partner,
        grant: Grant,
        claims: Sequence[Claim],
        amounts: Amounts,
        now_ms: int,
    ) -> Verdict:
        """Whether all of these claims may be answered together."""
        fair = self.fair_use.of(grant.purpose)
        # As text: Cedar takes a third longer over the same context as Python objects.
        context = json.dumps(_context(grant, amounts, fair, now_ms))
        requests = [
            {
                "principal": {"type": "Client", "id": partner.client_id},
                "action": _ACTION,
                "resource": {"type": "Claim", "id": claim.ref},
                "context": context,
            }
            for claim in claims
        ]
        entities = json.dumps([_client(partner), *(_claim(claim) for claim in claims)])
        decided = self._engine.decide(requests, entities)
        failing = {policy for one in decided for policy in one.failing}
        if not claims:
            failing.add(UNDECIDED)
        return self._verdict(failing)

    def _verdict(self, failing: set[str]) -> Verdict:
        ordered = tuple(sorted(failing))
        told = [UNDECIDED if name == UNDECIDED else self.policies[name].refusal for name in ordered]
        return Verdict(failing=ordered, refusal=next((code for code in told if code), None))


def read_policies(folder: Path) -> Policies:
    """The policies in a folder. Raises BadInput."""
    paths = [*(folder / name for name in (SCHEMA, SHIPPED, OWN)), *folder.glob("*.cedar")]
    return Policies({path.name: path.read_text("utf-8") for path in paths if path.is_file()})


def _named(parsed: Mapping[str, Any]) -> dict[str, Any]:
    named = {one.get("annotations", {}).get("id"): one for one in parsed.values()}
    if None in named or len(named) < len(parsed):
        raise BadInput("policies", "need an @id each")
    return named


def _policy(name: str, parsed: Mapping[str, Any]) -> Policy:
    notes = parsed["annotations"]
    refusal, hidden = notes.get("refusal"), notes.get("answer")
    # Threat: a forbid that says neither would refuse in words that nobody has weighed.
    told = (
        (refusal is None) is not (hidden is None)
        if parsed["effect"] == "forbid"
        else not (refusal or hidden)
    )
    if not notes.get("says") or not told:
        raise BadInput("policies", "need @says, and a forbid either @refusal or @answer")
    return Policy(id=name, says=notes["says"], refusal=refusal)


def _context(grant: Grant, amounts: Amounts, fair: Bounds | None, now_ms: int) -> dict[str, Any]:
    return {
        "now": now_ms,
        "grant": {
            "kind": grant.kind.value,
            "ended": grant.ended_as is not None,
            "client": _entity("Client", grant.counterparty),
            "group": grant.recipient_group or "",
            "purpose": grant.purpose,
            "claims": [_entity("Claim", item) for item in grant.items],
            "asks": len(grant.items),
            "given_at": int(grant.given_at.timestamp() * 1000),
            "expires_at": int(grant.expires_at.timestamp() * 1000),
            "times": grant.frequency.count,
            "max_bits": grant.max_bits * UNITS,
        },
        # Nothing is fair for a purpose without bounds.
        "fair": {
            "times": fair.times(grant.frequency.unit) if fair else 0,
            "age_ms": fair.age // timedelta(milliseconds=1) if fair else 0,
            "claims": fair.claims if fair else 0,
        },
        "uses": amounts.uses,
        "price": amounts.price,
        "grant_charged": amounts.grant_charged,
        "group_charged": amounts.group_charged,
        "group_cap": amounts.group_cap,
        "person_charged": amounts.person_charged,
        "person_cap": amounts.person_cap,
    }


def _client(partner: Partner) -> dict[str, Any]:
    attributes = {
        "group": partner.group,
        "purposes": list(partner.purposes),
        "suspended": partner.suspended,
    }
    return {"uid": {"type": "Client", "id": partner.client_id}, "attrs": attributes, "parents": []}


def _claim(claim: Claim) -> dict[str, Any]:
    attributes = {"purposes": list(claim.purposes), "sensitivity": claim.sensitivity.value}
    return {"uid": {"type": "Claim", "id": claim.ref}, "attrs": attributes, "parents": []}


def _entity(kind: str, name: str | ClaimRef) -> dict[str, dict[str, str]]:
    return {"__entity": {"type": kind, "id": name}}
