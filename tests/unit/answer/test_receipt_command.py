"""`mydata receipt verify`: offline with two keys, and in words what is wrong."""

from __future__ import annotations

import base64
import json

import pytest
from click.testing import CliRunner
from joserfc.jwk import ECKey, KeySet
from mydata_hub.cli.log_sources import MirrorFolder
from mydata_hub.cli.main import main
from mydata_hub.transparency.checkpoint import VerifierKey
from mydata_hub.transparency.mirroring import extend_mirror


@pytest.fixture
def kept(asked, tmp_path):
    """A receipt as a partner keeps it, with the hub's keys beside it."""
    event_id = asked.partner.ask().json()["event_id"]
    asked.hub.invoke("sequence_log", {"sweep": True})
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "receipt.json").write_text(asked.partner.receipt(event_id).body)
    (folder / "keys.json").write_text(asked.jiu.get("/claims/jwks").body)
    answer = asked.hub.handler(asked.jiu.event("GET", "/log/key"), None)
    (folder / "log").write_text(base64.b64decode(answer["body"]).decode().strip())
    return folder


def verify(folder, *options, receipt="receipt.json", keys="keys.json"):
    given = ["--key", (folder / "log").read_text(), "--jwks", str(folder / keys)]
    command = ["receipt", "verify", str(folder / receipt), *given, *options]
    return CliRunner().invoke(main, command)


def test_a_receipt_is_told_in_words_and_as_json(kept):
    told = verify(kept)
    assert told.exit_code == 0, told.output
    assert "The receipt verifies: commute.mode@1, decided allow for 3.0000 bits." in told.output
    assert "of the log" in told.output
    found = json.loads(verify(kept, "--json").output)
    assert (found["verified"], found["claims"], found["bits"]) == (
        True,
        ["commute.mode@1"],
        "3.0000",
    )
    assert isinstance(found["index"], int)


@pytest.mark.parametrize(
    ("member", "thing"),
    [
        ("statement", "signature"),
        ("entry", "entry"),
        ("salt", "opening"),
        ("payload", "opening"),
        ("log", ""),
    ],
)
def test_a_changed_part_is_named_and_the_command_fails(kept, member, thing):
    receipt = json.loads((kept / "receipt.json").read_text())
    text = receipt[member]
    at = len(text) // 2
    receipt[member] = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
    (kept / "changed.json").write_text(json.dumps(receipt))
    told = verify(kept, "--json", receipt="changed.json")
    assert told.exit_code == 1
    assert "does NOT verify" in told.stderr
    found = json.loads(told.stdout)
    assert found["verified"] is False
    assert thing in found["object"]


def test_a_cheaper_price_is_named(kept):
    receipt = json.loads((kept / "receipt.json").read_text())
    release = base64.urlsafe_b64decode(receipt["release"] + "==").replace(b"3.0000", b"1.0000")
    receipt["release"] = base64.urlsafe_b64encode(release).decode().rstrip("=")
    (kept / "changed.json").write_text(json.dumps(receipt))
    told = verify(kept, receipt="changed.json")
    assert told.exit_code == 1
    assert "decision: is not the one of this release" in told.stderr


@pytest.mark.parametrize("content", ["", "{}", "[]", "[" * 9000, '{"statement": 1}', "x" * 300_000])
def test_a_file_that_is_no_receipt_is_said_to_be_none(kept, content):
    (kept / "other.json").write_text(content)
    told = verify(kept, receipt="other.json")
    assert told.exit_code == 1
    assert "receipt: is" in told.stderr


def test_a_receipt_of_another_hub_is_by_none_of_this_hub_s_keys(kept):
    foreign = KeySet([ECKey.generate_key("P-256", auto_kid=True)])
    (kept / "foreign.json").write_text(json.dumps(foreign.as_dict(private=False)))
    told = verify(kept, keys="foreign.json")
    assert (told.exit_code, "none of the hub's" in told.stderr) == (1, True)


@pytest.mark.parametrize("content", ["", "[]", '{"keys": [{}]}', '{"keys": 1}'])
def test_a_file_that_is_no_key_set_is_told_from_a_wrong_receipt(kept, content):
    (kept / "keys.json").write_text(content)
    told = verify(kept)
    assert told.exit_code == 1
    assert "there is no key to check it with" in told.stderr


def test_without_keys_and_without_a_hub_it_says_where_to_get_them(kept, tmp_path):
    command = ["receipt", "verify", str(kept / "receipt.json"), "--data", str(tmp_path / "none")]
    told = CliRunner().invoke(main, command)
    assert (told.exit_code, "no hub is running" in told.stderr) == (1, True)
    unreachable = [*command, "--url", "http://localhost:9"]
    told = CliRunner().invoke(main, unreachable)
    assert (told.exit_code, "does not answer" in told.stderr) == (1, True)


@pytest.fixture
def mirrored(asked, kept, tmp_path):
    """A mirror of the log, made through the hub's own routes."""
    folder = tmp_path / "mirror"

    class Served:
        def get(self, name):
            tile = name.removeprefix("tile/")
            route = "GET /log/tile/{tile+}" if tile != name else f"GET /log/{name}"
            event = {"routeKey": route, "pathParameters": {"tile": tile}}
            return base64.b64decode(asked.hub.invoke("audit", event)["body"])

        def tile_names(self):
            return None

    store = MirrorFolder(folder)
    key = VerifierKey.parse(store.pin((kept / "log").read_text()))
    extend_mirror(store, Served(), key)
    return folder


def test_a_receipt_is_bound_to_a_mirror_that_is_whole(kept, mirrored):
    told = verify(kept, "--folder", str(mirrored), "--json")
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert found["mirrored"] == found["index"]
    words = verify(kept, "--folder", str(mirrored)).output
    assert f"entry {found['index']} of it is this one" in words


def test_every_object_of_a_tampered_mirror_is_named_by_the_receipt_of_one_answer(kept, mirrored):
    for path in [one for one in (mirrored / "tile").rglob("*") if one.is_file()]:
        before = path.read_bytes()
        for spoilt in (before[:9] + bytes([before[9] ^ 1]) + before[10:], before[:-1], None):
            path.write_bytes(spoilt) if spoilt is not None else path.unlink()
            told = verify(kept, "--folder", str(mirrored), "--json")
            assert told.exit_code == 1
            assert json.loads(told.stdout)["object"] == path.relative_to(mirrored).as_posix()
        path.write_bytes(before)
    (mirrored / "checkpoint").write_bytes(b"nothing")
    told = verify(kept, "--folder", str(mirrored), "--json")
    assert json.loads(told.stdout)["object"] == "checkpoint"


def test_a_receipt_from_before_its_entry_had_a_place_is_looked_for_in_the_mirror(kept, mirrored):
    receipt = json.loads((kept / "receipt.json").read_text())
    (kept / "early.json").write_text(json.dumps(receipt | {"log": None}))
    told = json.loads(
        verify(kept, "--folder", str(mirrored), "--json", receipt="early.json").stdout
    )
    assert (told["index"], isinstance(told["mirrored"], int)) == (None, True)


def test_an_answer_that_was_never_logged_is_told(asked, kept, mirrored):
    event_id = asked.partner.ask().json()["event_id"]
    (kept / "later.json").write_text(asked.partner.receipt(event_id).body)
    told = verify(kept, "--folder", str(mirrored), "--json", receipt="later.json")
    assert (told.exit_code, json.loads(told.stdout)["object"]) == (1, "entry")
    asked.hub.invoke("sequence_log", {"sweep": True})
    (kept / "proven.json").write_text(asked.partner.receipt(event_id).body)
    told = verify(kept, "--folder", str(mirrored), "--json", receipt="proven.json")
    assert (told.exit_code, json.loads(told.stdout)["object"]) == (1, "mirror")


def test_a_witness_is_asked_of_a_mirror(kept, mirrored):
    assert verify(kept, "--witness", "w").exit_code == 2
    key = "witness.example/w1+5bfd7032+BCwhkXQ4pLnriLYohod5ak+qjLhNHRXtrHCMbPJxsfmF"
    told = verify(kept, "--folder", str(mirrored), "--witness", key, "--json")
    reason = json.loads(told.stdout)["reason"]
    assert (told.exit_code, reason) == (1, "not cosigned by witness.example/w1")
