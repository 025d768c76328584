"""Answer receipts: two copies of one release, verified offline, and all that can be wrong."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
from joserfc.jwk import ECKey
from mydata_hub.consent.grants import grant_key
from mydata_hub.embedded.disk_blobs import DiskBlobs
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.errors import Damaged, NotFound, NotProven, NotReleased
from mydata_hub.ports.tables import Absent, Delete, Key, Put, VersionIs
from mydata_hub.release.receipts import MAX_RECEIPT_BYTES, TYPE, issue_receipt, verify_receipt
from mydata_hub.release.release import Decision
from mydata_hub.release.response import encode_hash
from mydata_hub.release.sd_jwt import AnswerKey, sign_compact, verify_compact
from mydata_hub.transparency import sequencer
from mydata_hub.transparency.checkpoint import VerifierKey
from mydata_hub.transparency.events import record
from mydata_hub.transparency.leaf import AUDIT_DOMAIN, NO_TAG, Leaf, Opening
from mydata_hub.transparency.log_proof import prove_entry
from mydata_hub.transparency.published import PublishedLog

from tests.faults.sequencer_world import an_event
from tests.unit.consent.world import ORIGIN
from tests.unit.release.world import MORNING, TIME


class Logged:
    """The hub's log, over the same events."""

    def __init__(self, hub, folder):
        self.hub = hub
        names = {"events": "EventsTable", "log": "LogTable", "witnesses": "WitnessesTable"}
        self.tables = SqliteTables(folder / "all", names, hub.clock)
        blobs = DiskBlobs(folder, "tiles")
        self.log = sequencer.Log(
            tables=self.tables,
            blobs=blobs,
            openings=DiskBlobs(folder, "openings"),
            signer=LocalSigner(folder, "checkpoint", "EdDSA"),
            clock=hub.clock,
            entropy=hub.desk.entropy,
            origin="localhost:8787/log",
        )
        self.published = PublishedLog(self.tables, blobs)

    def sequence(self):
        return sequencer.sequence(self.log)

    @property
    def key(self):
        return VerifierKey.parse(self.published.key())

    def receipt(self, event_id, reader="bicycles"):
        return issue_receipt(
            self.hub.tables,
            self.published,
            self.hub.gate.key,
            ORIGIN,
            event_id,
            reader,
            self.hub.now,
        )

    def verify(self, encoded):
        return verify_receipt(encoded, self.hub.gate.key.public, self.key)


@pytest.fixture
def logged(asked, tmp_path):
    logged = Logged(asked, tmp_path)
    logged.event_id = asked.ask(asked.grant, MORNING, TIME).event_id
    return logged


def changed(encoded, **members):
    return json.dumps({**json.loads(encoded), **members}).encode()


def test_a_partners_receipt_verifies_offline_with_its_place_in_the_log(logged):
    logged.sequence()
    encoded = logged.receipt(logged.event_id)
    found = logged.verify(encoded)
    release = found.release
    assert release.event_id == logged.event_id
    assert release.claims == (MORNING, TIME)
    assert (str(release.bits), release.decision) == ("4.5850", Decision.ALLOW)
    assert found.consent == encode_hash(logged.hub.grant.consent_hash)
    assert isinstance(found.index, int)
    assert json.loads(encoded)["log"].startswith("c2sp.org/tlog-proof@v1\nindex ")


def test_before_it_is_sequenced_a_receipt_says_so_and_verifies(logged):
    logged.sequence()
    later = logged.hub.ask(logged.hub.grant, TIME).event_id
    assert logged.verify(logged.receipt(later)).index is None
    logged.sequence()
    assert logged.verify(logged.receipt(later)).index is not None


def test_a_receipt_holds_nothing_of_the_person_but_the_persons_own_copy_does(logged):
    logged.sequence()
    partner = logged.receipt(logged.event_id)
    person = own_copy(logged)
    subject = logged.hub.grant.subject.encode()
    payloads = [json.loads(one)["payload"] for one in (partner, person)]
    opened = [base64.urlsafe_b64decode(payload + "==") for payload in payloads]
    assert [subject in one for one in opened] == [False, True]
    assert subject not in partner
    assert [json.loads(one)["opened"] for one in (partner, person)] == ["audit", "person"]
    assert logged.verify(person).release == logged.verify(partner).release


def own_copy(logged):
    """The partner's copy, with what opens the person's commitment instead."""
    row = logged.tables.fetch_many(Key("events", logged.event_id))[Key("events", logged.event_id)]
    opening = (row.values["personal_salt"], row.values["personal"])
    salt, payload = (base64.urlsafe_b64encode(one).decode().rstrip("=") for one in opening)
    encoded = logged.receipt(logged.event_id)
    return changed(encoded, opened="person", salt=salt, payload=payload)


def test_a_receipt_from_before_the_entry_has_its_place_leaves_the_tag_open(logged):
    """The gate's tables seal events; the tag is the log zone's, and decided when it is placed."""
    logged.sequence()
    key = Key("events", logged.event_id)
    row = logged.tables.fetch_many(key)[key]
    hidden = {"tag", "index", "personal", "personal_salt", "subject"}
    waiting = {name: value for name, value in row.values.items() if name not in hidden}
    logged.tables.commit(Put(key=key, values=waiting, when=VersionIs(row.version), format=2))
    found = logged.verify(logged.receipt(logged.event_id))
    assert found.proven is None
    early = Leaf.decode(found.entry)
    assert early.tag == NO_TAG
    placed = {**waiting, "tag": row.values["tag"], "index": row.values["index"]}
    when = VersionIs(row.version + 1)
    logged.tables.commit(Put(key=key, values=placed, when=when, format=2))
    proven = logged.verify(logged.receipt(logged.event_id))
    later = Leaf.decode(proven.entry)
    assert proven.index == row.values["index"]
    assert later.tag == row.values["tag"]
    assert later.same_event(early)


def test_a_refusal_has_a_receipt_too(logged):
    with pytest.raises(NotReleased):
        logged.hub.ask(logged.hub.grant, "insurance.car_cover")
    logged.sequence()
    event = logged.hub.released(logged.hub.grant.subject)[-1]
    found = logged.verify(logged.receipt(event.event_id))
    assert (found.release.decision, str(found.release.bits)) == (Decision.DENY, "0.0000")


def test_nobody_else_gets_a_receipt_and_nobody_learns_that_there_is_one(logged):
    with pytest.raises(NotReleased):
        logged.hub.ask(logged.hub.grant, "unknown.claim")
    without = logged.hub.released(logged.hub.grant.subject)[-1].event_id
    said = set()
    for event_id, reader in (
        (logged.event_id, "scooters"),
        ("0" * 32, "bicycles"),
        (without, "bicycles"),
    ):
        with pytest.raises(NotFound) as caught:
            logged.receipt(event_id, reader)
        said.add(str(caught.value))
    assert len(said) == 1


def test_before_the_log_has_begun_there_are_receipts(logged):
    assert json.loads(logged.receipt(logged.event_id))["log"] is None


def test_in_a_large_log_the_proof_is_made_from_tiles(logged):
    hub = logged.hub
    for number in range(600):
        hub.store.commit(record(an_event(number), hub.desk.entropy))
    logged.sequence()
    later = hub.ask(hub.grant, TIME).event_id
    logged.sequence()
    for event_id in (logged.event_id, later):
        encoded = logged.receipt(event_id)
        assert logged.verify(encoded).index is not None
        assert json.loads(encoded)["log"].split("\n\n")[0].count("\n") >= 6


def test_rows_that_lost_their_parts_are_damage_and_give_no_receipt(logged):
    store = logged.hub.store
    event = store.fetch_many(Key("events", logged.event_id))[Key("events", logged.event_id)]
    key = grant_key(logged.hub.grant.grant_id)
    grant = store.fetch_many(key)[key]
    store.commit(Delete(key, VersionIs(grant.version)))
    with pytest.raises(Damaged):
        logged.receipt(logged.event_id)
    store.commit(Put(key=key, values=grant.values, when=Absent()))
    logged.receipt(logged.event_id)
    without = {name: value for name, value in event.values.items() if name != "audit_salt"}
    store.commit(Put(key=event.key, values=without, when=VersionIs(event.version)))
    with pytest.raises(Damaged):
        logged.receipt(logged.event_id)


# ------------------------------------------------------------------ what can be wrong


def flip(text):
    """Another text of the same kind: one letter in the middle is changed."""
    at = len(text) // 2
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


@pytest.mark.parametrize("member", ["statement", "release", "entry", "salt", "payload", "log"])
@pytest.mark.parametrize("reader", ["partner", "person"])
def test_a_changed_letter_anywhere_is_found(logged, member, reader):
    logged.sequence()
    encoded = own_copy(logged) if reader == "person" else logged.receipt(logged.event_id)
    broken = changed(encoded, **{member: flip(json.loads(encoded)[member])})
    with pytest.raises(NotProven):
        logged.verify(broken)


def test_every_line_of_the_proof_counts(logged):
    for _ in range(5):
        logged.hub.ask(logged.hub.grant, TIME)
    logged.sequence()
    encoded = logged.receipt(logged.event_id)
    lines = json.loads(encoded)["log"].split("\n")
    for at, line in enumerate(lines):
        if line == "":
            continue
        wrong = "\n".join([*lines[:at], flip(line), *lines[at + 1 :]])
        with pytest.raises(NotProven):
            logged.verify(changed(encoded, log=wrong))


@pytest.mark.parametrize(
    ("swapped", "blamed"),
    [
        (("release",), "decision"),
        (("statement",), "decision"),
        (("entry",), "entry"),
        (("salt", "payload"), "opening"),
        (("log",), "inclusion proof"),
    ],
)
def test_parts_of_another_receipt_do_not_fit_and_the_part_is_named(logged, swapped, blamed):
    other_id = logged.hub.ask(logged.hub.grant, TIME).event_id
    logged.sequence()
    own, other = (json.loads(logged.receipt(one)) for one in (logged.event_id, other_id))
    with pytest.raises(NotProven) as caught:
        logged.verify(json.dumps({**own, **{name: other[name] for name in swapped}}).encode())
    assert caught.value.thing == blamed


def test_an_opening_that_tells_of_another_release_is_found(logged):
    """A hub that logs one thing and certifies another: signed well, and yet found."""
    logged.sequence()
    other_id = logged.hub.ask(logged.hub.grant, TIME).event_id
    logged.sequence()
    own, other = (json.loads(logged.receipt(one)) for one in (logged.event_id, other_id))
    key = logged.hub.gate.key
    statement = verify_compact(TYPE, own["statement"], key.public)
    entry = verify_compact(TYPE, other["statement"], key.public)["entry"]
    lied = sign_compact(TYPE, {**statement, "entry": entry}, key)
    parts = {name: other[name] for name in ("entry", "salt", "payload", "log")}
    with pytest.raises(NotProven) as caught:
        logged.verify(json.dumps({**own, **parts, "statement": lied}).encode())
    assert (caught.value.thing, caught.value.reason) == ("opening", "tells of another release")


@pytest.mark.parametrize("fact", ["partner", "class", "claim", "bits", "policy_hash", "decision"])
def test_every_fact_that_was_logged_is_held_against_what_is_certified(logged, fact):
    receipt = json.loads(logged.receipt(logged.event_id))
    key = logged.hub.gate.key
    logged.sequence()

    def relogged(payload):
        """The receipt with an entry that says this, made and signed by a hub that lies."""
        salt, content = bytes(32), json.dumps(payload).encode()
        commitment = Opening(salt, content).commitment(AUDIT_DOMAIN)
        entry = Leaf(tag=bytes(16), person=bytes(32), audit=commitment).encode()
        statement = verify_compact(TYPE, receipt["statement"], key.public)
        statement["entry"] = encode_hash(hashlib.sha256(entry).digest())
        parts = {"entry": entry, "salt": salt, "payload": content}
        encoded = {
            name: base64.urlsafe_b64encode(part).decode().rstrip("=")
            for name, part in parts.items()
        }
        return changed(json.dumps(receipt), statement=sign_compact(TYPE, statement, key), **encoded)

    told = json.loads(base64.urlsafe_b64decode(receipt["payload"] + "=="))
    logged.verify(relogged(told))
    with pytest.raises(NotProven, match="opening: tells of another release"):
        logged.verify(relogged({**told, fact: told[fact] + "0"}))


def test_extra_data_in_a_proof_is_for_others_and_changes_nothing(logged):
    logged.sequence()
    encoded = logged.receipt(logged.event_id)
    header, rest = json.loads(encoded)["log"].split("\n", 1)
    found = logged.verify(changed(encoded, log=f"{header}\nextra YWdl\n{rest}"))
    assert found == logged.verify(encoded)


def test_a_hash_that_is_no_base64_is_named(logged):
    logged.hub.ask(logged.hub.grant, TIME)
    logged.sequence()
    encoded = logged.receipt(logged.event_id)
    lines = json.loads(encoded)["log"].split("\n")
    wrong = "\n".join([*lines[:2], "!" + lines[2][1:], *lines[3:]])
    with pytest.raises(NotProven, match="log proof: holds a hash that is not base64"):
        logged.verify(changed(encoded, log=wrong))


def test_keys_of_others_verify_nothing(logged, tmp_path):
    logged.sequence()
    encoded = logged.receipt(logged.event_id)
    with pytest.raises(NotProven, match="signature"):
        verify_receipt(encoded, ECKey.generate_key("P-256"), logged.key)
    stranger = VerifierKey.of(logged.key.name, LocalSigner(tmp_path, "other", "EdDSA").public_key())
    with pytest.raises(NotProven, match="checkpoint"):
        verify_receipt(encoded, logged.hub.gate.key.public, stranger)
    other = AnswerKey(LocalSigner(tmp_path, "other", "ES256"))
    assert other.public.kid != logged.hub.gate.key.public.kid


@pytest.mark.parametrize(
    "encoded",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b" " * (MAX_RECEIPT_BYTES + 1),
        b'{"object":"answer_receipt"}',
    ],
)
def test_what_is_no_receipt_is_said_to_be_none(logged, encoded):
    logged.sequence()
    with pytest.raises(NotProven):
        logged.verify(encoded)


@pytest.mark.parametrize(
    "members",
    [
        {"format": 2},
        {"object": "grant"},
        {"extra": 1},
        {"statement": None},
        {"statement": 1},
        {"release": 1},
        {"release": "AAAA"},
        {"entry": "AAAA"},
        {"opened": "both"},
        {"opened": []},
        {"opened": "person"},
        {"payload": "e30"},
        {"log": 1},
        {"log": ""},
        {"log": "c2sp.org/tlog-proof@v1\n\n"},
        {"log": "c2sp.org/tlog-proof@v1\nindex 0\n" + "A\n" * 64 + "\nx"},
        {"log": "c2sp.org/tlog-proof@v1\nindex 01\n\nx"},
    ],
)
def test_a_receipt_with_a_wrong_member_is_refused(logged, members):
    logged.sequence()
    with pytest.raises(NotProven):
        logged.verify(changed(logged.receipt(logged.event_id), **members))


def test_an_entry_that_no_checkpoint_commits_to_yet_has_no_proof(logged):
    assert prove_entry(logged.published, 0) is None
    logged.sequence()
    before = logged.published.checkpoint()
    later = logged.hub.ask(logged.hub.grant, TIME).event_id
    logged.sequence()

    class Behind(PublishedLog):
        def checkpoint(self, covering=0):
            return before

    published = Behind(logged.published.tables, logged.published.blobs)
    hub = logged.hub
    parts = (hub.tables, published, hub.gate.key, ORIGIN, later, "bicycles", hub.now)
    assert logged.verify(issue_receipt(*parts)).index is None
    assert logged.verify(logged.receipt(later)).index is not None
