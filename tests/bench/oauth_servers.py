"""What bench_oauth measures: a served process over HTTP, and a function's handler by itself.

python -m tests.bench.oauth_servers DATA URL    answers lines of requests with its CPU seconds
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from mydata_hub.cli.laptop import laptop_deployment
from mydata_hub.embedded.http_events import HttpRequest, event_of
from mydata_hub.embedded.invocation import Invocation, one_handler

from tests.bench.oauth_partner import Prepared

ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class Served:
    """A process that serves HTTP on loopback, by its port and its id."""

    port: int
    pid: int

    def cpu_seconds(self, requests: Sequence[Prepared], status: int | None) -> float:
        """User and system time that the process takes for these requests, one after the other."""
        connection = HTTPConnection("127.0.0.1", self.port)
        connection.connect()
        begun = _cpu_seconds(self.pid)
        for request in requests:
            connection.request("POST", request.path, request.body, dict(request.headers))
            answer = connection.getresponse()
            said = answer.read()
            assert status in (None, answer.status), said
        taken = _cpu_seconds(self.pid) - begun
        connection.close()
        return taken


@dataclass(slots=True)
class OneFunction:
    """The handler of the function behind the endpoints, in a process of its own."""

    process: subprocess.Popen[str]

    def cpu_seconds(self, requests: Sequence[Prepared], status: int | None) -> float:
        """User and system time that the handler takes for these requests."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps([asdict(one) for one in requests]) + "\n")
        self.process.stdin.flush()
        told = json.loads(self.process.stdout.readline())
        assert set(told["statuses"]) <= {status}, told["statuses"]
        return float(told["seconds"])


@contextmanager
def one_function(data: Path, url: str) -> Iterator[OneFunction]:
    """The function that issues tokens, over the tables of a hub that may be serving."""
    command = [sys.executable, "-m", "tests.bench.oauth_servers", str(data), url]
    with started(command) as process:
        yield OneFunction(process)


@contextmanager
def started(command: Sequence[str], cwd: Path = ROOT) -> Iterator[subprocess.Popen[str]]:
    """A process that is told to end when the block is left."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=cwd,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def _cpu_seconds(pid: int) -> float:
    # The clock of another process's CPU time, to the nanosecond: clock_getcpuclockid(3) on Linux.
    return time.clock_gettime(~pid << 3 | 2)


def _main(data: Path, url: str) -> None:
    answers = sys.stdout
    # What a function logs costs what it costs: it is written, and read by nobody.
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        functions = laptop_deployment(data, url).functions.values()
        function = next(one for one in functions if one.file.stem == "issue_token")
        handler = one_handler(function)
        for line in sys.stdin:
            calls = [(_event(Prepared(**one)), _context(function.name)) for one in json.loads(line)]
            begun = time.process_time()
            told = [handler(event, context)["statusCode"] for event, context in calls]
            seconds = time.process_time() - begun
            answers.write(json.dumps({"seconds": seconds, "statuses": sorted(set(told))}) + "\n")
            answers.flush()


def _event(request: Prepared) -> dict[str, Any]:
    arrived = HttpRequest(
        method="POST",
        target_path=request.path,
        query="",
        protocol="HTTP/1.1",
        headers=list(request.headers.items()),
        body=request.body.encode(),
        source_address="127.0.0.1",
    )
    return event_of(arrived, f"POST {request.path}", {}, str(uuid.uuid4()), datetime.now(UTC))


def _context(name: str) -> Invocation:
    return Invocation(
        aws_request_id=str(uuid.uuid4()),
        function_name=name,
        memory_limit_in_mb=512,
        deadline=time.monotonic() + 30,
    )


if __name__ == "__main__":
    _main(Path(sys.argv[1]), sys.argv[2])
