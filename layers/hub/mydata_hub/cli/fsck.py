"""`mydata fsck`: check the data folder of this machine's hub."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from mydata_hub.cli.client import data_option
from mydata_hub.cli.fsck_log import check_log_folder
from mydata_hub.embedded.durable_files import remove_leftovers
from mydata_hub.embedded.feed import SqliteFeed
from mydata_hub.embedded.fsck import Finding, check_folder
from mydata_hub.embedded.sqlite_file import FILE_NAME
from mydata_hub.errors import HubError


@click.command()
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def fsck(data: Path, as_json: bool) -> None:
    """Check every row, index, blob and key of the data folder, and the log against its events.

    Exits with 1 when something is not as the hub wrote it. What a crashed writer left is removed
    first; it is never part of the data. Changes that a function failed on too often are sound,
    and told: somebody should look why.
    """
    try:
        removed = remove_leftovers(data)
        findings, staged = _check_with_progress(data)
        put_aside = [] if findings else _put_aside(data)
    except HubError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        report = {
            "findings": [asdict(found) for found in findings],
            "leftovers_removed": removed,
            "staged_leftovers": staged,
            "put_aside": put_aside,
        }
        click.echo(json.dumps(report, indent=2))
    else:
        _print_findings(findings, removed)
        for name in staged:
            click.echo(f"{name}: a batch that a crashed sequencer staged; harmless")
        _print_put_aside(put_aside)
    sys.exit(1 if findings else 0)


def _check_with_progress(data: Path) -> tuple[list[Finding], list[str]]:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(part: str, done: int, total: int | None) -> None:
            bar.update(task, description=part, completed=done, total=total)

        findings = check_folder(data, show)
        # Against stores that are damaged themselves, each entry would be told a second time.
        of_log, staged = ([], []) if findings else check_log_folder(data, show)
        return [*findings, *of_log], staged


def _print_findings(findings: list[Finding], removed: int) -> None:
    console = Console()
    if removed:
        console.print(f"removed {removed} leftovers of crashed writers")
    if not findings:
        console.print("everything is as the hub wrote it")
        return
    table = Table("object", "problem")
    for found in findings:
        # As text: a foreign file's name is not markup.
        table.add_row(Text(found.object), Text(found.problem))
    console.print(table)


def _put_aside(data: Path) -> list[dict[str, str]]:
    if not (data / FILE_NAME).exists():
        return []
    return [
        {
            "consumer": found.consumer,
            "table": found.entry.table,
            "reason": found.reason,
            "at": found.at.isoformat(timespec="seconds"),
        }
        for found in SqliteFeed(data).given_up()
    ]


def _print_put_aside(put_aside: list[dict[str, str]]) -> None:
    if put_aside:
        table = Table("consumer", "table", "put aside because", "at")
        for found in put_aside:
            table.add_row(*found.values())
        Console().print(table)
