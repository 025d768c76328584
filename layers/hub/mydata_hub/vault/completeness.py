"""Completeness: how intake tells the vault that a source has no more to tell up to an instant.

A sync often ends with a page that holds no record, and then no segment carries the news. So it goes
as a message, in the commit of the last page: ids and an instant, nothing that was collected.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from mydata_hub.errors import BadInput, Damaged
from mydata_hub.fields import ConnectionId, VaultId, require_id, require_instant
from mydata_hub.ports.messages import Message

TOPIC: Final = "source_complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """A connection's records are all announced that are from before `at`."""

    vault_id: VaultId
    connection_id: ConnectionId
    at: datetime


def tell_complete(told: Completeness, message_id: str, due_at: datetime) -> Message:
    """The message, for the commit that announces the last of those records."""
    body = {
        "vault_id": told.vault_id,
        "connection_id": told.connection_id,
        "at": told.at.astimezone(UTC).isoformat(),
    }
    return Message(message_id=message_id, topic=TOPIC, body=body, due_at=due_at)


def read_complete(message: Message) -> Completeness:
    """What a message of this topic says. Raises Damaged."""
    body = message.body
    try:
        at = datetime.fromisoformat(str(body.get("at")))
        require_instant("at", at)
        for name in ("vault_id", "connection_id"):
            require_id(name, str(body.get(name) or ""))
    except (ValueError, BadInput):
        raise Damaged("a message does not say which source is complete") from None
    return Completeness(
        vault_id=VaultId(str(body["vault_id"])),
        connection_id=ConnectionId(str(body["connection_id"])),
        at=at,
    )
