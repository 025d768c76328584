"""`mydata restore`: a data folder from a backup, with the keys and the erasures of today."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import rfc8785

from mydata_hub.cli.backup import passphrase_option, watched
from mydata_hub.cli.client import data_option, json_option, tell
from mydata_hub.cli.laptop import environment_of, laptop_deployment
from mydata_hub.cli.recovery import end_what_may_have_ended, rebuild, require_newest_log
from mydata_hub.cli.rewind_vaults import rewind_vaults
from mydata_hub.config import SequenceLogSettings
from mydata_hub.embedded.deployment import Deployment
from mydata_hub.embedded.durable_files import make_folder, replace_file
from mydata_hub.embedded.fsck import check_folder
from mydata_hub.embedded.fsck_files import Progress
from mydata_hub.embedded.key_copies import KeyCopy, newest_copy, register_copy
from mydata_hub.embedded.root_key import FILE_NAME as ROOT_KEY
from mydata_hub.embedded.root_key import fingerprint, mirror_former, read_roots
from mydata_hub.embedded.secret_copy import open_secrets, put_secrets
from mydata_hub.embedded.server import sole_server_of
from mydata_hub.embedded.snapshots import (
    HUB,
    Snapshot,
    hub_of,
    read_manifest,
    snapshots_of,
)
from mydata_hub.embedded.sqlite_file import FILE_NAME
from mydata_hub.embedded.unfinished import begin_restore, end_restore, is_restoring
from mydata_hub.errors import BadInput, HubError, NotAllowed, NotFound
from mydata_hub.fields import EventId, PartyId, SubjectId
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.ports.tables import Key, Put
from mydata_hub.transparency.event import Event
from mydata_hub.transparency.events import record
from mydata_hub.wiring import tables_for

VAULT_RESTORED = "vault_restored"
# Where the hub of a folder answers does not matter to what is put back.
NOWHERE = "http://localhost:1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the operator asks for; the last three only matter where the data folder is new."""

    data: Path
    folder: Path
    at: datetime | None
    force: bool
    root_key: Path | None
    passphrase: str | None
    published: Path | None
    never_published: bool


@click.command()
@click.option(
    "--from",
    "folder",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="the backup folder",
)
@data_option
@click.option(
    "--at", help="an instant (RFC 3339): the last snapshot before it  [default: the last]"
)
@click.option("--force", is_flag=True, help="put the vaults of a hub that is there back")
@click.option(
    "--root-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="for a new folder: the root.key that you kept; without it, asks for the passphrase",
)
@click.option(
    "--published",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="for a new folder: the newest checkpoint of the log that anybody has",
)
@click.option("--never-published", is_flag=True, help="for a new folder: nobody ever read the log")
@passphrase_option
@json_option
def restore(as_json: bool, at: str | None, **told: Any) -> None:
    """Restore a data folder from a backup.

    Into a folder that has a hub (--force, the hub stopped), vaults go back to the snapshot, and
    keys, erasures, consents, ledger and log stay as they are. Into a new folder everything comes
    back as of the newest snapshot, erased people excepted; every consent ends, since somebody may
    have withdrawn theirs after the backup.
    """
    try:
        wish = Wish(at=_instant(at), **told)
        with watched() as progress:
            done = _restore(wish, progress)
    except HubError as error:
        raise click.ClickException(str(error)) from None
    tell(as_json, done, lambda: _say(done))


def _restore(wish: Wish, progress: Progress) -> dict[str, Any]:
    snapshot = _choose(wish)
    read_manifest(snapshot)
    make_folder(wish.data)
    live = (wish.data / FILE_NAME).exists() and not is_restoring(wish.data, "rebuild")
    if live and not wish.force:
        raise NotAllowed("there is a hub in this folder; --force puts its vaults back")
    deployment = laptop_deployment(wish.data, NOWHERE)
    with sole_server_of(wish.data) if live else nullcontext():
        done: dict[str, Any] = {"snapshot": snapshot.taken_at.isoformat()}
        if live:
            _require_same_hub(wish)
            begin_restore(wish.data, "rewind")
        else:
            done |= _rebuild(wish, deployment, progress)
        newest = snapshots_of(wish.folder)[-1]
        if live or snapshot != newest:
            places, told = (wish.data, wish.folder), _told_of(snapshot)
            done |= asdict(rewind_vaults(deployment, places, snapshot, told, progress))
        findings = check_folder(wish.data, progress)
        if findings:
            first = f"{findings[0].object}: {findings[0].problem}"
            raise NotAllowed(f"the restored folder is not sound, and is not served: {first}")
        end_restore(wish.data)
    return done


def _rebuild(wish: Wish, deployment: Deployment, progress: Progress) -> dict[str, Any]:
    newest = snapshots_of(wish.folder)[-1]
    copy = _usable_keys(wish.folder)
    if wish.published is None and not wish.never_published:
        raise BadInput(
            "published",
            "name the newest checkpoint that anybody has of this log (a witness, a mirror, an "
            "auditor), or say --never-published",
        )
    foreign = [path for path in wish.data.iterdir() if not path.name.startswith(("restore", "."))]
    if foreign and not is_restoring(wish.data, "rebuild"):
        raise NotAllowed("the folder is not empty; name another one")
    begin_restore(wish.data, "rebuild")
    # A run that was killed is begun again: what is half there is nobody's yet.
    for leftover in wish.data.glob(f"{FILE_NAME}*"):
        leftover.unlink()
    replace_file(wish.data / HUB, hub_of(wish.folder).encode())
    _put_root_key(wish, read_manifest(newest).root_key)
    erased, left_out = rebuild(wish.data, wish.folder, newest, copy, progress)
    register_copy(wish.data, wish.folder, copy.copied_at)
    published = wish.published.read_bytes() if wish.published else None
    log = SequenceLogSettings.read(environment_of(deployment, "sequence_log"))
    require_newest_log(tables_for(log), published)
    ended = end_what_may_have_ended(deployment)
    return {"erased": erased, "left_out": left_out, "consents_ended": ended}


def _choose(wish: Wish) -> Snapshot:
    fitting = [
        one for one in snapshots_of(wish.folder) if wish.at is None or one.taken_at <= wish.at
    ]
    if not fitting:
        raise NotFound("there is no snapshot of that instant or before")
    return fitting[-1]


def _usable_keys(folder: Path) -> KeyCopy:
    copy = newest_copy(folder)
    if copy is None:
        raise NotFound("this backup holds no keys; nothing in it opens")
    if not copy.usable_at(SystemClock().now()):
        raise NotAllowed(
            "the keys in this backup are older than 7 days: whoever was erased since could come "
            "back, so they are not restored"
        )
    return copy


def _put_root_key(wish: Wish, expected: str | None) -> None:
    if wish.root_key is not None:
        put_secrets(wish.data, {ROOT_KEY: wish.root_key.read_bytes()})
    elif expected is not None:
        passphrase = wish.passphrase or click.prompt("Passphrase", hide_input=True, err=True)
        put_secrets(wish.data, open_secrets(wish.folder, passphrase))
    # The key of today opens what was backed up under an earlier one.
    mirror_former(wish.folder, wish.data)
    roots = read_roots(wish.data)
    if expected not in map(fingerprint, (roots.present, *roots.former) if roots else (None,)):
        (wish.data / ROOT_KEY).unlink(missing_ok=True)
        raise NotAllowed("this is not the root key of the hub that was backed up")


def _require_same_hub(wish: Wish) -> None:
    own = wish.data / HUB
    if not own.exists() or own.read_text() != hub_of(wish.folder):
        raise NotAllowed("this folder holds the backups of another hub")


def _told_of(snapshot: Snapshot) -> Callable[[str, int], Put]:
    """What the log is told of a vault that was put back: its versions do not say so themselves."""
    clock, entropy = SystemClock(), SystemEntropy()
    payload = rfc8785.dumps({"to": snapshot.taken_at.isoformat(timespec="seconds")})

    def tell(vault: str, version: int) -> Put:
        event = Event(
            event_id=EventId(entropy.token(16).hex()),
            kind=VAULT_RESTORED,
            subject=SubjectId(vault),
            actor=PartyId("hub"),
            occurred_at=clock.now(),
            row=Key("vaults", vault),
            row_version=version,
            payload=payload,
        )
        return record(event, entropy)

    return tell


def _instant(text: str | None) -> datetime | None:
    try:
        at = datetime.fromisoformat(text) if text else None
    except ValueError:
        at = None
    if text and (at is None or at.tzinfo is None):
        raise BadInput("at", "takes an instant with its zone, such as 2026-11-24T09:00:00+09:00")
    return at


def _say(done: dict[str, Any]) -> None:
    click.echo(json.dumps(done, indent=1))
