"""`mydata person approve|grants|withdraw`: a person's consents, by the calls of the pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import click
from rich.console import Console
from rich.table import Table

from mydata_hub.cli.client import HubClient, tell
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.cli.person import Caller, person, signed_in
from mydata_hub.cli.wallet import Wallet


@person.command()
@click.argument("address", metavar="URL")
@click.option("--deny", is_flag=True, help="refuse instead")
@signed_in
def approve(caller: Caller, address: str, *, deny: bool) -> None:
    """Answer a partner's authorization URL: allow all it asks, or refuse.

    Prints where the browser would be sent: the partner's redirect URL with its code.
    """
    asked = _asked(caller.hub, address)
    if deny:
        answer = caller.hub.post("/authorize/refuse", asked)
    else:
        passkey = Wallet(caller.data).load(caller.name, caller.label)
        answer = _sign(caller.hub, passkey, asked, address)
    tell(caller.as_json, answer, answer["location"])


@person.command()
@signed_in
def grants(caller: Caller) -> None:
    """List what was allowed to whom, the newest first, and what became of it."""
    state = caller.hub.get("/grants/state")
    tell(caller.as_json, state, lambda: _tell_grants(state["grants"]))


@person.command()
@click.argument("grant_id")
@signed_in
def withdraw(caller: Caller, grant_id: str) -> None:
    """Withdraw a consent by its id (see `person grants`): the next request is refused."""
    if not grant_id.isalnum():
        raise click.UsageError("a grant's id is letters and digits, as `person grants` prints it")
    ended = caller.hub.post(f"/grants/{grant_id}/withdraw")
    tell(caller.as_json, ended, "Withdrawn. Whatever is asked by it from now on is refused.")


def _asked(hub: HubClient, url: str) -> dict[str, str]:
    """What names the question. Raises UsageError for a URL that is not this hub's."""
    parts, query = urlsplit(url), parse_qs(urlsplit(url).query)
    # A passkey is for one hub: a page elsewhere must not get it to sign.
    if f"{parts.scheme}://{parts.netloc}{parts.path}" != f"{hub.url}/authorize":
        raise click.UsageError(f"this is no authorization URL of {hub.url}")
    try:
        return {name: query[name][0] for name in ("client_id", "request_uri")}
    except KeyError:
        raise click.UsageError("the URL lacks client_id or request_uri") from None


def _sign(
    hub: HubClient, passkey: SoftwarePasskey, asked: dict[str, str], url: str
) -> dict[str, Any]:
    sheet = hub.get(f"/authorize?{urlsplit(url).query}")
    choice = {
        **asked,
        "items": [ask["item"] for ask in sheet["asks"]],
        "locale": sheet["locale"],
        "wording_hash": sheet["wording_hash"],
    }
    prepared = hub.post("/authorize/prepare", choice)
    credential = passkey.get(prepared["publicKey"], hub.url)
    signed = {**asked, "approval": prepared["approval"], "credential": credential}
    return hub.post("/authorize/approve", signed)


def _tell_grants(given: list[dict[str, Any]]) -> None:
    if not given:
        click.echo("Nothing is allowed to anybody.")
        return
    table = Table("grant", "to", "state", "what", "until", "told")
    for one in given:
        whom = one["name"] or one["counterparty"]
        told = one["told"]["state"].replace("_", " ") if one["told"] else ""
        what = ", ".join(one["items"])
        table.add_row(one["grant_id"], whom, one["state"], what, one["expires_at"], told)
    Console().print(table)
