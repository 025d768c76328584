"""`mydata person approve|grants|withdraw|narrow|history|receipt`: a person's consents, by the calls
of the pages."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import click
from rich.console import Console
from rich.table import Table

from mydata_hub.cli.client import HubClient, Refused, tell
from mydata_hub.cli.erase import ask_whether_meant, erase_part
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
@click.argument("grant_id", required=False)
@click.option("--all", "everything", is_flag=True, help="every consent, instead of one")
@click.option(
    "--records",
    type=click.Choice(["keep", "delete"]),
    help="of a source: what shall become of what was collected [default: keep]",
)
@click.option("--yes", is_flag=True, help="do not ask whether deleting is meant")
@signed_in
def withdraw(
    caller: Caller, grant_id: str | None, records: str | None, *, everything: bool, yes: bool
) -> None:
    """Withdraw a consent by its id (see `person grants`): the next request is refused."""
    if everything is (grant_id is not None):
        raise click.UsageError("name a grant, or give --all")
    if everything and records:
        raise click.UsageError("--records is about one source: name its grant")
    if grant_id is None:
        ended = caller.hub.post("/grants/withdraw")
        said = f"Withdrawn: {len(ended['withdrawn'])} consents."
        tell(caller.as_json, ended, said)
        return
    source = _source(caller, grant_id) if records == "delete" else None
    if source and not yes:
        ask_whether_meant({"provider": source})
    ended = caller.hub.post(
        f"/grants/{_grant(grant_id)}/withdraw", {"records": records} if records else {}
    )
    if source is None:
        tell(caller.as_json, ended, "Withdrawn. Whatever is asked by it from now on is refused.")
        return
    if not caller.as_json:
        click.echo("Withdrawn. Nothing is collected from there any more.")
    erase_part(caller, {"provider": source}, out=None)


def _source(caller: Caller, grant_id: str) -> str:
    """The provider whose collecting a grant allows."""
    found = caller.hub.get(f"/consents/{_grant(grant_id)}")
    if found["kind"] != "collect":
        raise click.UsageError("--records is about a source, and that consent is a partner's")
    return str(found["counterparty"])


@person.command()
@click.argument("grant_id")
@click.option("--drop", "dropped", multiple=True, metavar="CLAIM", help="what is not allowed more")
@click.option("--until", type=click.DateTime(), help="an earlier end, in UTC")
@signed_in
def narrow(caller: Caller, grant_id: str, dropped: tuple[str, ...], until: datetime | None) -> None:
    """Let a consent allow less, without a passkey; more takes a new question to the person."""
    if not dropped and until is None:
        raise click.UsageError("say what to --drop, or an earlier end with --until")
    path = f"/consents/{_grant(grant_id)}"
    body: dict[str, Any] = {}
    if dropped:
        held = [one["item"] for one in caller.hub.get(path)["items"] if one["is_consent"]]
        body["items"] = _without(held, dropped)
    if until is not None:
        body["expires_at"] = until.replace(tzinfo=UTC).isoformat()
    narrowed = caller.hub.post(f"/grants/{grant_id}/narrow", body)
    tell(caller.as_json, narrowed, "It allows less from now on.")


def _without(held: list[str], dropped: tuple[str, ...]) -> list[str]:
    """What stays allowed, where an item may be named without its version."""
    named = {name: item for item in held for name in (item, item.partition("@")[0])}
    # Threat: a name that is mistyped, and a person who believes that it is no longer allowed.
    unknown = [name for name in dropped if name not in named]
    if unknown:
        allowed = ", ".join(held)
        raise click.UsageError(f"{', '.join(unknown)}: not allowed here; allowed is {allowed}")
    gone = {named[name] for name in dropped}
    return [item for item in held if item not in gone]


@person.command()
@click.argument("grant_id")
@signed_in
def history(caller: Caller, grant_id: str) -> None:
    """Show every version that a consent ever had, with what was signed."""
    consent = caller.hub.get(f"/consents/{_grant(grant_id)}")
    tell(caller.as_json, consent, lambda: _tell_versions(consent["versions"]))


@person.command()
@click.argument("ident", metavar="GRANT|EVENT")
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="where to save it",
)
@signed_in
def receipt(caller: Caller, ident: str, out: Path) -> None:
    """Save your own receipt of a consent (see `person grants`) or of an answer (`person activity`).

    `receipt verify` checks either without the hub.
    """
    if not ident.isalnum():
        raise click.UsageError(
            "an id is letters and digits, as `person grants` and `activity` have it"
        )
    try:
        kept = caller.hub.get(f"/consents/{ident}/receipt")
    except Refused as refused:
        if refused.status != HTTPStatus.NOT_FOUND:
            raise
        kept = caller.hub.get(f"/activity/{ident}/receipt")
    out.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")
    tell(caller.as_json, {"of": ident, "file": str(out)}, f"Saved to {out}.")


def _grant(grant_id: str) -> str:
    if not grant_id.isalnum():
        raise click.UsageError("a grant's id is letters and digits, as `person grants` prints it")
    return grant_id


@person.command()
@signed_in
def balances(caller: Caller) -> None:
    """What each group of partners may know of you by now, in bits and in words."""
    known = caller.hub.get("/grants/state")["balances"]
    tell(caller.as_json, known, lambda: _tell_balances(known))


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


def _tell_versions(versions: list[dict[str, Any]]) -> None:
    table = Table("version", "state", "what", "until", "signed record")
    for one in versions:
        what = ", ".join(one["items"])
        row = (str(one["version"]), one["state"], what, one["expires_at"], one["consent"][:16])
        table.add_row(*row)
    Console().print(table)


def _tell_balances(known: dict[str, Any]) -> None:
    for one in known["groups"]:
        partners = ", ".join(one["partners"])
        click.echo(f"{partners}: {one['bits']:.1f} of {one['cap']} bits. {one['words']}")
        if one["held_back"]:
            click.echo(f"  {one['held_back']} questions got no answer, because of your own cap.")
    together = known["all"]
    click.echo(f"All together: {together['bits']:.1f} of {together['cap']} bits in 365 days.")


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
