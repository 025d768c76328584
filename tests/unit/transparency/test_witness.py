"""The witness: what it cosigns, each way it says no, and that it never signs two histories."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from random import Random

import pytest
from greenlet import getcurrent, greenlet
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.errors import Damaged, NotProven, OutcomeUnknown
from mydata_hub.ports.clock import SetClock
from mydata_hub.ports.tables import Absent, Key, Put
from mydata_hub.transparency.add_checkpoint import AddCheckpoint
from mydata_hub.transparency.checkpoint import (
    COSIGNATURE,
    MAX_NOTE_BYTES,
    VerifierKey,
    verify_checkpoint,
)
from mydata_hub.transparency.cosignature import verify_cosignature
from mydata_hub.transparency.merkle import EMPTY_ROOT
from mydata_hub.transparency.signing import cosign
from mydata_hub.transparency.witness import TABLE, Witness, fork_of

from tests.unit.accounts.conftest import memory_folder
from tests.unit.transparency.growing_log import GrowingLog, SeededSigner

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
SIGNER = SeededSigner(9)
KEY = VerifierKey.of("witness.example/w1", SIGNER.public_key(), COSIGNATURE)
LOG = GrowingLog()


class Watch:
    """A witness over a fresh memory."""

    def __init__(self, tables, *logs):
        self.tables = tables
        self.clock = SetClock(NOW)
        self.witness = Witness(
            tables=tables,
            signer=SIGNER,
            clock=self.clock,
            key=KEY,
            logs=[log.key for log in logs or (LOG,)],
        )

    def ask(self, old_size, size, log=LOG, **how):
        return self.witness.add_checkpoint(log.request(old_size, size, **how))

    def size(self, log=LOG):
        key = Key(TABLE, log.origin)
        row = self.tables.fetch_many(key).get(key)
        return row.values["size"] if row else 0


@pytest.fixture
def watch():
    with memory_folder() as folder:
        tables = SqliteTables(Path(folder), {TABLE: TABLE}, SetClock(NOW))
        yield Watch(tables)
        tables.close()


def cosigned(reply, log, size):
    """The instant of the cosignature in an answer, which must be right for this checkpoint."""
    assert reply.status is HTTPStatus.OK, reply
    return verify_cosignature(log.note(size) + reply.body.encode(), KEY)


def test_a_log_is_cosigned_from_its_first_checkpoint_on_and_at_each_later_one(watch):
    before = 0
    for size in (1, 2, 3, 7, 8, 300):
        assert cosigned(watch.ask(before, size), LOG, size) == watch.clock.now()
        before = size
    assert watch.size() == 300


def test_the_same_checkpoint_is_cosigned_again_with_the_present_instant(watch):
    watch.ask(0, 5)
    watch.clock.advance(timedelta(hours=1))
    assert cosigned(watch.ask(5, 5), LOG, 5) == NOW + timedelta(hours=1)


def test_an_empty_log_is_cosigned_and_then_its_first_entries(watch):
    assert cosigned(watch.ask(0, 0), LOG, 0) == NOW
    assert cosigned(watch.ask(0, 4), LOG, 4) == NOW


def test_a_wrong_old_size_is_told_the_right_one_as_the_protocol_writes_it(watch):
    watch.ask(0, 8)
    for old_size in (0, 5, 9):
        reply = watch.ask(old_size, 12)
        assert (reply.status, reply.body) == (HTTPStatus.CONFLICT, "8\n")
        assert reply.content_type == "text/x.tlog.size"
    assert watch.size() == 8


def test_a_log_that_goes_back_is_not_cosigned(watch):
    watch.ask(0, 8)
    assert watch.ask(8, 5).status is HTTPStatus.BAD_REQUEST
    assert watch.ask(5, 5).status is HTTPStatus.CONFLICT
    assert watch.ask(0, 5).status is HTTPStatus.CONFLICT
    assert watch.size() == 8


def test_another_history_is_not_cosigned_and_a_fork_at_one_size_is_kept_as_proof(watch):
    forked = GrowingLog(forked_at=3)
    watch.ask(0, 8)
    assert watch.ask(8, 8, log=forked).status is HTTPStatus.CONFLICT
    assert watch.ask(8, 12, log=forked).status is HTTPStatus.UNPROCESSABLE_ENTITY
    note = watch.tables.fetch_many(fork_of(LOG.origin))[fork_of(LOG.origin)].values["note"]
    own = watch.tables.fetch_many(Key(TABLE, LOG.origin))[Key(TABLE, LOG.origin)].values["note"]
    one, other = verify_checkpoint(note, LOG.key), verify_checkpoint(own, LOG.key)
    assert (one.size, one.root != other.root) == (other.size, True)
    # The first proof is enough, and the log itself can still be watched.
    assert watch.ask(8, 8, log=GrowingLog(forked_at=5)).status is HTTPStatus.CONFLICT
    assert watch.tables.fetch_many(fork_of(LOG.origin))[fork_of(LOG.origin)].values["note"] == note
    assert cosigned(watch.ask(8, 12), LOG, 12) == NOW


def test_a_proof_that_does_not_join_the_two_is_told_from_a_wrong_size(watch):
    watch.ask(0, 8)
    right = LOG.proof(8, 12)
    wrongs = [[], right[:-1], [*right, right[0]], [*right[:-1], bytes(32)], [b"short", *right[1:]]]
    for proof in wrongs:
        assert watch.ask(8, 12, proof=proof).status is HTTPStatus.UNPROCESSABLE_ENTITY
    assert watch.ask(8, 8, proof=[bytes(32)]).status is HTTPStatus.UNPROCESSABLE_ENTITY
    assert watch.size() == 8


def test_from_size_zero_there_is_no_proof(watch):
    assert watch.ask(0, 4, proof=[bytes(32)]).status is HTTPStatus.UNPROCESSABLE_ENTITY
    assert watch.size() == 0


def test_an_unknown_log_is_not_found_and_a_foreign_signature_is_forbidden(watch):
    assert watch.ask(0, 4, log=GrowingLog("other.example/log")).status is HTTPStatus.NOT_FOUND
    assert watch.ask(0, 4, log=GrowingLog(seed=2)).status is HTTPStatus.FORBIDDEN
    spoilt = LOG.note(4).replace(b"\n4\n", b"\n5\n")
    assert watch.ask(0, 5, note=spoilt).status is HTTPStatus.FORBIDDEN
    assert watch.size() == 0


def test_a_log_with_two_keys_is_cosigned_under_either():
    other = GrowingLog(seed=2)
    with memory_folder() as folder:
        tables = SqliteTables(Path(folder), {TABLE: TABLE}, SetClock(NOW))
        watch = Watch(tables, LOG, other)
        assert cosigned(watch.ask(0, 4), LOG, 4) == NOW
        assert cosigned(watch.ask(4, 6, log=other), other, 6) == NOW
        tables.close()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n\n",
        b"old 00\n\n" + LOG.note(3),
        b"old -1\n\n" + LOG.note(3),
        b"old 99999999999999999999\n\n" + LOG.note(3),
        b"old 9999999999999999999\n\n" + LOG.note(3),
        b"old 0\n" + LOG.note(3),
        b"Old 0\n\n" + LOG.note(3),
        b"old 0\nnot base64!\n\n" + LOG.note(3),
        b"old 0\n" + b"AAAA\n" * 64 + b"\n" + LOG.note(3),
        b"old 0\n\nno checkpoint\n",
        b"old 0\n\n" + b"\xff" + LOG.note(3),
        b"old 0\n\n" + b"x" * (MAX_NOTE_BYTES + 5000),
    ],
)
def test_a_malformed_request_is_bad_whoever_signed_what_is_in_it(watch, body):
    assert watch.witness.add_checkpoint(body).status is HTTPStatus.BAD_REQUEST
    assert watch.size() == 0


def test_what_is_remembered_and_damaged_is_not_cosigned_upon(watch):
    values = {"size": "8", "root": EMPTY_ROOT}
    watch.tables.commit(Put(key=Key(TABLE, LOG.origin), values=values, when=Absent()))
    with pytest.raises(Damaged):
        watch.ask(0, 4)


class Slow:
    """Tables that give way before each commit, and now and then lose an answer."""

    def __init__(self, tables, random):
        self._tables, self._random = tables, random

    def fetch_many(self, *keys):
        return self._tables.fetch_many(*keys)

    def commit(self, *changes):
        getcurrent().parent.switch()
        if self._random.random() < 0.1:
            raise OutcomeUnknown("the answer was lost before it was made")
        self._tables.commit(*changes)
        if self._random.random() < 0.1:
            raise OutcomeUnknown("the answer was lost after it was made")


def test_of_requests_that_interleave_no_two_are_answered_for_histories_that_do_not_join():
    refused = 0
    with memory_folder() as folder:
        tables = SqliteTables(Path(folder), {TABLE: TABLE}, SetClock(NOW))
        for seed in range(60):
            random = Random(seed)
            logs = [GrowingLog(f"{seed}.example/log", forked_at=at) for at in (None, 4, 6)]
            watch = Watch(Slow(tables, random), logs[0])
            given = []

            def ask(watch=watch, logs=logs, random=random, given=given):
                log, size = random.choice(logs), random.randrange(1, 12)
                old_size = random.choice([0, watch.size(logs[0])])
                if old_size > size:
                    return
                try:
                    reply = watch.ask(old_size, size, log=log)
                except OutcomeUnknown:
                    return
                if reply.status is HTTPStatus.OK:
                    cosigned(reply, log, size)
                    given.append(log.checkpoint(size))
                else:
                    assert reply.status in (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)

            running = [greenlet(ask) for _ in range(8)]
            while running:
                one = random.choice(running)
                one.switch()
                if one.dead:
                    running.remove(one)
            assert [one.size for one in given] == sorted(one.size for one in given)
            refused += 8 - len(given)
            # One of the histories holds all that was cosigned.
            assert any(all(log.checkpoint(one.size) == one for one in given) for log in logs)
        tables.close()
    assert refused > 60


def test_a_cosignature_reads_back_and_any_change_of_it_is_seen():
    note = LOG.note(5)
    line = cosign(AddCheckpoint.parse(b"old 0\n\n" + note).opened.text, KEY, SIGNER, NOW)
    assert verify_cosignature(note + line.encode(), KEY) == NOW
    blob = base64.b64decode(line.rpartition(" ")[2])
    for at in range(4, len(blob)):
        spoilt = blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :]
        text = f"— {KEY.name} {base64.b64encode(spoilt).decode()}\n"
        with pytest.raises(NotProven, match=r"cosignature of witness.example/w1 is wrong"):
            verify_cosignature(note + text.encode(), KEY)
    for short in (blob[:4], blob[:11], blob[:-1]):
        text = f"— {KEY.name} {base64.b64encode(short).decode()}\n"
        with pytest.raises(NotProven, match="cosignature"):
            verify_cosignature(note + text.encode(), KEY)


def test_a_cosignature_is_for_one_checkpoint_one_witness_and_one_kind_of_key():
    note = LOG.note(5)
    line = cosign(AddCheckpoint.parse(b"old 0\n\n" + note).opened.text, KEY, SIGNER, NOW).encode()
    with pytest.raises(NotProven, match="is wrong"):
        verify_cosignature(LOG.note(6) + line, KEY)
    for other in (
        VerifierKey("witness.example/w2", KEY.public, COSIGNATURE),
        VerifierKey.of(KEY.name, SeededSigner(8).public_key(), COSIGNATURE),
        VerifierKey(KEY.name, KEY.public),
    ):
        with pytest.raises(NotProven, match="not cosigned by"):
            verify_cosignature(note + line, other)
    with pytest.raises(NotProven, match="not a log's"):
        VerifierKey.parse(str(KEY))
    with pytest.raises(NotProven, match="not a witness's"):
        VerifierKey.parse(str(LOG.key), COSIGNATURE)
    assert VerifierKey.parse(str(KEY), COSIGNATURE) == KEY


def test_the_latest_of_several_cosignatures_counts_and_an_instant_beyond_time_is_refused():
    note = LOG.note(5)
    text = AddCheckpoint.parse(b"old 0\n\n" + note).opened.text
    both = [cosign(text, KEY, SIGNER, NOW + timedelta(hours=at)).encode() for at in (2, 1)]
    assert verify_cosignature(note + b"".join(both), KEY) == NOW + timedelta(hours=2)
    seconds = 2**63 - 1
    message = f"cosignature/v1\ntime {seconds}\n".encode() + text
    blob = KEY.key_id + seconds.to_bytes(8, "big") + SIGNER.sign(message)
    line = f"— {KEY.name} {base64.b64encode(blob).decode()}\n"
    with pytest.raises(NotProven, match="has no instant"):
        verify_cosignature(note + line.encode(), KEY)
