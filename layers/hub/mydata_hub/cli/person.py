"""`mydata person`: what a person does on the pages, from the command line, over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.table import Table

from mydata_hub.cli.client import (
    HubClient,
    Refused,
    data_option,
    json_option,
    running_hub,
    tell,
    url_option,
)
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.cli.wallet import FIRST, Wallet

ADD_PASSKEY: Final = ("/passkeys/options", "/passkeys/finish")
RECOVER: Final = ("/recover/options", "/recover/finish")

as_option: Final = click.option(
    "--as", "name", required=True, help="the person, as in `person add`"
)
passkey_option: Final = click.option(
    "--passkey", "label", default=FIRST, show_default=True, help="which of the person's passkeys"
)


@click.group()
def person() -> None:
    """People: join, see one's account, add passkeys, recover."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls a command: their session at the hub, and how they want to be told."""

    hub: HubClient
    name: str
    label: str
    data: Path
    as_json: bool


def signed_in(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command its options and a client with the person's session."""

    @as_option
    @passkey_option
    @data_option
    @url_option
    @json_option
    @wraps(command)
    def run(
        name: str, label: str, data: Path, url: str | None, as_json: bool, **others: object
    ) -> None:
        passkey = Wallet(data).load(name, label)
        with HubClient.open(running_hub(data, url)) as hub:
            hub.sign_in(passkey)
            command(Caller(hub, name, label, data, as_json), **others)

    return run


@person.command()
@click.argument("name")
@click.option("--locale", type=click.Choice(["ko", "en"]), default="ko", show_default=True)
@click.option("--link", help="a one-time enrolment link of the sample world, instead of signing up")
@data_option
@url_option
@json_option
def add(
    name: str, locale: str, link: str | None, data: Path, url: str | None, as_json: bool
) -> None:
    """Add a person with a software passkey, kept in the data folder."""
    wallet = Wallet(data)
    with HubClient.open(running_hub(data, url)) as hub:
        with new_passkey(wallet, name, FIRST) as passkey:
            if link:
                hub.enrol(passkey, link)
            else:
                hub.sign_up(passkey, name, locale)
        state = hub.get("/account/state")
    tell(
        as_json,
        {"account_id": state["account_id"], "name": state["name"], "role": state["role"]},
        f"{state['name']} has an account and a passkey here.",
    )


@person.command("list")
@data_option
@json_option
def list_people(data: Path, as_json: bool) -> None:
    """List whose software passkeys are here."""
    people = Wallet(data).people()

    def names() -> None:
        for name, labels in people.items():
            click.echo(f"{name}: {', '.join(labels)}")
        if not people:
            click.echo("Nobody yet: `mydata person add NAME`.")

    tell(as_json, people, names)


@person.command()
@signed_in
def show(caller: Caller) -> None:
    """Show the account: passkeys, notices, a running recovery."""
    state = caller.hub.get("/account/state")
    del state["csrf"]
    tell(caller.as_json, state, lambda: _tell_state(state))


@person.command("add-passkey")
@click.argument("new_label")
@signed_in
def add_passkey(caller: Caller, new_label: str) -> None:
    """Add a second passkey under a name of its own."""
    with new_passkey(Wallet(caller.data), caller.name, new_label) as passkey:
        made = caller.hub.register(passkey, ADD_PASSKEY, new_label)
    tell(caller.as_json, made, f"{caller.name} has a passkey {new_label} too.")


# One id in 64 begins with "-", and is no option for that.
@person.command("remove-passkey", context_settings={"ignore_unknown_options": True})
@click.argument("passkey_id")
@signed_in
def remove_passkey(caller: Caller, passkey_id: str) -> None:
    """Remove a passkey by its id (see `person show`); never the last one."""
    caller.hub.post(f"/passkeys/{passkey_id}/remove")
    result = {"removed": passkey_id}
    tell(caller.as_json, result, "That passkey opens nothing any more.")


@person.command("recovery-code")
@signed_in
def recovery_code(caller: Caller) -> None:
    """Issue a recovery code to print; it replaces the one before."""
    issued = caller.hub.post("/recovery-code")
    tell(caller.as_json, issued, issued["code"])


@person.command()
@click.argument("code")
@click.option("--as", "name", required=True, help="whose passkey is made here")
@click.option("--passkey", "label", default="recovered", show_default=True, help="its name")
@data_option
@url_option
@json_option
def recover(code: str, name: str, label: str, data: Path, url: str | None, as_json: bool) -> None:
    """Start a recovery with a printed code: a new passkey that opens the account in 72 hours."""
    with (
        HubClient.open(running_hub(data, url)) as hub,
        new_passkey(Wallet(data), name, label) as passkey,
    ):
        started = hub.register(passkey, RECOVER, label, code=code)
    tell(
        as_json,
        started,
        f"The new passkey opens the account from {started['matures_at']}. "
        "Every other passkey is told and can cancel until then.",
    )


@person.command("cancel-recovery")
@signed_in
def cancel_recovery(caller: Caller) -> None:
    """Cancel a running recovery: its passkey and its code open nothing any more."""
    caller.hub.post("/recovery/cancel")
    tell(caller.as_json, {"cancelled": True}, "The recovery is cancelled.")


@person.command()
@click.argument("notice_id")
@signed_in
def acknowledge(caller: Caller, notice_id: str) -> None:
    """Acknowledge a notice (see `person show`)."""
    caller.hub.post(f"/notices/{notice_id}/acknowledge")
    tell(caller.as_json, {"acknowledged": notice_id}, "Noted.")


@contextmanager
def new_passkey(wallet: Wallet, name: str, label: str) -> Iterator[SoftwarePasskey]:
    """A passkey that is kept before the hub hears of it, so that no account outlives its key;
    when the hub refuses it, it is forgotten again."""
    path = wallet.require_free(name, label)
    passkey = SoftwarePasskey.make()
    wallet.keep(path, passkey)
    try:
        yield passkey
    except Refused:
        wallet.discard(name, label)
        raise


def _tell_state(state: dict[str, Any]) -> None:
    console = Console()
    click.echo(f"{state['name']} ({state['role']}), joined {state['joined_at']}")
    recovery = state["recovery"]
    if recovery:
        click.echo(f"A recovery is running; it is over at {recovery['matures_at']}.")
    code = state["recovery_code"]
    click.echo(f"Recovery code: {'issued ' + code['issued_at'] if code else 'none yet'}")
    passkeys = Table("passkey", "id", "added", "opens from", "last used")
    for one in state["passkeys"]:
        passkeys.add_row(
            one["name"],
            one["passkey_id"],
            one["added_at"],
            one["usable_from"],
            one["last_used_at"] or "never",
        )
    console.print(passkeys)
    if state["notices"]:
        notices = Table("notice", "id", "at", "acknowledged")
        for one in state["notices"]:
            notices.add_row(
                one["kind"], one["notice_id"], one["at"], "yes" if one["acknowledged"] else "no"
            )
        console.print(notices)
