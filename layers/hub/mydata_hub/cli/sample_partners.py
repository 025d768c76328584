"""The sample partners beside a laptop's hub, each a process of its own."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from mydata_hub.accounts.desk import Desk
from mydata_hub.cli.children import Children
from mydata_hub.cli.laptop import desk_of, environment_of
from mydata_hub.cli.sample_offers import publish_samples
from mydata_hub.config import AuthorizeSettings
from mydata_hub.embedded.deployment import Deployment
from mydata_hub.fields import ClientId, GroupId, Purpose
from mydata_hub.oauth.clients import Client, change_client, jwks_text, register_client
from mydata_hub.ports.clock import SystemEntropy

# Ports and keys of the samples, so that what people allowed them outlives a restart.
FOLDER_NAME: Final = "sample-partners"
NAMES: Final = ("bicycle", "insurer")
# They offer, and ask nobody anything: no process of theirs is served.
OFFERING: Final = ("alley", "travel")
ID_BYTES: Final = 8


def serve_partners(
    data: Path, url: str, deployment: Deployment, children: Children
) -> dict[str, str]:
    """Serve them; gives their addresses by trade. They start on their own time: nothing of the hub
    waits for a partner."""
    addresses: dict[str, str] = {}
    for trade in (*NAMES, *OFFERING):
        kept = _registered(data / FOLDER_NAME, trade, deployment)
        publish_samples(deployment, trade, kept["client_id"])
        if trade in OFFERING:
            continue
        children.start(
            *("partner", trade, "--hub", url, "--port", str(kept["port"])),
            *("--client-id", kept["client_id"], "--key", kept["key"]),
        )
        addresses[trade] = f"http://127.0.0.1:{kept['port']}"
    return addresses


def _registered(folder: Path, trade: str, deployment: Deployment) -> Mapping[str, Any]:
    """How a sample partner is registered here: as it was, or anew where its port is taken."""
    path = folder / f"{trade}.json"
    kept = _read(path)
    if kept and _is_free(kept["port"]):
        # A release that samples more than the one before finds them registered for less.
        change_client(
            _desk(deployment),
            kept["client_id"],
            event_endpoint=_event_endpoint(trade, kept),
            purposes=_purposes(trade),
        )
        return kept
    kept = {
        "client_id": SystemEntropy().token(ID_BYTES).hex(),
        "port": _free_port(),
        "key": str(folder / f"{trade}.{SystemEntropy().token(4).hex()}.key.json"),
    }
    folder.mkdir(mode=0o700, exist_ok=True)
    _register(trade, kept, _make_key(Path(kept["key"])), deployment)
    # Last: a partner that is named here is registered.
    _write(path, json.dumps(kept))
    return kept


def _register(
    trade: str, kept: Mapping[str, Any], public: Mapping[str, Any], deployment: Deployment
) -> None:
    from mydata_hub.samples.trades import TRADES

    client = Client(
        client_id=ClientId(kept["client_id"]),
        name=TRADES[trade].name.ko,
        jwks=jwks_text({"keys": [public]}),
        redirect_uris=(f"http://127.0.0.1:{kept['port']}/callback",),
        group=GroupId(kept["client_id"]),
        purposes=_purposes(trade),
        event_endpoint=_event_endpoint(trade, kept),
    )
    register_client(_desk(deployment), client)


def _purposes(trade: str) -> tuple[Purpose, ...]:
    from mydata_hub.samples.trades import TRADES

    return tuple(map(Purpose, (TRADES[trade].purpose, *TRADES[trade].offers_for)))


def _event_endpoint(trade: str, kept: Mapping[str, Any]) -> str | None:
    return None if trade in OFFERING else f"http://127.0.0.1:{kept['port']}/events"


def _desk(deployment: Deployment) -> Desk:
    return desk_of(AuthorizeSettings.read(environment_of(deployment, "authorize")))


def _make_key(path: Path) -> Mapping[str, Any]:
    """A new private key in a file of mode 0600; gives its public half."""
    from joserfc.jwk import ECKey

    made = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
    _write(path, json.dumps(made.as_dict(private=True)))
    return made.as_dict(private=False)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        kept = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    whole = isinstance(kept, dict) and kept.keys() == {"client_id", "port", "key"}
    return kept if whole else None


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
