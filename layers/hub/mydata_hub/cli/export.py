"""`mydata export`: everything of one person as one archive, by the calls of the page."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from mydata_hub.cli.client import HubClient, Refused, tell
from mydata_hub.cli.person import Caller, signed_in
from mydata_hub.errors import HubError
from mydata_hub.portability.parts import Part
from mydata_hub.portability.taking import take_out

TRIES: Final = 20
LOOK_SECONDS: Final = 0.3
# A session ends after 15 quiet minutes, and the vault zone does not lengthen it.
STAY_SECONDS: Final = 60.0
_WAIT: Final = ("busy", "outcome-unknown", "conflict")
Found = TypeVar("Found")


@click.command("export")
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="the archive to write, a ZIP (docs/export.md)",
)
@signed_in
def export(caller: Caller, out: Path) -> None:
    """Take everything along: records, consents, answers and log entries, as one archive."""
    # Beside the file it is to become, so that an archive is there whole or not at all.
    unfinished = out.with_name(out.name + ".part")
    try:
        with unfinished.open("xb") as stream:
            unfinished.chmod(0o600)
            manifest = _take(caller, stream)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(out)
    except FileExistsError:
        raise click.ClickException(
            f"{unfinished} is there: another export writes it, or one was cut off; remove it"
        ) from None
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise click.ClickException(f"{out} cannot be written: {error.strerror}") from None
    except (click.ClickException, HubError, KeyboardInterrupt):
        unfinished.unlink(missing_ok=True)
        raise
    about = {name: manifest[name] for name in ("export_id", "hub", "made_at", "vault", "missing")}
    lines = {file["name"]: file["lines"] for file in manifest["files"]}
    told = {**about, "file": str(out), "lines": lines}
    tell(caller.as_json, told, lambda: _say(told, out))
    if manifest["missing"]:
        raise SystemExit(1)


def _take(caller: Caller, stream: Any) -> dict[str, Any]:
    hub = caller.hub
    begun = patiently(lambda: hub.post("/export"))
    base, stay = f"/export/{begun['export_id']}", Stay(hub)

    def ask(path: str, body: Mapping[str, Any]) -> Part:
        stay()
        return Part.decode(patiently(lambda: hub.part(f"{base}/{path}", body)))

    console = Console(stderr=True, quiet=caller.as_json)
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("segments", total=len(begun["segments"]))

        def on(done: int, _total: int) -> None:
            progress.update(task, completed=done)

        return take_out(begun, ask, lambda: patiently(lambda: hub.post(f"{base}/end")), stream, on)


class Stay:
    """Stays signed in, by the call that lengthens a session."""

    def __init__(self, hub: HubClient) -> None:
        self._hub = hub
        self._at = time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() - self._at > STAY_SECONDS:
            self._hub.get("/account/state")
            self._at = time.monotonic()


def patiently(call: Callable[[], Found]) -> Found:
    """The call's answer, asked for again while the hub is busy. Raises ClickException."""
    for _ in range(TRIES):
        try:
            return call()
        except Refused as refused:
            if refused.slug not in _WAIT:
                raise
        time.sleep(LOOK_SECONDS)
    raise click.ClickException("the hub stays busy; run the same command again later")


def _say(told: Mapping[str, Any], out: Path) -> None:
    vault, end = told["vault"], told["vault"]["at_end"]
    entries = sum(n for name, n in told["lines"].items() if name.startswith("entries"))
    click.echo(
        f"{out}: {vault['records']:,} records in {vault['segments']:,} segments, "
        f"{entries:,} entries of the log."
    )
    if end["manifest_version"] != vault["manifest_version"] or end["waiting"]:
        click.echo(
            f"More came meanwhile: the vault is at version {end['manifest_version']}, this is "
            f"version {vault['manifest_version']}; {end['waiting']} segments still wait."
        )
    for cause, count in end["put_aside"].items():
        click.echo(f"Not in the vault, and so not here: {count} segments put aside ({cause}).")
    for one in told["missing"]:
        click.echo(f"MISSING: segment {one['segment_id']} of {one['dataset']} ({one['cause']}).")
    click.echo("It is not locked: keep it in a safe place.")
