"""Processes: `mydata` commands side by side, each forked from one that has imported everything.

Most of a short command's second is imports, and the demonstration runs two dozen of them. Forked,
each is still a process: own memory, own environment, own exit code, and killed by its own id.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Sequence
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any, Final

# What forks: an interpreter with every module of the hub, one thread, and nothing open.
_SERVER: Final = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["mydata_hub.cli.preloaded"])


def prepare() -> None:
    """Let what forks begin to import, in a process of its own, before the first is needed."""
    forkserver.ensure_running()


def begin(command: Sequence[str], *, stdout: int, stderr: int) -> BaseProcess:
    """Start `mydata` with these arguments, in this process's folder and environment.

    The descriptors stay the caller's own to close; there is nothing to read on standard input. Its
    exit code is what the command line gives.
    """
    process = _SERVER.Process(
        target=_become,
        args=(tuple(command), _Handed(stdout), _Handed(stderr), dict(os.environ), Path.cwd()),
    )
    process.start()
    return process


def end(process: BaseProcess, seconds: float) -> None:
    """Wait so long for it to end, then kill it."""
    process.join(seconds)
    if process.exitcode is None:
        process.kill()
        process.join()


class _Handed:
    """A descriptor that a child takes over while it starts; there it is a number again."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __reduce__(self) -> tuple[Any, ...]:
        return _take, (DupFd(self._descriptor),)


def _take(handed: Any) -> int:
    taken: int = handed.detach()
    return taken


def _become(
    command: tuple[str, ...], stdout: int, stderr: int, environment: dict[str, str], folder: Path
) -> None:
    """What `python -m mydata_hub.cli` does, in a process that is there already."""
    for descriptor, standard in ((stdout, 1), (stderr, 2)):
        os.dup2(descriptor, standard)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["mydata", *command]
    from mydata_hub.cli.main import main

    main(prog_name="mydata")
