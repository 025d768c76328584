"""`mydata person wallet|favourite|spend|give-back`: coupons, points and stamps of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from mydata_hub.cli.client import tell
from mydata_hub.cli.person import Caller, person, signed_in

_LATER = "It is being taken in; look again in a moment."


@person.command()
@click.option("--coupon", "coupon_id", help="write this coupon, signed, to --out")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="the file that a shop reads [default: it is printed]",
)
@signed_in
def wallet(caller: Caller, coupon_id: str | None, out: Path | None) -> None:
    """Show coupons, points and stamps; with --coupon, the coupon as a shop reads it."""
    if coupon_id is None:
        if out is not None:
            raise click.UsageError("--out takes a --coupon")
        state = caller.hub.get("/wallet/state")
        tell(caller.as_json, state, lambda: _wallet(state))
        return
    shown = caller.hub.get(f"/coupons/{coupon_id}")
    if out is None:
        tell(caller.as_json, shown, str(shown["coupon"]))
        return
    out.write_text(f"{shown['coupon']}\n")
    tell(caller.as_json, {**shown, "file": str(out)}, f"{out} holds the coupon.")


@person.command()
@click.argument("offer_id")
@click.option("--leave", is_flag=True, help="earn there no more; what is held stays")
@signed_in
def favourite(caller: Caller, offer_id: str, leave: bool) -> None:
    """Earn points or stamps of OFFER_ID by oneself, at every payment that is collected."""
    path = "/wallet/favourites/end" if leave else "/wallet/favourites"
    done = caller.hub.post(path, {"offer": offer_id})
    words = f"{offer_id} is {'left' if leave else 'a favourite'}."
    tell(caller.as_json, done, words if done["in_effect"] else _LATER)


@person.command()
@click.argument("offer_id")
@signed_in
def spend(caller: Caller, offer_id: str) -> None:
    """Turn points or stamps of OFFER_ID into a coupon."""
    done = caller.hub.post("/wallet/spendings", {"offer": offer_id})
    words = f"Coupon {done['coupon_id']} is in the wallet."
    tell(caller.as_json, done, words if done["in_effect"] else _LATER)


@person.command("give-back")
@click.argument("coupon_id")
@signed_in
def give_back(caller: Caller, coupon_id: str) -> None:
    """Give back a coupon that points were spent on, while no shop has taken it."""
    done = caller.hub.post(f"/wallet/coupons/{coupon_id}/give-back")
    tell(caller.as_json, done, f"{coupon_id} is given back." if done["in_effect"] else _LATER)


def _wallet(state: Mapping[str, Any]) -> None:
    if state["programmes"]:
        table = Table("Offer", "Held", "For a reward", "Favourite")
        for one in state["programmes"]:
            kept = "yes" if one["favourite"] else "no"
            table.add_row(one["offer_id"], f"{one['held']} {one['kind']}", str(one["goal"]), kept)
        Console().print(table)
    if state["coupons"]:
        table = Table("Coupon", "What", "Worth", "State", "Good until")
        for one in state["coupons"]:
            worth = (
                "" if one["amount_minor"] is None else f"{one['amount_minor']} {one['currency']}"
            )
            table.add_row(
                one["coupon_id"], one["title"]["en"], worth, one["state"], one["good_until"][:10]
            )
        Console().print(table)
    if not state["programmes"] and not state["coupons"]:
        click.echo("The wallet is empty.")
