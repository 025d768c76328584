"""`mydata log mirror` and `mydata log consistency`: hold a log to what it said before."""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Final

import click
import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from mydata_hub.cli.client import json_option, tell
from mydata_hub.cli.log_sources import FolderSource, HttpSource, MirrorFolder, log_client
from mydata_hub.errors import BlobMissing, HubError
from mydata_hub.transparency.checkpoint import (
    COSIGNATURE,
    Checkpoint,
    VerifierKey,
    verify_checkpoint,
)
from mydata_hub.transparency.continuing import Continuation, prove_continuation
from mydata_hub.transparency.mirroring import extend_mirror
from mydata_hub.transparency.verifier import Source

DEFAULT_URL: Final = "http://localhost:8787"
url_option: Final = click.option(
    "--url", default=DEFAULT_URL, show_default=True, help="the hub to read from"
)
key_option: Final = click.option(
    "--key", "key_text", help="the log's verifier key; without it the log's own word is taken"
)
witness_option: Final = click.option(
    "--witness",
    "witnesses",
    multiple=True,
    metavar="VKEY",
    help="a witness that must have cosigned the checkpoint; may be given again",
)


@click.command()
@url_option
@click.option(
    "--out",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="the mirror's folder; what is there is added to",
)
@key_option
@witness_option
@json_option
def mirror(
    url: str, folder: Path, key_text: str | None, witnesses: tuple[str, ...], as_json: bool
) -> None:
    """Copy the log into a folder, or bring the copy there up to date; goes on where it stopped.

    Nothing is taken in before it is what the log signed. A log that went back or is another than
    the mirror's is refused with exit 1, and its checkpoint is kept as `refused`: proof that it
    forked. The key of the first run counts for all later ones.
    """
    store, source = MirrorFolder(folder), HttpSource(log_client(url))
    with told_as_error("the mirror is as it was"):
        key = _pinned(store, source, key_text)
        cosigners = [VerifierKey.parse(one, COSIGNATURE) for one in witnesses]
        with progress_bar("mirroring", quiet=as_json) as progress:
            grown = extend_mirror(store, source, key, witnesses=cosigners, progress=progress)
    size = grown.checkpoint.size
    told = {"origin": key.name, "key": str(key), "before": grown.before, "size": size}
    words = f"The mirror of {key.name} holds {size} entries, {size - grown.before} of them new."
    tell(as_json, told, words)


@click.command()
@click.option("--from", "earlier", required=True, help="a checkpoint's file, or an instant")
@click.option("--to", "later", required=True, help="a checkpoint's file, or an instant")
@url_option
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="a mirror, instead of a hub; instants need one",
)
@key_option
@json_option
def consistency(
    earlier: str, later: str, url: str, folder: Path | None, key_text: str | None, as_json: bool
) -> None:
    """Prove that the log of one checkpoint continues that of an earlier one; exit 1 if it does not.

    An instant (2026-11-24 or 2026-11-24T09:30:00Z, UTC, a day at its end) means the last checkpoint
    that was mirrored by then.
    """
    source: Source = FolderSource(folder) if folder else HttpSource(log_client(url))
    with told_as_error("the log is not shown to continue"):
        key = VerifierKey.parse(key_text or source.get("key").decode())
        two = [_checkpoint(text, folder, key) for text in (earlier, later)]
        now = verify_checkpoint(source.get("checkpoint"), key)
        found = prove_continuation(source, two[0], two[1], now.size)
    tell(as_json, _as_json(found), _in_words(found))


def _pinned(store: MirrorFolder, source: HttpSource, key_text: str | None) -> VerifierKey:
    try:
        pinned = store.get("key").decode().strip()
    except BlobMissing:
        pinned = store.pin(str(VerifierKey.parse(key_text or source.get("key").decode())))
    if key_text not in (None, pinned):
        raise click.UsageError("the mirror in that folder is of a log with another key")
    return VerifierKey.parse(pinned)


def _checkpoint(text: str, folder: Path | None, key: VerifierKey) -> Checkpoint:
    if Path(text).is_file():
        return verify_checkpoint(Path(text).read_bytes(), key)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"{text} is neither a file nor an instant") from None
    if folder is None:
        raise click.UsageError("an instant needs a mirror: give its --folder")
    if len(text) == len("2026-11-24"):
        at = datetime.combine(at, time.max)
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return verify_checkpoint(MirrorFolder(folder).checkpoint_at(at), key)


def _as_json(found: Continuation) -> dict[str, object]:
    return {
        "origin": found.later.origin,
        "from": {"size": found.earlier.size, "root": found.earlier.root.hex()},
        "to": {"size": found.later.size, "root": found.later.root.hex()},
        "proof": [base64.b64encode(one).decode() for one in found.proof],
    }


def _in_words(found: Continuation) -> str:
    added = found.later.size - found.earlier.size
    return (
        f"The log {found.later.origin} of {found.later.size} entries continues that of "
        f"{found.earlier.size}: {added} added, none changed ({len(found.proof)} hashes prove it)."
    )


@contextmanager
def progress_bar(what: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar of entries on standard error, where somebody looks at it."""
    bar = Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("entries"),
        console=Console(stderr=True),
        transient=True,
        disable=quiet or not sys.stderr.isatty(),
    )
    with bar:
        task = bar.add_task(what, total=None)
        yield lambda done, size: bar.update(task, completed=done, total=size)


@contextmanager
def told_as_error(consequence: str) -> Iterator[None]:
    """What is wrong with a log, and what that means."""
    try:
        yield
    except (HubError, httpx.HTTPError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{reason_of(error)}; {consequence}") from None


def reason_of(error: Exception) -> str:
    """The reason that may be shown."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"the hub answered {error.response.status_code}"
    if isinstance(error, HubError):
        return str(error)
    return type(error).__name__
