"""`mydata receipt`: check the receipt of an answer or of a consent with public keys and nothing
else."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click
import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from mydata_hub.cli.client import data_option, http_client, json_option, running_hub, tell
from mydata_hub.cli.log_sources import FolderSource
from mydata_hub.cli.mirror import progress_bar, witness_option
from mydata_hub.errors import HubError, NotProven
from mydata_hub.oauth.consent_receipt import JWKS as CONSENT_JWKS
from mydata_hub.oauth.consent_receipt import is_consent_receipt, verify_consent_receipt
from mydata_hub.oauth.jose import import_key_set
from mydata_hub.oauth.metadata import ANSWERS_JWKS
from mydata_hub.release.receipts import MAX_RECEIPT_BYTES, Verified, signing_key, verify_receipt
from mydata_hub.transparency.binding import bind_entry
from mydata_hub.transparency.checkpoint import COSIGNATURE, VerifierKey

MAX_KEY_BYTES = 64 * 1024


@click.group()
def receipt() -> None:
    """Receipts: what was allowed, and what was answered, with its price and place in the log."""


@receipt.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", "key_text", help="the log's verifier key [default: as the hub tells it]")
@click.option(
    "--jwks",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="the hub's keys of answers, a JWK Set [default: as the hub publishes them]",
)
@click.option("--url", help="the hub to read keys from [default: the running one]")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="a mirror of the log (mydata log mirror), which is verified whole and must hold the entry",
)
@witness_option
@data_option
@json_option
def verify(
    file: Path,
    key_text: str | None,
    jwks: Path | None,
    url: str | None,
    folder: Path | None,
    witnesses: tuple[str, ...],
    data: Path,
    as_json: bool,
) -> None:
    """Check FILE, of an answer or of a consent; exit 1 and say what is wrong with it.

    With --jwks, and --key or --folder, nothing is asked of any network. A mirror says more than the
    receipt's own proof: that the entry is in the log that everybody is shown.
    """
    if witnesses and folder is None:
        raise click.UsageError("--witness is asked of a mirror: give its --folder")
    if folder and not key_text and (folder / "key").is_file():
        key_text = (folder / "key").read_text().strip()
    with file.open("rb") as opened:
        encoded = opened.read(MAX_RECEIPT_BYTES + 1)
    if is_consent_receipt(encoded):
        _verify_consent(encoded, jwks, lambda: running_hub(data, url), as_json=as_json)
        return
    hub = "" if key_text and jwks else running_hub(data, url)
    try:
        log_key = VerifierKey.parse(key_text or fetch_published(hub, "/log/key").decode().strip())
        keys = read_keys(jwks.read_bytes() if jwks else fetch_published(hub, ANSWERS_JWKS))
    except (HubError, ValueError) as error:
        raise click.ClickException(f"there is no key to check it with: {error}") from None
    try:
        found = verify_receipt(encoded, signing_key(encoded, keys), log_key)
        place = _bind(folder, log_key, found, witnesses, quiet=as_json) if folder else None
    except NotProven as error:
        _refuse(error, as_json=as_json)
    told = _as_json(found) | ({"mirrored": place} if folder else {})
    tell(as_json, told, _in_words(found, place, pinned=not hub))


def _verify_consent(
    encoded: bytes, jwks: Path | None, hub: Callable[[], str], *, as_json: bool
) -> None:
    """A consent's receipt has no place in the log of its own: the hub's key is all it takes."""
    try:
        published = jwks.read_bytes() if jwks else fetch_published(hub(), CONSENT_JWKS)
        keys = import_key_set(published.decode())
    except (NotProven, ValueError) as error:
        raise click.ClickException(f"there is no key to check it with: {error}") from None
    try:
        found = verify_consent_receipt(encoded, keys)
    except NotProven as error:
        _refuse(error, as_json=as_json)
    statement, (purpose,) = found.statement, found.statement["purposes"]
    allowed = [one["pii_type"] for one in purpose["pii_information"] if one["allowed"]]
    result = {
        "verified": True,
        "grant_id": statement["record_id"],
        "version": statement["version"],
        "state": statement["state"],
        "items": allowed,
        "expires_at": statement["expires_at"],
        "consent": statement["consent"],
        "signed_by_person": found.signed is not None,
    }
    signed = "holds the person's signature" if found.signed else "commits to the person's signature"
    said = f"The receipt of consent {statement['record_id']} verifies, and {signed}."
    tell(as_json, result, f"{said}\nAllowed: {', '.join(allowed)} until {statement['expires_at']}.")


def _refuse(error: NotProven, *, as_json: bool) -> NoReturn:
    if as_json:
        wrong = {"verified": False, "object": error.thing, "reason": error.reason}
        click.echo(json.dumps(wrong))
    click.echo(f"The receipt does NOT verify: {error}.", err=True)
    sys.exit(1)


def _bind(
    folder: Path, key: VerifierKey, found: Verified, witnesses: tuple[str, ...], *, quiet: bool
) -> int:
    cosigners = [VerifierKey.parse(one, COSIGNATURE) for one in witnesses]
    with progress_bar("verifying the mirror", quiet=quiet) as progress:
        return bind_entry(
            FolderSource(folder),
            key,
            found.entry,
            proven=found.proven,
            witnesses=cosigners,
            progress=progress,
        )


def read_keys(encoded: bytes) -> list[ECKey]:
    """The keys on curves in a JWK Set. Raises NotProven."""
    try:
        found = KeySet.import_key_set(json.loads(encoded)).keys
    except (JoseError, ValueError, KeyError, TypeError, AttributeError):
        raise NotProven("keys", "are no JWK Set") from None
    return [key for key in found if isinstance(key, ECKey)]


def fetch_published(hub: str, path: str) -> bytes:
    """What a hub publishes. Raises ClickException."""
    try:
        with http_client(hub) as client:
            answer = client.get(path)
    except httpx.HTTPError as error:
        reason = type(error).__name__
        raise click.ClickException(f"the hub at {hub} does not answer: {reason}") from None
    if not answer.is_success or len(answer.content) > MAX_KEY_BYTES:
        raise click.ClickException(f"the hub at {hub} does not give {path}: {answer.status_code}")
    return answer.content


def _as_json(found: Verified) -> dict[str, Any]:
    release = found.release
    return {
        "verified": True,
        "event_id": release.event_id,
        "claims": list(release.claims),
        "decision": release.decision.value,
        "bits": format(release.bits, "f"),
        "grant_id": release.grant_id,
        "consent": found.consent,
        "policies": release.policy_hash.hex(),
        "index": found.index,
    }


def _in_words(found: Verified, mirrored: int | None, *, pinned: bool) -> str:
    release = found.release
    place = (
        "has no place in the log yet"
        if found.index is None
        else f"is entry {found.index} of the log"
    )
    decided = f"decided {release.decision.value} for {format(release.bits, 'f')} bits"
    lines = [
        f"The receipt verifies: {', '.join(release.claims)}, {decided}.",
        f"Event {release.event_id} {place}; the consent's hash is {found.consent}.",
    ]
    if mirrored is not None:
        lines.append(f"The mirror is whole, and entry {mirrored} of it is this one.")
    if not pinned:
        lines.append("Keys, as the hub tells them; give --key and --jwks to hold it to yours.")
    return "\n".join(lines)
