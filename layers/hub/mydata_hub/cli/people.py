"""`mydata person` with all its commands: those of the account, and those of consents."""

from __future__ import annotations

from mydata_hub.cli import consents, sources
from mydata_hub.cli.person import person

__all__ = ["consents", "person", "sources"]
