"""What the demonstration stands on: lines, a served hub, other people's processes."""

from __future__ import annotations

import json
import os
import selectors
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final, TextIO

from rich.console import Console

from mydata_hub.cli import processes

READY_SECONDS: Final = 30.0
STOP_SECONDS: Final = 10.0
COMMAND_SECONDS: Final = 60.0


class LineFailed(Exception):
    """A line of the story did not come true."""


@dataclass(slots=True)
class Stage:
    """Prints the story, and ends it with exit code 1 at the first line that is not so."""

    console: Console
    figures: dict[str, object] = field(default_factory=dict)

    def act(self, title: str) -> None:
        """Begin a part of the story."""
        self.console.print(f"\n[bold]{title}[/bold]")

    def line(self, sentence: str, holds: bool, figure: str = "") -> None:
        """Tell one thing that was just seen to hold. Raises LineFailed when it does not."""
        mark = "[green]✓[/green]" if holds else "[red]✗[/red]"
        end = f"  [dim]{figure}[/dim]" if figure else ""
        self.console.print(f"  {mark} {sentence}{end}", highlight=False, soft_wrap=True)
        if not holds:
            raise LineFailed(sentence)


@dataclass(slots=True)
class Served:
    """A `mydata` command that serves in a process of its own and says so in a line of JSON."""

    command: tuple[str, ...]
    process: BaseProcess | None = None
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it serves."""
        return str(self.about["url"])

    def start(self) -> float:
        """Start it and wait until it answers; gives the seconds that took. Raises LineFailed."""
        begun = time.perf_counter()
        reading, writing = os.pipe()
        with os.fdopen(reading) as told, Path(os.devnull).open("w") as nowhere:
            self.process = processes.begin(
                (*self.command, "--json"), stdout=writing, stderr=nowhere.fileno()
            )
            os.close(writing)
            self.about = json.loads(_first_line(self.process, told))
        return time.perf_counter() - begun

    def kill(self) -> None:
        """kill -9: no handler runs, nothing is flushed."""
        assert self.process is not None
        self.process.kill()
        self._reap()

    def stop(self) -> float:
        """Ask it to end and wait; gives the seconds that took."""
        if self.process is None:
            return 0.0
        begun = time.perf_counter()
        self.process.terminate()
        self._reap()
        return time.perf_counter() - begun

    def _reap(self) -> None:
        assert self.process is not None
        processes.end(self.process, STOP_SECONDS)
        self.process = None


class ServedHub(Served):
    """The hub over a data folder, with the sample people."""

    def __init__(self, data: Path, port: int, *options: str) -> None:
        super().__init__(("serve", "--data", str(data), "--port", str(port), *options))
        self.data = data

    @property
    def links(self) -> dict[str, str]:
        """One-time enrolment links of whoever has not enrolled yet, by name."""
        return dict(self.about["links"])


@dataclass(frozen=True, slots=True)
class Told:
    """What another process of `mydata` said."""

    code: int
    out: str
    err: str

    def reason(self) -> str:
        """Why it refused, as it said it to people."""
        return self.err.strip().removeprefix("Error: ")

    def json(self) -> Any:
        """What it printed as JSON. Raises LineFailed."""
        try:
            return json.loads(self.out)
        except ValueError:
            raise LineFailed(self.reason() or "a command printed no JSON") from None


def run_all(*commands: Sequence[str]) -> list[Told]:
    """Run `mydata` commands side by side, each in a process of its own."""
    with ExitStack() as open_files:
        running = []
        for command in commands:
            out, err = (open_files.enter_context(TemporaryFile("w+")) for _ in range(2))
            process = processes.begin(command, stdout=out.fileno(), stderr=err.fileno())
            running.append((process, out, err))
        return [_ended(*one) for one in running]


def _ended(process: BaseProcess, *files: TextIO) -> Told:
    processes.end(process, COMMAND_SECONDS)
    for file in files:
        file.seek(0)
    out, err = (file.read() for file in files)
    assert process.exitcode is not None
    return Told(process.exitcode, out, err)


def run(*command: str) -> Told:
    """Run one `mydata` command in a process of its own."""
    return run_all(command)[0]


def mydata() -> list[str]:
    """How this very installation is called."""
    return [sys.executable, "-m", "mydata_hub.cli"]


def _first_line(process: BaseProcess, told: TextIO) -> str:
    with selectors.DefaultSelector() as selector:
        selector.register(told, selectors.EVENT_READ)
        if not selector.select(READY_SECONDS):
            process.kill()
            raise LineFailed(f"the hub was not ready within {READY_SECONDS:.0f} s")
    line = told.readline()
    if not line:
        raise LineFailed("the hub ended before it was ready; try `mydata serve` to see why")
    return line


def free_port() -> int:
    """A port of the loopback that nobody listens on at the moment."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def quiet_environment() -> None:
    """Keep a caller's own data folder out of the story."""
    os.environ.pop("MYDATA_DATA", None)
