"""Windows: acceptances are told by the day, so that the moment of one does not tell what led to it.

A window is 24 hours from 00:00 UTC, which is 9 in the morning in Seoul. What a partner can see of
an acceptance (the event, the dates of grant and receipt, the report) bears the window's ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

LENGTH: Final = timedelta(days=1)
# How long a partner may ask for what an acceptance told it of.
ANSWERED_FOR: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Window:
    """The window from `begins_at` on."""

    begins_at: datetime

    @property
    def ends_at(self) -> datetime:
        """When everything of it is told at once."""
        return self.begins_at + LENGTH

    @property
    def expires_at(self) -> datetime:
        """When the grants that were made in it end."""
        return self.ends_at + ANSWERED_FOR

    @property
    def name(self) -> str:
        """As rows and reports call it: its day."""
        return self.begins_at.date().isoformat()


def window_at(now: datetime) -> Window:
    """The window that an instant lies in."""
    return Window(now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0))
