"""Faults and races at the gate: never an answer without its records, never two charges for one."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from dataclasses import replace

import pytest
from mydata_hub.errors import Busy, NotReleased, OAuthRefused, OutcomeUnknown
from mydata_hub.ports.tables import Key
from mydata_hub.release.ledger_rows import ledger_key, read_ledger
from mydata_hub.release.sd_jwt import AnswerKey
from mydata_hub.transparency.event import Event
from mydata_hub.vault.key_rows import Purpose
from mydata_hub.vault.vault_keys import VaultKeys

from tests.unit.release.world import MORNING, TIME, CountedKeys, regular_life, symbols, whole

# A first answer with cold keys: two of tables, one of the key service, two of the signer.
STEPS = 5


class Crash(BaseException):
    """The process is gone; nothing can catch it."""


class Faulty:
    """Counts the calls of all ports as one series, and lets one of them fail."""

    def __init__(self, hub, at=None, when="before", error=Crash):
        self.hub, self.at, self.when, self.error = hub, at, when, error
        self.steps = []

    def around(self, name, act):
        step = len(self.steps)
        self.steps.append(name)
        if step == self.at and self.when == "before":
            raise self.error
        result = act()
        if step == self.at:
            raise self.error
        return result

    def gate(self):
        """A gate of a process that has just started: its keys are cold."""
        hub, around = self.hub, self.around
        keys = CountedKeys(hub.kms.keys)
        unwrap = keys.unwrap
        keys.unwrap = lambda wrapped, context: around("unwrap", lambda: unwrap(wrapped, context))
        hub.tables.around = around
        vault_keys = VaultKeys(hub.tables, keys, hub.clock, purposes=frozenset({Purpose.PROFILE}))

        class Signer:
            algorithm = "ES256"

            def public_key(self):
                return around("public_key", hub.signer.public_key)

            def sign(self, message):
                return around("sign", lambda: hub.signer.sign(message))

        return replace(hub.gate, vault_keys=vault_keys, key=AnswerKey(Signer()))


def records(hub, vault):
    """What a vault's answers left behind: charges, and events by kind."""
    row = hub.store.fetch_many(ledger_key(vault, "rentals")).get(ledger_key(vault, "rentals"))
    ledger = read_ledger(row)
    keys = hub.store.find_keys("events", "subject", hub.grant.subject).keys
    rows = hub.store.fetch_many(*keys)
    events = [Event.decode(rows[key].values["personal"]) for key in keys]
    kinds = Counter(event.kind for event in events if event.kind.startswith("claims_"))
    return [charge.units for charge in ledger.charges], kinds


def test_the_series_of_calls_of_a_first_answer_is_known(asked):
    faulty = Faulty(asked)
    asked.ask(asked.grant, gate=faulty.gate())
    assert faulty.steps == ["fetch", "unwrap", "public_key", "sign", "commit"]
    assert len(faulty.steps) == STEPS


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", range(STEPS))
def test_a_crash_at_any_call_leaves_all_records_or_none_and_a_retry_charges_once(asked, at, when):
    faulty = Faulty(asked, at, when)
    with pytest.raises(Crash):
        asked.ask(asked.grant, key="one", gate=faulty.gate())
    charged, kinds = records(asked, "vault-1")
    written = at == STEPS - 1 and when == "after"
    assert (charged, kinds) == (([15850], {"claims_answered": 1}) if written else ([], {}))
    retried = asked.ask(asked.grant, key="one", gate=Faulty(asked).gate())
    assert asked.told(retried)[0] == {MORNING: "yes"}
    assert retried.repeated is written
    charged, kinds = records(asked, "vault-1")
    assert charged == [15850]
    assert kinds["claims_answered"] == 1


@pytest.mark.parametrize("at", range(STEPS))
def test_a_call_that_is_busy_once_is_tried_again_and_charged_once(asked, at):
    faulty = Faulty(asked, at, error=Busy("throttled"))
    answered = asked.ask(asked.grant, gate=faulty.gate())
    assert asked.told(answered)[0] == {MORNING: "yes"}
    assert records(asked, "vault-1") == ([15850], {"claims_answered": 1})


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_commit_whose_outcome_is_lost_is_looked_up_and_charged_once(asked, when):
    faulty = Faulty(asked, STEPS - 1, when, OutcomeUnknown("lost"))
    answered = asked.ask(asked.grant, gate=faulty.gate())
    assert asked.told(answered)[0] == {MORNING: "yes"}
    charged, kinds = records(asked, "vault-1")
    assert (charged, kinds) == ([15850], {"claims_answered": 1})
    body = json.loads(answered.body)
    assert Key("events", body["event_id"]) in asked.store.fetch_many(
        Key("events", body["event_id"])
    )


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_refusal_is_told_only_when_it_is_recorded(asked, when):
    faulty = Faulty(asked, 1, when)
    gate = faulty.gate()
    with pytest.raises(Crash):
        asked.ask(asked.grant, "habits.cafe_time", "insurance.car_cover", gate=gate)
    faulty = Faulty(asked, 2, when, OutcomeUnknown("lost"))
    with pytest.raises(NotReleased):
        asked.ask(asked.grant, "insurance.car_cover", gate=faulty.gate())
    charged, kinds = records(asked, "vault-1")
    assert charged == []
    assert set(kinds) == {"claims_refused"}


def test_an_event_name_that_is_taken_gives_no_second_event_and_no_answer(asked):
    """Chance repeats itself once: what was recorded under that name stays what it was."""

    class Stuck:
        def token(self, size_bytes):
            return bytes(size_bytes)

    gate = replace(asked.gate, entropy=Stuck())
    asked.ask(asked.grant, gate=gate)
    for claim in (TIME, "insurance.car_cover"):
        with pytest.raises(Busy):
            asked.ask(asked.grant, claim, gate=gate)
    assert records(asked, "vault-1") == ([15850], {"claims_answered": 1})


# ------------------------------------------------------------------ races


def together(count, act):
    """Let so many threads do it at once: what each got or what was raised."""
    start = threading.Barrier(count)
    results = [None] * count

    def run(number):
        start.wait()
        try:
            results[number] = act(number)
        except (Busy, NotReleased, OAuthRefused) as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def patiently(act):
    """As a client does: the same request again while the hub is busy."""
    while True:
        try:
            return act()
        except Busy:
            continue


def test_parallel_requests_on_the_last_bits_give_exactly_one_answer(asked):
    gate = replace(asked.gate, pause=time.sleep)
    grant, _ = asked.consent(max_bits=4)

    def ask(number):
        return patiently(lambda: asked.ask(grant, TIME, key=f"k{number}", anew=True, gate=gate))

    results = together(16, ask)
    refused = [result.rule for result in results if isinstance(result, NotReleased)]
    assert refused == ["budget"] * 15
    assert records(asked, "vault-1")[0] == [30000]


def test_one_request_sent_by_many_at_once_is_answered_once_and_repeated_to_the_others(asked):
    gate = replace(asked.gate, pause=time.sleep)
    results = together(8, lambda _: patiently(lambda: asked.ask(asked.grant, key="one", gate=gate)))
    assert len({result.body for result in results}) == 1
    assert sorted(result.repeated for result in results) == [False] + [True] * 7
    charged, kinds = records(asked, "vault-1")
    assert charged == [15850]
    assert kinds == {"claims_answered": 1, "claims_repeated": 7}


def test_one_proof_sent_by_many_at_once_serves_one_of_them(asked):
    gate = replace(asked.gate, pause=time.sleep)

    def ask(number):
        return asked.ask(asked.grant, key=f"k{number}", proof="p", gate=gate)

    results = together(8, ask)
    answered = [result for result in results if not isinstance(result, Exception)]
    assert len(answered) == 1
    assert {result.code for result in results if result not in answered} == {"invalid_dpop_proof"}


@pytest.mark.parametrize("after_ms", [0, 5, 20, 60])
def test_nothing_commits_after_a_withdrawal(asked, after_ms):
    gate = replace(asked.gate, pause=time.sleep)
    stop, answers = threading.Event(), []
    outcomes = Counter()

    def partner(name):
        number = 0
        while not stop.is_set():
            number += 1
            try:
                answered = asked.ask(asked.grant, key=f"{name}-{number}", gate=gate)
                answers.append(answered)
                outcomes["answered"] += 1
            except Busy:
                outcomes["busy"] += 1
            except (OAuthRefused, NotReleased):
                outcomes["refused"] += 1
                return

    threads = [threading.Thread(target=partner, args=(name,)) for name in range(6)]
    for thread in threads:
        thread.start()
    time.sleep(after_ms / 1000)
    asked.withdraw(asked.session, asked.grant)
    charged, kinds = records(asked, "vault-1")
    for thread in threads:
        thread.join(timeout=60)
    stop.set()
    assert records(asked, "vault-1")[0] == charged
    assert records(asked, "vault-1")[1]["claims_answered"] == kinds["claims_answered"]
    assert kinds["claims_answered"] == len(answers) == outcomes["answered"]
    assert outcomes["refused"] == 6
    assert all(symbols(whole(json.loads(one.body))) == {MORNING: "yes"} for one in answers)


def test_a_withdrawal_between_reading_and_committing_wins(asked):
    asked.tables.before.append(lambda: asked.withdraw(asked.session, asked.grant))
    with pytest.raises(OAuthRefused, match="ended meanwhile"):
        asked.ask(asked.grant)
    charged, kinds = records(asked, "vault-1")
    assert (charged, kinds) == ([], {"claims_refused": 1})


def test_a_profile_that_advances_meanwhile_is_no_conflict(asked):
    asked.tables.before.append(lambda: asked.vault(records=regular_life()))
    asked.ask(asked.grant)
    assert asked.pauses == []
