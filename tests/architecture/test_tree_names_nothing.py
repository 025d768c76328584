"""The tree names no machine it was made on, no package index, and its locks carry hashes."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.template import ROOT

# Written apart, so that this file does not name what it looks for.
PLACES = ("work", "tmp", "root", "home/[a-z]+", "Users/[A-Za-z]+", "var/folders", "opt/hostedtool")
MACHINE = re.compile(r"(?<![\w.:/$}*-])/(?:" + "|".join(PLACES) + r")(?=[/\s\"'`)]|$)")
INDEX = re.compile(
    r"py[p]i\.(?:org|python)|python[h]osted\.(?:org|com)|--(?:extra-)?index-url|--find-links"
    r"|https?://[^\s\"')]*/simple\b",
    re.IGNORECASE,
)
LOCKS = [*sorted((ROOT / "requirements").glob("*.txt")), ROOT / "layers/vendor/requirements.txt"]
# The script that resolves the locks names the option that keeps indexes out of them.
KEEPS_INDEXES_OUT = "--no-emit-index-url"


def tracked() -> list[Path]:
    """Every text file of the tree, those included that git does not know yet."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    names = listed.stdout.split("\0")[:-1] if listed.returncode == 0 else _walked()
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def _walked() -> list[str]:
    """Without git (an unpacked archive): everything but what the Makefile makes."""
    made = {
        ".venv",
        ".venv-deploy",
        ".venv-emulator",
        ".venv-evaluation",
        ".aws-sam",
        ".mydata",
        ".git",
        ".hypothesis",
    }
    return [
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*")
        if path.is_file()
        and not made & set(path.relative_to(ROOT).parts)
        and not any(part.endswith("_cache") or part == "__pycache__" for part in path.parts)
    ]


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines of a text file; none of a file that is no text."""
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        return
    yield from enumerate(text.splitlines(), start=1)


def found(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in tracked()
        if path != Path(__file__)
        for number, line in lines(path)
        if pattern.search(line.replace(KEEPS_INDEXES_OUT, ""))
    ]


def test_no_file_names_a_place_on_a_machine() -> None:
    assert found(MACHINE) == []


def test_no_file_names_a_package_index() -> None:
    assert found(INDEX) == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_line_of_a_lock_is_pinned_and_hashed(lock: Path) -> None:
    text = lock.read_text("utf-8").replace("\\\n", " ")
    entries = [line for line in text.splitlines() if line.strip() and line.lstrip()[0] != "#"]
    assert len(entries) > 5
    loose = [one.split()[0] for one in entries if not re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+", one)]
    assert loose == []
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize(
    "line", ["cd /" + "work/main", 'Path("/' + 'tmp")', "/" + "home/somebody/x"]
)
def test_a_place_would_be_seen(line: str) -> None:
    assert MACHINE.search(line)


@pytest.mark.parametrize(
    "line", ["GET /" + "home", "https://a.example/" + "tmp/x", "see ../" + "work"]
)
def test_what_only_looks_like_a_place_is_none(line: str) -> None:
    assert not MACHINE.search(line)


@pytest.mark.parametrize(
    "line",
    ["--index-url https://x", "https://files.python" + "hosted.org/a", "https://m.example/simple/"],
)
def test_an_index_would_be_seen(line: str) -> None:
    assert INDEX.search(line)
