"""`mydata backup`: a copy of the data folder that can be restored, taken while the hub runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

from mydata_hub.cli.client import data_option, json_option, tell
from mydata_hub.embedded.fsck_files import Progress
from mydata_hub.embedded.key_copies import KEPT_FOR
from mydata_hub.embedded.secret_copy import MIN_LETTERS, keep_secrets
from mydata_hub.embedded.snapshots import KEPT, take_backup
from mydata_hub.errors import HubError
from mydata_hub.ports.clock import SystemClock

# Not among the options that --help shows: other programs see what is on a command line.
passphrase_option: Final = click.option(
    "--passphrase", envvar="MYDATA_BACKUP_PASSPHRASE", hidden=True
)


@click.command()
@data_option
@click.option(
    "--to",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="the backup folder; on another disk, it survives this one",
)
@click.option(
    "--keep",
    default=KEPT,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="how many snapshots stay",
)
@click.option(
    "--with-root-key",
    is_flag=True,
    help="also keep the root key, sealed under a passphrase"
    " (asked for, or in $MYDATA_BACKUP_PASSPHRASE)",
)
@passphrase_option
@json_option
def backup(
    data: Path,
    folder: Path,
    keep: int,
    with_root_key: bool,
    passphrase: str | None,
    as_json: bool,
) -> None:
    """Back the data folder up, as it is at this instant.

    The first time copies everything, later ones what is new. The keys lie apart: the folder holds
    only the newest, and whoever is erased here is erased there. Without the file root.key nothing
    in it opens: keep that file elsewhere, or use --with-root-key.
    """
    passphrase = (passphrase or _ask()) if with_root_key else None
    now = SystemClock().now()
    try:
        with watched() as progress:
            taken = take_backup(data, folder, now, progress, kept=keep)
            if passphrase is not None:
                keep_secrets(data, folder, passphrase)
    except HubError as error:
        raise click.ClickException(str(error)) from None
    told: dict[str, Any] = {
        "taken_at": now.isoformat(),
        "rows": taken.rows,
        "blobs": taken.blobs,
        "new_blobs": taken.new_blobs,
        "pruned": taken.pruned,
        "root_key": passphrase is not None,
        "keys_usable_until": (now + KEPT_FOR).isoformat(),
    }
    tell(as_json, told, lambda: _say(told))


@contextmanager
def watched() -> Iterator[Progress]:
    """Progress on standard error, for as long as the block runs."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(part: str, done: int, total: int | None) -> None:
            bar.update(task, description=part, completed=done, total=total)

        yield show


def _ask() -> str:
    text: str = click.prompt(
        f"Passphrase (at least {MIN_LETTERS} letters)",
        hide_input=True,
        confirmation_prompt=True,
        err=True,
    )
    return text


def _say(told: dict[str, Any]) -> None:
    click.echo(
        f"Backed up as of {told['taken_at']}: {told['rows']} rows, "
        f"{told['new_blobs']} of {told['blobs']} sealed files new."
    )
    if not told["root_key"]:
        click.echo("The root key is not in it. Keep a copy of root.key apart from this backup.")
    click.echo(f"Its keys can be restored until {told['keys_usable_until']}; back up again before.")
