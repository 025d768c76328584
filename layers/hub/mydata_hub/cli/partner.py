"""`mydata partner`: the operator registers partners, over the data folder of this machine.

Whoever can write the data folder runs this hub, so no further credential is asked for.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import click

from mydata_hub.accounts.desk import Desk
from mydata_hub.cli.client import data_option, json_option, tell
from mydata_hub.cli.laptop import (
    desk_of,
    environment_of,
    laptop_deployment,
    let_the_log_take_events,
)
from mydata_hub.config import ConsentSettings
from mydata_hub.consent.grant import Frequency, FrequencyUnit
from mydata_hub.errors import HubError
from mydata_hub.fields import ClientId, GroupId, Purpose
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.insights.dry_run import MAX_BITS, Plan, run_dry
from mydata_hub.insights.fair_use import read_fair_use
from mydata_hub.insights.purposes import PURPOSES
from mydata_hub.oauth.clients import (
    Client,
    jwks_text,
    register_client,
    set_event_endpoint,
    suspend_client,
)
from mydata_hub.wiring import policies_folder

MAX_JWKS_BYTES = 256 * 1024
ID_BYTES = 8
# No address is in what is registered, so no hub needs to be running.
ANYWHERE = "http://localhost:0"


@click.group()
def partner() -> None:
    """Partners: services that ask, and get answers."""


@partner.command()
@click.option("--name", required=True, help="what people read on the consent sheet")
@click.option(
    "--jwks",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="the partner's public keys, a JWK Set",
)
@click.option("--jwks-uri", help="where the partner publishes its keys, instead of --jwks")
@click.option(
    "--redirect-uri", "redirect_uris", required=True, multiple=True, help="where people return to"
)
@click.option("--group", help="services of one company share one [default: the client id]")
@click.option(
    "--purpose",
    "purposes",
    multiple=True,
    type=click.Choice(sorted(PURPOSES)),
    help="what it may ask for [default: every purpose]",
)
@click.option(
    "--claim",
    "claims",
    multiple=True,
    type=click.Choice(sorted({entry.claim.id for entry in CATALOGUE.values()})),
    help="what it may ask of the claims [default: every claim of its purposes]",
)
@click.option("--contact", help="whom people and the hub may write to")
@click.option("--logo-uri", help="the address of its picture")
@click.option(
    "--event-endpoint", help="where it is told that a grant has ended [default: it is not told]"
)
@data_option
@json_option
def add(
    name: str,
    jwks: Path | None,
    redirect_uris: tuple[str, ...],
    group: str | None,
    purposes: tuple[str, ...],
    data: Path,
    as_json: bool,
    **more: Any,
) -> None:
    """Register a partner and print its client_id."""
    if (jwks is None) is (more["jwks_uri"] is None):
        raise click.UsageError("give --jwks or --jwks-uri")
    client_id = secrets.token_hex(ID_BYTES)
    try:
        client = Client(
            client_id=ClientId(client_id),
            name=name,
            jwks=jwks_text(_read(jwks)) if jwks else "",
            redirect_uris=redirect_uris,
            group=GroupId(group or client_id),
            purposes=tuple(Purpose(purpose) for purpose in purposes or PURPOSES),
            **more,
        )
        register_client(_desk(data), client)
    except HubError as error:
        raise click.ClickException(str(error)) from None
    result = {
        "client_id": client_id,
        "name": name,
        "group": client.group,
        "purposes": list(client.purposes),
        "redirect_uris": list(redirect_uris),
        "event_endpoint": client.event_endpoint,
    }
    tell(as_json, result, client_id)


@partner.command()
@click.argument("client_id")
@click.option("--readmit", is_flag=True, help="admit it again instead")
@data_option
@json_option
def suspend(client_id: str, data: Path, as_json: bool, *, readmit: bool) -> None:
    """Refuse a partner everywhere from now on: its requests, its tokens and its questions."""
    try:
        client = suspend_client(_desk(data), client_id, suspended=not readmit)
    except HubError as error:
        raise click.ClickException(str(error)) from None
    told = "Suspended: it is refused everywhere." if client.suspended else "Admitted again."
    tell(as_json, {"client_id": client_id, "suspended": client.suspended}, told)


@partner.command()
@click.argument("client_id")
@click.argument("address", metavar="URL", required=False)
@data_option
@json_option
def events(client_id: str, address: str | None, data: Path, as_json: bool) -> None:
    """Change where a partner is told that grants have ended; without URL it is not told."""
    try:
        set_event_endpoint(_desk(data), client_id, address)
    except HubError as error:
        raise click.ClickException(str(error)) from None
    told = f"Told at {address}." if address else "Not told any more."
    tell(as_json, {"client_id": client_id, "event_endpoint": address}, told)


def _desk(data: Path) -> Desk:
    deployment = laptop_deployment(data, ANYWHERE)
    let_the_log_take_events(deployment)
    return desk_of(ConsentSettings.read(environment_of(deployment, "consent")))


def _read(jwks: Path) -> object:
    if jwks.stat().st_size > MAX_JWKS_BYTES:
        raise click.ClickException(f"{jwks} is over {MAX_JWKS_BYTES} bytes")
    try:
        return json.loads(jwks.read_text("utf-8"))
    except (ValueError, RecursionError):
        raise click.ClickException(f"{jwks} is not JSON") from None


@partner.command("dry-run")
@click.argument("claims", nargs=-1, required=True)
@click.option("--purpose", required=True, type=click.Choice(sorted(PURPOSES)))
@click.option("--max-bits", default=MAX_BITS, show_default=True, help="what it may tell in all")
@click.option("--count", default=1, show_default=True, help="how often")
@click.option(
    "--unit",
    default="month",
    show_default=True,
    type=click.Choice([one.value for one in FrequencyUnit]),
)
@click.option("--days", default=90, show_default=True, help="how long")
@json_option
def dry_run(
    claims: tuple[str, ...],
    purpose: str,
    max_bits: int,
    count: int,
    unit: str,
    days: int,
    as_json: bool,
) -> None:
    """What would a consent to CLAIMS tell, and at what price? Nobody's data is read."""
    try:
        plan = Plan(
            claims=claims,
            purpose=purpose,
            max_bits=max_bits,
            frequency=Frequency(unit=FrequencyUnit(unit), count=count),
            days=days,
        )
        told = run_dry(plan, read_fair_use(policies_folder()))
    except HubError as error:
        raise click.ClickException(str(error)) from None
    lines = [
        f"{one['claim']}: {one['bits']} bits, {one['periods']} periods" for one in told["claims"]
    ]
    lines += [
        f"{one['id']}: charged {one['charged']} bits, tells at most {one['told_at_most']}"
        for one in told["attributes"]
    ]
    lines.append(f"Once {told['bits_once']} bits; in {days} days at most {told['bits_at_most']}.")
    lines += [f"Would be refused: {one['field']}: {one['reason']}" for one in told["refused"]]
    tell(as_json, told, "\n".join(lines))
