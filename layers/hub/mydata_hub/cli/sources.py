"""`mydata person connect|sources`: a person's sources, by the calls of the pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import click
from rich.console import Console
from rich.table import Table

from mydata_hub.cli.client import HubClient, http_client, tell
from mydata_hub.cli.own_entries import own_entries
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.cli.person import Caller, person, signed_in
from mydata_hub.cli.wallet import Wallet


@person.command()
@click.argument("provider")
@click.option("--dataset", "datasets", multiple=True, help="which records [default: all it has]")
@click.option("--sample-person", help="whom to be at a sample provider [default: as --as]")
@signed_in
def connect(
    caller: Caller, provider: str, datasets: tuple[str, ...], sample_person: str | None
) -> None:
    """Connect a provider: sign the consent with the passkey, agree there, and come back.

    PROVIDER is an id of `person sources`, such as sample-card.
    """
    passkey = Wallet(caller.data).load(caller.name, caller.label)
    who = (sample_person or caller.name).lower()
    made = connect_provider(caller.hub, passkey, provider, who, datasets)
    tell(caller.as_json, made, f"{made['name']} is connected; what it has is being collected.")


def connect_provider(
    hub: HubClient,
    passkey: SoftwarePasskey,
    provider: str,
    who: str,
    datasets: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Connect a provider for whose session this is; gives the source as it is then.

    `who` is whom to be at a sample provider. Raises Refused, ClickException.
    """
    sheet = _sheet(hub, provider)
    choice = {
        "provider_id": sheet["provider_id"],
        "items": list(datasets) or [one["id"] for one in sheet["datasets"]],
        "locale": sheet["locale"],
        "wording_hash": sheet["wording_hash"],
    }
    prepared = hub.post("/sources/prepare", choice)
    credential = passkey.get(prepared["publicKey"], hub.url)
    signed = {"approval": prepared["approval"], "credential": credential}
    location = hub.post("/sources/approve", signed)["location"]
    note = _come_back(hub, _agree(location, who))
    if note != "connected":
        raise click.ClickException(f"the connection was not made: {note}")
    state = hub.get("/sources/state")
    made: dict[str, Any] = next(
        one for one in state["sources"] if one["provider_id"] == sheet["provider_id"]
    )
    return made


@person.command()
@signed_in
def sources(caller: Caller) -> None:
    """List the sources, how their collection goes, and what else can be connected."""
    state = caller.hub.get("/sources/state")
    tell(caller.as_json, state, lambda: _tell_sources(state))


@person.command()
@signed_in
def activity(caller: Caller) -> None:
    """List what happened to one's data, the newest first."""
    entries = own_entries(caller.hub)

    def words() -> None:
        for one in entries:
            place = "-" if one["index"] is None else f"#{one['index']}"
            click.echo(f"{one['at']}  {place:>6}  {one['words']}  {one['who']}  {one['more']}")

    tell(caller.as_json, {"entries": entries}, words)


def _sheet(hub: HubClient, provider: str) -> dict[str, Any]:
    state = hub.get("/sources/state")
    for one in state["providers"]:
        if one["provider_id"] == provider:
            return {**one, "locale": state["locale"]}
    free = ", ".join(one["provider_id"] for one in state["providers"]) or "none"
    raise click.UsageError(f"{provider} cannot be connected; these can: {free}")


def _agree(location: str, who: str) -> str:
    """Answer the sample provider's form as a browser would; gives where it sends us back to."""
    with http_client() as http:
        wanted = {"accept": "application/json"}
        asked = http.get(location, headers=wanted)
        form = asked.json() if asked.is_success else {}
        if not form.get("sample"):
            raise click.ClickException(
                "this provider wants a person at a browser: connect it on the page"
            )
        told = {**form["fields"], "person": who, "decision": "allow"}
        answer = http.post(form["action"], data=told, headers=wanted)
        if not answer.is_success:
            known = ", ".join(one["id"] for one in form["people"])
            raise click.UsageError(f"--sample-person takes one of {known}")
        return str(answer.json()["location"])


def _come_back(hub: HubClient, back: str) -> str:
    parts = urlsplit(back)
    # The code of a person's consent is for this hub alone.
    if f"{parts.scheme}://{parts.netloc}" != hub.url:
        raise click.ClickException("the provider sends us somewhere else than back to the hub")
    answer = hub.http.get(f"{parts.path}?{parts.query}", follow_redirects=False)
    return answer.headers.get("location", "").rpartition("note=")[2] or "it did not answer"


def _tell_sources(state: dict[str, Any]) -> None:
    table = Table("source", "state", "records", "complete up to", "consent")
    for one in state["sources"]:
        how = one["way"] + (f": {one['trouble']}" if one["trouble"] else "")
        records = ", ".join(f"{name} {count}" for name, count in one["records"].items() if count)
        table.add_row(one["name"], how, records, one["complete_at"] or "not yet", one["grant_id"])
    console = Console()
    if state["sources"]:
        console.print(table)
    free = ", ".join(one["provider_id"] for one in state["providers"])
    click.echo(f"To be connected: {free or 'nothing more'}")
