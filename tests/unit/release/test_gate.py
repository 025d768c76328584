"""The release gate: what a partner gets, what it costs, and what it is told instead."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from mydata_hub.errors import BadInput, Busy, Conflict, Damaged, NotReleased, OAuthRefused
from mydata_hub.insights.claim import NO_ANSWER
from mydata_hub.ports.tables import Key, Put, VersionIs
from mydata_hub.release.ledger_rows import ledger_key, read_ledger, read_total, total_key
from mydata_hub.release.question import MAX_ASKED, Question, read_question
from mydata_hub.release.release import Decision, Release
from mydata_hub.vault.key_rows import tombstones

from tests.unit.release.world import MORNING, OFFERS, POLICIES, TIME, whole

DAY = timedelta(days=1)


def refused(act):
    with pytest.raises(NotReleased) as caught:
        act()
    return caught.value.rule


def total(hub, vault="vault-1"):
    key = total_key(vault)
    return read_total(hub.store.fetch_many(key).get(key)).charged(hub.now)


def ledger(hub, group="rentals", vault="vault-1"):
    key = ledger_key(vault, group)
    return read_ledger(hub.store.fetch_many(key).get(key))


def test_an_answer_is_a_symbol_its_price_and_an_event(asked):
    answered = asked.ask(asked.grant, MORNING, TIME)
    told, body = asked.told(answered)
    assert told == {MORNING: "yes", TIME: "7_to_9"}
    assert body["bits"] == "4.5850"
    (event,) = asked.released(asked.grant.subject)
    release = Release.decode(event.payload)
    assert (event.kind, event.actor) == ("claims_answered", "bicycles")
    assert event.event_id == body["event_id"] == answered.event_id == release.event_id
    assert release.claims == (MORNING, TIME)
    assert (str(release.bits), release.decision) == ("4.5850", Decision.ALLOW)
    assert (release.period, release.policy_hash) == ("2026-01-01/P3M", POLICIES.hash)
    assert (event.row, event.row_version) == (ledger_key("vault-1", "rentals"), 1)
    assert total(asked) == ledger(asked).charged(asked.now) == 45850
    assert answered.trouble is None


def test_an_answer_costs_two_reads_and_one_commit_and_no_call_of_the_key_service(asked):
    """The first of the two reads is oauth's, which verifies the call (test_whole_path)."""
    asked.ask(asked.grant)
    assert asked.kms.calls == 1
    asked.tables.calls.clear()
    asked.ask(asked.grant, TIME)
    assert asked.tables.paid() == {"fetch": 1, "commit": 1}
    assert asked.kms.calls == 1


def test_a_refusal_and_a_repetition_cost_no_more_than_an_answer(asked):
    asked.ask(asked.grant, key="one")
    asked.tables.calls.clear()
    asked.ask(asked.grant, key="one")
    assert asked.tables.paid() == {"fetch": 1, "commit": 1}
    refused(lambda: asked.ask(asked.grant, "insurance.car_cover"))
    assert asked.tables.paid() == {"fetch": 2, "commit": 2}


def test_an_id_alone_means_the_version_that_was_agreed_to(asked):
    told, _ = asked.told(asked.ask(asked.grant, "habits.cafe_morning"))
    assert told == {MORNING: "yes"}


def test_the_same_question_within_its_period_is_frozen_and_free(asked):
    asked.ask(asked.grant)
    asked.vault(records=[])  # the life has changed: nothing of it is left
    asked.clock.advance(20 * DAY)
    again = asked.ask(asked.grant)
    assert asked.told(again)[0] == {MORNING: "yes"}
    assert asked.bits(again) == "0.0000"
    assert total(asked) == 15850
    kinds = [event.kind for event in asked.released(asked.grant.subject)]
    assert kinds == ["claims_answered", "claims_answered"]


def test_a_partner_of_the_same_group_gets_the_frozen_answer_and_no_second_one(asked):
    other = asked.client("scooters")
    passkey, session = asked.join()
    grant = asked.agree(passkey, session, other)
    asked.ask(asked.grant)
    assert asked.bits(asked.ask(grant, client=other)) == "0.0000"
    elsewhere = asked.client("trains", "railways")
    grant = asked.agree(passkey, session, elsewhere)
    assert asked.bits(asked.ask(grant, client=elsewhere)) == "1.5850"


def test_after_its_period_an_answer_is_new_and_charged(asked):
    asked.ask(asked.grant)
    asked.clock.advance(35 * DAY)  # from March to April
    later = asked.ask(asked.grant)
    assert asked.bits(later) == "1.5850"
    assert asked.told(later)[0] == {MORNING: NO_ANSWER}  # nobody collected since


def test_a_correction_is_a_new_charge_even_if_nothing_changed(asked):
    asked.ask(asked.grant)
    assert asked.bits(asked.ask(asked.grant, anew=True)) == "1.5850"
    assert total(asked) == 31700


def test_what_cannot_be_said_is_no_answer_at_the_full_price(asked):
    asked.vault("vault-2")
    answered = asked.ask(asked.grant, TIME, vault="vault-2")
    assert asked.told(answered)[0] == {TIME: NO_ANSWER}
    assert asked.bits(answered) == "3.0000"


def test_a_person_without_a_vault_cannot_be_told_from_one_whose_vault_is_empty(asked):
    asked.vault("vault-2")
    bodies = [asked.ask(asked.grant, vault=vault).body for vault in ("nobody", "vault-2")]
    assert len(bodies[0]) == len(bodies[1])
    again = asked.ask(asked.grant, vault="nobody")
    assert asked.told(again)[0] == {MORNING: NO_ANSWER}
    assert asked.bits(again) == "0.0000"


def test_a_profile_that_cannot_be_read_is_no_answer_outside_and_a_name_inside(asked):
    key = Key("vaults", "vault-1")
    row = asked.store.fetch_many(key)[key]
    damaged = {
        **row.values,
        "profile": row.values["profile"][:-1] + bytes([row.values["profile"][-1] ^ 1]),
    }

    asked.store.commit(Put(key=key, values=damaged, when=VersionIs(row.version)))
    answered = asked.ask(asked.grant)
    assert asked.told(answered)[0] == {MORNING: NO_ANSWER}
    assert (asked.bits(answered), answered.trouble) == ("1.5850", "NotOpened")


def test_what_fails_for_one_persons_data_is_no_answer_and_tells_no_free_bit(asked):
    class Failing:
        claim = asked.gate.catalogue[TIME].claim
        retired = False

        @property
        def attribute(self):
            raise ZeroDivisionError

    catalogue = {**asked.gate.catalogue, TIME: Failing()}
    gate = replace(asked.gate, catalogue=catalogue)
    answered = asked.ask(asked.grant, MORNING, TIME, gate=gate)
    assert asked.told(answered)[0] == {MORNING: "yes", TIME: NO_ANSWER}
    assert (asked.bits(answered), answered.trouble) == ("4.5850", "ZeroDivisionError")


def test_responses_have_one_shape_and_one_length_whatever_is_answered(asked):
    asked.vault("vault-2")
    bodies = [asked.ask(asked.grant, *OFFERS, vault=name).body for name in ("vault-1", "vault-2")]
    yes, no = map(json.loads, bodies)
    assert (
        asked.told(type("A", (), {"body": bodies[0]}))[0]
        != asked.told(type("A", (), {"body": bodies[1]}))[0]
    )
    assert len(bodies[0]) == len(bodies[1])
    assert len(bodies[0]) % 1024 == 0
    assert yes.keys() == no.keys()
    assert [len(part) for part in whole(yes).split("~")] == [
        len(part) for part in whole(no).split("~")
    ]


# ------------------------------------------------------------------ the same request again


def test_a_repeated_request_gets_the_same_bytes_and_is_logged_and_not_charged(asked):
    first = asked.ask(asked.grant, key="one")
    again = asked.ask(asked.grant, key="one")
    assert again.body == first.body
    assert (first.repeated, again.repeated) == (False, True)
    assert total(asked) == 15850
    assert ledger(asked).used(asked.grant, asked.now) == 1
    events = asked.released(asked.grant.subject)
    assert [event.kind for event in events] == ["claims_answered", "claims_repeated"]
    assert [str(Release.decode(event.payload).bits) for event in events] == ["1.5850", "0.0000"]


def test_a_repeated_request_is_checked_like_the_first(asked):
    asked.ask(asked.grant, key="one")
    suspended = asked.client(suspended=True)
    assert refused(lambda: asked.ask(asked.grant, key="one", client=suspended)) == "suspended"
    asked.withdraw(asked.session, asked.grant)
    with pytest.raises(OAuthRefused):
        asked.ask(asked.grant, key="one")


@pytest.mark.parametrize("change", [{"jkt": "B" * 43}, {"anew": True}, {"claims": (TIME,)}])
def test_a_key_that_was_used_for_another_request_is_refused(asked, change):
    asked.ask(asked.grant, key="one")
    claims = change.pop("claims", (MORNING,))
    ask = lambda: asked.ask(asked.grant, *claims, key="one", **change)  # noqa: E731
    assert refused(ask) == "idempotency_key"
    assert total(asked) == 15850


def test_a_key_belongs_to_its_client(asked):
    other = asked.client("scooters")
    grant, _ = asked.consent(other)
    first = asked.ask(asked.grant, key="one")
    assert not asked.ask(grant, key="one", client=other).repeated
    assert not first.repeated


def test_after_a_day_a_key_is_free_again(asked):
    asked.ask(asked.grant, key="one")
    asked.clock.advance(DAY)
    assert not asked.ask(asked.grant, key="one").repeated


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("rule", "ask"),
    [
        ("catalogue", lambda hub: hub.ask(hub.grant, "habits.everything")),
        ("catalogue", lambda hub: hub.ask(hub.grant, MORNING, "habits.cafe_morning@2")),
        ("not_granted", lambda hub: hub.ask(hub.grant, "insurance.car_cover")),
        ("not_granted", lambda hub: hub.ask(hub.grant, MORNING, "insurance.car_cover")),
        ("suspended", lambda hub: hub.ask(hub.grant, client=hub.client(suspended=True))),
        ("other_partner", lambda hub: hub.ask(hub.grant, client=hub.client("scooters"))),
        ("other_group", lambda hub: hub.ask(hub.grant, client=hub.client(group="trains"))),
        ("purpose", lambda hub: hub.ask(hub.grant, client=hub.client(purposes=("loan_advice",)))),
    ],
)
def test_a_refusal_says_the_rule_costs_nothing_and_is_logged(asked, rule, ask):
    assert refused(lambda: ask(asked)) == rule
    assert total(asked) == 0
    (event,) = asked.released(asked.grant.subject)
    assert event.kind == "claims_refused"
    if event.payload:
        release = Release.decode(event.payload)
        assert (release.decision, str(release.bits)) == (Decision.DENY, "0.0000")
    facts = asked.store.fetch_many(Key("events", event.event_id))
    (row,) = facts.values()
    told = json.loads(row.values["audit"])
    assert (told["decision"], told["bits"]) == ("deny", "0.0000")
    assert asked.grant.subject not in row.values["audit"].decode()


def test_a_refusal_has_a_problem_type_of_its_own(asked):
    with pytest.raises(NotReleased) as caught:
        asked.ask(asked.grant, "insurance.car_cover")
    assert caught.value.problem_type == "urn:mydata-hub:problem:not-released:not-granted"
    assert caught.value.status == 403


def test_the_budget_of_a_grant_ends_with_it_and_never_comes_back(asked):
    grant, _ = asked.consent(max_bits=4)
    asked.ask(grant, TIME)
    assert refused(lambda: asked.ask(grant, MORNING)) == "budget"
    assert asked.bits(asked.ask(grant, TIME)) == "0.0000"  # what is frozen always fits
    asked.clock.advance(80 * DAY)
    assert refused(lambda: asked.ask(grant, TIME, MORNING)) == "budget"


def test_the_budget_of_a_group_binds_all_its_partners_together(asked):
    small = replace(asked.gate, group_cap=4 * 10_000)
    asked.ask(asked.grant, TIME, gate=small)
    other = asked.client("scooters")
    grant, _ = asked.consent(other)
    assert refused(lambda: asked.ask(grant, MORNING, client=other, gate=small)) == "budget"


def test_a_question_is_answered_whole_or_not_at_all(asked):
    grant, _ = asked.consent(max_bits=4)
    assert refused(lambda: asked.ask(grant, TIME, MORNING)) == "budget"
    assert total(asked) == 0


def test_the_cap_of_a_person_is_silent_and_never_exceeded(asked):
    """Another group's questions must not show in what this one is told."""
    small = replace(asked.gate, person_cap=4 * 10_000)
    asked.ask(asked.grant, TIME, gate=small)
    trains = asked.client("trains", "railways")
    grant, _ = asked.consent(trains)
    answered = asked.ask(grant, MORNING, client=trains, gate=small)
    assert asked.told(answered)[0] == {MORNING: NO_ANSWER}
    assert asked.bits(answered) == "1.5850"
    assert answered.held_back == ("P13",)
    assert total(asked) == 30000
    assert ledger(asked, "railways").charged(asked.now) == 15850
    # And it stays what it was told to be, though the cap has been raised.
    assert asked.told(asked.ask(grant, client=trains))[0] == {MORNING: NO_ANSWER}
    event = asked.released(grant.subject)[0]
    row = asked.store.fetch_many(Key("events", event.event_id))[Key("events", event.event_id)]
    # The partner's receipt opens this, and may not tell what others were told.
    assert json.loads(row.values["audit"])["policy_id"] == "P01"


def test_a_partner_asks_no_more_often_than_agreed(asked):
    grant, _ = asked.consent(frequency=asked.proposal().frequency)  # twice a month
    asked.ask(grant)
    asked.ask(grant, key="two")
    asked.ask(grant, key="two")  # the same request again is not a new one
    assert refused(lambda: asked.ask(grant)) == "frequency"
    asked.clock.advance(30 * DAY)
    asked.ask(grant)


def test_nothing_is_answered_from_the_instant_of_expiry_on(asked):
    grant, _ = asked.consent(expires_at=asked.now + DAY)
    asked.clock.advance(DAY - timedelta(milliseconds=1))
    asked.ask(grant)
    asked.clock.advance(timedelta(milliseconds=1))
    assert refused(lambda: asked.ask(grant)) == "expired"


def test_a_grant_that_expires_while_an_answer_is_made_gives_none(asked):
    grant, _ = asked.consent(expires_at=asked.now + timedelta(seconds=1))

    def slow(name, act):
        result = act()
        asked.clock.advance(timedelta(seconds=1) if name == "fetch" else timedelta(0))
        return result

    asked.tables.around = slow
    assert refused(lambda: asked.ask(grant)) == "expired"
    assert total(asked) == 0


def test_a_withdrawn_or_collecting_grant_is_refused_by_policy_too(asked):
    ended = asked.withdraw(asked.session, asked.grant)
    assert refused(lambda: asked.ask(ended)) == "withdrawn"


def test_an_erased_vault_answers_like_a_withdrawn_consent(asked):
    keys = (Key("keys", "vault-1"), Key("vault_public", "vault-1"))
    rows = asked.store.fetch_many(*keys)
    asked.tables.before.append(lambda: asked.store.commit(*tombstones("vault-1", rows, asked.now)))
    assert refused(lambda: asked.ask(asked.grant)) == "withdrawn"
    assert total(asked) == 0


def test_a_proof_serves_one_request_refused_ones_included(asked):
    refused(lambda: asked.ask(asked.grant, "insurance.car_cover", proof="p"))
    for claim in (MORNING, "insurance.car_cover"):
        with pytest.raises(OAuthRefused, match="has been used"):
            asked.ask(asked.grant, claim, proof="p")
    assert len(asked.released(asked.grant.subject)) == 1


def test_keys_of_a_vault_that_do_not_open_are_damage_and_no_answer(asked):
    asked.vault("vault-2")

    own, other = Key("keys", "vault-1"), Key("keys", "vault-2")
    rows = asked.store.fetch_many(own, other)
    swapped = Put(key=own, values=rows[other].values, when=VersionIs(rows[own].version))
    asked.store.commit(swapped)
    with pytest.raises(Damaged):
        asked.ask(asked.grant)


@pytest.mark.parametrize(
    ("key", "name"),
    [(ledger_key("vault-1", "rentals"), "answers"), (None, "response")],
)
def test_a_kept_answer_that_does_not_open_is_damage_and_no_second_answer(asked, key, name):
    asked.ask(asked.grant, key="one")
    key = key or Question(claims=(), idempotency_key="one").key("bicycles")
    row = asked.store.fetch_many(key)[key]
    for kept in (row.values[name][:-1] + bytes([row.values[name][-1] ^ 1]), None):
        present = asked.store.fetch_many(key)[key]
        values = {**present.values, name: kept}
        expires_at = present.expires_at
        asked.store.commit(
            Put(key=key, values=values, when=VersionIs(present.version), expires_at=expires_at)
        )
        if kept is None and name == "answers":
            continue  # as before the first answer
        with pytest.raises(Damaged):
            asked.ask(asked.grant, key="one")
    assert total(asked) == 15850


def test_kept_answers_do_not_open_in_the_row_of_another_group(asked):
    other = asked.client("trains", "railways")
    grant, _ = asked.consent(other)
    asked.ask(asked.grant)
    asked.ask(grant, client=other)
    keys = [ledger_key("vault-1", group) for group in ("rentals", "railways")]
    rows = asked.store.fetch_many(*keys)
    moved = {**rows[keys[1]].values, "answers": rows[keys[0]].values["answers"]}
    asked.store.commit(Put(key=keys[1], values=moved, when=VersionIs(rows[keys[1]].version)))
    with pytest.raises(Damaged):
        asked.ask(grant, client=other)


def test_no_symbol_and_no_bit_of_an_answer_lies_in_clear(asked):
    asked.ask(asked.grant, TIME, key="one")
    keys = [ledger_key("vault-1", "rentals"), total_key("vault-1")]
    keys.append(Question(claims=(), idempotency_key="one").key("bicycles"))
    rows = asked.store.fetch_many(*keys)
    assert len(rows) == 3
    assert "7_to_9" not in repr(rows)
    event = asked.released(asked.grant.subject)[0]
    assert "7_to_9" not in repr(asked.store.fetch_many(Key("events", event.event_id)))


# ------------------------------------------------------------------ what may be asked at all


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ([], "k"),
        ({}, "k"),
        ({"claims": []}, "k"),
        ({"claims": MORNING}, "k"),
        ({"claims": [1]}, "k"),
        ({"claims": [""]}, "k"),
        ({"claims": ["x" * 161]}, "k"),
        ({"claims": [MORNING] * (MAX_ASKED + 1)}, "k"),
        ({"claims": [MORNING], "anew": 1}, "k"),
        ({"claims": [MORNING], "threshold": 3}, "k"),
        ({"claims": [MORNING]}, None),
        ({"claims": [MORNING]}, ""),
        ({"claims": [MORNING]}, "a b"),
        ({"claims": [MORNING]}, "ü"),
        ({"claims": [MORNING]}, "x" * 256),
    ],
)
def test_a_malformed_question_is_named_by_its_field(body, key):
    with pytest.raises(BadInput):
        read_question(body, key)


def test_a_well_formed_question_is_read_as_it_is():
    question = read_question({"claims": [MORNING, TIME], "anew": True}, "key-1")
    assert (question.claims, question.idempotency_key) == ((MORNING, TIME), "key-1")
    assert question.anew
    assert not read_question({"claims": [MORNING]}, "key-1").anew


def test_a_claim_named_twice_is_malformed(asked):
    with pytest.raises(BadInput):
        asked.ask(asked.grant, MORNING, "habits.cafe_morning")


def test_contention_is_tried_three_times_more_with_pauses_and_then_said(asked):
    def contended(name, act):
        if name == "commit":
            raise Conflict(2, "ledger")
        return act()

    asked.tables.around = contended
    with pytest.raises(Busy):
        asked.ask(asked.grant)
    assert asked.tables.paid() == {"fetch": 4, "commit": 4}
    assert len(asked.pauses) == 3
    assert all(0 <= pause <= 0.02 * 2 ** (at + 1) for at, pause in enumerate(asked.pauses))


def test_who_comes_second_on_a_ledger_tries_again_and_is_answered(asked):
    asked.tables.before.append(lambda: asked.ask(asked.grant, TIME))
    answered = asked.ask(asked.grant, MORNING)
    assert asked.told(answered)[0] == {MORNING: "yes"}
    assert total(asked) == 45850
    assert len(asked.released(asked.grant.subject)) == 2
