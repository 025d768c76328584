"""`mydata person offers|not-interested`: what fits, found inside one's vault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from mydata_hub.cli.client import tell
from mydata_hub.cli.person import Caller, person, signed_in


@person.command()
@signed_in
def offers(caller: Caller) -> None:
    """Show the offers that fit, and why; no partner learns that they do."""
    seen = caller.hub.get("/offers/state")
    tell(caller.as_json, seen, lambda: _say(seen))


@person.command("not-interested")
@click.argument("offer", required=False)
@click.option("--category", help="no offers of a whole category")
@click.option("--for-now", is_flag=True, help="put an offer away for a month")
@click.option("--end", is_flag=True, help="interested after all")
@signed_in
def not_interested(
    caller: Caller, offer: str | None, category: str | None, for_now: bool, end: bool
) -> None:
    """Say that one does not want an offer, or offers of a category; nobody is told."""
    if (offer is None) == (category is None) or (for_now and (end or category)):
        raise click.UsageError("takes an offer or --category; --for-now is of an offer alone")
    word = "interested" if end else "not_now" if for_now else "not_interested"
    scope, name = ("offer", offer) if offer else ("category", category)
    done = caller.hub.post("/offers/words", {"scope": scope, "name": name, "word": word})
    later = "" if done["in_effect"] else " The vault is still taking it in; look again in a minute."
    told = {"scope": scope, "name": name, "word": word, **done}
    tell(caller.as_json, told, f"{name}: {word.replace('_', ' ')}.{later}")


def _say(seen: Mapping[str, Any]) -> None:
    if seen["held"]:
        click.echo("What you said is being taken in; until then nothing is shown.")
    elif not seen["offers"]:
        click.echo("Nothing for you today.")
    for one in seen["offers"]:
        new = " (new)" if one["new"] else ""
        click.echo(f"\n{one['title']['en']}{new}  {one['offer_id']}")
        click.echo(f"  {one['partner']}: {one['text']['en']}")
        click.echo(f"  {one['benefit']['wording']['en']}")
        click.echo(f"  Why: {one['reason']['en']}")
        for told in one["because"]:
            click.echo(f"    {told['question']['en']} {told['answer']}")
        tells = ", ".join(one["discloses"]) or "nothing"
        click.echo(f"  Accepting would tell: {tells}. Open until {one['valid_until']}.")
    if seen["put_away"]:
        click.echo(f"Put away: {', '.join(seen['put_away'])}.")
    if seen["not_interested"]:
        click.echo(f"Not interested in: {', '.join(seen['not_interested'])}.")
