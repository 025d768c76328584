"""A person's own entries of the log, read page by page over their session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode

from mydata_hub.cli.client import HubClient

ENTRIES: Final = "/activity/state"


def own_pages(hub: HubClient) -> Iterator[dict[str, Any]]:
    """Each page as the hub gives it, the newest entries first."""
    page: dict[str, Any] = hub.get(ENTRIES)
    yield page
    while page["after"]:
        page = hub.get(f"{ENTRIES}?{urlencode({'after': page['after']})}")
        yield page


def own_entries(hub: HubClient) -> list[dict[str, Any]]:
    """All of them, the newest first."""
    return [entry for page in own_pages(hub) for entry in page["entries"]]
