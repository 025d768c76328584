"""The sample providers beside a laptop's hub: a process of their own that ends with the hub."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from mydata_hub.embedded.invocation import Invoker
from mydata_hub.errors import HubError

# Address and secrets of the samples, so that connections outlive a restart; nobody real is there.
FILE_NAME: Final = "sample-providers.json"
READY_SECONDS: Final = 30.0
STOP_SECONDS: Final = 5.0
_TOLD: Final = ("family", "name", "base_url", "authorize_url", "org_code", "client_id")


class SamplesFailed(HubError):
    """The sample providers did not start."""

    slug = "samples-failed"


@contextmanager
def sample_providers(data: Path, hub_url: str) -> Iterator[Mapping[str, Any]]:
    """Serve them until the block is left; gives what they say of themselves. Raises SamplesFailed.

    Their standard input is a pipe from here: it closes when this process ends, however it ends, and
    then they end too.
    """
    kept = _read(data / FILE_NAME)
    process = _start(hub_url, kept) or _start(hub_url, {**kept, "port": 0})
    if process is None:
        raise SamplesFailed("the sample providers did not start; use --empty to do without")
    child, about = process
    try:
        _write(data / FILE_NAME, about)
        yield about
    finally:
        end_children(child)


def start_child(*arguments: str) -> subprocess.Popen[str]:
    """A `mydata samples` process that ends when this one does, however it ends."""
    command = [sys.executable, "-m", "mydata_hub.cli", "samples", *arguments]
    return subprocess.Popen(  # noqa: S603 (our own command)
        [*command, "--json", "--with-parent"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def end_children(*children: subprocess.Popen[str]) -> None:
    """Ask them to end by closing their input, and wait for each."""
    for child in children:
        assert child.stdin
        child.stdin.close()
    for child in children:
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        assert child.stdout
        child.stdout.close()


def register_samples(invoker: Invoker, about: Mapping[str, Any]) -> None:
    """Tell the hub of them, the way an operator does in an account."""
    for one in about["providers"]:
        told = {name: one[name] for name in _TOLD} | {"client_secret": about["client_secret"]}
        invoker.call("Receive", {"provider": {"provider_id": f"sample-{one['id']}", **told}})


def _start(
    hub_url: str, kept: Mapping[str, Any]
) -> tuple[subprocess.Popen[str], Mapping[str, Any]] | None:
    options = ["--hub", hub_url, "--port", str(kept.get("port", 0))]
    for option in ("client_secret", "admin_token"):
        if option in kept:
            options += [f"--{option.replace('_', '-')}", str(kept[option])]
    child = start_child("providers", *options)
    assert child.stdout
    ready, _, _ = select.select([child.stdout], [], [], READY_SECONDS)
    line = child.stdout.readline() if ready else ""
    if line:
        return child, json.loads(line)
    child.kill()
    end_children(child)
    return None


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
