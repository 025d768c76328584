"""The sentences of the pages, extracted with Babel from templates and Python."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract
from mydata_hub.web.render import TEMPLATES

PYTHON = TEMPLATES.parent


def extracted(templates: Path = TEMPLATES, python: Path = PYTHON) -> dict[str, str]:
    """Sentence -> the first place that says it."""
    found: dict[str, str] = {}
    for path, line, message in _messages(templates, python):
        found.setdefault(message, f"{path.name}:{line}")
    return found


def _messages(templates: Path, python: Path) -> Iterator[tuple[Path, int, str]]:
    for path in sorted(templates.glob("*.html")):
        with path.open("rb") as file:
            options = {"trimmed": "true", "encoding": "utf-8"}
            for line, message, _, _ in extract("jinja2.ext:babel_extract", file, options=options):
                yield path, line, _plain(message)
    for path in sorted(python.glob("*.py")):
        with path.open("rb") as file:
            for line, message, _, _ in extract("python", file):
                yield path, line, _plain(message)


def _plain(message: str | tuple[str, ...]) -> str:
    assert isinstance(message, str), "Korean has no plural: word the sentence without one"
    return message
