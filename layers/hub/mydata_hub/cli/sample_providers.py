"""The sample providers beside a laptop's hub."""

from __future__ import annotations

import json
import os
import select
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from mydata_hub.cli.children import Children
from mydata_hub.embedded.invocation import Invoker
from mydata_hub.errors import HubError

# Address and secrets of the samples, so that connections outlive a restart; nobody real is there.
FILE_NAME: Final = "sample-providers.json"
READY_SECONDS: Final = 30.0
_TOLD: Final = ("family", "name", "base_url", "authorize_url", "org_code", "client_id")


class SamplesFailed(HubError):
    """The sample providers did not start."""

    slug = "samples-failed"


def serve_providers(data: Path, hub_url: str, children: Children) -> Mapping[str, Any]:
    """Serve them; gives what they say of themselves. Raises SamplesFailed."""
    kept = _read(data / FILE_NAME)
    about = _start(hub_url, kept, children) or _start(hub_url, {**kept, "port": 0}, children)
    if about is None:
        raise SamplesFailed("the sample providers did not start; use --empty to do without")
    _write(data / FILE_NAME, about)
    return about


def register_samples(invoker: Invoker, about: Mapping[str, Any]) -> None:
    """Tell the hub of them, the way an operator does in an account."""
    for one in about["providers"]:
        told = {name: one[name] for name in _TOLD} | {"client_secret": about["client_secret"]}
        invoker.call("Receive", {"provider": {"provider_id": f"sample-{one['id']}", **told}})


def _start(hub_url: str, kept: Mapping[str, Any], children: Children) -> Mapping[str, Any] | None:
    options = ["--hub", hub_url, "--port", str(kept.get("port", 0))]
    for option in ("client_secret", "admin_token"):
        if option in kept:
            options += [f"--{option.replace('_', '-')}", str(kept[option])]
    child = children.start("providers", *options)
    assert child.stdout
    ready, _, _ = select.select([child.stdout], [], [], READY_SECONDS)
    line = child.stdout.readline() if ready else ""
    if not line:
        child.kill()
        return None
    about: Mapping[str, Any] = json.loads(line)
    return about


def _read(path: Path) -> dict[str, Any]:
    try:
        kept = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _write(path: Path, about: Mapping[str, Any]) -> None:
    port = int(str(about["url"]).rpartition(":")[2])
    kept = {name: about[name] for name in ("client_secret", "admin_token")} | {"port": port}
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({**kept, "url": about["url"], "now": about["now"]}, file)
