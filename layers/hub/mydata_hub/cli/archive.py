"""`mydata archive`: look into an archive and check it, without any hub."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from mydata_hub.cli.client import json_option, tell
from mydata_hub.errors import HubError
from mydata_hub.portability.checking import check_records
from mydata_hub.portability.entries import check_entries
from mydata_hub.portability.reading import MAGIC, Archive


@click.group()
def archive() -> None:
    """Archives: is one whole, and are its entries in the log?"""


@archive.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", "key_text", help="the log's verifier key [default: the archive's own]")
@json_option
def verify(file: Path, key_text: str | None, as_json: bool) -> None:
    """Check FILE with no hub and no network; exit 1 and say which of its files is wrong."""
    with opened(file, quiet=as_json) as found:
        records = check_records(found)
        entries, proven = check_entries(found, key_text)
    told: dict[str, Any] = {
        "verified": True,
        "hub": found.manifest.hub,
        "made_at": found.manifest.made_at,
        "records": records,
        "entries": entries,
        "proven": proven,
        "missing": [one.model_dump() for one in found.manifest.missing],
    }

    def words() -> None:
        click.echo(
            f"The archive is whole: {records:,} records; {proven:,} of {entries:,} entries are "
            f"proven to be in the log of {found.manifest.hub}."
        )
        for one in found.manifest.missing:
            click.echo(f"Missing already when it was made: segment {one.segment_id} ({one.cause}).")
        if key_text is None:
            click.echo("The log's key is the archive's own word; give --key to hold it to yours.")

    tell(as_json, told, words)


@contextmanager
def opened(file: Path, *, quiet: bool) -> Iterator[Archive]:
    """An archive whose every file is the one its manifest lists. Raises ClickException."""
    console = Console(stderr=True, quiet=quiet)
    try:
        with file.open("rb") as stream, Progress(console=console, transient=True) as progress:
            found = Archive(stream)
            checking = progress.add_task("checking the archive", total=None)
            found.verify(lambda done, of: progress.update(checking, completed=done, total=of))
            progress.remove_task(checking)
            yield found
    except HubError as error:
        raise click.ClickException(f"{file.name}: {error}") from None


def is_archive(file: Path) -> bool:
    """Whether a file is to be read as an archive: it begins as a ZIP, and no statement does."""
    with file.open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC
