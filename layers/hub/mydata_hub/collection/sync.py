"""The sync engine: one page at a time, each a batch that the caller commits with its cursor.

`collect_page` decides and reads, and keeps nothing. The caller seals the records of a batch and
commits segment, cursor and event in one transaction: what is committed is done, what is not is
asked for again, and records carry the same ids both times. `Syncer` adds patience: retries with
jitter, one renewal of an expired token, and an outcome per connection, so that others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from mydata_hub.collection.cursor import MAX_PAGES, MAX_SOURCES, Cursor, has_mark, mark
from mydata_hub.collection.families import FAMILIES
from mydata_hub.collection.feeds import Feed, Provider
from mydata_hub.collection.record import Record
from mydata_hub.collection.versions import settle
from mydata_hub.collection.wire import Asked, Page, Setback, count_unknown, read_page
from mydata_hub.errors import BadInput, ProviderFailed
from mydata_hub.fields import ConnectionId, Dataset
from mydata_hub.ports.clock import Clock

MAX_TRIES: Final = 4
BASE_DELAY_S: Final = 0.5
MAX_DELAY_S: Final = 20.0
# Longer than this is no wait inside a run: the outcome says when to come back.
MAX_RETRY_AFTER_S: Final = 30.0
_PASSING: Final = frozenset(
    {Setback.THROTTLED, Setback.UNAVAILABLE, Setback.TRUNCATED, Setback.TOO_SLOW}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One person's connection to one provider, and how far it has come."""

    connection_id: ConnectionId
    family: str
    provider: Provider
    cursor: Cursor
    # What the person consented to; None for all that the family tells.
    datasets: frozenset[Dataset] | None = None

    def feeds(self) -> tuple[Feed, ...]:
        """The feeds to walk: listings, and of the rest those that the person consented to."""
        feeds = FAMILIES[self.family]
        if self.datasets is None:
            return feeds
        return tuple(one for one in feeds if one.dataset is None or one.dataset in self.datasets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one page gave. Commit `cursor` together with what becomes of `records`."""

    connection_id: ConnectionId
    # The cursor the page was asked with, and the next one.
    before: Cursor
    cursor: Cursor
    dataset: Dataset | None
    records: tuple[Record, ...]
    # Rows that this page or an earlier one of the feed had told already.
    repeated: int
    unknown_fields: int
    # Set by the last page of a sweep: the connection is complete up to this instant.
    fresh_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended for one connection: finished, out of time, or with a setback."""

    connection_id: ConnectionId
    pages: int = 0
    records: Mapping[str, int] = field(default_factory=dict)
    repeated: int = 0
    unknown_fields: int = 0
    fresh_at: datetime | None = None
    setback: Setback | None = None
    # Names fields and limits, never what the provider sent.
    reason: str = ""
    retry_after_s: float | None = None

    @property
    def finished(self) -> bool:
        return self.fresh_at is not None

    def count(self, batch: Batch) -> Outcome:
        """The outcome with one more committed batch."""
        records = dict(self.records)
        if batch.dataset is not None:
            records[batch.dataset] = records.get(batch.dataset, 0) + len(batch.records)
        return replace(
            self,
            pages=self.pages + 1,
            records=records,
            repeated=self.repeated + batch.repeated,
            unknown_fields=self.unknown_fields + batch.unknown_fields,
            fresh_at=batch.fresh_at,
        )


def delay_s(attempt: int, chance: float) -> float:
    """Seconds before try `attempt` + 1 (from 1): full jitter, so that clients spread out.

    `chance` is even in 0..1.
    """
    return min(MAX_DELAY_S, BASE_DELAY_S * 2.0 ** min(attempt, 16)) * chance


def collect_page(connection: Connection, now: datetime) -> Batch:
    """Fetch and read the page that the cursor names. Raises ProviderFailed; nothing is kept."""
    feeds = connection.feeds()
    cursor = connection.cursor.begin(feeds, now)
    feed = next(feed for feed in feeds if feed.name == cursor.feed)
    source = cursor.sources[cursor.source] if feed.source is not None else ""
    body = connection.provider.fetch(feed.request(source, *cursor.window(), cursor.token))
    page = read_page(body, feed.page)
    begun_at = datetime.fromisoformat(str(cursor.sweep_at))
    asked = Asked(connection.connection_id, source, begun_at)
    told = _read(feed, page, asked)
    content = mark("page", page.model_dump_json(exclude={"next_page", "search_timestamp"}).encode())
    known_page = bool(told) and has_mark(cursor.seen, content)
    records = () if known_page else tuple(settle(told).values())
    following = _next_cursor(feeds, cursor, feed, page, content)
    return Batch(
        connection_id=connection.connection_id,
        before=connection.cursor,
        cursor=following,
        dataset=feed.dataset,
        records=records,
        repeated=len(told) - len(records),
        unknown_fields=count_unknown(page),
        fresh_at=begun_at if following.sweep_at is None else None,
    )


def _read(feed: Feed, page: Page, asked: Asked) -> tuple[Record, ...]:
    try:
        return tuple(feed.read(page, asked))
    except BadInput as error:
        raise ProviderFailed(Setback.MALFORMED, f"{error.field}: {error.remedy}") from None


def _next_cursor(
    feeds: tuple[Feed, ...], cursor: Cursor, feed: Feed, page: Page, content: bytes
) -> Cursor:
    listed = dict.fromkeys((*cursor.sources, *feed.list_sources(page)))
    if len(listed) > MAX_SOURCES:
        raise ProviderFailed(Setback.TOO_LARGE, f"more than {MAX_SOURCES} cards or accounts")
    cursor = replace(cursor, sources=tuple(listed))
    token = page.next_page
    if token is None:
        return cursor.move_on(feeds)
    used = mark("token", (cursor.token or "").encode())
    wanted = mark("token", token.encode("utf-8", "surrogatepass"))
    if wanted == used or has_mark(cursor.seen, wanted):
        raise ProviderFailed(Setback.REPEATING, "next_page names a page that was read before")
    if cursor.pages + 1 >= MAX_PAGES:
        raise ProviderFailed(Setback.REPEATING, f"more than {MAX_PAGES} pages in one feed")
    return cursor.turn(token, used + content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Syncer:
    """Runs connections to their end, within a time."""

    clock: Clock
    # Even in 0..1, and how to wait; both passed in, so that tests neither roll nor sleep.
    chance: Callable[[], float]
    wait: Callable[[float], Any]
    until: datetime

    def run_all(
        self, connections: Iterable[Connection], keep: Callable[[Batch], None]
    ) -> tuple[Outcome, ...]:
        """Each connection in turn; a provider's setback ends its own connection only."""
        return tuple(self.run(connection, keep) for connection in connections)

    def run(self, connection: Connection, keep: Callable[[Batch], None]) -> Outcome:
        """Pages until the sweep is complete, time is up or a setback stays.

        `keep` commits a batch before the next page is asked for; what it raises goes through,
        and the page it did not keep is collected again by the next run.
        """
        outcome = Outcome(connection_id=connection.connection_id)
        renewed = rewound = False
        tries = 0
        while not outcome.finished and self.clock.now() < self.until:
            try:
                batch = collect_page(connection, self.clock.now())
            except ProviderFailed as failure:
                tries += 1
                stays: ProviderFailed | None = failure
                token = connection.cursor.token
                if failure.setback == Setback.REFUSED and token is not None and not rewound:
                    # Page tokens age; the pages that come again hold records that are known.
                    rewound = True
                    connection = replace(connection, cursor=connection.cursor.rewind())
                    continue
                if failure.setback == Setback.TOKEN_EXPIRED and not renewed:
                    stays = self._renew(connection.provider)
                    renewed = stays is None
                if stays is not None and not self._waited(stays, tries):
                    return replace(
                        outcome,
                        setback=Setback(stays.setback),
                        reason=stays.reason,
                        retry_after_s=stays.retry_after_s,
                    )
                continue
            keep(batch)
            outcome = outcome.count(batch)
            connection = replace(connection, cursor=batch.cursor)
            tries = 0
        return outcome

    def _renew(self, provider: Provider) -> ProviderFailed | None:
        try:
            provider.renew()
        except ProviderFailed as failure:
            return failure
        return None

    def _waited(self, failure: ProviderFailed, tries: int) -> bool:
        """Whether another try may pass; waits before it."""
        asked_s = failure.retry_after_s or 0.0
        if failure.setback not in _PASSING or tries >= MAX_TRIES or asked_s > MAX_RETRY_AFTER_S:
            return False
        pause_s = asked_s + delay_s(tries, self.chance())
        if (self.until - self.clock.now()).total_seconds() <= pause_s:
            return False
        self.wait(pause_s)
        return True
