"""A served hub, and a partner's process that speaks with a client library of somebody else."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey
from mydata_hub.cli.stage import ServedHub, free_port, run

HERE = Path(__file__).parent
NODE = shutil.which("node")
STEP_SECONDS = 30
REDIRECT = "http://localhost:9090/callback"
KEYS = {
    "ES256": lambda: ECKey.generate_key("P-256"),
    "PS256": lambda: RSAKey.generate_key(2048),
    "EdDSA": lambda: OKPKey.generate_key("Ed25519"),
}


@dataclass
class Partner:
    """The process of a partner, step by step."""

    process: subprocess.Popen[str]
    lines: queue.Queue[str] = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()

    def step(self, name: str) -> dict[str, Any]:
        """The next thing it tells, which must be this step."""
        try:
            line = self.lines.get(timeout=STEP_SECONDS)
        except queue.Empty:
            line = ""
        assert line, f"{name}: {self._complaint()}"
        told: dict[str, Any] = json.loads(line)
        assert told.pop("step") == name, told
        return told

    def send(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put("")

    def _complaint(self) -> str:
        self.process.kill()
        assert self.process.stderr
        return self.process.stderr.read()[-2000:]


@pytest.fixture(scope="session")
def node() -> str:
    """Node with the packages of the lock file."""
    missing = "Node.js is missing" if NODE is None else "tests/protocol: run npm ci"
    if NODE is None or not (HERE / "node_modules" / "@sd-jwt").is_dir():
        if os.environ.get("MYDATA_NO_SKIPS"):
            pytest.fail(missing)
        pytest.skip(missing)
    return NODE


@pytest.fixture(scope="session")
def hubs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], ServedHub]]:
    """Hubs as `mydata serve` runs them, by whether they demand a DPoP nonce; each started once."""
    running: dict[str, ServedHub] = {}

    def serve(nonce: str) -> ServedHub:
        if nonce not in running:
            folder = tmp_path_factory.mktemp("hub") / "data"
            # Without the sample world where no test looks at it.
            more = () if nonce == "required" else ("--empty", "--dpop-nonce", nonce)
            running[nonce] = ServedHub(folder, free_port(), *more)
            running[nonce].start()
        return running[nonce]

    yield serve
    for served in running.values():
        served.stop()


@pytest.fixture
def nonce() -> str:
    """Whether the hub demands a nonce; a test says otherwise by a parameter of this name."""
    return "required"


@pytest.fixture
def hub(hubs: Callable[[str], ServedHub], nonce: str) -> ServedHub:
    """The hub as `mydata serve` runs it."""
    return hubs(nonce)


@pytest.fixture
def mydata(hub: ServedHub) -> Any:
    """Run `mydata` commands on the served hub's data folder."""
    return lambda *command: run(*command, "--data", str(hub.data))


@pytest.fixture
def partner(hub: ServedHub, node: str, mydata: Any, tmp_path: Path) -> Iterator[Any]:
    """Registers a partner and starts its process."""
    started: list[subprocess.Popen[str]] = []

    def start(details: dict[str, Any], alg: str = "ES256", purpose: str = "mobility_service"):
        key = KEYS[alg]()
        named = {"kid": "1", "alg": alg, "use": "sig"}
        private, public = tmp_path / "key.json", tmp_path / "jwks.json"
        private.write_text(json.dumps(key.as_dict(private=True) | named))
        public.write_text(json.dumps({"keys": [key.as_dict(private=False) | named]}))
        port = free_port()
        made = mydata(
            *("partner", "add", "--name", "자전거 대여", "--jwks", str(public)),
            *("--redirect-uri", REDIRECT, "--purpose", purpose, "--json"),
            *("--event-endpoint", f"http://127.0.0.1:{port}/events"),
        )
        assert made.code == 0, made.err
        client_id = made.json()["client_id"]
        arguments = [hub.url, client_id, str(private), REDIRECT, json.dumps([details]), str(port)]
        process = subprocess.Popen(
            [node, str(HERE / "partner.mjs"), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=HERE,
        )
        started.append(process)
        return Partner(process), client_id

    yield start
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()
