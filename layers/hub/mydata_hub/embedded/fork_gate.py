"""A gate that keeps SQLite connections from being carried through a fork.

A child that inherits an open connection, or only SQLite's own record of the locks its parent
holds, reads without a lock and may lose commits (How To Corrupt An SQLite Database File, section
2.6). So a fork waits for the transactions under way and closes the idle connections first.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from mydata_hub.errors import StoreError

# Longer than any transaction waits for another one.
MAX_WAIT_SECONDS: Final = 10.0


class Closable(Protocol):
    """Something with idle connections."""

    def close(self) -> None:
        """Close them."""


class ForkGate:
    """Counts transactions under way; at a fork it lets none in until the fork is done."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._forking = False
        self._spoiled = False
        self._files: weakref.WeakSet[Closable] = weakref.WeakSet()

    def add(self, file: Closable) -> None:
        """Close this file's idle connections before every fork."""
        with self._changed:
            self._files.add(file)

    @contextmanager
    def passage(self) -> Iterator[None]:
        """Hold a connection inside this block and nowhere else. Raises StoreError in a child that
        was forked in the midst of a transaction."""
        if self._spoiled:
            raise StoreError("this process was forked during a transaction; start it anew")
        with self._changed:
            self._changed.wait_for(lambda: not self._forking)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def before_fork(self) -> None:
        """Let no transaction begin, wait for those under way, close what is idle."""
        with self._changed:
            self._forking = True
            self._changed.wait_for(lambda: self._inside == 0, MAX_WAIT_SECONDS)
            files = list(self._files)
        for file in files:
            file.close()

    def after_fork_in_parent(self) -> None:
        """Let the parent's transactions in again."""
        with self._changed:
            self._forking = False
            self._changed.notify_all()

    def after_fork_in_child(self) -> None:
        """Start counting anew; the other threads, and what they held, stayed behind."""
        self._changed = threading.Condition()
        self._spoiled = self._spoiled or self._inside > 0
        self._inside = 0
        self._forking = False


GATE: Final = ForkGate()
os.register_at_fork(
    before=GATE.before_fork,
    after_in_parent=GATE.after_fork_in_parent,
    after_in_child=GATE.after_fork_in_child,
)
