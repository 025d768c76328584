"""`mydata log`: check the public log of a hub with nothing but what the hub publishes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import click
import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from mydata_hub.errors import BlobMissing, HubError, NotProven
from mydata_hub.transparency.checkpoint import Checkpoint, VerifierKey, verify_checkpoint
from mydata_hub.transparency.verifier import LogReport, Source, verify_log

DEFAULT_URL = "http://localhost:8787"
TIMEOUT_SECONDS = 30.0
# A full bundle of the largest entries; more is not an object of any log.
MAX_OBJECT_BYTES = 17 * 1024 * 1024


@click.group()
def log() -> None:
    """The append-only log of everything that leaves the vaults."""


@log.command()
@click.option("--url", default=DEFAULT_URL, show_default=True, help="the hub to read from")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="a folder with the log's files, instead of a hub",
)
@click.option("--key", "key_text", help="the log's verifier key; without it the hub's own is taken")
@click.option(
    "--kept",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="an older checkpoint of yours that the log must continue",
)
@click.option("--json", "as_json", is_flag=True, help="print JSON")
def verify(
    url: str, folder: Path | None, key_text: str | None, kept: Path | None, as_json: bool
) -> None:
    """Read the whole log and name every object that is wrong; exit 1 if there is one."""
    source: Source = FolderSource(folder) if folder else HttpSource(httpx_client(url))
    try:
        key = VerifierKey.parse(key_text or source.get("key").decode())
        older = verify_checkpoint(kept.read_bytes(), key) if kept else None
        report = _verify(source, key, older, quiet=as_json)
    except (HubError, httpx.HTTPError, UnicodeDecodeError) as error:
        raise click.ClickException(f"the log cannot be read: {_reason(error)}") from None
    if as_json:
        click.echo(json.dumps(_as_json(report, key)))
    else:
        _print(report, key, pinned=key_text is not None)
    if report.findings:
        sys.exit(1)


def httpx_client(url: str) -> httpx.Client:
    """A client below the log's prefix."""
    return httpx.Client(base_url=url.rstrip("/") + "/log/", timeout=TIMEOUT_SECONDS)


@dataclass(frozen=True, slots=True)
class HttpSource:
    """A log as a hub serves it."""

    client: httpx.Client

    def get(self, name: str) -> bytes:
        """The object. Raises BlobMissing, httpx.HTTPError."""
        answer = self.client.get(name)
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise BlobMissing(f"{name} is not there")
        answer.raise_for_status()
        if len(answer.content) > MAX_OBJECT_BYTES:
            raise NotProven(name, "larger than any object of a log")
        return answer.content

    def tile_names(self) -> None:
        """HTTP lists nothing: what the checkpoint does not name is never asked for."""


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A log as files under its own paths: `checkpoint`, `key` and `tile/...`."""

    folder: Path

    def get(self, name: str) -> bytes:
        """The file. Raises BlobMissing."""
        try:
            return (self.folder / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise BlobMissing(f"{name} is not there") from None

    def tile_names(self) -> Iterable[str]:
        """Every file below `tile`, by its path."""
        for path in sorted((self.folder / "tile").rglob("*")):
            if path.is_file():
                yield path.relative_to(self.folder).as_posix()


def _verify(source: Source, key: VerifierKey, kept: Checkpoint | None, *, quiet: bool) -> LogReport:
    bar = Progress(
        TextColumn("verifying"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("entries"),
        console=Console(stderr=True),
        transient=True,
        disable=quiet or not sys.stderr.isatty(),
    )
    with bar:
        task = bar.add_task("verifying", total=None)
        return verify_log(
            source,
            key,
            kept=kept,
            progress=lambda done, size: bar.update(task, completed=done, total=size),
        )


def _print(report: LogReport, key: VerifierKey, *, pinned: bool) -> None:
    console = Console()
    if report.findings:
        table = Table("wrong object", "what is wrong")
        for finding in report.findings:
            table.add_row(finding.name, finding.reason)
        console.print(table)
        click.echo(f"The log {key.name} does NOT verify.", err=True)
        return
    assert report.checkpoint is not None
    console.print(
        f"The log {key.name} verifies: {report.checkpoint.size} entries, "
        f"{report.objects} objects, root {report.checkpoint.root.hex()}.",
        soft_wrap=True,
        highlight=False,
    )
    if not pinned:
        console.print(
            f"Key, as the log itself tells it: {key}\nGive it with --key to hold the log to it.",
            soft_wrap=True,
            highlight=False,
        )


def _as_json(report: LogReport, key: VerifierKey) -> dict[str, object]:
    checkpoint = report.checkpoint
    return {
        "verified": not report.findings,
        "origin": key.name,
        "key": str(key),
        "size": checkpoint.size if checkpoint else None,
        "root": checkpoint.root.hex() if checkpoint else None,
        "objects": report.objects,
        "findings": [{"object": one.name, "reason": one.reason} for one in report.findings],
    }


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"the hub answered {error.response.status_code}"
    if isinstance(error, HubError):
        return str(error)
    return type(error).__name__
