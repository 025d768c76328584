"""`mydata person` with all its commands: of the account, of consents and sources, of the log."""

from __future__ import annotations

from mydata_hub.cli import (
    accepting,
    appeals,
    consents,
    disclose,
    insights,
    notifications,
    own_log,
    own_offers,
    own_score,
    person_wallet,
    sources,
)
from mydata_hub.cli.person import person

__all__ = [
    "accepting",
    "appeals",
    "consents",
    "disclose",
    "insights",
    "notifications",
    "own_log",
    "own_offers",
    "own_score",
    "person",
    "person_wallet",
    "sources",
]
