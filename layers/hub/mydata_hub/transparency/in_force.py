"""What is in force: policies, catalogue and signing keys; a change of one is an entry of the log.

Written down by whichever function first runs with it, before it uses it. Two that begin at once
write it once; a change back is a change as well.

Table `in_force`, format 1: a row for each thing, with its SHA-256. Of the key that signs
checkpoints there is none: the checkpoint's own row says which it is (sequencer.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from mydata_hub.errors import Busy, Conflict
from mydata_hub.ports.clock import Clock, Entropy
from mydata_hub.ports.signer import Signer
from mydata_hub.ports.tables import Absent, Key, Put, Row, Tables, VersionIs
from mydata_hub.transparency.events import AuditFacts
from mydata_hub.transparency.house import house_event

Handle: TypeAlias = Callable[[dict[str, Any], Any], Any]

TABLE: Final = "in_force"
POLICIES: Final = "policies"
CATALOGUE: Final = "catalogue"
POLICY_CHANGED: Final = "policy_changed"
CATALOGUE_CHANGED: Final = "catalogue_changed"
KEY_CHANGED: Final = "signing_key_changed"
TRIES: Final = 5
_KINDS: Final = {POLICIES: POLICY_CHANGED, CATALOGUE: CATALOGUE_CHANGED}


@dataclass(slots=True)
class InForce:
    """What one function runs with; `things` gives the SHA-256 (hex) of each, when it is asked."""

    tables: Tables
    clock: Clock
    entropy: Entropy
    things: Callable[[], Mapping[str, str]]
    _noted: bool = field(default=False, init=False)

    def note(self) -> None:
        """Have the log say so, once for this process; nothing is read again after it went well.

        Raises Busy, OutcomeUnknown; then nothing may be done with what is new, and the next call
        tries again.
        """
        if not self._noted:
            self._note(dict(self.things()))
            self._noted = True

    def first(self, handle: Handle) -> Handle:
        """The same handler, which notes before it does anything."""

        def noted(event: dict[str, Any], context: Any) -> Any:
            self.note()
            return handle(event, context)

        return noted

    def _note(self, things: Mapping[str, str]) -> None:
        keys = {name: Key(TABLE, name) for name in things}
        for _ in range(TRIES):
            rows = self.tables.fetch_many(*keys.values())
            changes = [
                change
                for name, value in things.items()
                if _value(rows.get(keys[name])) != value
                for change in self._changed(name, value, rows.get(keys[name]))
            ]
            try:
                if changes:
                    self.tables.commit(*changes)
            except Conflict:
                continue  # another one was first, with this or with something else
            return
        raise Busy("others keep changing what is in force")

    def _changed(self, name: str, value: str, row: Row | None) -> tuple[Put, Put]:
        now = self.clock.now()
        kind = _KINDS.get(name, KEY_CHANGED)
        facts = AuditFacts(thing=name, policy_hash=value if name == POLICIES else None, hash=value)
        written = row.version + 1 if row else 1
        put = Put(
            key=Key(TABLE, name),
            values={"sha256": value, "since": now.isoformat()},
            when=VersionIs(row.version) if row else Absent(),
        )
        return put, house_event(self.entropy, kind, now, (put.key, written), facts)


def signing_keys(
    tables: Tables,
    clock: Clock,
    entropy: Entropy,
    more: Mapping[str, str] = MappingProxyType({}),
    **signers: Signer,
) -> InForce:
    """Signing keys by what they sign, each as the SHA-256 of its public half (DER), and `more`.

    The engine is asked for the keys when they are noted, and not before.
    """

    def things() -> Mapping[str, str]:
        publics = {which: signer.public_key() for which, signer in signers.items()}
        hashes = {f"key.{which}": hashlib.sha256(der).hexdigest() for which, der in publics.items()}
        return {**more, **hashes}

    return InForce(tables, clock, entropy, things)


def _value(row: Row | None) -> object:
    return row.values.get("sha256") if row else None
