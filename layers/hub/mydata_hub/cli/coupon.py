"""`mydata coupon verify|redeem`: a till's side. Verifying asks nothing of the hub but its key."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from mydata_hub.benefits.redeeming import MAX_TOKEN_LETTERS, Shown, verify_coupon
from mydata_hub.cli.client import data_option, json_option, running_hub, tell
from mydata_hub.cli.receipt import fetch_published, read_keys
from mydata_hub.cli.shop import Shopkeeper, as_partner
from mydata_hub.errors import BadInput, NotProven

JWKS: Final = "/coupons/jwks"
_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.group()
def coupon() -> None:
    """Coupons as a till takes them: see that one is genuine, and redeem it."""


@coupon.command()
@_file
@click.option("--till", help="the name of the till that looks")
@click.option(
    "--jwks",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="the hub's keys of coupons, a JWK Set [default: as the hub publishes them]",
)
@click.option("--url", help="the hub to read keys from [default: the running one]")
@data_option
@json_option
def verify(
    file: Path, till: str | None, jwks: Path | None, url: str | None, data: Path, as_json: bool
) -> None:
    """Check the coupon in FILE; exit 1 and say what is wrong with it.

    With --jwks nothing is asked of any network. Whether it was redeemed before, only the hub
    knows, unless it names the one till that may take it.
    """
    token = _read(file)
    try:
        published = jwks.read_bytes() if jwks else fetch_published(running_hub(data, url), JWKS)
        keys = read_keys(published)
    except (NotProven, ValueError) as error:
        raise click.ClickException(f"there is no key to check it with: {error}") from None
    try:
        shown = verify_coupon(token, None, *keys)
        shown.check(datetime.now(UTC), till)
    except (NotProven, BadInput) as error:
        _refuse(str(error), as_json=as_json)
    alone = shown.till is not None
    told = _document(shown) | {"verified": True, "needs_redemption_online": not alone}
    once = (
        f"The till {shown.till} alone may take it: without a connection, let it take each once."
        if alone
        else "Redeem it with the hub: only there it counts once."
    )
    tell(as_json, told, f"The coupon is genuine: {_words(shown)}.\n{once}")


@coupon.command()
@_file
@click.option("--till", help="the name of the till that takes it")
@as_partner
def redeem(keeper: Shopkeeper, file: Path, till: str | None, as_json: bool) -> None:
    """Redeem the coupon in FILE; a second time is refused."""
    form = {"coupon": _read(file)} | ({"till": till} if till else {})
    told = keeper.post("/coupons/redeem", **form)
    tell(as_json, told, f"Redeemed: {told['offer_id']}, at {told['redeemed_at']}.")


def _read(file: Path) -> str:
    with file.open("rb") as opened:
        encoded = opened.read(MAX_TOKEN_LETTERS + 2)
    return encoded.decode(errors="replace").strip()


def _refuse(reason: str, *, as_json: bool) -> NoReturn:
    if as_json:
        click.echo(json.dumps({"verified": False, "reason": reason}))
    click.echo(f"The coupon is NOT good: {reason}.", err=True)
    sys.exit(1)


def _words(shown: Shown) -> str:
    worth = "" if shown.amount_minor is None else f", {shown.amount_minor} {shown.currency}"
    return f"{shown.benefit} of {shown.offer}{worth}, until {shown.good_until.isoformat()}"


def _document(shown: Shown) -> dict[str, Any]:
    return {
        "issuer": shown.issuer,
        "coupon_id": shown.coupon_id,
        "client": shown.client,
        "offer": shown.offer,
        "benefit": shown.benefit,
        "amount_minor": shown.amount_minor,
        "currency": shown.currency,
        "till": shown.till,
        "good_until": shown.good_until.isoformat(),
    }
