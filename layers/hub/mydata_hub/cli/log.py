"""`mydata log`: check the public log of a hub with nothing but what the hub publishes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
import httpx
from rich.console import Console
from rich.table import Table

from mydata_hub.cli.log_sources import FolderSource, HttpSource, log_client
from mydata_hub.cli.mirror import (
    consistency,
    key_option,
    mirror,
    progress_bar,
    reason_of,
    url_option,
    witness_option,
)
from mydata_hub.errors import HubError
from mydata_hub.transparency.checkpoint import COSIGNATURE, VerifierKey, verify_checkpoint
from mydata_hub.transparency.verifier import LogReport, Source, verify_log


@click.group()
def log() -> None:
    """The append-only log of everything that leaves the vaults."""


log.add_command(mirror)
log.add_command(consistency)


@log.command()
@url_option
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="a folder with the log's files, instead of a hub",
)
@key_option
@witness_option
@click.option(
    "--kept",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="an older checkpoint of yours that the log must continue",
)
@click.option("--json", "as_json", is_flag=True, help="print JSON")
def verify(
    url: str,
    folder: Path | None,
    key_text: str | None,
    witnesses: tuple[str, ...],
    kept: Path | None,
    as_json: bool,
) -> None:
    """Read the whole log and name every object that is wrong; exit 1 if there is one.

    With --witness the checkpoint must be cosigned by that witness, too.
    """
    source: Source = FolderSource(folder) if folder else HttpSource(log_client(url))
    try:
        key = VerifierKey.parse(key_text or source.get("key").decode())
        older = verify_checkpoint(kept.read_bytes(), key) if kept else None
        cosigners = [VerifierKey.parse(one, COSIGNATURE) for one in witnesses]
        with progress_bar("verifying", quiet=as_json) as progress:
            report = verify_log(source, key, kept=older, witnesses=cosigners, progress=progress)
    except (HubError, httpx.HTTPError, UnicodeDecodeError) as error:
        raise click.ClickException(f"the log cannot be read: {reason_of(error)}") from None
    if as_json:
        click.echo(json.dumps(_as_json(report, key)))
    else:
        _print(report, key, pinned=key_text is not None)
    if report.findings:
        sys.exit(1)


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
    for name, at in report.cosigned:
        console.print(f"Cosigned by {name} at {at:%Y-%m-%d %H:%M:%S} UTC.", highlight=False)
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
        "cosigned": {name: at.isoformat() for name, at in report.cosigned},
        "findings": [{"object": one.name, "reason": one.reason} for one in report.findings],
    }
