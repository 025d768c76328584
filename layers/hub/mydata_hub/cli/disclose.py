"""`mydata person disclose` and `mydata auditor open`: one log-key period, shown and checked."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from mydata_hub.base64url import decode_base64url
from mydata_hub.cli.auditing import Progress
from mydata_hub.cli.client import HubClient, data_option, json_option, running_hub, tell, url_option
from mydata_hub.cli.log_sources import FolderSource, HttpSource, log_client
from mydata_hub.cli.mirror import key_option, progress_bar, told_as_error
from mydata_hub.cli.own_entries import own_pages, pages_of
from mydata_hub.cli.person import Caller, person, signed_in
from mydata_hub.personal_log.disclosure import (
    Disclosed,
    Disclosure,
    Judged,
    check_disclosure,
)
from mydata_hub.personal_log.period_key import is_period
from mydata_hub.transparency.checkpoint import Checkpoint, VerifierKey, verify_checkpoint
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.leaf import Opening
from mydata_hub.transparency.tiles import TILE_WIDTH
from mydata_hub.transparency.trusted_leaves import TrustedLeaves
from mydata_hub.transparency.verifier import Source
from mydata_hub.web.event_words import KIND_WORDS

PLACED_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.3


@person.command("disclose")
@click.option("--period", required=True, help="the month to show, in UTC, such as 2026-11")
@click.option("--to", required=True, help="whom it is for, in your own words; your log keeps it")
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="the file to write (docs/protocol.md)",
)
@signed_in
def disclose(caller: Caller, period: str, to: str, out: Path) -> None:
    """Make a file that shows an auditor one month of one's log: all of it, and no other month.

    Whoever has the file can read it for ever: it cannot be taken back.
    """
    if not is_period(period):
        raise click.UsageError("--period takes a month such as 2026-11")
    if not any(page["entries"] for page in pages_of(caller.hub, period)):
        raise click.ClickException(f"the log has nothing about {caller.name} in {period}")
    try:
        # Before it is recorded: what cannot be written is not to be said in the log.
        with out.open("xb") as stream:
            out.chmod(0o600)
            made = _disclosure(caller.hub, period, to)
            stream.write(made.encode())
    except FileExistsError:
        raise click.ClickException(f"{out} is there already") from None
    except OSError as error:
        out.unlink(missing_ok=True)
        raise click.ClickException(f"{out} cannot be written: {error.strerror}") from None
    except (click.ClickException, KeyboardInterrupt):
        out.unlink()
        raise
    told = {
        "period": period,
        "entries": len(made.entries),
        "record": made.record.index,
        "file": str(out),
    }
    words = (
        f"{out} shows the {len(made.entries)} entries of {period} about {caller.name}; entry "
        f"{made.record.index} of the log says that you made it. It cannot be taken back."
    )
    tell(caller.as_json, told, words)


@click.command("open")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--mirror",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="a mirror to hold it to, without any network, instead of the log as served",
)
@key_option
@data_option
@url_option
@json_option
def open_disclosure(
    file: Path,
    mirror: Path | None,
    key_text: str | None,
    data: Path,
    url: str | None,
    as_json: bool,
) -> None:
    """Read what a person discloses of a month, held to every entry of the log; needs no sign-in.

    Names what was left out, what is not of the log, the person or the month, and exits 1.
    """
    source: Source = (
        FolderSource(mirror) if mirror else HttpSource(log_client(running_hub(data, url)))
    )
    with told_as_error("this shows nothing"):
        shown = Disclosure.decode(file.read_bytes())
        key = VerifierKey.parse(key_text or source.get("key").decode())
        checkpoint = verify_checkpoint(source.get("checkpoint"), key)
        with progress_bar("reading the log", quiet=as_json) as progress:
            found = check_disclosure(shown, _leaves(source, checkpoint, progress))
    tell(as_json, _told(shown, found, checkpoint), lambda: _say(shown, found))
    if found.wrong:
        raise SystemExit(1)


def _disclosure(hub: HubClient, period: str, to: str) -> Disclosure:
    recorded = hub.post("/activity/disclose", {"period": period, "to": to})
    record = _placed(hub, recorded["event_id"])
    entries: list[Disclosed] = []
    tag_key = b""
    # Only now: whatever the log had of the period before the record is in the list by then.
    for page in pages_of(hub, period):
        tag_key = decode_base64url(page["periods"][period]["tag_key"])
        entries += [_disclosed(one) for one in page["entries"]]
    return Disclosure(
        hub=recorded["hub"],
        period=period,
        tag_key=tag_key,
        record=record,
        entries=tuple(reversed(entries)),
    )


def _placed(hub: HubClient, event_id: str) -> Disclosed:
    """The entry of an event that was recorded just now, once it has its place."""
    until = time.monotonic() + PLACED_SECONDS
    while time.monotonic() < until:
        for one in next(own_pages(hub))["entries"]:
            if one["event_id"] == event_id and one["index"] is not None:
                return _disclosed(one)
        time.sleep(LOOK_SECONDS)
    raise click.ClickException("the log does not grow; what was recorded stays, try again later")


def _leaves(source: Source, checkpoint: Checkpoint, progress: Progress) -> Iterator[bytes]:
    leaves = TrustedLeaves(source.get, checkpoint)
    for number in range(-(-checkpoint.size // TILE_WIDTH)):
        yield from leaves.bundle(number)
        progress(min((number + 1) * TILE_WIDTH, checkpoint.size), checkpoint.size)


def _told(shown: Disclosure, found: Judged, checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "hub": shown.hub,
        "period": shown.period,
        "to": found.to,
        "record": shown.record.index,
        "log": {"size": checkpoint.size, "root": checkpoint.root.hex()},
        "entries": [_line(index, event) for index, event in found.events.items()],
        "later": list(found.later),
        "findings": [{"object": one.name, "reason": one.reason} for one in found.wrong],
    }


def _line(index: int, event: Event) -> dict[str, Any]:
    return {
        "index": index,
        "at": event.occurred_at.isoformat(),
        "kind": event.kind,
        "actor": event.actor,
        "row": [event.row.table, event.row.partition, event.row.sort],
        "row_version": event.row_version,
        "payload": event.payload.decode("utf-8", "replace"),
    }


def _say(shown: Disclosure, found: Judged) -> None:
    to = _printable(found.to) or "nobody that the log knows of"
    click.echo(f"{shown.period} at {_printable(shown.hub)}, for {to}:")
    for index, event in found.events.items():
        at = event.occurred_at.isoformat(timespec="seconds")
        by = "" if str(event.actor) == str(event.subject) else f" ({event.actor})"
        click.echo(f"entry {index}  {at}  {KIND_WORDS.get(event.kind, event.kind)}{by}")
    for one in found.wrong:
        click.echo(f"{one.name}: {one.reason}", err=True)
    if found.later:
        click.echo(f"{len(found.later)} more came after the file was made, which cannot show them.")
    if found.wrong:
        click.echo("This does NOT agree with the public log.")
    else:
        click.echo(f"That is all the log had of {shown.period} about this person, as it was.")


def _printable(text: str) -> str:
    # The file is anybody's: what it says must not steer a terminal.
    return "".join(one if one.isprintable() else "?" for one in text)


def _disclosed(one: Mapping[str, Any]) -> Disclosed:
    opening = Opening(decode_base64url(one["salt"]), decode_base64url(one["payload"]))
    return Disclosed(index=int(one["index"]), opening=opening)
