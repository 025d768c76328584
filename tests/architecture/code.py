"""Proofs about source files: each takes source text or a folder and says what is wrong."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.template import ROOT

PACKAGE = ROOT / "layers" / "hub" / "mydata_hub"
FUNCTIONS = ROOT / "functions"

MAX_HANDLER_LINES = 80
MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 50

# What functions may import of the engines: the form of stream events, which both engines speak.
OF_THE_ENGINES = frozenset({"mydata_hub.aws.streams"})


def handler_files(folder: Path = FUNCTIONS) -> dict[str, Path]:
    """Function -> its file."""
    return {path.stem: path for path in sorted(folder.glob("*.py"))}


def modules(folder: Path = PACKAGE) -> list[Path]:
    """Every module of the source tree."""
    return sorted(folder.rglob("*.py"))


def imported(source: str) -> Iterator[tuple[str, str]]:
    """(module, name) of every import in a source text, the lazy ones too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, ""
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.module or "", alias.name


def asked_of_wiring(source: str) -> set[str]:
    """What a function asks the composition root for."""
    return {
        name or "everything" for module, name in imported(source) if module == "mydata_hub.wiring"
    } | {
        "everything"
        for module, name in imported(source)
        if (module, name) == ("mydata_hub", "wiring")
    }


def engines_named(source: str) -> set[str]:
    """Engine modules that a function names past the composition root."""
    found = set()
    for module, name in imported(source):
        path = f"{module}.{name}" if module in ("mydata_hub", "mydata_hub.aws") else module
        if path.startswith(("mydata_hub.aws", "mydata_hub.embedded", "boto3", "botocore")):
            found.add(path)
    return found - OF_THE_ENGINES


def too_long(path: Path, limit: int) -> list[str]:
    """A file over `limit` lines, and functions in it over theirs."""
    source = path.read_text("utf-8")
    lines = source.count("\n")
    found = [f"{path.name}: {lines} lines"] if lines > limit else []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            length = node.end_lineno - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                found.append(f"{path.name}: {node.name} has {length} lines")
    return found


def reads_environment(source: str) -> bool:
    """Whether a source text reads variables of the environment."""
    names = {"environ", "environb", "getenv", "getenvb"}
    return any(
        (isinstance(node, ast.Attribute) and node.attr in names)
        or (isinstance(node, ast.alias) and node.name in names)
        for node in ast.walk(ast.parse(source))
    )
