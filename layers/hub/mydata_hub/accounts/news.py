"""News: the word that there is something new for a person, and not what.

Whoever makes something new sends a message in its own commit. It is due at a quarter of an hour,
so that the moment does not tell what it was about.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from mydata_hub.ports.messages import Message

TOPIC: Final = "person_news"
QUARTER: Final = timedelta(minutes=15)
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)


def news_for(account_id: str, now: datetime) -> Message:
    """The message that tells a person at the next quarter; one account sends one at an instant."""
    quarters = (now - _START) // QUARTER + 1
    return Message(
        message_id=f"news-{account_id}-{now.astimezone(UTC):%Y%m%dT%H%M%S%f}",
        topic=TOPIC,
        body={"account_id": account_id},
        due_at=_START + quarters * QUARTER,
    )
