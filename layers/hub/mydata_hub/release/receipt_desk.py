"""The desk where receipts are given out: to a partner its copy, to a person their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from mydata_hub.fields import GroupId, VaultId
from mydata_hub.release.attempt import Gate
from mydata_hub.release.coverage import cover_release
from mydata_hub.release.receipts import issue_receipt
from mydata_hub.release.release import Release
from mydata_hub.release.sd_jwt import AnswerKey
from mydata_hub.transparency.log_proof import Log

Cover: TypeAlias = Callable[[Release, GroupId | None], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptDesk:
    """`key` is the long-lived one, which verifies receipts for years."""

    gate: Gate
    log: Log
    key: AnswerKey

    def for_partner(self, event_id: str, client_id: str) -> bytes:
        """The partner's copy. Raises NotFound, Damaged, Busy."""
        return self._issue(event_id, client_id)

    def for_person(self, event_id: str, person: str) -> bytes:
        """The person's own, with what each answer was and rested on. Raises as `for_partner`."""
        gate = self.gate

        def cover(release: Release, group: GroupId | None) -> dict[str, Any]:
            # A person's vault bears the name of their account.
            return cover_release(gate.tables, gate.vault_keys, VaultId(person), release, group)

        return self._issue(event_id, person, cover)

    def _issue(self, event_id: str, reader: str, cover: Cover | None = None) -> bytes:
        gate = self.gate
        now = gate.clock.now()
        return issue_receipt(
            gate.tables, self.log, self.key, gate.issuer, event_id, reader, now, cover
        )
