"""`mydata import` of an archive: checked to its last line first, then brought piece by piece."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from mydata_hub.cli.archive import opened
from mydata_hub.cli.client import HubClient
from mydata_hub.cli.export import Stay, patiently
from mydata_hub.cli.person import Caller
from mydata_hub.collection.record import Provenance
from mydata_hub.own_vault.archives import MAX_PIECES
from mydata_hub.portability.checking import (
    Line,
    Taken,
    batches,
    check_records,
    complete_until,
)
from mydata_hub.portability.reading import Archive

PIECE_RECORDS: Final = 2000
PIECE_BYTES: Final = 1024 * 1024
PART_BYTES: Final = 3 * 1024 * 1024

# (provider, dataset) -> since when and until when this hub has collected all of it itself
Collected = Mapping[tuple[str, str], tuple[datetime, datetime]]


@dataclass(slots=True)
class _Part:
    pieces: list[dict[str, Any]] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    size_bytes: int = 0

    def add(self, taken: Taken, lines: Sequence[bytes], known: datetime | None) -> None:
        until = known.isoformat() if known else None
        self.pieces.append(
            {"segment_id": taken.segment_id, "count": len(lines), "complete_until": until}
        )
        self.lines += lines
        self.size_bytes += sum(len(line) + 1 for line in lines)

    def body(self, hub: str) -> dict[str, Any]:
        content = base64.b64encode(b"\n".join(self.lines)).decode()
        return {"hub": hub, "pieces": self.pieces, "content": content}


def bring_archive(caller: Caller, file: Path) -> dict[str, Any]:
    """Check the whole archive, then bring its records; what is here already is left out.

    Nothing is sent while anything of it is wrong. A run that breaks off is done again: each piece
    has a name of its own, so none is doubled. Raises ClickException.
    """
    console = Console(stderr=True, quiet=caller.as_json)
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with (
        opened(file, quiet=caller.as_json) as archive,
        Progress(*columns, console=console, transient=True) as progress,
    ):
        total = archive.manifest.vault.records
        reading = progress.add_task("reading records", total=total)
        check_records(archive, lambda done, _: progress.update(reading, completed=done))
        sending = progress.add_task("sealing into the vault", total=total)
        told = {"records": 0, "already": 0, "collected_here": 0}
        stay, hub = Stay(caller.hub), archive.manifest.hub
        for part, passed in _parts(archive, _collected(caller.hub)):
            stay()
            if part.pieces:
                body = part.body(hub)
                answer = patiently(lambda: caller.hub.post("/import/archive", body))  # noqa: B023
                told["records"] += answer["records"]
                told["already"] += answer["already"]
            told["collected_here"] += passed
            progress.advance(sending, len(part.lines) + passed)
    return {**told, "hub": hub, "made_at": archive.manifest.made_at}


def say_archive(told: Mapping[str, Any]) -> None:
    """What became of it, in words."""
    click.echo(
        f"{told['records']:,} records of {told['hub']} are sealed into the vault; "
        f"{told['already']:,} were there already."
    )
    if told["collected_here"]:
        click.echo(f"{told['collected_here']:,} are collected here from the same provider.")
    click.echo("Its consents, answers and log entries stay in the archive: history, no consent.")
    if not told["folded"]:
        click.echo("The vault is still folding them; look again in a minute.")


def _parts(archive: Archive, collected: Collected) -> Iterator[tuple[_Part, int]]:
    """Parts to send, and how many records were passed over before each."""
    known = complete_until(archive)
    part, passed = _Part(), 0
    for taken, found in batches(archive, checked=True):
        new = [one for one in found if not _is_collected(one, taken, collected)]
        passed += len(found) - len(new)
        for lines in _pieces(new):
            size_bytes = sum(len(line) + 1 for line in lines)
            if part.pieces and (
                len(part.pieces) == MAX_PIECES or part.size_bytes + size_bytes > PART_BYTES
            ):
                yield part, passed
                part, passed = _Part(), 0
            part.add(taken, lines, known.get(taken.connection_id))
    yield part, passed


def _pieces(found: Sequence[Line]) -> Iterator[list[bytes]]:
    held, size_bytes = list[bytes](), 0
    for one in found:
        if held and (len(held) == PIECE_RECORDS or size_bytes + len(one.encoded) > PIECE_BYTES):
            yield held
            held, size_bytes = [], 0
        held.append(one.encoded)
        size_bytes += len(one.encoded) + 1
    if held:
        yield held


def _is_collected(one: Line, taken: Taken, collected: Collected) -> bool:
    if one.provenance != Provenance.COLLECTED:
        return False
    span = collected.get((taken.provider_id, taken.dataset))
    return span is not None and span[0] <= one.occurred_at <= span[1]


def _collected(hub: HubClient) -> Collected:
    """What this hub has all of itself: from a provider's first record here to where it is complete.

    The same fact has another id in each connection, so a record cannot be recognised; but within
    that span there is none that was not collected here.
    """
    providers = {
        one["connection_id"]: one["provider_id"] for one in hub.get("/sources/state")["sources"]
    }
    found: dict[tuple[str, str], tuple[datetime, datetime]] = {}
    for source in hub.get("/today/state")["sources"]:
        provider, until = providers.get(source["connection_id"]), source["complete_until"]
        if provider and until:
            for dataset, since in source["since"].items():
                span = datetime.fromisoformat(since), datetime.fromisoformat(until)
                found[provider, dataset] = span
    return found
