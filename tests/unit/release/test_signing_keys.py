"""Keys of a day: made here, certified, logged, published before they sign, shared by instances."""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from joserfc.jwk import ECKey
from mydata_hub.embedded.local_keys import LocalKeys
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.errors import Busy, Damaged, NotFound, NotProven, OutcomeUnknown
from mydata_hub.ports.tables import Key, Put, VersionIs
from mydata_hub.release.sd_jwt import TYPE, AnswerKey, verify_compact
from mydata_hub.release.signing_keys import (
    AHEAD,
    LEAD,
    LIFE,
    LOOK_AGAIN,
    PRESENT,
    PUBLISHED_AFTER,
    ROTATED,
    AnswerKeys,
    check_certificate,
    read_days,
)
from mydata_hub.transparency.event import Event
from mydata_hub.web.claims import PUBLISHED

from tests.unit.consent.world import ORIGIN
from tests.unit.release.world import CountedKeys, whole

SECOND = timedelta(seconds=1)


class Instance:
    """One process of the gate: its own cache, its own count of calls of the key service."""

    def __init__(self, hub, tables=None):
        self.hub = hub
        self.keys = CountedKeys(hub.kms.keys)
        self.signed = 0
        instance = self

        class Signer:
            algorithm = "ES256"
            public_key = staticmethod(hub.signer.public_key)

            def sign(self, message):
                instance.signed += 1
                return hub.signer.sign(message)

        self.long_lived = AnswerKey(Signer())
        self.signing = AnswerKeys(
            tables or hub.tables,
            self.keys,
            self.long_lived,
            hub.clock,
            hub.desk.entropy,
            ORIGIN,
        )
        self.gate = replace(hub.gate, key=self.signing)

    def ask(self, **changes):
        return self.hub.ask(self.hub.grant, gate=self.gate, **changes)

    def kid(self):
        return str(self.signing.present(self.hub.now).public.kid)

    def published(self):
        return [key["kid"] for key in self.signing.published()]


def signer_of(answered):
    issued = json.loads(answered.body)["answers"][0]["sd_jwt"].split("~")[0]
    head = issued.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(head + "=="))["kid"]


def days(hub):
    return read_days(hub.store.fetch_many(PRESENT).get(PRESENT))


def rotations(hub):
    keys = hub.store.find_keys("events", "subject", "hub").keys
    rows = hub.store.fetch_many(*keys) if keys else {}
    found = [Event.decode(rows[key].values["personal"]) for key in keys]
    return [event for event in found if event.kind == ROTATED]


def warm(hub):
    """An instance whose key of the day signs."""
    instance = Instance(hub)
    instance.ask()
    hub.clock.advance(LEAD + SECOND)
    instance.ask()
    return instance


def test_with_warm_keys_an_answer_calls_the_key_service_not_once(asked):
    instance = warm(asked)
    before = instance.keys.calls, instance.signed, asked.kms.calls
    asked.tables.calls.clear()
    answered = instance.ask()
    assert signer_of(answered) == days(asked)[0].kid
    assert (instance.keys.calls, instance.signed, asked.kms.calls) == before
    # The first of an answer's two reads is oauth's.
    assert asked.tables.paid() == {"fetch": 1, "commit": 1}


def test_until_a_key_is_published_long_enough_the_long_lived_key_signs(asked):
    instance = Instance(asked)
    assert signer_of(instance.ask()) == instance.long_lived.public.kid
    (day,) = days(asked)
    assert instance.published() == [instance.long_lived.public.kid, day.kid]
    assert LEAD <= day.begins_at - asked.now <= LEAD + SECOND
    asked.clock.at = day.begins_at - SECOND
    assert instance.kid() == instance.long_lived.public.kid
    asked.clock.at = day.begins_at
    assert instance.kid() == day.kid


def test_a_copy_of_the_keys_may_be_kept_for_less_than_the_lead():
    kept = int(PUBLISHED.rpartition("=")[2])
    assert timedelta(seconds=3 * kept) <= LEAD


def test_whoever_reads_the_keys_every_few_minutes_can_verify_every_answer_as_it_arrives(asked):
    """Over a week, with two instances that live and die: no answer by a key nobody was shown."""
    instances = [Instance(asked), Instance(asked)]
    shown, read_at, signers = {}, None, set()
    for step in range(7 * 24 * 4):
        if step % 37 == 0:
            instances[step % 2] = Instance(asked)
        if read_at is None or asked.now - read_at >= timedelta(minutes=15):
            keys = instances[0].signing.published()
            assert len(keys) <= 4
            shown, read_at = {key["kid"]: key for key in keys}, asked.now
        answering = instances[step % 2]
        kid = answering.kid()
        assert kid in shown
        signers.add(kid)
        asked.clock.advance(timedelta(minutes=15) - SECOND)
    assert len(signers) == 1 + 7  # the long-lived one at the very start only
    assert len(rotations(asked)) == 8


def test_keys_follow_each_other_without_gap_and_the_next_is_made_in_time(asked):
    instance = warm(asked)
    first = days(asked)[0]
    asked.clock.at = first.ends_at - AHEAD + SECOND
    instance.ask()
    first, second = days(asked)
    assert second.begins_at == first.ends_at
    assert second.ends_at - second.begins_at == LIFE
    asked.clock.at = first.ends_at - SECOND
    assert instance.kid() == first.kid
    asked.clock.at = first.ends_at
    assert instance.kid() == second.kid


def test_after_a_silence_the_long_lived_key_bridges_until_a_new_one_is_known(asked):
    instance = warm(asked)
    asked.clock.advance(timedelta(days=9))
    assert signer_of(instance.ask()) == instance.long_lived.public.kid
    asked.clock.advance(LEAD + SECOND)
    assert instance.kid() == days(asked)[-1].kid


def test_an_ended_key_loses_its_private_half_and_stays_known_by_its_certificate(asked):
    instance = warm(asked)
    first = days(asked)[0]
    asked.clock.at = first.ends_at + SECOND
    instance.ask()
    kept = days(asked)
    assert [day.wrapped is None for day in kept] == [True, False]
    assert first.kid in instance.published()  # its last answers are valid for a day
    asked.clock.advance(PUBLISHED_AFTER)
    assert first.kid not in instance.published()
    old = instance.signing.find(first.kid)
    assert old["kid"] == first.kid
    begins, ends = check_certificate(old["certificate"], first.kid, instance.long_lived.public)
    assert (begins, ends) == (first.begins_at.timestamp(), first.ends_at.timestamp())
    assert "d" not in old
    for unknown in ("", "present", "x" * 43, "x" * 44):
        with pytest.raises(NotFound):
            instance.signing.find(unknown)


def test_an_answer_verifies_with_the_key_in_its_certificate_and_that_by_the_long_lived_one(asked):
    instance = warm(asked)
    answered = instance.ask()
    key = instance.signing.find(signer_of(answered))
    certified = verify_compact(
        "mydata-answer-key+jwt", key["certificate"], instance.long_lived.public
    )
    public = ECKey.import_key(certified["cnf"]["jwk"])
    issued = whole(json.loads(answered.body)).split("~")[0]
    payload = verify_compact(TYPE, issued, public)
    assert certified["nbf"] <= payload["iat"] < certified["exp"]
    with pytest.raises(NotProven, match="another key"):
        check_certificate(key["certificate"], "x", instance.long_lived.public)
    with pytest.raises(NotProven, match="signature"):
        check_certificate(key["certificate"], key["kid"], public)


def test_each_key_is_logged_in_the_commit_that_makes_it(asked):
    warm(asked)
    (event,) = rotations(asked)
    (day,) = days(asked)
    assert json.loads(event.payload) == {"certificate": day.certificate}
    assert (event.row, event.row_version, event.actor) == (PRESENT, 1, "hub")


def test_many_instances_that_start_at_once_share_one_key(asked):
    instances = [Instance(asked) for _ in range(8)]
    start = threading.Barrier(len(instances))

    def run(instance):
        start.wait()
        instance.signing.present(asked.now)

    threads = [threading.Thread(target=run, args=(one,)) for one in instances]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(days(asked)) == len(rotations(asked)) == 1
    asked.clock.advance(LEAD + SECOND)
    assert {one.kid() for one in instances} == {days(asked)[0].kid}
    assert all(one.keys.calls <= 2 for one in instances)  # wraps its own try, unwraps what is there


def test_no_private_key_lies_in_clear_and_another_vault_s_key_opens_none(asked, tmp_path):
    warm(asked)
    (day,) = days(asked)
    other = LocalKeys(tmp_path / "elsewhere", "vaults")
    stranger = Instance(asked)
    stranger.signing._keys = other
    # It cannot open the key that is there, so it has one of its own made, and meanwhile signs slow.
    assert stranger.kid() == stranger.long_lived.public.kid
    assert day.kid in {one.kid for one in days(asked)}
    assert b"PRIVATE" not in day.wrapped


def test_a_key_that_the_long_lived_one_did_not_certify_never_signs(asked, tmp_path):
    """A row that somebody else wrote, or a hub restored with another long-lived key."""
    warm(asked)
    hub = asked
    forged = LocalSigner(tmp_path, "other", "ES256")
    changed = Instance(hub)
    changed.signing._long_lived = AnswerKey(forged)
    assert changed.kid() == str(AnswerKey(forged).public.kid)
    assert len(days(hub)) == 2
    hub.clock.advance(LEAD + SECOND)
    assert changed.kid() == days(hub)[1].kid


@pytest.mark.parametrize("error", [Busy("throttled"), OutcomeUnknown("lost"), Damaged("a row")])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", ["fetch", "commit"])
def test_whatever_fails_while_a_key_is_made_the_answer_is_signed_all_the_same(
    asked, error, when, name
):
    class Failing:
        def __init__(self, tables):
            self.tables = tables

        def call(self, which, act):
            if which == name and when == "before":
                raise error
            result = act()
            if which == name:
                raise error
            return result

        def fetch_many(self, *keys):
            return self.call("fetch", lambda: self.tables.fetch_many(*keys))

        def commit(self, *changes):
            return self.call("commit", lambda: self.tables.commit(*changes))

    instance = Instance(asked, Failing(asked.store))
    assert signer_of(instance.ask()) == instance.long_lived.public.kid
    asked.clock.advance(LOOK_AGAIN + SECOND)
    instance.ask()
    asked.clock.advance(LEAD)
    assert len(rotations(asked)) == (len(days(asked)) if days(asked) else 0)


def test_who_cannot_read_keys_looks_again_after_minutes_and_not_at_every_answer(asked):
    instance = Instance(asked)
    calls = []

    class Down:
        def fetch_many(self, *keys):
            calls.append(keys)
            raise Busy("throttled")

    instance.signing._tables = Down()
    for _ in range(5):
        instance.kid()
    assert len(calls) == 1
    asked.clock.advance(LOOK_AGAIN)
    instance.kid()
    assert len(calls) == 2


def test_a_clock_that_is_set_back_finds_a_key_or_the_long_lived_one(asked):
    instance = warm(asked)
    asked.clock.advance(-timedelta(days=3))
    assert instance.kid() == instance.long_lived.public.kid
    asked.clock.advance(timedelta(days=3))
    assert instance.kid() == days(asked)[0].kid


@pytest.mark.parametrize("values", [{}, {"keys": 1}, {"keys": [[1]]}, {"keys": [[1] * 6]}])
def test_a_malformed_row_is_damage_to_who_reads_and_no_hindrance_to_who_asks(asked, values):
    instance = warm(asked)
    row = asked.store.fetch_many(PRESENT)[PRESENT]
    asked.store.commit(Put(key=PRESENT, values=values, when=VersionIs(row.version)))
    fresh = Instance(asked)
    assert signer_of(fresh.ask()) == fresh.long_lived.public.kid
    with pytest.raises(Damaged):
        fresh.signing.published()
    assert instance.kid() != fresh.kid()


def test_the_long_lived_key_is_found_by_its_kid_too(asked):
    instance = Instance(asked)
    kid = str(instance.long_lived.public.kid)
    assert instance.signing.find(kid)["kid"] == kid
    assert Key("signing_keys", kid) not in asked.store.fetch_many(Key("signing_keys", kid))
