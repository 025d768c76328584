"""`mydata operator offers|approve-offer|refuse-offer`: what may be shown to people."""

from __future__ import annotations

from typing import Any, Final

import click

from mydata_hub.cli.client import HubClient, tell
from mydata_hub.cli.reviewing import as_operator

WAITING: Final = "/operator/offers"
version_option: Final = click.option(
    "--version", type=click.IntRange(1), help="which one [default: the one that waits]"
)


@click.command("offers")
@as_operator
def offers(hub: HubClient, as_json: bool) -> None:
    """Show the offers that wait for a decision, the longest first."""
    state = hub.get(f"{WAITING}/state")

    def say() -> None:
        for one in state["offers"]:
            tells = ", ".join(one["discloses"]) or "nothing else"
            click.echo(f"{one['offer_id']} version {one['version']}")
            click.echo(f"  {one['title']['ko']}: {one['text']['ko']}")
            click.echo(f"  {one['title']['en']}: {one['text']['en']}")
            click.echo(f"  for {one['eligibility'] or 'everybody'}")
            click.echo(f"  after {one['trigger']}, until {one['valid_until'][:10]}")
            click.echo(f"  accepting it tells {tells} ({one['bits']} bits)")
        if not state["offers"]:
            click.echo("Nothing is waiting.")

    tell(as_json, state, say)


@click.command("approve-offer")
@click.argument("offer_id")
@version_option
@as_operator
def approve_offer(hub: HubClient, offer_id: str, version: int | None, as_json: bool) -> None:
    """Let an offer be shown to whom it fits, from the next snapshot on."""
    body = {"version": version or _waiting(hub, offer_id), "outcome": "approved"}
    _decide(hub, offer_id, body, as_json=as_json)


@click.command("refuse-offer")
@click.argument("offer_id")
@version_option
@click.option("--reason", required=True, help="why, for its partner to read")
@as_operator
def refuse_offer(
    hub: HubClient, offer_id: str, version: int | None, reason: str, as_json: bool
) -> None:
    """Refuse an offer that waits, or with --version take away one that was approved."""
    named = version or _waiting(hub, offer_id)
    body = {"version": named, "outcome": "refused", "reason": reason}
    _decide(hub, offer_id, body, as_json=as_json)


def _decide(hub: HubClient, offer_id: str, body: dict[str, Any], *, as_json: bool) -> None:
    told = hub.post(f"{WAITING}/{offer_id}/decide", body)
    tell(as_json, told, f"{offer_id} version {told['version']}: {told['state']}.")


def _waiting(hub: HubClient, offer_id: str) -> int:
    for one in hub.get(f"{WAITING}/state")["offers"]:
        if one["offer_id"] == offer_id:
            return int(one["version"])
    raise click.ClickException(f"{offer_id} does not wait for a decision; name a --version")
