"""`mydata person` with all its commands: those of the account, and those of consents."""

from __future__ import annotations

from mydata_hub.cli import consents, own_log, sources
from mydata_hub.cli.person import person

__all__ = ["consents", "own_log", "person", "sources"]
