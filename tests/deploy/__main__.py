"""`make deploy-check`: validate, build, run the artefact, deploy it and walk through it."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.architecture.settings import SETTINGS
from tests.deploy import emulator
from tests.deploy.artefact import HERE, MAX_UNZIPPED_BYTES, Artefact, NotBuilt, build, validate


class Untrue(Exception):
    """A line of the check that did not hold."""


def line(sentence: str, holds: bool, figure: str = "") -> None:
    """Print what was just seen; stop at the first that is not so."""
    print(
        f"  {'ok' if holds else 'NO'}  {sentence}" + (f"  ({figure})" if figure else ""), flush=True
    )
    if not holds:
        raise Untrue(sentence)


def main() -> int:
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            line("sam validate --lint", "is a valid SAM Template" in validate(folder))
            runnable = look_at_builds(folder)
            run_artefact(runnable, folder)
            walk_through_emulator(runnable, folder)
        except (Untrue, NotBuilt, TimeoutError, RuntimeError) as failure:
            print(f"deploy-check failed: {failure}", file=sys.stderr)
            log = folder / "emulator" / "emulator.log"
            if log.exists():
                print(log.read_text("utf-8", "replace")[-3000:], file=sys.stderr)
            return 1
    print(f"deploy-check passed in {time.monotonic() - begun:.0f} s")
    return 0


def look_at_builds(folder: Path) -> Artefact:
    """The deployed architecture for its sizes, and this host's to run."""
    deployed = build(folder / "arm64")
    for function in SETTINGS:
        size_bytes = deployed.size_bytes(function)
        figure = f"{size_bytes / 1e6:.1f} of {MAX_UNZIPPED_BYTES / 1e6:.0f} MB unzipped, arm64"
        line(f"sam build: {function} with its layers fits", size_bytes < MAX_UNZIPPED_BYTES, figure)
    return deployed if deployed.architecture == HERE else build(folder / HERE, HERE)


def run_artefact(runnable: Artefact, folder: Path) -> None:
    """One function, with the built files and its own variables alone."""
    values = {name: name.lower().replace("_", "-") for name in SETTINGS["audit"].variables()}
    values |= {"ENGINE": f"embedded:{folder / 'data'}", "ISSUER": emulator.ISSUER}
    (answer,) = runnable.invoke(
        "audit", values, {"routeKey": "GET /log/key", "pathParameters": {}, "headers": {}}
    )
    line("the built audit answers with env -i", answer["statusCode"] == 404, runnable.architecture)


def walk_through_emulator(runnable: Artefact, folder: Path) -> None:
    """From sam deploy to a signed checkpoint over HTTP, with every role enforced."""
    with emulator.running(folder / "emulator") as emulated:
        begun = time.monotonic()
        emulator.deploy(emulated, runnable, folder / "home")
        line("sam deploy to the emulator", True, f"{time.monotonic() - begun:.0f} s")
        functions = emulator.deployed(emulated)
        declared = {
            name: set(function["Environment"]["Variables"]) for name, function in functions.items()
        }
        expected = {name: set(settings.variables()) for name, settings in SETTINGS.items()}
        line("each function has exactly its variables", declared == expected)
        line("the health page answers", emulator.ask(emulated, "GET", "/health").is_success)
        refused = emulator.ask(emulated, "GET", "/account")
        line("nobody is let in without a session", refused.status_code == 401)
        # Until it has run once nothing can be recorded, and so nothing be done.
        line("the log begins to take events", emulator.sweep(emulated, "sequence_log"))
        before = emulator.wait_for_entries(emulated, 0).size
        line("a person signs up with a passkey", emulator.sign_up(emulated).status_code == 201)
        begun = time.monotonic()
        size = emulator.wait_for_entries(emulated, before + 1).size
        figure = f"{size - before} more after {time.monotonic() - begun:.0f} s"
        line("the event is in the log and its checkpoint verifies", size > before, figure)
        with emulator.without_policy(emulated, "audit"):
            refused = emulator.ask(emulated, "GET", "/log/checkpoint")
            line("without its role's policy a function can do nothing", refused.status_code == 500)
        again = emulator.ask(emulated, "GET", "/log/checkpoint")
        line("with it, it can again", again.is_success)


if __name__ == "__main__":
    sys.exit(main())
