"""The worker: calls functions for changes of tables and for schedules, as Lambda does on AWS.

Each stream link has a thread of its own, so its batches come one after the other and in order.
Delivery is at least once: the feed is advanced only after a handler has answered, so whatever a
crash interrupts is delivered again. What fails too often is put aside durably, then passed.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from mydata_hub.embedded.deployment import Deployment
from mydata_hub.embedded.event_sources import Schedule, StreamLink
from mydata_hub.embedded.feed import FeedEntry, SqliteFeed
from mydata_hub.embedded.invocation import Invoker
from mydata_hub.embedded.stream_events import handled, stream_event
from mydata_hub.observe import logger_for

IDLE_SECONDS: Final = 0.5  # between two looks at a feed that nobody said had changed
QUIET_SECONDS: Final = 0.1  # without a further change, after which a window is over
FIRST_PAUSE_SECONDS: Final = 0.2  # after a failed call; doubled with each further one
LONGEST_PAUSE_SECONDS: Final = 30.0
GAVE_UP: Final = "retries-exhausted"


class Worker:
    """Runs the streams and schedules of one deployment from `start` to `stop`."""

    def __init__(self, deployment: Deployment, invoker: Invoker, feed: SqliteFeed) -> None:
        """Declare the stream links to the feed: those no longer deployed are forgotten."""
        feed.declare({link.name: link.table for link in deployment.streams})
        self._stopping = threading.Event()
        # Of each function one batch at a time: two threads of one process are no faster, and two
        # streams that lead to the same rows would undo and redo each other's work.
        turns = {link.function: threading.Lock() for link in deployment.streams}
        self._consumers = [
            _Consumer(link, invoker, feed, self._stopping, self.wake, turns[link.function])
            for link in deployment.streams
        ]
        jobs = [
            *((consumer.name, consumer.run) for consumer in self._consumers),
            *(
                (schedule.name, _Ticker(schedule, invoker, self._stopping, self.wake).run)
                for schedule in deployment.schedules
            ),
        ]
        # Daemons: a handler that never ends must not keep the process.
        self._threads = [threading.Thread(target=run, name=name, daemon=True) for name, run in jobs]

    def start(self) -> None:
        """Begin to deliver; the schedules run once at once, for what waited while we were off."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Say that something may have been committed, so that nobody waits for the next look."""
        for consumer in self._consumers:
            consumer.changed.set()

    def stop(self, seconds: float) -> bool:
        """Start no further call and wait for those under way; False when one still runs."""
        self._stopping.set()
        self.wake()
        until = time.monotonic() + seconds
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)


class _Consumer:
    def __init__(
        self,
        link: StreamLink,
        invoker: Invoker,
        feed: SqliteFeed,
        stopping: threading.Event,
        wake: Callable[[], None],
        turn: threading.Lock,
    ) -> None:
        self.name = link.name
        self.changed = threading.Event()
        self._link = link
        self._invoker = invoker
        self._feed = feed
        self._stopping = stopping
        self._wake = wake
        self._turn = turn
        self._logger = logger_for("worker")

    def run(self) -> None:
        troubles = 0
        while not self._stopping.is_set():
            self.changed.clear()
            try:
                busy = self._deliver_once()
                troubles = 0
            except Exception:
                # Most often the store was busy. Nothing was advanced, so nothing is lost, and a
                # consumer that ended here would deliver nothing until the next start.
                troubles += 1
                self._logger.exception("the feed did not move", extra={"topic": self.name})
                self._stopping.wait(_pause_seconds(troubles))
                continue
            if not busy:
                self.changed.wait(IDLE_SECONDS)

    def _deliver_once(self) -> bool:
        """Deliver the next batch; False when there is nothing to deliver. Raises StoreError."""
        entries = self._feed.read(self.name, self._link.batch_size)
        if not entries:
            return False
        entries = self._gather(entries)
        wanted = [entry for entry in entries if entry.kind in self._link.kinds]
        if self._settle(wanted) and wanted[-1:] != entries[-1:]:
            # The last ones are such as the filter leaves out.
            self._feed.advance(self.name, entries[-1].position)
        return True

    def _gather(self, entries: list[FeedEntry]) -> list[FeedEntry]:
        """With what else comes within the link's window, until the batch is full.

        A window saves calls, which cost nothing here, and somebody waits for what is in it: it
        ends as soon as nothing more comes.
        """
        until = time.monotonic() + self._link.window_seconds
        while len(entries) < self._link.batch_size and time.monotonic() < until:
            self._stopping.wait(QUIET_SECONDS)
            before, entries = entries, self._feed.read(self.name, self._link.batch_size)
            if len(entries) == len(before):
                break
        return entries

    def _settle(self, entries: Sequence[FeedEntry]) -> bool:
        """See every entry handled or put aside, in order; False when we were stopped before.

        By Lambda's rules: a failed batch is halved where the link says so, which is no retry of
        its own, and what remains is retried whole until its retries are used up.
        """
        batches = [list(entries)] if entries else []
        failures = 0
        while batches:
            batch = batches[0]
            with self._turn:
                if self._stopping.is_set():
                    return False
                done = self._call(batch)
            if done:
                self._feed.advance(self.name, batch[done - 1].position)
                batches[0:1] = [batch[done:]] if done < len(batch) else []
                failures = 0
                continue
            if self._link.bisect and len(batch) > 1:
                middle = len(batch) // 2
                batches[0:1] = [batch[:middle], batch[middle:]]
                failures = 0
                continue
            failures += 1
            if self._link.max_retries is not None and failures > self._link.max_retries:
                self._give_up(batches.pop(0))
                failures = 0
            else:
                self._stopping.wait(_pause_seconds(failures))
        return True

    def _call(self, batch: Sequence[FeedEntry]) -> int:
        """How many entries are done, from the front."""
        try:
            result = self._invoker.call(self._link.function, stream_event(self._link, batch))
        except Exception:
            self._logger.exception(
                "a batch failed", extra={"topic": self.name, "count": len(batch)}
            )
            return 0
        self._wake()
        return handled(self._link, batch, result)

    def _give_up(self, batch: Sequence[FeedEntry]) -> None:
        # In this order: a crash in between delivers once more and loses nothing.
        self._feed.give_up(self.name, batch, GAVE_UP)
        self._feed.advance(self.name, batch[-1].position)
        self._logger.error(
            "entries were put aside", extra={"topic": self.name, "count": len(batch)}
        )


class _Ticker:
    def __init__(
        self,
        schedule: Schedule,
        invoker: Invoker,
        stopping: threading.Event,
        wake: Callable[[], None],
    ) -> None:
        self._schedule = schedule
        self._invoker = invoker
        self._stopping = stopping
        self._wake = wake
        self._logger = logger_for("worker")

    def run(self) -> None:
        every = self._schedule.every.total_seconds()
        while not self._stopping.is_set():
            begun = time.monotonic()
            try:
                self._invoker.call(self._schedule.function, self._schedule.event)
            except Exception:
                self._logger.exception("a run failed", extra={"topic": self._schedule.name})
            self._wake()
            # A run that took longer than its span is followed by the next at once, not doubled.
            self._stopping.wait(max(0.0, every - (time.monotonic() - begun)))


def _pause_seconds(failures: int) -> float:
    longest = min(FIRST_PAUSE_SECONDS * 2.0 ** min(failures - 1, 20), LONGEST_PAUSE_SECONDS)
    # With jitter, so that consumers that failed together do not come back together.
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 (no secret)
