"""`mydata import`: a statement of one's own into the vault, by the endpoint that the page uses."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Any, BinaryIO, Final

import click
from rich.console import Console
from rich.progress import Progress

from mydata_hub.cli.archive import is_archive
from mydata_hub.cli.bring_archive import bring_archive, say_archive
from mydata_hub.cli.client import HubClient, Refused, tell
from mydata_hub.cli.person import Caller, signed_in
from mydata_hub.cli.statement_parts import Part, check_whole, parts_of
from mydata_hub.collection.csv_lines import MAX_FILE_BYTES
from mydata_hub.collection.mapping import BUILT_IN, StatementMapping, read_mapping
from mydata_hub.errors import Refusal

FOLD_SECONDS: Final = 120.0
LOOK_SECONDS: Final = 0.3
TRIES: Final = 20
SHOWN: Final = 20


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--mapping",
    "mapping_name",
    default="kr_bank",
    show_default=True,
    help=f"one of {', '.join(BUILT_IN)}, or a file of your own (docs/import.md)",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["csv", "archive"]),
    default="csv",
    help="what kind of file it is; an archive says so itself",
)
@click.option(
    "--all-or-nothing/--keep-good",
    "whole",
    default=True,
    show_default=True,
    help="take nothing while a line is broken, or take the lines that can be read",
)
@signed_in
def bring(caller: Caller, file: Path, mapping_name: str, kind: str, whole: bool) -> None:
    """Import a bank statement, or an archive of another hub, into your vault."""
    assert kind in ("csv", "archive")
    if kind == "archive" or is_archive(file):
        told = bring_archive(caller, file)
        told["folded"] = _until_folded(caller.hub)["waiting"] == 0
        tell(caller.as_json, told, lambda: say_archive(told))
        return
    try:
        mapping = _mapping(mapping_name)
        with file.open("rb") as stream:
            done = _bring(caller, stream, file, mapping, whole)
    except Refusal as refusal:
        raise click.ClickException(f"{file.name}: {refusal}") from None
    tell(caller.as_json, done, lambda: _say(done))


def _bring(
    caller: Caller, stream: BinaryIO, file: Path, mapping: StatementMapping, whole: bool
) -> dict[str, Any]:
    """Check where it takes several parts, send, and wait until the vault has folded it."""
    if file.stat().st_size > MAX_FILE_BYTES:
        raise click.ClickException(f"{file.name}: takes at most {MAX_FILE_BYTES} bytes")
    parts = list(parts_of(stream, mapping, file.name))
    lines, broken = 0, list[dict[str, Any]]()
    count = 0
    if len(parts) > 1:
        # Nothing leaves before every line was looked at: parts cannot be taken back.
        stream.seek(0)
        count, broken = check_whole(stream, mapping, file.name)
        if broken and whole:
            raise _broken(file.name, count, broken)
    console = Console(stderr=True, quiet=caller.as_json)
    with Progress(console=console, transient=True) as progress:
        sending = progress.add_task("sealing into the vault", total=len(parts))
        for part in parts:
            answer = _send(caller.hub, part, mapping, file.name, whole)
            lines += answer["lines"]
            if len(parts) == 1:
                count, broken = answer["broken"], answer["broken_lines"]
            progress.advance(sending)
        waiting = progress.add_task("folding in the vault", total=None)
        state = _until_folded(caller.hub)
        progress.remove_task(waiting)
    return {
        "lines": lines,
        "broken": count,
        "broken_lines": broken,
        "parts": len(parts),
        "folded": state["waiting"] == 0,
    }


def _send(
    hub: HubClient, part: Part, mapping: StatementMapping, name: str, whole: bool
) -> dict[str, Any]:
    built_in = BUILT_IN.get(mapping.name) == mapping
    body = {
        "name": name,
        "mapping": mapping.name if built_in else mapping.model_dump_json(),
        "content": base64.b64encode(part.content).decode(),
        "all_or_nothing": whole,
    }
    for _ in range(TRIES):
        # A session that is used here does not last longer for it; this is what lengthens it.
        hub.get("/account/state")
        try:
            return hub.post("/import", body)
        except Refused as refused:
            if refused.slug not in ("busy", "outcome-unknown"):
                named = refused.problem.get("broken_lines")
                if named:
                    raise _broken(name, refused.problem["broken"], named) from None
                raise
        time.sleep(LOOK_SECONDS)
    raise click.ClickException("the hub stays busy; run the same command again later")


def _until_folded(hub: HubClient) -> dict[str, Any]:
    until = time.monotonic() + FOLD_SECONDS
    state = hub.get("/today/state")
    while state["waiting"] and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
        state = hub.get("/today/state")
    return state


def _mapping(named: str) -> StatementMapping:
    if named in BUILT_IN:
        return BUILT_IN[named]
    try:
        return read_mapping(Path(named).read_bytes())
    except OSError:
        names = ", ".join(BUILT_IN)
        raise click.ClickException(f"{named} is no file and none of {names}") from None


def _broken(name: str, count: int, lines: list[dict[str, Any]]) -> click.ClickException:
    told = [f"{name}: nothing was imported, because {count} lines cannot be read"]
    told += [_line(one) for one in lines[:SHOWN]]
    if count > SHOWN:
        told.append(f"... and {count - SHOWN} more")
    told.append("Mend them, or leave them out with --keep-good.")
    return click.ClickException("\n".join(told))


def _line(one: dict[str, Any]) -> str:
    place = f"{one['file']}, line {one['line']}, column {one['column']}"
    return (
        f"{place} ({one['name']}): {one['problem']}"
        if one["name"]
        else f"{place}: {one['problem']}"
    )


def _say(done: dict[str, Any]) -> None:
    click.echo(
        f"{done['lines']} lines are sealed into the vault; {done['broken']} could not be read."
    )
    for one in done["broken_lines"][:SHOWN]:
        click.echo(_line(one))
    if not done["folded"]:
        click.echo("The vault is still folding them; look again in a minute.")
