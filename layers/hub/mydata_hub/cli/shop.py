"""`mydata offer publish|withdraw|list|report`: a partner's own side, over the endpoints that any
partner calls; it proves itself with its key, and there is no back door."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import httpx

from mydata_hub.cli.client import (
    data_option,
    http_client,
    json_option,
    running_hub,
    tell,
    url_option,
)
from mydata_hub.oauth.client_assertion import ASSERTION_TYPE
from mydata_hub.offers.catalogue.partner_calls import MAX_OFFER_BODY_BYTES

if TYPE_CHECKING:
    from joserfc.jwk import Key

ASSERTION_SECONDS: Final = 60
# Of a key that says none.
DEFAULT_ALGORITHM: Final = "ES256"
_METADATA: Final = "/.well-known/oauth-authorization-server"


@dataclass(slots=True)
class Shopkeeper:
    """A partner with its private key (a JWK), at one hub."""

    url: str
    client_id: str
    key: Key = field(repr=False)
    algorithm: str

    def post(self, path: str, **form: str) -> dict[str, Any]:
        """What the hub answers to a form. Raises ClickException with the hub's own words."""
        try:
            issuer = str(self._answer("GET", _METADATA)["issuer"])
            proof = {
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": self._assertion(issuer),
            }
            return self._answer("POST", path, {**proof, **form})
        except httpx.HTTPError as error:
            reason = type(error).__name__
            raise click.ClickException(f"the hub at {self.url} does not answer: {reason}") from None

    def _answer(
        self, method: str, path: str, form: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        with http_client(self.url) as client:
            answer = client.request(method, path, data=form)
        try:
            told: Any = answer.json()
        except ValueError:
            told = None
        if answer.is_success and isinstance(told, dict):
            return told
        problem = told if isinstance(told, dict) else {}
        said = problem.get("error_description") or problem.get("error")
        if problem.get("error") == "invalid_client":
            said = (
                f"the hub does not take {self.client_id} with this key: use the key whose public"
                f" half the partner was registered with, and the id that was printed ({said})"
            )
        raise click.ClickException(str(said or f"the hub answered {answer.status_code}"))

    def _assertion(self, issuer: str) -> str:
        """The proof of who calls (RFC 7523), good for this call alone."""
        from joserfc import jwt

        now = int(time.time())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": issuer,
            "jti": secrets.token_hex(16),
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
        }
        header = {"alg": self.algorithm} | ({"kid": self.key.kid} if self.key.kid else {})
        return jwt.encode(header, claims, self.key, algorithms=[self.algorithm])


def as_partner(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command its options and the partner that calls."""

    @click.option("--client-id", required=True, help="as `partner add` printed it")
    @click.option(
        "--key",
        required=True,
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="the partner's private key, a JWK",
    )
    @data_option
    @url_option
    @json_option
    @wraps(command)
    def run(
        client_id: str, key: Path, data: Path, url: str | None, as_json: bool, **others: object
    ) -> None:
        keeper = Shopkeeper(running_hub(data, url), client_id, *_read_key(key))
        command(keeper, as_json=as_json, **others)

    return run


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replaces", type=int, help="the version that it takes the place of")
@as_partner
def publish(keeper: Shopkeeper, file: Path, replaces: int | None, as_json: bool) -> None:
    """Publish the offer in FILE; it waits until an operator lets it be shown."""
    if file.stat().st_size > MAX_OFFER_BODY_BYTES:
        raise click.ClickException(f"{file} is over {MAX_OFFER_BODY_BYTES} bytes")
    try:
        form = {"offer": file.read_text("utf-8")}
    except UnicodeDecodeError:
        raise click.ClickException(f"{file} is no text in UTF-8") from None
    if replaces is not None:
        form["replaces"] = str(replaces)
    told = keeper.post("/offers", **form)
    words = (
        f"{told['offer_id']} version {told['version']}: {told['state']}.\n"
        f"An acceptance tells {', '.join(told['discloses']) or 'nothing else'}"
        f" ({told['bits']} bits)."
    )
    tell(as_json, told, words)


@click.command()
@click.argument("offer_id")
@as_partner
def withdraw(keeper: Shopkeeper, offer_id: str, as_json: bool) -> None:
    """Take an offer back: from the next snapshot on it is shown to nobody."""
    told = keeper.post("/offers/withdraw", offer_id=offer_id)
    tell(as_json, told, f"{offer_id}: {told['state']}.")


@click.command("list")
@as_partner
def list_own(keeper: Shopkeeper, as_json: bool) -> None:
    """List the partner's offers and what became of each."""
    told = keeper.post("/offers/list")

    def say() -> None:
        for one in told["offers"]:
            shown = "" if one["shown"] is None else f", version {one['shown']} is shown"
            reason = f": {one['reason']}" if one["reason"] else ""
            click.echo(f"{one['offer_id']} version {one['version']}: {one['state']}{shown}{reason}")
        if not told["offers"]:
            click.echo("There are none.")

    tell(as_json, told, say)


@click.command()
@click.argument("offer_id")
@as_partner
def report(keeper: Shopkeeper, offer_id: str, as_json: bool) -> None:
    """Tell how often an offer was accepted and redeemed, by days that are over."""
    told = keeper.post("/offers/report", offer_id=offer_id)

    def say() -> None:
        for one in (*told["days"], {**told, "day": "In all"}):
            numbers = f"accepted {one['accepted']}, redeemed {one['redeemed']}"
            click.echo(f"{one['day']}: {numbers}")
        click.echo(f"Before {told['until']}; a day is counted when it is over.")

    tell(as_json, told, say)


def _read_key(path: Path) -> tuple[Key, str]:
    """A private key, and the algorithm that it signs with."""
    from joserfc import jws
    from joserfc.errors import JoseError
    from joserfc.jwk import import_key

    algorithm = DEFAULT_ALGORITHM
    try:
        told = json.loads(path.read_text("utf-8"))
        algorithm = str(told.get("alg") or algorithm)
        key = import_key(told)
        # A public key, or one of another kind, is found out before anything is asked of the hub.
        jws.serialize_compact({"alg": algorithm}, b"", key, algorithms=[algorithm])
    except (ValueError, TypeError, AttributeError, RecursionError, JoseError):
        # The library's own words could show the key.
        raise click.ClickException(
            f"{path} is no private key (JWK) that signs with {algorithm}"
        ) from None
    return key, algorithm
