"""`mydata rotate`: renew the wrapping of vaults' keys, the keys, or all that lies under old ones.

The command only asks and watches. The work is done by the function `reseal`, wherever that runs: in
the hub that serves this data folder, here where none does, or in an account.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import Any, Final, TypeAlias

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from mydata_hub.cli.client import HubClient, data_option, json_option, running_hub, tell
from mydata_hub.cli.laptop import laptop_deployment
from mydata_hub.cli.wallet import FIRST, Wallet
from mydata_hub.embedded.invocation import one_handler
from mydata_hub.embedded.local_signer import rewrap_signers
from mydata_hub.embedded.root_key import FILE_NAME as ROOT_KEY
from mydata_hub.embedded.root_key import renew_root_key
from mydata_hub.embedded.server import CannotServe, sole_server_of
from mydata_hub.errors import HubError
from mydata_hub.rotation.job import Kind

LOOK_SECONDS: Final = 0.3
NOWHERE: Final = "http://localhost:1"
FUNCTION: Final = "reseal"
# What the function is asked, and what it answers.
Ask: TypeAlias = Callable[[dict[str, Any]], Mapping[str, Any]]


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--as", "name", help="this person's vault alone (the hub must be running)"),
        click.option("--vault", help="the vault of this id alone  [default: every vault]"),
        data_option,
        click.option("--function", help="the deployed function's name, for a hub in an account"),
        json_option,
    ):
        command = option(command)
    return command


@click.group()
def rotate() -> None:
    """Rotate keys: wrap (cheap), keys (new ones), seal (after a compromise).

    Which of them helps against what: docs/operations.md. Each can be run beside a hub at work, run
    again, and killed: it goes on where it was.
    """


@rotate.command("wrap")
@_options
def wrap(**told: Any) -> None:
    """Wrap vaults' secrets under a new root key; on AWS under the newest key material.

    Nothing that was sealed is touched. On a laptop the file root.key is another one afterwards:
    keep a copy of it, and back up.
    """
    _run(Kind.WRAP, **told)


@rotate.command("keys")
@_options
def keys(**told: Any) -> None:
    """Give vaults new keys: what is sealed from now on needs them, older things the old ones."""
    _run(Kind.KEYS, **told)


@rotate.command("seal")
@_options
def seal(**told: Any) -> None:
    """Give vaults new keys, seal all they hold anew under them, and destroy the old ones."""
    _run(Kind.SEAL, **told)


def _run(
    kind: Kind,
    name: str | None,
    vault: str | None,
    data: Path,
    function: str | None,
    as_json: bool,
) -> None:
    if name and vault:
        raise click.UsageError("name a person or a vault, not both")
    vault = _vault_of(data, name) if name else vault
    try:
        ask = _deployed(function) if function else _local(data)
        renewed = (
            function is None
            and vault is None
            and kind is Kind.WRAP
            and not ask({"running": kind.value})
        )
        if renewed:
            renew_root_key(data)
        asked = {"rotate": kind.value, **({"vault": vault} if vault else {})}
        done = dict(_until_ended(ask, ask(asked), None if function else data))
        if function is None and kind is Kind.WRAP:
            done["signing_keys"] = rewrap_signers(data)
    except HubError as error:
        raise click.ClickException(str(error)) from None
    done["root_key_renewed"] = renewed
    tell(as_json, done, lambda: _say(done))
    if done["failed"]:
        raise click.ClickException(f"{done['failed']} vaults could not be done: see the log")


def _vault_of(data: Path, name: str) -> str:
    passkey = Wallet(data).load(name, FIRST)
    with HubClient.open(running_hub(data, None)) as hub:
        hub.sign_in(passkey)
        return str(hub.get("/account/state")["account_id"])


def _local(data: Path) -> Ask:
    deployment = laptop_deployment(data, NOWHERE)
    if not (data / ROOT_KEY).exists():
        raise click.ClickException("there is no hub in this folder")
    by_name = {one.file.stem: one for one in deployment.functions.values()}
    # What functions print is their log; standard output is this command's.
    with redirect_stdout(sys.stderr):
        handler, log = one_handler(by_name[FUNCTION]), one_handler(by_name["sequence_log"])

    def ask(event: dict[str, Any]) -> Mapping[str, Any]:
        with redirect_stdout(sys.stderr):
            if event.get("sweep"):
                # Where no hub is at work, nobody else lets the log take events in.
                log(event, None)
            told: Mapping[str, Any] = handler(event, None)
        return told

    return ask


def _deployed(name: str) -> Ask:
    from botocore.exceptions import BotoCoreError, ClientError

    from mydata_hub.aws.clients import make_client

    client = make_client("lambda")

    def ask(event: dict[str, Any]) -> Mapping[str, Any]:
        try:
            answer = client.invoke(FunctionName=name, Payload=json.dumps(event).encode())
            told = json.loads(answer["Payload"].read())
        except (ClientError, BotoCoreError) as error:
            raise click.ClickException(f"{name} cannot be asked: {error}") from None
        if "FunctionError" in answer:
            raise click.ClickException(f"{name} refused: {told.get('errorType', 'unknown')}")
        return told  # type: ignore[no-any-return]

    return ask


def _until_ended(ask: Ask, job: Mapping[str, Any], data: Path | None) -> Mapping[str, Any]:
    with _watched() as show:
        while job["state"] != "ended":
            show(job)
            if data is None or not _work_here(ask, data):
                time.sleep(LOOK_SECONDS)
            job = ask({"rotation": job["rotation_id"]})
        show(job)
    return job


def _work_here(ask: Ask, data: Path) -> bool:
    """Take the work further in this process, where no hub serves the folder; False where one does.

    Looked at each time: a hub may be stopped, or begin, while this command watches.
    """
    with suppress(CannotServe), sole_server_of(data):
        ask({"sweep": True})
        return True
    return False


@contextmanager
def _watched() -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Progress on standard error, for as long as the block runs."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(job: Mapping[str, Any]) -> None:
            text = f"{job['vaults']} vaults, {job['segments']} segments sealed anew"
            bar.update(task, description=text)

        yield show


def _say(done: Mapping[str, Any]) -> None:
    click.echo(
        f"{done['vaults']} vaults looked at, {done['changed']} changed, "
        f"{done['segments']} segments sealed anew, {done['failed']} failed."
    )
    if done["root_key_renewed"]:
        click.echo(
            "root.key is a new one. Keep a copy of it now, apart from this machine, and run "
            "`mydata backup`: backups from before open with the former file, later ones with this."
        )
    elif done["rotate"] == Kind.SEAL:
        click.echo("Back up now: what was backed up before opens with the keys that are gone.")
    for vault in done["failures"]:
        click.echo(f"not done: vault {vault}", err=True)
