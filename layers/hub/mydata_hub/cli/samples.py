"""`mydata samples`: the sample world, each part a process of its own over HTTP on loopback."""

from __future__ import annotations

import json
import logging
import os
import secrets
import signal
import sys
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from mydata_hub.embedded.server import CannotServe, listen_on_loopback, serve_until_told
from mydata_hub.samples.facts import KST
from mydata_hub.samples.people import PEOPLE

DEFAULT_HUB: Final = "http://localhost:8787"
_port = click.option(
    "--port",
    default=0,
    type=click.IntRange(0, 65535),
    help="the port on loopback; 0 takes a free one",
)
_hub = click.option("--hub", default=DEFAULT_HUB, show_default=True, help="the hub's address")
_now = click.option("--now", help="the instant the two years end at, RFC 3339 [default: now]")
_with_parent = click.option("--with-parent", is_flag=True, help="end when standard input closes")
_json = click.option("--json", "as_json", is_flag=True, help="print JSON")


@click.group()
def samples() -> None:
    """The sample world: made-up people, providers and partners."""


@samples.command()
@_port
@_hub
@_now
@_json
@click.option("--client-secret", help="the hub's secret with the providers [default: a new one]")
@click.option("--admin-token", help="what lets things go wrong [default: a new one]")
@_with_parent
@click.option("--token-seconds", default=300.0, show_default=True, help="life of an access token")
def providers(
    port: int,
    hub: str,
    now: str | None,
    as_json: bool,
    client_secret: str | None,
    admin_token: str | None,
    with_parent: bool,
    token_seconds: float,
) -> None:
    """Serve the sample data providers until told to stop."""
    from mydata_hub.samples.providers import CLIENT_ID, Providers
    from mydata_hub.samples.tokens import Tokens
    from mydata_hub.samples.world import World

    if with_parent:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    secret = client_secret or secrets.token_urlsafe(24)
    until = _instant(now)
    sockets, url = _listen(port)
    served = Providers(
        url=url,
        hub=hub.rstrip("/"),
        client_secret=secret,
        admin_token=admin_token or secrets.token_urlsafe(24),
        world=World(until),
        tokens=Tokens(secret, token_seconds),
    )
    about = {
        "sample": True,
        "url": url,
        "pid": os.getpid(),
        # The two years of the sample lives end here.
        "now": until.isoformat(),
        "client_id": CLIENT_ID,
        "client_secret": secret,
        "admin_token": served.admin_token,
        "providers": served.about(),
    }
    _serve(served.app(), sockets, about, as_json=as_json)


@samples.command()
@click.argument("person", type=click.Choice([*PEOPLE]))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.option("--broken", is_flag=True, help="with one line without a date and one without amount")
@_now
@_json
def statement(person: str, out: Path, broken: bool, now: str | None, as_json: bool) -> None:
    """Write a sample person's bank statement for `mydata import --mapping kr_bank`."""
    from mydata_hub.samples.lives import live
    from mydata_hub.samples.statement import write_statement

    life = live(PEOPLE[person], _instant(now))
    out.write_text(write_statement(life, broken=broken), "utf-8")
    told = {
        "sample": True,
        "file": str(out),
        "mapping": "kr_bank",
        "lines": len(life.own_statement),
    }
    click.echo(json.dumps(told) if as_json else f"{out}: {told['lines']} sample lines")


@samples.command("partner")
@click.argument("trade", type=click.Choice(["bicycle", "insurer"]))
@_port
@_hub
@_json
@_with_parent
@click.option("--client-id", required=True, help="as `mydata partner add` printed it")
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="the private key, as `mydata samples key` wrote it",
)
def serve_partner(
    trade: str, port: int, hub: str, as_json: bool, with_parent: bool, client_id: str, key: Path
) -> None:
    """Serve a sample partner until told to stop."""
    from mydata_hub.samples.partner import Partner
    from mydata_hub.samples.relying_party import RelyingParty
    from mydata_hub.samples.trades import TRADES

    if with_parent:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    sockets, url = _listen(port)
    hub = hub.rstrip("/")
    redirect_uri = f"{url}/callback"
    try:
        jwk = json.loads(key.read_text())
        party = RelyingParty(hub, TRADES[trade], client_id, jwk, redirect_uri)
    except (ValueError, TypeError, AttributeError, KeyError):
        for listener in sockets:
            listener.close()
        # The library's own words would show the key.
        raise click.ClickException(f"{key} holds no private key with kid and alg") from None
    about = {"sample": True, "url": url, "pid": os.getpid(), "redirect_uri": redirect_uri}
    _serve(Partner(party).app(), sockets, {**about, "hub": hub, "trade": trade}, as_json=as_json)


@samples.command()
@click.argument("trade", type=click.Choice(["bicycle", "insurer"]))
@click.option("--key", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.option("--jwks", type=click.Path(dir_okay=False, path_type=Path), required=True)
@_json
def key(trade: str, key: Path, jwks: Path, as_json: bool) -> None:
    """Write a sample partner's private key, and the public JWK Set to register it with."""
    from jwskate import Jwk

    from mydata_hub.samples.trades import TRADES

    made = Jwk.generate(alg="ES256", use="sig").with_kid_thumbprint()
    try:
        descriptor = os.open(key, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        raise click.ClickException(f"{key} exists already") from None
    with os.fdopen(descriptor, "w") as file:
        file.write(made.to_json())
    jwks.write_text(json.dumps({"keys": [made.public_jwk().to_dict()]}))
    name, purpose = TRADES[trade].name.ko, TRADES[trade].purpose
    told = {"sample": True, "key": str(key), "jwks": str(jwks), "name": name, "purpose": purpose}
    register = f'mydata partner add --name "{name}" --purpose {purpose} --jwks {jwks}'
    click.echo(json.dumps(told) if as_json else f"Register it: {register} --redirect-uri ...")


def _end_with_parent() -> None:
    # The pipe closes when whoever started us ends, even by kill -9, which tells nobody else.
    while sys.stdin.buffer.read(4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _listen(port: int) -> tuple[list[Any], str]:
    try:
        sockets = listen_on_loopback(port)
    except CannotServe as error:
        raise click.ClickException(str(error)) from None
    # Cookies know no ports: on `localhost` the browser would show us those of the hub.
    return sockets, f"http://127.0.0.1:{sockets[0].getsockname()[1]}"


def _serve(app: Any, sockets: list[Any], about: Mapping[str, Any], *, as_json: bool) -> None:
    # Faults hang up in the middle of answers, which the server would take for errors of ours.
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)

    def tell() -> None:
        if as_json:
            click.echo(json.dumps(about, ensure_ascii=False))
            return
        for name, value in about.items():
            if isinstance(value, (str, int)):
                click.echo(f"{name}: {value}")

    serve_until_told(app, sockets, tell)


def _instant(now: str | None) -> datetime:
    try:
        at = datetime.fromisoformat(now) if now else datetime.now(KST)
    except ValueError:
        raise click.BadParameter("takes RFC 3339", param_hint="--now") from None
    if at.tzinfo is None:
        raise click.BadParameter("takes an instant with its zone", param_hint="--now")
    # Whole seconds, as the wire has them.
    return at.astimezone(KST).replace(microsecond=0)
