"""`mydata samples` as a person at a terminal meets it: files, and refusals in one line."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from mydata_hub.cli.samples import samples

from tests.samples.sample_world import NOW


def run(*arguments: str) -> Result:
    return CliRunner().invoke(samples, arguments)


def test_a_statement_is_written_and_says_which_mapping_reads_it(tmp_path: Path) -> None:
    out = tmp_path / "statement.csv"
    made = run("statement", "jiu", "--out", str(out), "--now", NOW.isoformat(), "--json")

    told = json.loads(made.output)
    assert (told["sample"], told["mapping"]) == (True, "kr_bank")
    assert out.read_text("utf-8").count("\n") == told["lines"] + 1


@pytest.mark.parametrize("now", ["yesterday", "2026-11-18T21:00:00"])
def test_an_instant_without_its_zone_is_refused(tmp_path: Path, now: str) -> None:
    made = run("statement", "jiu", "--out", str(tmp_path / "s.csv"), "--now", now)

    assert made.exit_code == 2
    assert "--now" in made.output


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        made = run("providers", "--port", str(other.getsockname()[1]))

    assert made.exit_code == 1
    assert "is taken" in made.output


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kty": "EC", "d": "secret-of-the-key"}'])
def test_a_file_that_holds_no_key_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    key = tmp_path / "key.json"
    key.write_text(text)
    made = run("partner", "bicycle", "--client-id", "sample-bicycle", "--key", str(key))

    assert made.exit_code == 1
    assert "holds no private key" in made.output
    assert "secret-of-the-key" not in made.output
