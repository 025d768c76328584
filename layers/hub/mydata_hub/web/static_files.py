"""The files that pages load: a closed list, each with its type and its hash."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

from mydata_hub.errors import NotFound
from mydata_hub.web.answers import REVALIDATE, Answer
from mydata_hub.web.request import Request

FOLDER: Final = Path(__file__).with_name("static")
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def static_file(request: Request) -> Answer:
    """A file, or 304 to whoever has it. Raises NotFound.

    Modules load one another by plain names, so a file cannot be cached past a release: the
    browser asks each time and mostly hears that nothing changed.
    """
    name = request.parameter("file")
    # Only names that are in the folder: a path of the caller's never reaches the file system.
    if name not in _names():
        raise NotFound("there is no such file")
    content, tag = _read(name)
    headers = {"etag": tag}
    if request.header("if-none-match") == tag:
        return Answer(status=304, caching=REVALIDATE, headers=headers)
    kind = TYPES[Path(name).suffix]
    return Answer(body=content, content_type=kind, caching=REVALIDATE, headers=headers)


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(path.name for path in FOLDER.iterdir() if path.suffix in TYPES)


@lru_cache(maxsize=64)
def _read(name: str) -> tuple[str, str]:
    content = (FOLDER / name).read_text("utf-8")
    return content, f'"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'
