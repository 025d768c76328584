"""The size, the reach and the silence at import of source files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.code import (
    MAX_FUNCTION_LINES,
    MAX_HANDLER_LINES,
    MAX_MODULE_LINES,
    PACKAGE,
    handler_files,
    modules,
    reads_environment,
    too_long,
)
from tests.architecture.template import ROOT, functions, read_template

# Who may read the environment, and why.
READERS = {
    "config.py": "the settings of functions, in one place",
    "cli/": "MYDATA_DATA of whoever runs the command line, and what it gives to its own processes",
}

# Files that libraries read of themselves when they are imported; the same for everyone, no secret.
OF_LIBRARIES = ("/fido2/public_suffix_list.dat",)


def test_handlers_are_thin() -> None:
    assert [
        one for path in handler_files().values() for one in too_long(path, MAX_HANDLER_LINES)
    ] == []


def test_modules_and_functions_can_be_read_at_once() -> None:
    assert [one for path in modules() for one in too_long(path, MAX_MODULE_LINES)] == []


def test_a_long_file_and_a_long_function_are_told(tmp_path: Path) -> None:
    path = tmp_path / "planted.py"
    path.write_text("def f():\n" + "    pass\n" * MAX_FUNCTION_LINES + "\n" * MAX_MODULE_LINES)
    lines, length = MAX_MODULE_LINES + MAX_FUNCTION_LINES + 1, MAX_FUNCTION_LINES + 1
    assert too_long(path, MAX_MODULE_LINES) == [
        f"planted.py: {lines} lines",
        f"planted.py: f has {length} lines",
    ]


def test_every_file_in_functions_is_deployed_and_nothing_else_is() -> None:
    assert handler_files().keys() == functions(read_template()).keys()


def test_no_handler_file_hides_a_standard_module() -> None:
    assert handler_files().keys() & sys.stdlib_module_names == set()


def test_only_config_and_the_command_line_read_the_environment() -> None:
    found = [
        path.relative_to(PACKAGE).as_posix()
        for path in [*modules(), *handler_files().values()]
        if path.is_relative_to(PACKAGE) and reads_environment(path.read_text("utf-8"))
    ]
    assert [name for name in found if not name.startswith(tuple(READERS))] == []
    assert "config.py" in found


@pytest.mark.parametrize("name", handler_files())
def test_only_build_reads_the_environment_of_a_function(name: str) -> None:
    assert not reads_environment(handler_files()[name].read_text("utf-8"))


@pytest.mark.parametrize(
    "line", ["import os\nos.environ['X']", "from os import getenv", "import os\nos.getenv('X')"]
)
def test_reading_the_environment_would_be_seen(line: str) -> None:
    assert reads_environment(line)


def import_alone(path: Path) -> dict[str, list[str]]:
    """What importing a function's file touches, with an empty environment."""
    result = subprocess.run(
        ["env", "-i", sys.executable, str(ROOT / "tests/architecture/cold_start.py"), str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    found: dict[str, list[str]] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize("name", handler_files())
def test_importing_a_function_reads_connects_and_asks_nothing(name: str) -> None:
    touched = import_alone(handler_files()[name])
    touched["read"] = [file for file in touched["read"] if not file.endswith(OF_LIBRARIES)]
    assert touched == {"read": [], "connected": [], "variables": [], "heavy": []}


def test_a_function_that_does_all_that_is_caught(tmp_path: Path) -> None:
    data = tmp_path / "data.json"
    data.write_text("{}")
    path = tmp_path / "functions" / "planted.py"
    path.parent.mkdir()
    path.write_text(
        "import os, socket, boto3\n"
        f"open({str(data)!r}).read()\n"
        "os.environ.get('ENGINE')\n"
        "socket.getaddrinfo('localhost', 1)\n"
        "build = handler = print\n"
    )
    touched = import_alone(path)
    assert str(data) in touched["read"]
    assert "ENGINE" in touched["variables"]
    assert "socket.getaddrinfo" in touched["connected"]
    assert touched["heavy"] == ["boto3", "botocore.session"]
