"""`mydata certificate`: check a certificate of erasure with two public keys and nothing else."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from mydata_hub.cli.client import data_option, json_option, running_hub, tell
from mydata_hub.cli.receipt import fetch_published, read_keys
from mydata_hub.erasure.certificate import (
    MAX_BYTES,
    Verified,
    signing_key,
    verify_certificate,
)
from mydata_hub.errors import HubError, NotProven
from mydata_hub.transparency.checkpoint import VerifierKey

JWKS: Final = "/certificates/jwks"


@click.group()
def certificate() -> None:
    """Certificates: what was erased, since when, and what was not."""


@certificate.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", "key_text", help="the log's verifier key [default: as the hub tells it]")
@click.option(
    "--jwks",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="the hub's keys of certificates, a JWK Set [default: as the hub publishes them]",
)
@click.option("--url", help="the hub to read keys from [default: the running one]")
@data_option
@json_option
def verify(
    file: Path, key_text: str | None, jwks: Path | None, url: str | None, data: Path, as_json: bool
) -> None:
    """Check FILE, a certificate or what its link shows; exit 1 and say what is wrong with it.

    With --key and --jwks nothing is asked of any network.
    """
    with file.open("rb") as opened:
        encoded = opened.read(MAX_BYTES + 1)
    hub = "" if key_text and jwks else running_hub(data, url)
    try:
        log_key = VerifierKey.parse(key_text or fetch_published(hub, "/log/key").decode().strip())
        keys = read_keys(jwks.read_bytes() if jwks else fetch_published(hub, JWKS))
    except (HubError, ValueError) as error:
        raise click.ClickException(f"there is no key to check it with: {error}") from None
    try:
        found = [verify_certificate(one, signing_key(one, keys), log_key) for one in _each(encoded)]
    except NotProven as error:
        if as_json:
            wrong = {"verified": False, "object": error.thing, "reason": error.reason}
            click.echo(json.dumps(wrong))
        click.echo(f"The certificate does NOT verify: {error}.", err=True)
        sys.exit(1)
    told = {"verified": True, "certificates": [_as_json(one) for one in found]}
    tell(as_json, told, lambda: _say(found, pinned=not hub))


def _each(encoded: bytes) -> list[bytes]:
    """The certificates in what the link shows, or the one in the file."""
    try:
        shown = json.loads(encoded)
    except (ValueError, RecursionError):
        return [encoded]
    held = shown.get("certificates") if isinstance(shown, dict) else None
    if not isinstance(held, list):
        return [encoded]
    if not held:
        raise NotProven("certificate", "is not there yet")
    return [json.dumps(one).encode() for one in held]


def _as_json(found: Verified) -> Mapping[str, Any]:
    return {**found.facts, "index": found.index}


def _say(found: list[Verified], *, pinned: bool) -> None:
    for one in found:
        facts = one.facts
        place = "no place in the log yet" if one.index is None else f"entry {one.index} of the log"
        click.echo(f"The certificate verifies: {facts['kind']}, {place}.")
        if "part" in facts:
            part = ", ".join(f"{name} {told}" for name, told in facts["part"].items())
            click.echo(f"A part of a vault: {part}.")
        click.echo(f"Inaccessible since {facts['inaccessible_at']}.")
        click.echo(f"Irrecoverable from {facts['irrecoverable_at']}.")
        for name in ("covers", "not_covered"):
            click.echo(f"{name.replace('_', ' ').capitalize()}:")
            for sentence in facts[name].values():
                click.echo(f"  {sentence}")
        until = facts["fades"]["until"] or "an instant that only the operator knows"
        click.echo(f"Until {until}: {facts['fades']['rows']}.")
    if not pinned:
        click.echo("Keys, as the hub tells them; give --key and --jwks to hold it to yours.")
