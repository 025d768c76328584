"""`mydata person log`: a person's own entries, held to the public log without code of the hub.

What was found whole is kept in the data folder (`logs/<person>.json`), the last of each day, so
that a hub which hides later what it showed once is caught by it, and a log that forked by its own
signatures.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import click
import httpx

from mydata_hub.base64url import decode_base64url
from mydata_hub.cli.client import tell
from mydata_hub.cli.log_sources import FolderSource, HttpSource, log_client
from mydata_hub.cli.mirror import key_option, progress_bar, reason_of, witness_option
from mydata_hub.cli.own_entries import own_pages
from mydata_hub.cli.person import Caller, person, signed_in
from mydata_hub.embedded.durable_files import make_folder, replace_file
from mydata_hub.errors import HubError
from mydata_hub.personal_log.checking import Checked, Kept, ShownEntry, check_entries
from mydata_hub.personal_log.daily_heads import Day, check_days, with_day
from mydata_hub.transparency.checkpoint import COSIGNATURE, Checkpoint, VerifierKey
from mydata_hub.transparency.leaf import Opening
from mydata_hub.transparency.tiles import ENTRIES, decode_bundle, tiles_of
from mydata_hub.transparency.verifier import CHECKPOINT_NAME, Source, verify_log

FOLDER_NAME: Final = "logs"
# The log is published a moment before a person's list is written.
LOOKS: Final = 3
LOOK_SECONDS: Final = 2.0


@person.command("log")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="a mirror of the log, instead of the hub's own files",
)
@key_option
@witness_option
@click.option(
    "--receipt",
    "receipts",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="an answer receipt about you, which must have its entry; may be given again",
)
@signed_in
def own_log(
    caller: Caller,
    folder: Path | None,
    key_text: str | None,
    witnesses: tuple[str, ...],
    receipts: tuple[Path, ...],
) -> None:
    """Check every entry about oneself against the public log; exit 1 and name what is wrong.

    Finds what the hub shows and the log does not hold, and what the log holds and the hub hides.
    """
    source: Source = (
        FolderSource(folder) if folder else HttpSource(log_client(str(caller.hub.http.base_url)))
    )
    try:
        key = VerifierKey.parse(key_text or source.get("key").decode())
        log = _verified(source, key, witnesses, quiet=caller.as_json)
        held = [_leaf_of(path) for path in receipts]
        kept = _kept(caller)
        checked = _check(caller, log, kept, held)
    except (HubError, httpx.HTTPError, UnicodeDecodeError) as error:
        raise click.ClickException(f"this cannot be checked: {reason_of(error)}") from None
    told = {
        "checked": checked.checked,
        "newer": checked.newer,
        "log": {"size": log.checkpoint.size, "root": log.checkpoint.root.hex()},
        "days": len(kept.days),
        "findings": [{"object": one.name, "reason": one.reason} for one in checked.wrong],
    }
    if checked.wrong:
        for one in checked.wrong:
            click.echo(f"{one.name}: {one.reason}", err=True)
        tell(caller.as_json, told, "What the hub shows does NOT agree with the public log.")
        raise SystemExit(1)
    _keep(caller, kept, checked, log)
    tell(
        caller.as_json,
        told,
        f"All {checked.checked} entries about {caller.name} are in the public log as shown, and "
        f"none of its {log.checkpoint.size} entries that carries their key is hidden.",
    )


@dataclass(frozen=True, slots=True)
class _Log:
    """The log as it was verified: its entries, and the checkpoint they are of, as signed."""

    leaves: list[bytes]
    checkpoint: Checkpoint
    note: bytes
    key: VerifierKey


@dataclass(frozen=True, slots=True)
class _Kept:
    """What earlier checks left in the data folder."""

    periods: Mapping[str, Kept]
    days: Mapping[str, Day]


@dataclass(slots=True)
class _Noting:
    """A source that remembers the checkpoint it gave."""

    source: Source
    note: bytes = b""

    def get(self, name: str) -> bytes:
        content = self.source.get(name)
        if name == CHECKPOINT_NAME:
            self.note = content
        return content

    def tile_names(self) -> Iterable[str] | None:
        return self.source.tile_names()


def _verified(source: Source, key: VerifierKey, witnesses: tuple[str, ...], *, quiet: bool) -> _Log:
    cosigners = [VerifierKey.parse(one, COSIGNATURE) for one in witnesses]
    noting = _Noting(source)
    with progress_bar("verifying the log", quiet=quiet) as progress:
        report = verify_log(noting, key, witnesses=cosigners, progress=progress)
    if report.findings or report.checkpoint is None:
        first = report.findings[0]
        raise click.ClickException(f"the log itself is wrong: {first.name}: {first.reason}")
    leaves = [
        entry
        for bundle in tiles_of(report.checkpoint.size)
        if bundle.level == ENTRIES
        for entry in decode_bundle(bundle, source.get(bundle.path))
    ]
    return _Log(leaves, report.checkpoint, noting.note, key)


def _check(caller: Caller, log: _Log, kept: _Kept, held: list[bytes]) -> Checked:
    # Before the entries: whatever was allowed by now must have one, or get it in a moment.
    told = caller.hub.get("/grants/state")["grants"]
    grants = {str(one["grant_id"]): int(one["version"]) for one in told}
    for look in range(LOOKS):
        if look:
            time.sleep(LOOK_SECONDS)
        shown, keys = _shown(caller)
        checked = check_entries(shown, log.leaves, keys, kept.periods, held, grants)
        if not any(one.missing for one in checked.wrong):
            break
    unlike = check_days(kept.days, shown, log.leaves, keys)
    return replace(checked, wrong=(*checked.wrong, *unlike))


def _shown(caller: Caller) -> tuple[list[ShownEntry], dict[str, bytes]]:
    shown: list[ShownEntry] = []
    keys: dict[str, bytes] = {}
    for page in own_pages(caller.hub):
        keys |= {name: decode_base64url(one["tag_key"]) for name, one in page["periods"].items()}
        shown += [_read(one) for one in page["entries"] if one["index"] is not None]
    return shown, keys


def _read(one: Mapping[str, Any]) -> ShownEntry:
    return ShownEntry(
        index=int(one["index"]),
        event_id=str(one["event_id"]),
        kind=str(one["kind"]),
        leaf=decode_base64url(one["leaf"]),
        opening=Opening(decode_base64url(one["salt"]), decode_base64url(one["payload"])),
        period=one["period"],
    )


def _leaf_of(path: Path) -> bytes:
    try:
        return decode_base64url(json.loads(path.read_bytes())["entry"])
    except (ValueError, KeyError, TypeError):
        raise click.ClickException(f"{path} is no answer receipt") from None


def _path(caller: Caller) -> Path:
    return caller.data / FOLDER_NAME / f"{quote(caller.name, safe='')}.json"


def _kept(caller: Caller) -> _Kept:
    path = _path(caller)
    if not path.exists():
        return _Kept({}, {})
    try:
        told = json.loads(path.read_bytes())
        # A file of before this release has no days.
        days = {
            day: Day(checkpoint=one["checkpoint"], key=one["key"], heads=_heads(one["heads"]))
            for day, one in told.get("days", {}).items()
        }
        return _Kept(_heads(told["periods"]), days)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise click.ClickException(f"{path} is damaged; it holds what was kept before") from None


def _heads(told: Mapping[str, Mapping[str, Any]]) -> dict[str, Kept]:
    return {period: Kept(**one) for period, one in told.items()}


def _keep(caller: Caller, kept: _Kept, checked: Checked, log: _Log) -> None:
    path = _path(caller)
    make_folder(path.parent)
    today = datetime.now(UTC).date().isoformat()
    days = with_day(kept.days, today, (log.note.decode(), log.key), checked.kept)
    told = {
        "format": 1,
        "periods": {name: asdict(one) for name, one in checked.kept.items()},
        "days": {name: asdict(one) for name, one in days.items()},
    }
    replace_file(path, json.dumps(told, indent=1, ensure_ascii=False).encode())
