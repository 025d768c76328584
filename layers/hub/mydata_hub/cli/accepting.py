"""`mydata person accept`: take an offer that one's vault showed, by the calls of the page."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import click

from mydata_hub.cli.client import tell
from mydata_hub.cli.person import Caller, person, signed_in
from mydata_hub.cli.wallet import Wallet


@person.command()
@click.argument("offer_id", metavar="OFFER")
@signed_in
def accept(caller: Caller, offer_id: str) -> None:
    """Accept an offer that is shown to you (see `person offers`): sign all that it tells.

    Its partner hears of it when the day is over, or at once when the coupon is redeemed.
    """
    path = f"/offers/{quote(offer_id, safe='')}"
    ticket = caller.hub.post(f"{path}/open")["ticket"]
    sheet = caller.hub.get(f"{path}/accept")
    if sheet["discloses"]:
        accepted = _sign(caller, path, ticket, sheet)
    else:
        accepted = caller.hub.post(f"{path}/take", {"ticket": ticket})
    told = {**sheet, **accepted}
    tell(caller.as_json, told, lambda: _tell(told))


def _sign(caller: Caller, path: str, ticket: str, sheet: dict[str, Any]) -> dict[str, Any]:
    passkey = Wallet(caller.data).load(caller.name, caller.label)
    asked = {"ticket": ticket, "locale": sheet["locale"], "wording_hash": sheet["wording_hash"]}
    prepared = caller.hub.post(f"{path}/prepare", asked)
    credential = passkey.get(prepared["publicKey"], caller.hub.url)
    return caller.hub.post(
        f"{path}/approve", {"approval": prepared["approval"], "credential": credential}
    )


def _tell(told: dict[str, Any]) -> None:
    click.echo(f"Accepted: {told['title']['en']}. {told['benefit']['en']}")
    if not told["discloses"]:
        click.echo(f"{told['partner']} learns nothing about you.")
        return
    click.echo(f"{told['partner']} hears of it at {told['told_at']} and may ask, once:")
    for claim in told["discloses"]:
        click.echo(f"  {claim}")
    click.echo(f"That is at most {told['bits']} bits.")
