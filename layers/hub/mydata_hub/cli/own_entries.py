"""A person's own entries of the log, read page by page over their session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode

from mydata_hub.cli.client import HubClient

ENTRIES: Final = "/activity/state"


def own_pages(hub: HubClient, after: str = "") -> Iterator[dict[str, Any]]:
    """Each page as the hub gives it, the newest entries first, or those behind a mark."""
    page: dict[str, Any] = hub.get(f"{ENTRIES}?{urlencode({'after': after})}" if after else ENTRIES)
    yield page
    while page["after"]:
        page = hub.get(f"{ENTRIES}?{urlencode({'after': page['after']})}")
        yield page


def own_entries(hub: HubClient) -> list[dict[str, Any]]:
    """All of them, the newest first."""
    return [entry for page in own_pages(hub) for entry in page["entries"]]


def pages_of(hub: HubClient, period: str) -> Iterator[dict[str, Any]]:
    """The pages of one period, the newest entries first; none where nothing happened in it."""
    year, month = map(int, period.split("-"))
    # Before the first entry of the month after, which shows the newest of this one or an older.
    above = f"{year + month // 12:04}-{month % 12 + 1:02}:0"
    for page in own_pages(hub, above):
        if period not in page["periods"]:
            return
        yield page
