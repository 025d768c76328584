"""Imports one function's file and reports what that touched; run in a process of its own.

Printed as JSON: `read` (files that are not code), `connected`, `variables` (of the environment),
`heavy` (libraries that only a call should load).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

CODE = (".py", ".pyc", ".so", ".pth", ".zip")
touched: dict[str, list[str]] = {"read": [], "connected": [], "variables": []}


class Watched(dict[str, str]):
    """The environment, with a note of who is asked for."""

    def __getitem__(self, name: str) -> str:
        note(name)
        return super().__getitem__(name)

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        note(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        note(str(name))
        return super().__contains__(name)


def note(variable: str) -> None:
    """Only what our own code asks for counts: libraries look for their debugging switches."""
    caller = sys._getframe(2).f_code.co_filename
    if "mydata_hub" in caller or f"{os.sep}functions{os.sep}" in caller:
        touched["variables"].append(variable)


def watch(event: str, arguments: tuple[object, ...]) -> None:
    """The interpreter's audit hook (PEP 578)."""
    if event == "open" and isinstance(arguments[0], str | bytes):
        name = os.fsdecode(arguments[0])
        # What is installed beside us is looked up in packages' metadata by libraries.
        installed = ".dist-info" in name
        if not name.endswith(CODE) and not installed and Path(name).is_file():
            touched["read"].append(name)
    elif event in ("socket.connect", "socket.getaddrinfo", "socket.bind", "sqlite3.connect"):
        touched["connected"].append(event)


def main() -> None:
    path = Path(sys.argv[1])
    sys.addaudithook(watch)
    os.environ = Watched(os.environ)  # type: ignore[assignment]  # noqa: B003 (watched, not cleared)
    sys.path.insert(0, str(path.parent))
    module = __import__(path.stem)
    assert callable(module.handler)
    assert callable(module.build)
    heavy = sorted(
        name
        for name in ("boto3", "botocore.session", "mydata_hub.embedded", "mydata_hub.cli")
        if name in sys.modules
    )
    print(json.dumps({**touched, "heavy": heavy}))


main()
