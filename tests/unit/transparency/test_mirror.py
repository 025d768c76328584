"""A mirror: it grows with the log, survives being cut off, and takes in nothing that is wrong."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from mydata_hub.cli.log_sources import FolderSource, MirrorFolder
from mydata_hub.cli.main import main
from mydata_hub.errors import BlobMissing, NotProven
from mydata_hub.transparency.checkpoint import VerifierKey
from mydata_hub.transparency.mirroring import extend_mirror
from mydata_hub.transparency.published import PublishedLog
from mydata_hub.transparency.tiles import Tile, tiles_of
from mydata_hub.transparency.verifier import verify_log

from tests.unit.transparency.conftest import LogHub, serving
from tests.unit.transparency.served_witness import a_witness
from tests.unit.transparency.test_cosigning import WitnessedHub


def run(*arguments):
    return CliRunner().invoke(main, ["log", *map(str, arguments)])


class Log:
    """A hub's log read straight from its stores, which counts, stops and lies when it is told."""

    def __init__(self, hub):
        self._log = PublishedLog(WitnessedHub(hub.folder).courier, hub.blobs)
        self.asked = []
        self.stop_after = None
        self.spoil = lambda name, content: content

    @property
    def key(self):
        return VerifierKey.parse(self._log.key())

    def get(self, name):
        if self.stop_after is not None and len(self.asked) >= self.stop_after:
            raise BlobMissing("the line is cut")
        self.asked.append(name)
        content = self._log.checkpoint() if name == "checkpoint" else self._log.tile(name)
        return self.spoil(name, content)

    def tile_names(self):
        return None


@pytest.fixture(scope="module")
def first_600(tmp_path_factory):
    hub = LogHub(tmp_path_factory.mktemp("log") / "data")
    hub.write(0, 600)
    hub.sequence()
    hub.tables.close()
    return hub.folder


@pytest.fixture
def grown(first_600, tmp_path):
    """A log of 600 entries, of one's own."""
    return LogHub(shutil.copytree(first_600, tmp_path / "data"))


@pytest.fixture
def served(grown):
    with serving(grown) as url:
        yield url


@pytest.fixture
def log(grown):
    return Log(grown)


@pytest.fixture
def store(tmp_path):
    return MirrorFolder(tmp_path / "mirror")


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def is_whole(store, log, size):
    report = verify_log(FolderSource(store.folder), log.key)
    return report.findings == () and report.checkpoint.size == size


def test_a_mirror_verifies_at_every_size_and_fetches_each_full_bundle_once(grown, store, log):
    assert extend_mirror(store, log, log.key).before == 0
    assert is_whole(store, log, 600)
    first = list(log.asked)
    for count in (1, 0, 167, 1, 400):
        size = verify_size(store, log)
        grown.write(10_000 + size, count)
        grown.sequence()
        del log.asked[:]
        found = extend_mirror(store, log, log.key)
        assert (found.before, found.checkpoint.size) == (size, size + count)
        assert is_whole(store, log, size + count)
        full = {name for name in first if name.startswith("tile/") and ".p/" not in name}
        assert not full & set(log.asked)
        assert not (store.folder / "incoming").exists()
        first += log.asked
    names = {name for name in files(store.folder) if name.startswith("tile/")}
    assert names == {tile.path for tile in tiles_of(verify_size(store, log))}


def verify_size(store, log):
    return verify_log(FolderSource(store.folder), log.key).checkpoint.size


def test_a_mirror_cut_off_anywhere_verifies_as_it_was_and_goes_on_where_it_stopped(
    grown, store, log
):
    extend_mirror(store, log, log.key)
    grown.write(600, 700)
    grown.sequence()
    held = files(store.folder)
    fetched = []
    for stop_after in range(1, 4):
        del log.asked[:]
        log.stop_after = stop_after
        with pytest.raises(BlobMissing):
            extend_mirror(store, log, log.key)
        fetched += log.asked
        now = files(store.folder)
        assert {name: now[name] for name in now if not name.startswith("incoming/")} == held
        assert is_whole(store, log, 600)
    log.stop_after = None
    del log.asked[:]
    extend_mirror(store, log, log.key)
    assert is_whole(store, log, 1300)
    bundles = [name for name in fetched + log.asked if name.startswith("tile/entries/")]
    assert len([name for name in bundles if ".p/" not in name]) == 3  # each once in all the runs


def test_a_mirror_killed_while_it_takes_objects_in_is_mended_by_the_next_run(grown, store, log):
    extend_mirror(store, log, log.key)
    grown.write(600, 700)
    grown.sequence()

    class Half(MirrorFolder):
        def take_in(self, names, note, outgrown):
            for name in names[: len(names) // 2]:
                target = self.folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                (self.folder / "incoming" / name).replace(target)

    extend_mirror(Half(store.folder), log, log.key)
    extend_mirror(store, log, log.key)
    assert is_whole(store, log, 1300)


@pytest.mark.parametrize("at", [2, 400, -1])
@pytest.mark.parametrize("name", ["tile/entries/000", "tile/entries/001", "tile/entries/002.p/88"])
def test_an_entry_that_the_log_did_not_sign_is_named_and_not_taken_in(store, log, name, at):
    def spoil(asked, content):
        if asked != name:
            return content
        changed = bytearray(content)
        changed[at] ^= 1
        return bytes(changed)

    log.spoil = spoil
    with pytest.raises(NotProven) as caught:
        extend_mirror(store, log, log.key)
    assert caught.value.thing == name
    assert not (store.folder / "checkpoint").exists()
    assert not (store.folder / "tile").exists()
    log.spoil = lambda asked, content: content
    extend_mirror(store, log, log.key)
    assert is_whole(store, log, 600)


def test_a_log_that_goes_back_or_forks_is_refused_and_its_checkpoint_kept(tmp_path, grown, store):
    older = tmp_path / "older"
    shutil.copytree(grown.folder, older)
    log = Log(grown)
    grown.write(600, 10)
    grown.sequence()
    extend_mirror(store, log, log.key)
    held = files(store.folder)
    back, reasons = LogHub(older), []
    for count in (0, 10, 5):
        back.write(5_000 + count, count)
        back.sequence()
        forked = Log(back)
        with pytest.raises(NotProven) as caught:
            extend_mirror(store, forked, forked.key)
        assert caught.value.thing in ("checkpoint", "tile/entries/002.p/103")
        reasons.append(caught.value.reason)
        now = files(store.folder)
        assert {name: now[name] for name in held} == held
    assert reasons[0] == "the log went back from 610 entries to 600"
    assert reasons[1] == "it is another history than the mirror's 610 entries"
    assert (store.folder / "refused").read_bytes().split(b"\n")[1] == b"610"


def test_a_mirror_that_was_changed_is_not_added_to(grown, store, log):
    extend_mirror(store, log, log.key)
    grown.write(600, 10)
    grown.sequence()
    path = store.folder / "tile" / "0" / "002.p" / "88"
    content = path.read_bytes()
    for spoilt in (bytes(32) + content[32:], content[:-1]):
        path.write_bytes(spoilt)
        with pytest.raises(NotProven):
            extend_mirror(store, log, log.key)
    path.write_bytes(content)
    (store.folder / "checkpoint").write_bytes(b"nothing")
    with pytest.raises(NotProven, match="its own checkpoint is wrong"):
        extend_mirror(store, log, log.key)


def test_the_command_mirrors_pins_the_key_and_tells_how_it_went(served, grown, tmp_path):
    out = tmp_path / "m"
    told = run("mirror", "--url", served, "--out", out)
    assert told.exit_code == 0, told.output
    assert "holds 600 entries, 600 of them new" in told.output
    grown.write(600, 5)
    grown.sequence()
    again = json.loads(run("mirror", "--url", served, "--out", out, "--json").output)
    assert (again["before"], again["size"]) == (600, 605)
    assert run("verify", "--folder", out, "--key", again["key"]).exit_code == 0
    other = run("mirror", "--url", served, "--out", out, "--key", "other+00000000+AAAA")
    assert (other.exit_code, "another key" in other.output) == (2, True)
    assert run("mirror", "--url", "http://127.0.0.1:9", "--out", out).exit_code == 1


def test_a_log_that_forks_makes_the_command_fail_and_say_what_is_kept(tmp_path):
    one, other = LogHub(tmp_path / "one"), None
    one.write(0, 5)
    one.sequence()
    shutil.copytree(tmp_path / "one", tmp_path / "other")
    other = LogHub(tmp_path / "other")
    for hub, first in ((one, 10), (other, 20)):
        hub.write(first, 3)
        hub.sequence()
    with serving(one) as url:
        assert run("mirror", "--url", url, "--out", tmp_path / "m").exit_code == 0
    with serving(other) as url:
        refused = run("mirror", "--url", url, "--out", tmp_path / "m")
    assert refused.exit_code == 1
    assert "another history than the mirror's 8 entries; the mirror is as it was" in refused.output
    assert (tmp_path / "m" / "refused").exists()


def test_two_mirrored_checkpoints_and_two_instants_are_shown_to_continue(served, grown, tmp_path):
    out = tmp_path / "m"
    run("mirror", "--url", served, "--out", out)
    early = tmp_path / "early"
    shutil.copy(out / "checkpoint", early)
    (kept,) = (out / "checkpoints").iterdir()
    kept.rename(kept.with_name("2026-11-01T120000Z-" + kept.name.rpartition("-")[2]))
    grown.write(600, 300)
    grown.sequence()
    run("mirror", "--url", served, "--out", out)
    today = datetime.now(UTC).date().isoformat()
    for earlier, later, where in (
        (early, out / "checkpoint", ("--url", served)),
        (early, out / "checkpoint", ("--folder", out)),
        ("2026-11-01", today, ("--folder", out)),
        ("2026-11-01T12:00:00Z", today, ("--folder", out)),
        (early, early, ("--folder", out)),
    ):
        told = run("consistency", "--from", earlier, "--to", later, *where, "--json")
        assert told.exit_code == 0, told.output
        sizes = json.loads(told.output)
        assert sizes["from"]["size"] == 600
        assert sizes["to"]["size"] == (600 if later == early else 900)
    words = run("consistency", "--from", early, "--to", today, "--folder", out).output
    assert "of 900 entries continues that of 600: 300 added, none changed" in words
    before = run("consistency", "--from", "2026-10-31", "--to", today, "--folder", out)
    assert (before.exit_code, "no checkpoint was mirrored by then" in before.output) == (1, True)
    for wrong in (("--from", "soon", "--to", early), ("--from", "2026-11-01", "--to", early)):
        assert run("consistency", *wrong, "--url", served).exit_code == 2


def test_checkpoints_that_do_not_continue_each_other_are_told(served, grown, tmp_path):
    out, other = tmp_path / "m", tmp_path / "other"
    shutil.copytree(grown.folder, tmp_path / "copy")
    run("mirror", "--url", served, "--out", out)
    early = tmp_path / "early"
    shutil.copy(out / "checkpoint", early)
    for hub, first in ((grown, 700), (LogHub(tmp_path / "copy"), 800)):
        hub.write(first, 40)
        hub.sequence()
        with serving(hub) as url:
            run("mirror", "--url", url, "--out", out if hub is grown else other)
    back = run("consistency", "--from", out / "checkpoint", "--to", early, "--folder", out)
    assert (back.exit_code, "the log went back: 640 entries, then 600" in back.output) == (1, True)
    two = ("--from", out / "checkpoint", "--to", other / "checkpoint")
    forked = run("consistency", *two, "--folder", out)
    assert (forked.exit_code, "one size with two roots" in forked.output) == (1, True)
    tile = out / "tile" / "0" / Tile(0, 2, 128).path.removeprefix("tile/0/")
    tile.write_bytes(bytes(128 * 32))
    spoilt = run("consistency", "--from", early, "--to", out / "checkpoint", "--folder", out)
    assert (spoilt.exit_code, "does not join the two roots" in spoilt.output) == (1, True)


def test_a_verifier_that_wants_a_witness_is_told_who_cosigned_when_or_that_nobody_did(tmp_path):
    with a_witness() as witness:
        hub = WitnessedHub(tmp_path / "data", witness)
        hub.grow(0, 300)
        key = str(witness.witness.key)
        with serving(hub) as url:
            alone = run("verify", "--url", url, "--witness", key, "--json")
            assert alone.exit_code == 1
            assert json.loads(alone.stdout)["findings"] == [
                {"object": "checkpoint", "reason": "not cosigned by witness.example/w1"}
            ]
            refused = run("mirror", "--url", url, "--out", tmp_path / "m", "--witness", key)
            assert (refused.exit_code, "not cosigned by" in refused.output) == (1, True)
            hub.collect()
            told = run("verify", "--url", url, "--witness", key)
            assert told.exit_code == 0, told.output
            assert "Cosigned by witness.example/w1 at 20" in told.output
            mirrored = run("mirror", "--url", url, "--out", tmp_path / "m", "--witness", key)
            assert mirrored.exit_code == 0, mirrored.output
        kept = run("verify", "--folder", tmp_path / "m", "--witness", key, "--json")
        assert list(json.loads(kept.output)["cosigned"]) == ["witness.example/w1"]
        assert run("verify", "--folder", tmp_path / "m", "--witness", "w").exit_code == 1
