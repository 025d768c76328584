"""Cosignatures for the hub's checkpoints: asked for, kept, shown, and never waited for."""

from __future__ import annotations

import base64
import itertools
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
from mydata_hub.config import DeliverSettings
from mydata_hub.errors import BadInput, NotProven
from mydata_hub.ports.clock import SetClock
from mydata_hub.ports.messages import due_messages
from mydata_hub.ports.tables import Put, VersionIs
from mydata_hub.transparency.add_checkpoint import SIZE_TYPE
from mydata_hub.transparency.checkpoint import VerifierKey, verify_checkpoint
from mydata_hub.transparency.cosigning import (
    LONGEST_PAUSE,
    MAX_ANSWER_BYTES,
    collect_cosignatures,
    read_witnesses,
)
from mydata_hub.transparency.log_proof import prove_entry, verify_proof
from mydata_hub.transparency.published import COSIGNED, PATIENCE, PublishedLog
from mydata_hub.transparency.tiles import Tile, decode_bundle
from mydata_hub.transparency.witness import Reply
from mydata_hub.wiring import blobs_for, tables_for

from tests.unit.transparency.conftest import LogHub
from tests.unit.transparency.growing_log import GrowingLog
from tests.unit.transparency.served_witness import a_witness, give


class WitnessedHub(LogHub):
    """A hub with witnesses, and the courier's use case with a clock that is set by hand."""

    def __init__(self, folder, *witnesses):
        self.witnesses = witnesses
        super().__init__(folder, witnesses=",".join(one.setting for one in witnesses))
        settings = DeliverSettings.read(self.courier_environment)
        self.courier = tables_for(settings)
        self.clock = SetClock(datetime.now(UTC))
        blobs = blobs_for(settings, settings.tiles_bucket)
        self.log = PublishedLog(self.courier, blobs, self.clock)

    @property
    def key(self):
        return VerifierKey.parse(self.log.key())

    def grow(self, first, count):
        """More entries in the log; its witnesses learn its key."""
        self.write(first, count)
        self.sequence()
        for witness in self.witnesses:
            witness.logs[:] = [self.key]

    def collect(self, after=timedelta()):
        """What is due now; gives how many messages that were."""
        self.clock.at = datetime.now(UTC) + after
        due = list(due_messages(self.courier, self.clock.now()))
        for message in due:
            witnesses = read_witnesses(self.courier_environment["WITNESSES"])
            collect_cosignatures(self.log, witnesses, message, self.clock.now())
        return len(due)

    def waiting(self):
        return [one.due_at for one in due_messages(self.courier, datetime.now(UTC) + timedelta(1))]

    def shown(self):
        return base64.b64decode(self.ask("GET /log/checkpoint")["body"])


@pytest.fixture
def witness():
    with a_witness() as served:
        yield served


@pytest.fixture
def hub(tmp_path, witness):
    return WitnessedHub(tmp_path / "data", witness)


def size_of(note, hub):
    return verify_checkpoint(note, hub.key).size


def test_each_checkpoint_is_cosigned_and_shown_so_with_proofs_from_public_tiles(hub, witness):
    done = 0
    for count in (1, 5, 300, 60):
        hub.grow(done, count)
        done += count
        assert not witness.signed(hub.shown()) or size_of(hub.shown(), hub) < done
        hub.sweep_outbox()
        assert witness.signed(hub.shown())
        assert size_of(hub.shown(), hub) == done
    assert [asked.old_size for asked in witness.requests] == [0, 1, 6, 306]
    assert hub.waiting() == []


def test_messages_that_pile_up_ask_once_for_the_latest_checkpoint(hub, witness):
    for number in range(4):
        hub.grow(number, 1)
    assert hub.collect() == 4
    assert [asked.checkpoint.size for asked in witness.requests] == [4]
    assert hub.waiting() == []


def test_a_log_without_witnesses_sends_no_message_and_shows_its_checkpoint(log_hub):
    log_hub.write(0, 3)
    log_hub.sequence()
    assert log_hub.sweep_outbox() == {}
    assert b"\n3\n" in base64.b64decode(log_hub.ask("GET /log/checkpoint")["body"])
    tables = tables_for(DeliverSettings.read(log_hub.courier_environment))
    assert list(due_messages(tables, datetime.now(UTC))) == []


def test_a_witness_that_knows_more_than_we_remember_tells_us_and_is_asked_again(hub, witness):
    hub.grow(0, 10)
    hub.collect()
    # As if the commit after its answer had been lost.
    (key,) = [key for key in keys_of(hub) if key.partition == "witness"]
    row = hub.courier.fetch_many(key)[key]
    hub.courier.commit(Put(key=key, values={**row.values, "size": 3}, when=VersionIs(row.version)))
    hub.grow(10, 5)
    hub.collect()
    assert [asked.old_size for asked in witness.requests] == [0, 3, 10]
    assert size_of(hub.shown(), hub) == 15


def keys_of(hub):
    page = hub.courier.query("witnesses", "witness")
    return [COSIGNED, *(row.key for row in page.rows)]


def test_a_silent_witness_holds_up_nothing_and_is_asked_less_and_less_often(hub, witness):
    witness.instead = lambda handler: None  # hangs up without an answer
    after, pauses = timedelta(), []
    for number in range(9):
        hub.grow(2 * number, 1)
        hub.collect(after)
        assert len(witness.requests) == number + 1
        (again,) = hub.waiting()
        pauses.append(again - hub.clock.now())
        # Checkpoints go on meanwhile, and none of them wakes it up early.
        hub.grow(2 * number + 1, 1)
        assert hub.collect(after + timedelta(seconds=1)) == 1
        assert size_of(hub.shown(), hub) == 2 * number + 2
        after += pauses[-1] + timedelta(seconds=1)
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (timedelta(seconds=5), LONGEST_PAUSE)
    witness.instead = None
    assert hub.collect(after) == 1
    assert witness.signed(hub.shown())
    assert hub.waiting() == []


def other_cosignature(handler):
    """A right cosignature, of a witness that nobody asked."""
    with a_witness("stranger.example/w1", seed=8) as stranger:
        stranger.logs.append(GrowingLog().key)
        give(handler, stranger.witness.add_checkpoint(GrowingLog().request(0, 3)))


def redirect(handler):
    handler.send_response(307)
    handler.send_header("Location", "/elsewhere")
    handler.end_headers()


def drip(handler):
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.1)


OTHER_SIZES = itertools.cycle((1, 2))
BAD_ANSWERS = {
    "error": lambda h: give(h, Reply(HTTPStatus.INTERNAL_SERVER_ERROR, "")),
    "redirect": redirect,
    "nothing": lambda h: give(h, Reply(HTTPStatus.OK, "")),
    "nonsense": lambda h: give(h, Reply(HTTPStatus.OK, "— witness.example/w1 AAAA\n\n\n\0")),
    "huge": lambda h: give(h, Reply(HTTPStatus.OK, "x" * (MAX_ANSWER_BYTES + 1))),
    "a stranger's": other_cosignature,
    "no size": lambda h: give(h, Reply(HTTPStatus.CONFLICT, "a lot\n", SIZE_TYPE)),
    "ever other sizes": lambda h: give(
        h, Reply(HTTPStatus.CONFLICT, f"{next(OTHER_SIZES)}\n", SIZE_TYPE)
    ),
}


@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_what_is_no_cosignature_is_not_kept_and_the_witness_is_asked_again(hub, witness, answer):
    witness.instead = answer
    hub.grow(0, 3)
    before = hub.shown()
    assert hub.collect() == 1
    assert hub.shown() == before
    assert len(hub.waiting()) == 1
    witness.instead = None
    hub.collect(timedelta(minutes=1))
    assert witness.signed(hub.shown())


def test_a_witness_that_drips_is_cut_off_and_the_others_are_asked(tmp_path):
    with a_witness() as slow, a_witness("witness.example/w2", seed=7) as quick:
        slow.instead = drip
        hub = WitnessedHub(tmp_path / "data", slow, quick)
        hub.grow(0, 3)
        begun = time.monotonic()
        hub.collect()
        assert time.monotonic() - begun < 9  # the drip would take ten
        assert (slow.signed(hub.shown()), quick.signed(hub.shown())) == (False, True)
        slow.instead = None
        hub.collect(timedelta(minutes=1))
        # Of one size both stand under the checkpoint, and the one that had answered was left alone.
        assert (slow.signed(hub.shown()), quick.signed(hub.shown())) == (True, True)
        assert len(quick.requests) == 1


def test_a_hub_that_was_set_back_is_refused_by_its_witness_and_somebody_is_told(hub, witness):
    hub.grow(0, 3)
    hub.collect()
    older = hub.folder.parent / "older"
    shutil.copytree(hub.folder, older)
    hub.grow(3, 3)
    hub.collect()
    set_back = WitnessedHub(older, witness)
    set_back.grow(50, 2)
    with pytest.raises(NotProven, match="has seen this log at size 6"):
        set_back.collect()
    set_back.grow(60, 4)  # larger than what the witness saw, and another history
    with pytest.raises(NotProven, match="does not cosign it: status 422"):
        set_back.collect(timedelta(minutes=1))
    set_back.clock.at = datetime.now(UTC) + 2 * PATIENCE
    assert not witness.signed(set_back.log.checkpoint())
    assert size_of(set_back.log.checkpoint(), set_back) == 9
    # Told once a pause and not at each message.
    assert set_back.collect(timedelta(minutes=1)) == 1
    assert len(set_back.waiting()) == 1


def test_of_two_couriers_with_one_message_the_second_changes_nothing(hub, witness):
    hub.grow(0, 3)
    (message,) = due_messages(hub.courier, datetime.now(UTC))
    addresses = read_witnesses(witness.setting)

    @dataclass(frozen=True)
    class Interrupted:
        key: VerifierKey

        def ask(self, body):
            if not witness.requests:
                assert collect_cosignatures(hub.log, addresses, message, hub.clock.now())
            return addresses[0].ask(body)

    late = [Interrupted(addresses[0].key)]
    assert not collect_cosignatures(hub.log, late, message, hub.clock.now())
    assert witness.signed(hub.shown())
    assert hub.waiting() == []


def test_the_cosigned_checkpoint_is_shown_for_a_minute_and_then_the_latest(hub, witness):
    hub.grow(0, 3)
    hub.collect()
    witness.instead = lambda handler: None
    hub.grow(3, 2)
    cosigned_at = hub.clock.now()
    assert size_of(hub.log.checkpoint(), hub) == 3
    assert size_of(hub.log.checkpoint(covering=4), hub) == 5
    assert size_of(hub.log.latest(), hub) == 5
    hub.clock.at = cosigned_at + PATIENCE + timedelta(seconds=1)
    assert size_of(hub.log.checkpoint(), hub) == 5


def test_an_entry_that_a_witness_saw_is_proven_under_its_cosignature(hub, witness):
    hub.grow(0, 3)
    hub.collect()
    hub.grow(3, 2)
    bundle = Tile.parse("tile/entries/000.p/5")
    entries = decode_bundle(bundle, hub.log.tile(bundle.path))
    for index, cosigned in ((2, True), (4, False)):
        proof = prove_entry(hub.log, index)
        assert verify_proof(proof, entries[index], hub.key).index == index
        note = proof.partition("\n\n")[2].encode()
        assert witness.signed(note) is cosigned


def test_what_the_log_did_not_sign_is_never_shown_whatever_lies_in_the_couriers_table(hub, witness):
    hub.grow(0, 3)
    hub.collect()
    row = hub.courier.fetch_many(COSIGNED)[COSIGNED]
    forged = GrowingLog("localhost:8787/log").note(9)
    for values in ({"note": forged}, {"note": b""}, {"note": 3}, {"at": "never"}, {"at": None}):
        version = hub.courier.fetch_many(COSIGNED)[COSIGNED].version
        changed = {**row.values, **values}
        hub.courier.commit(Put(key=COSIGNED, values=changed, when=VersionIs(version)))
        assert hub.shown() == hub.log.latest()


@pytest.mark.parametrize(
    "setting",
    [
        "nonsense",
        str(GrowingLog().key) + " https://witness.example",
        "{key} http://witness.example",
        "{key} https://",
        "{key} file:///etc",
        "{key}",
        "{key} https://a.example,{key} https://b.example",
    ],
)
def test_a_setting_that_names_no_witness_is_refused(witness, setting):
    with pytest.raises((BadInput, NotProven)):
        read_witnesses(setting.format(key=witness.witness.key))


def test_a_setting_names_witnesses_by_key_and_address(witness):
    key = witness.witness.key
    (one,) = read_witnesses(f" {key} https://witness.example/prefix ")
    assert (one.key, one.place.parts.geturl()) == (key, "https://witness.example/prefix")
    assert read_witnesses("") == ()
