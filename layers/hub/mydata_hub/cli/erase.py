"""`mydata erase`: leave for good, by the calls of the page, and keep the certificate."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, Final

import click

from mydata_hub.cli.client import HubClient, tell
from mydata_hub.cli.person import Caller, signed_in
from mydata_hub.cli.wallet import Wallet

ERASE_SECONDS: Final = 300.0
LOOK_SECONDS: Final = 0.3


@click.command("erase")
@click.option("--yes", is_flag=True, help="do not ask whether it is meant")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="a file for the signed certificate",
)
@click.option("--provider", help="only what came from this provider (`self`: files one brought)")
@click.option("--dataset", help="only this kind of record, such as card.approvals")
@click.option("--from", "since", help="only these days: the first one, such as 2026-03-01")
@click.option("--to", "until", help="and the last one")
@signed_in
def erase(caller: Caller, yes: bool, out: Path | None, **part: str | None) -> None:
    """Erase everything the hub holds of somebody, or a part, and print the certificate."""
    named = {name: told for name, told in part.items() if told is not None}
    if named:
        if not yes:
            ask_whether_meant(named)
        erase_part(caller, named, out)
        return
    if not yes:
        click.confirm(
            f"Everything of {caller.name} goes for good: records, consents, the account. "
            "Export first what is to be kept. Go on?",
            abort=True,
        )
    # What it needs takes a third of a second to read, and `person` comes by here at each command.
    from mydata_hub.erasure.beginning import CONFIRMATIONS

    begun = caller.hub.post("/erase", {"confirmation": CONFIRMATIONS[-1]})
    # The link is what remains: said at once, so that nobody loses it who is cut off here.
    link = caller.hub.url + begun["location"]
    if not caller.as_json:
        click.echo(f"It is being done; this link needs no account: {link}")
    found = _until_erased(caller.hub, begun["location"])
    for label in Wallet(caller.data).people().get(caller.name, ()):
        Wallet(caller.data).discard(caller.name, label)
    certificate = found["certificates"][0]
    if out is not None:
        out.write_text(json.dumps(certificate, indent=1) + "\n")
    tell(caller.as_json, {"link": link, **found}, lambda: _say(found, link, out))


def ask_whether_meant(part: dict[str, str]) -> None:
    """Go on only if the person says so; what goes is what `part` names, as `erase` takes it."""
    what = ", ".join(f"{name} {told}" for name, told in part.items())
    click.confirm(f"This goes for good ({what}); the rest stays. Go on?", abort=True)


def erase_part(caller: Caller, part: dict[str, str], out: Path | None) -> None:
    """Have a part erased, and print its first certificate."""
    begun = caller.hub.post("/sources/erase", {**part, "sure": "yes"})
    link = caller.hub.url + begun["location"]
    if not caller.as_json:
        click.echo(f"It is being done: {link}")
    found = _until_erased(caller.hub, begun["location"])
    if out is not None:
        out.write_text(json.dumps(found["certificates"][0], indent=1) + "\n")
    tell(caller.as_json, {"link": link, **found}, lambda: _say(found, link, out))


def _until_erased(hub: HubClient, path: str) -> dict[str, Any]:
    until = time.monotonic() + ERASE_SECONDS
    while True:
        found = hub.get(path)
        if found["certificates"]:
            return found
        if time.monotonic() > until:
            raise click.ClickException(f"it takes long; it goes on: look at {hub.url}{path}")
        time.sleep(LOOK_SECONDS)


def _say(found: dict[str, Any], link: str, out: Path | None) -> None:
    click.echo(f"Inaccessible since {found['inaccessible_at']}.")
    if found["state"] == "irrecoverable":
        click.echo(f"Irrecoverable since {found['irrecoverable_at']}.")
    else:
        click.echo(f"Irrecoverable from {found['irrecoverable_at']}: a second certificate then.")
    click.echo("Not covered: exports, delivered answers, providers, copies made elsewhere.")
    if out is None:
        click.echo(json.dumps(found["certificates"][0], indent=1))
    else:
        click.echo(f"{out}: check it with `mydata certificate verify {out}`.")
    click.echo(f"With its proof from the log, and the second one when it is there: {link}")
