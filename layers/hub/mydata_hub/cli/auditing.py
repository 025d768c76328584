"""Reading openings at the command line: page by page, each one held to a log that was verified."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import click

from mydata_hub.cli.client import HubClient
from mydata_hub.errors import HubError, NotProven
from mydata_hub.transparency.checkpoint import Checkpoint, VerifierKey, verify_checkpoint
from mydata_hub.transparency.openings import Opened
from mydata_hub.transparency.searching import Search
from mydata_hub.transparency.tiles import TILE_WIDTH
from mydata_hub.transparency.trusted_leaves import TrustedLeaves
from mydata_hub.transparency.verifier import Source

ENTRIES: Final = "/auditor/entries"
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Reading:
    """An auditor's reading of one log, at the checkpoint that was verified first."""

    hub: HubClient
    source: Source
    key: VerifierKey
    note: bytes
    checkpoint: Checkpoint
    leaves: TrustedLeaves
    # From which entry on there are openings, as the hub said last.
    begun: int = 0
    _bundle: tuple[int, list[bytes]] = field(default=(-1, []))

    @classmethod
    def begin(cls, hub: HubClient, source: Source, key: VerifierKey | None) -> Reading:
        """Read the checkpoint and what it stands on. Raises NotProven, BlobMissing."""
        known = key or VerifierKey.parse(source.get("key").decode())
        note = source.get("checkpoint")
        checkpoint = verify_checkpoint(note, known)
        leaves = TrustedLeaves(source.get, checkpoint)
        return cls(hub, source, known, note, checkpoint, leaves)

    def every(self, progress: Progress = lambda *_: None) -> Iterator[Opened]:
        """Every entry of this checkpoint, none left out, each checked against its leaf.

        From `begun` on, which is the hub's word: whoever counts must say it. Raises NotProven,
        naming the entry whose opening is missing or does not fit.
        """
        expected = 0
        for opened in self.found(Search(), progress):
            expected = expected or self.begun
            if opened.index != expected:
                break
            expected += 1
            yield opened
        if max(expected, self.begun) != self.checkpoint.size:
            raise NotProven(f"entry {expected}", "the hub does not show what it opens to")

    def found(self, wanted: Search, progress: Progress = lambda *_: None) -> Iterator[Opened]:
        """What the hub finds, each entry checked against its leaf; that all is found is its word.

        Raises NotProven, naming the entry whose opening does not fit.
        """
        start: int | None = 0
        size = self.checkpoint.size
        while start is not None and start < size:
            page = self._page({**wanted.asked, "start": str(start)})
            for told in page["entries"]:
                if told["index"] >= size:
                    return  # it came after the checkpoint that this reading is of
                yield self._checked(told, start, wanted)
                start = told["index"] + 1
            start = page["next"]
            progress(size if start is None else min(start, size), size)

    def at(self, place: int) -> Opened | None:
        """The entry at a place; None for one from before there were openings. Raises NotProven."""
        for told in self._page({"start": str(place), "limit": "1"})["entries"]:
            if told["index"] == place:
                return self._checked(told, place, Search())
        if place < self.begun:
            return None
        raise NotProven(f"entry {place}", "the hub does not show what it opens to")

    def _page(self, query: Mapping[str, str]) -> dict[str, Any]:
        page = self.hub.get(f"{ENTRIES}?{urlencode(query)}")
        self.begun = int(page.get("begun", 0))
        return page

    def _checked(self, told: Mapping[str, Any], start: int, wanted: Search) -> Opened:
        index = told["index"]
        name = f"entry {index}"
        try:
            salt = base64.b64decode(told["salt"], validate=True)
            opened = Opened(index=index, salt=salt, payload=told["payload"])
            fits = opened.opens(self._leaf(index))
        except (ValueError, KeyError, TypeError, IndexError, HubError) as error:
            raise NotProven(name, getattr(error, "reason", "is malformed")) from None
        if not fits:
            raise NotProven(name, "what the hub says of it does not open its leaf")
        if index < start or not wanted.fits(opened.payload):
            raise NotProven(name, "is not what was asked for")
        return opened

    def _leaf(self, index: int) -> bytes:
        number = index // TILE_WIDTH
        if self._bundle[0] != number:
            self._bundle = number, self.leaves.bundle(number)
        return self._bundle[1][index % TILE_WIDTH]


def failed(error: HubError) -> click.ClickException:
    """What makes a reading end: named, with exit code 1."""
    if isinstance(error, NotProven):
        return click.ClickException(f"{error.thing}: {error.reason}")
    return click.ClickException(str(error))
