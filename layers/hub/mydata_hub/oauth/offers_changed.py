"""The message that has the snapshot of offers made anew, for the commit of what changes it: an
offer is approved or taken back, or its partner is suspended."""

from __future__ import annotations

from typing import Final

from mydata_hub.accounts.desk import Desk
from mydata_hub.ports.messages import Message, send
from mydata_hub.ports.tables import Put

TOPIC: Final = "offers_changed"


def offers_changed(desk: Desk) -> Put:
    """The change that sends it: it names nothing, because a press reads all that is approved."""
    return send(
        Message(message_id=f"offers-{desk.new_id()}", topic=TOPIC, body={}, due_at=desk.now())
    )
