"""Builds what would be deployed, looks into it, and runs it as Lambda lays it out."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.architecture.template import ROOT, logical_id, read_template

SAM = ROOT / ".venv-deploy" / "bin" / "sam"
MAX_UNZIPPED_BYTES = 250_000_000  # Lambda's limit on a function with its layers
LAYERS = ("VendorLayer", "HubLayer", "PoliciesLayer")
ELF_MACHINE = {"arm64": 183, "x86_64": 62}  # EM_AARCH64, EM_X86_64
# What AWS Lambda runs on this host's processor; the deployed architecture is arm64.
HERE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")


class NotBuilt(Exception):
    """SAM refused; its own words."""


@dataclass(frozen=True)
class Artefact:
    """One build, for one architecture."""

    folder: Path
    architecture: str

    def size_bytes(self, function: str) -> int:
        """Unzipped, with its layers."""
        return sum(
            path.stat().st_size
            for part in (logical_id(read_template(), function), *LAYERS)
            for path in (self.folder / part).rglob("*")
            if path.is_file()
        )

    def machines(self) -> dict[str, int]:
        """Native library -> the machine that its ELF header names (ELF-64, e_machine)."""
        found = {}
        for path in self.folder.rglob("*.so*"):
            header = path.read_bytes()[:20]
            assert header[:4] == b"\x7fELF", path.name
            found[path.relative_to(self.folder).as_posix()] = int.from_bytes(
                header[18:20], "little"
            )
        return found

    def invoke(
        self, function: str, variables: Mapping[str, str], *events: Mapping[str, Any]
    ) -> list[Any]:
        """The handler's answers, in a process that has the artefact, Python 3.13 and nothing else.

        `-S` leaves out site-packages, `env -i` everything of this environment; the function's
        folder and each layer's python/ folder are on the path as Lambda has them.
        """
        parts = [self.folder / logical_id(read_template(), function)]
        parts += [self.folder / layer / "python" for layer in LAYERS]
        result = subprocess.run(
            [
                *("env", "-i", f"PYTHONPATH={os.pathsep.join(map(str, parts))}"),
                *(f"{name}={value}" for name, value in variables.items()),
                *(str(python_folder() / "python3.13"), "-S", "-B", "-c", _RUN, function),
            ],
            input=json.dumps(events),
            capture_output=True,
            text=True,
            check=False,
            cwd=parts[0],
        )
        assert result.returncode == 0, result.stderr[-2000:]
        return [json.loads(line[2:]) for line in result.stdout.splitlines() if line[:2] == "> "]


_RUN = """
import importlib, json, sys
handler = importlib.import_module(sys.argv[1]).handler
for event in json.load(sys.stdin):
    print("> " + json.dumps(handler(event, None)), flush=True)
"""


def python_folder() -> Path:
    """Where a python3.13 with pip is. Raises NotBuilt with the reason."""
    found = subprocess.run(
        [str(ROOT / "tests" / "python313")], capture_output=True, text=True, check=False
    )
    if found.returncode:
        raise NotBuilt(found.stderr.strip())
    return Path(found.stdout.strip())


def sam(*arguments: str, home: Path, **variables: str) -> str:
    """Run SAM with Python 3.13 at hand; its state stays in `home`. Raises NotBuilt."""
    if not SAM.exists():
        raise NotBuilt("the SAM command line is not installed: make setup-deploy")
    environment = {
        **os.environ,
        "PATH": f"{python_folder()}{os.pathsep}{os.environ['PATH']}",
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(home),
        "AWS_DEFAULT_REGION": os.environ.get("AWS_DEFAULT_REGION", "eu-central-1"),
        **variables,
    }
    done = subprocess.run(
        [str(SAM), *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotBuilt(done.stdout[-3000:] + done.stderr[-3000:])
    return done.stdout + done.stderr


def validate(home: Path) -> str:
    """`sam validate --lint`. Raises NotBuilt."""
    return sam("validate", "--lint", home=home)


def build(folder: Path, architecture: str = "arm64") -> Artefact:
    """`sam build` into `folder`. Raises NotBuilt.

    For another architecture than the deployed one a copy of the template names that instead; all
    the rest, locks and sources, is the same.
    """
    folder.mkdir(parents=True, exist_ok=True)
    template = folder / "source.yaml"
    text = (ROOT / "template.yaml").read_text("utf-8")
    template.write_text(text.replace("arm64", architecture), "utf-8")
    out = folder / "build"
    shutil.rmtree(out, ignore_errors=True)
    sam(
        *("build", "--template", str(template), "--base-dir", str(ROOT)),
        *("--build-dir", str(out), "--cache-dir", str(folder / "cache")),
        home=folder / "home",
    )
    return Artefact(out, architecture)
