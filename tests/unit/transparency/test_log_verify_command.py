"""`mydata log verify`: a hub over HTTP, or a folder with the same files."""

from __future__ import annotations

import base64
import json

import pytest
from click.testing import CliRunner
from mydata_hub.cli.main import main


def verify(*arguments):
    return CliRunner().invoke(main, ["log", "verify", *arguments])


@pytest.fixture
def mirror(log_hub, tmp_path):
    """The log's files in a folder, by their own paths."""
    log_hub.write(0, 300)
    log_hub.sequence()
    folder = tmp_path / "mirror"
    for name in log_hub.blobs.names("tile/"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(log_hub.blobs.get(name))
    for name in ("checkpoint", "key"):
        answer = log_hub.ask(f"GET /log/{name}")
        (folder / name).write_bytes(base64.b64decode(answer["body"]))
    return folder


def test_a_served_log_verifies_and_tells_its_size_and_key(served, log_hub):
    log_hub.write(0, 300)
    log_hub.sequence()
    outcome = verify("--url", served)
    assert outcome.exit_code == 0, outcome.output
    assert "The log localhost:8787/log verifies: 300 entries, 6 objects" in outcome.output
    assert "Give it with --key" in outcome.output


def test_the_answer_as_json_holds_the_same(served, log_hub):
    log_hub.write(0, 5)
    log_hub.sequence()
    told = json.loads(verify("--url", served, "--json").output)
    assert (told["verified"], told["size"], told["findings"]) == (True, 5, [])
    pinned = verify("--url", served, "--key", told["key"])
    assert pinned.exit_code == 0
    assert "Give it" not in pinned.output


def test_a_folder_verifies_and_each_changed_file_is_named_with_exit_1(mirror):
    assert verify("--folder", str(mirror)).exit_code == 0
    for path in sorted(one for one in mirror.rglob("*") if one.is_file() and one.name != "key"):
        before = path.read_bytes()
        path.write_bytes(before[:9] + bytes([before[9] ^ 1]) + before[10:])
        outcome = verify("--folder", str(mirror), "--json")
        name = path.relative_to(mirror).as_posix()
        assert outcome.exit_code == 1
        assert [one["object"] for one in json.loads(outcome.output)["findings"]] == [name]
        path.write_bytes(before)


def test_what_is_wrong_is_shown_in_a_table_and_said_in_a_sentence(mirror):
    (mirror / "tile" / "0" / "000").unlink()
    outcome = verify("--folder", str(mirror))
    assert outcome.exit_code == 1
    assert "tile/0/000" in outcome.output
    assert "does NOT verify" in outcome.output


def test_a_log_rolled_back_behind_a_kept_checkpoint_exits_1(mirror, log_hub, tmp_path):
    log_hub.write(300, 1)
    log_hub.sequence()
    kept = tmp_path / "kept"
    kept.write_bytes(base64.b64decode(log_hub.ask("GET /log/checkpoint")["body"]))
    outcome = verify("--folder", str(mirror), "--kept", str(kept))
    assert outcome.exit_code == 1
    assert "does not continue the kept one of size 301" in outcome.output


def test_a_hub_that_is_not_there_a_log_not_begun_and_a_foreign_key_say_so(served, log_hub):
    assert "the log cannot be read: ConnectError" in verify("--url", "http://127.0.0.1:9").output
    assert "the log cannot be read: key is not there" in verify("--url", served).output
    outcome = verify("--url", served, "--key", "not a key")
    assert outcome.exit_code == 1
    assert "verifier key" in outcome.output
