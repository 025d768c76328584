"""The message that has witnesses asked: from the sequencer, which calls nobody, to the courier."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from mydata_hub.ports.messages import Message

TOPIC: Final = "cosign"


def cosign_message(size: int, due_at: datetime) -> Message:
    """Ask about the checkpoint of this size, or whichever is the latest by then."""
    return Message(
        message_id=f"cosign-{size}-{due_at.timestamp():.6f}",
        topic=TOPIC,
        body={"size": size},
        due_at=due_at,
    )
