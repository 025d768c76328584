"""Feeds: how each listing of a provider is asked for, and what reads its pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, Protocol
from urllib.parse import quote

from pydantic import create_model

from mydata_hub.collection import wire
from mydata_hub.collection.record import Record
from mydata_hub.collection.wire import Asked, Page
from mydata_hub.fields import Dataset

# The standard allows 500 rows a page.
PAGE_LIMIT: Final = 500


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One page as it is asked for: by GET with a query, or by POST with JSON."""

    path: str
    fields: Mapping[str, str | int]
    posted: bool


class Provider(Protocol):
    """A data provider, as one person's connection sees it."""

    def fetch(self, request: PageRequest) -> bytes:
        """The body of one page, whole, of a bounded size and within a bounded time.

        Raises ProviderFailed; asking for the same page again is always safe.
        """
        ...

    def renew(self) -> None:
        """Trade the refresh token for another access token, kept before it is first used.

        Raises ProviderFailed (CONSENT_ENDED where the provider will not renew).
        """
        ...


def _no_sources(_: Any) -> Iterable[str]:
    return ()


def _no_records(_page: Any, _asked: Asked) -> Iterable[Record]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One listing. A feed with `source` is walked once per source that an earlier feed listed."""

    # Part of every cursor: never rename one.
    name: str
    path: str
    page: type[Page]
    dataset: Dataset | None = None
    # "path": `{source}` stands in the path; a name: it is posted under it, so that account numbers
    # stay out of URLs and their logs; None: asked once.
    source: str | None = None
    window: Literal["days", "months"] | None = None
    list_sources: Callable[[Any], Iterable[str]] = _no_sources
    read: Callable[[Any, Asked], Iterable[Record]] = _no_records

    def request(self, source: str, since: date, until: date, token: str | None) -> PageRequest:
        """The request of one page; `since` and `until` are Korean calendar days, both included."""
        asked: dict[str, str | int] = {"limit": PAGE_LIMIT}
        if token is not None:
            asked["next_page"] = token
        if self.window == "days":
            asked |= {"from_date": f"{since:%Y%m%d}", "to_date": f"{until:%Y%m%d}"}
        elif self.window == "months":
            asked |= {"from_month": f"{since:%Y%m}", "to_month": f"{until:%Y%m}"}
        if self.source is not None and self.source != "path":
            return PageRequest(self.path, {self.source: source, **asked}, posted=True)
        # "." alone would climb in the path, and quoting leaves it as it is.
        named = quote(source, safe="").replace(".", "%2E")
        return PageRequest(self.path.replace("{source}", named), asked, posted=False)


def listing(name: str, path: str, listed: str, key: str, **only: str) -> Feed:
    """The feed of a provider's cards, accounts or contracts: sources are those with consent.

    `only` keeps rows whose further field begins with a text.
    """
    text: Any = (wire.Text, ...)
    row: Any = create_model(
        f"{name}_row",
        __base__=wire.Row,
        is_consent=(bool, ...),
        **dict.fromkeys([key, *only], text),
    )
    fields: Any = {listed: (list[row], wire.rows())}

    def sources(page: Any) -> Iterable[str]:
        for found in getattr(page, listed):
            wanted = all(getattr(found, field).startswith(start) for field, start in only.items())
            if found.is_consent and wanted:
                yield getattr(found, key)

    model = create_model(f"{name}_page", __base__=wire.Page, **fields)
    return Feed(name=name, path=path, page=model, list_sources=sources)
