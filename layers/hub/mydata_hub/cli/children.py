"""Children: the sample world beside a laptop's hub, each part a process that ends with the hub."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

STOP_SECONDS: Final = 5.0


@dataclass(slots=True)
class Children:
    """The `mydata samples` processes that were started here.

    Their standard input is a pipe from here: it closes when this process ends, however it ends, and
    then they end too.
    """

    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """One more."""
        command = [sys.executable, "-m", "mydata_hub.cli", "samples", *arguments]
        child = subprocess.Popen(  # noqa: S603 (our own command)
            [*command, "--json", "--with-parent"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.running.append(child)
        return child

    def end(self) -> None:
        """Ask all to end by closing their input, and wait for each."""
        for child in self.running:
            assert child.stdin
            child.stdin.close()
        for child in self.running:
            try:
                child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            assert child.stdout
            child.stdout.close()


@contextmanager
def children() -> Iterator[Children]:
    """What starts them; they end when the block is left."""
    started = Children()
    try:
        yield started
    finally:
        started.end()
