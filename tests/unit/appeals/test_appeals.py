"""From a contested reason to the decision of a person, and what it changes for everybody."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from mydata_hub.appeals.appeal import (
    DUE_AFTER,
    KEPT_AFTER,
    MAX_OPEN,
    QUEUE,
    TABLE,
    AppealState,
    list_appeals,
)
from mydata_hub.appeals.correcting import AFTER, touched
from mydata_hub.appeals.deciding import decide, read_case, see_queue
from mydata_hub.appeals.opening import end_appeal, see_appeals
from mydata_hub.appeals.reasons import LOSSES, records_behind
from mydata_hub.appeals.review_box import ReviewBox
from mydata_hub.collection.datasets import schema_of
from mydata_hub.collection.record import Provenance
from mydata_hub.collection.wire import Asked, make_record
from mydata_hub.consent.deliveries import TOPIC, fetch_deliveries, named_in
from mydata_hub.consent.grant import Ending
from mydata_hub.errors import BadInput, Damaged, NotFound, Taken, TooMany, Unopenable
from mydata_hub.insights.answers import answer_claim
from mydata_hub.insights.catalogue import find_claim
from mydata_hub.insights.fold import CONTRACTS
from mydata_hub.insights.own_words import is_contested, list_disputes
from mydata_hub.insights.reviews import (
    MAX_APPEALS,
    Outcome,
    is_appealed,
    open_reasons,
    reason_mark,
    set_aside,
)
from mydata_hub.oauth.security_events import ANSWERS_CORRECTED, event_claims
from mydata_hub.own_vault.speaking import Pointed, dispute_records
from mydata_hub.ports.messages import due_messages
from mydata_hub.ports.tables import Key
from mydata_hub.scorecard.features import HUB_FEATURES
from mydata_hub.vault.segment_opening import load_segment, open_segment, trust

from tests.unit.appeals.appeal_world import LATE, WORDS, AppealWorld, staff
from tests.unit.insights.lives import contract
from tests.unit.own_vault.own_world import ME

ON_TIME = find_claim("payments.no_late_bills")


def answer(world: AppealWorld, entry=ON_TIME) -> str:
    return answer_claim(world.profile(), entry, world.clock.now())


def decided(world: AppealWorld, appeal_id: str, outcome=Outcome.UPHELD, words=WORDS):
    ended = decide(world.review, staff(world), appeal_id, outcome, words)
    world.sweep()
    return ended


def test_an_appeal_that_is_upheld_leaves_the_record_out_for_partners_too(world):
    late = world.pointed()
    world.told(world.clock.now())
    assert answer(world) == "no"
    opened = world.contest(late)
    assert opened.due_at - opened.opened_at == DUE_AFTER
    assert answer(world) == "no_answer"
    ended = decided(world, opened.appeal_id)
    assert (ended.state, ended.ended_at) == (AppealState.UPHELD, world.clock.now())
    assert answer(world) == "yes"
    assert [one.left_out for one in list_disputes(world.profile())] == [True]
    (seen,) = see_appeals(world.letterbox, world.box, ME)
    assert (seen.ruling.words, seen.case.statement) == (WORDS, "I paid on time.")


def test_an_appeal_that_is_rejected_lets_the_record_count_again(world):
    world.told(world.clock.now())
    opened = world.contest(world.pointed())
    ended = decided(world, opened.appeal_id, Outcome.REJECTED)
    assert ended.state is AppealState.REJECTED
    assert answer(world) == "no"
    assert [one.left_out for one in list_disputes(world.profile())] == [False]


def test_a_reason_without_a_record_is_set_aside_where_it_is_upheld(world):
    opened = world.contest()
    assert open_reasons(world.profile()) == {reason_mark(LATE)}
    decided(world, opened.appeal_id)
    assert open_reasons(world.profile()) == set()
    assert set_aside(world.profile()) == {reason_mark(LATE)}


def test_a_reviewer_reads_the_case_and_nothing_else_and_that_is_in_the_log(world):
    opened = world.contest(world.pointed())
    _, case = read_case(world.review, staff(world), opened.appeal_id)
    assert (case.reason, case.statement, case.told.en) == (
        LATE,
        "I paid on time.",
        "1 card bill paid late",
    )
    (record,) = case.records
    assert (record.dataset, record.amount_minor, record.currency) == ("card.bills", 90_000, "KRW")
    assert (record.due_on, record.paid_on) == ("2026-02-09", "2026-03-01")
    kinds = world.events()
    assert (kinds.count("appeal_opened"), kinds.count("appeal_read")) == (1, 1)
    decided(world, opened.appeal_id)
    assert world.events().count("appeal_decided") == 1
    # What is decided is no case for anybody any more.
    with pytest.raises(NotFound):
        read_case(world.review, staff(world), opened.appeal_id)


def test_the_queue_is_in_the_order_of_its_deadlines_and_says_what_is_overdue(world):
    first = world.contest(reason=LATE)
    world.clock.advance(timedelta(days=2))
    second = world.contest(reason="history_months")
    world.clock.advance(timedelta(days=28, seconds=1))
    assert [(one.appeal_id, one.overdue) for one in see_queue(world.review)] == [
        (first.appeal_id, True),
        (second.appeal_id, False),
    ]


def test_the_second_of_two_who_decide_loses(world):
    opened = world.contest(world.pointed())
    results, start = [], threading.Barrier(2)

    def act(outcome: Outcome) -> None:
        start.wait()
        try:
            results.append(
                decide(world.review, staff(world), opened.appeal_id, outcome, WORDS).state
            )
        except (Taken, NotFound) as error:
            results.append(type(error).__name__)

    both = [threading.Thread(target=act, args=(one,)) for one in Outcome]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sum(isinstance(one, AppealState) for one in results) == 1
    assert world.events().count("appeal_decided") == 1


def test_an_appeal_is_taken_back_once_and_not_after_a_decision(world):
    opened = world.contest(world.pointed())
    for _ in range(2):
        ended = end_appeal(world.letterbox, world.box, ME, opened.appeal_id)
        assert ended.appeal.state is AppealState.TAKEN_BACK
    world.sweep()
    assert (see_queue(world.review), open_reasons(world.profile())) == ([], set())
    assert world.events().count("appeal_taken_back") == 1
    again = world.contest()
    decided(world, again.appeal_id)
    with pytest.raises(Taken):
        end_appeal(world.letterbox, world.box, ME, again.appeal_id)
    with pytest.raises(NotFound):
        end_appeal(world.letterbox, world.box, "vault-2", again.appeal_id)


def test_one_reason_is_contested_once_at_a_time_and_few_at_once(world):
    world.contest()
    with pytest.raises(Taken):
        world.contest()
    others = [name for name in HUB_FEATURES if name != LATE]
    for name in others[: MAX_OPEN - 1]:
        world.contest(reason=name)
    with pytest.raises(TooMany):
        world.contest(reason=others[MAX_OPEN - 1])


def test_no_more_appeals_are_kept_than_a_vault_remembers(world):
    for _ in range(MAX_APPEALS):
        opened = world.contest()
        end_appeal(world.letterbox, world.box, ME, opened.appeal_id)
    with pytest.raises(TooMany):
        world.contest()
    world.clock.advance(KEPT_AFTER + timedelta(seconds=1))
    world.contest()


@pytest.mark.parametrize("statement", ["", "   ", "가" * 2001])
def test_a_statement_says_something(world, statement):
    with pytest.raises(BadInput, match="statement"):
        world.contest(statement=statement)


@pytest.mark.parametrize("words", ["", "No.", "가" * 2001])
def test_a_decision_has_reasons(world, words):
    opened = world.contest()
    with pytest.raises(BadInput, match="words"):
        decided(world, opened.appeal_id, words=words)
    assert [one.is_open for one in list_appeals(world.tables, ME)] == [True]


def test_a_record_that_counts_nowhere_cannot_be_contested(world):
    with pytest.raises(NotFound):
        world.contest(replace(world.pointed(), mark=b"\0" * 6))


def test_what_was_said_lies_nowhere_in_clear(world):
    mark = "대부업체-canary"
    opened = world.contest(world.pointed(), statement=f"{mark} lied")
    decided(world, opened.appeal_id, words=f"{mark} did lie, as their letter says.")
    for path in world.folder.rglob("*"):
        assert not path.is_file() or mark.encode() not in path.read_bytes(), path


def test_a_case_opens_in_its_own_row_and_for_the_review_alone(world):
    opened = world.contest()
    last = "1" if opened.appeal_id.endswith("0") else "0"
    other = replace(opened, appeal_id=opened.appeal_id[:-1] + last)
    with pytest.raises(Damaged):
        world.box.open(other)
    with pytest.raises(Damaged):
        world.box.open(replace(opened, ruling=opened.case))
    with pytest.raises(Unopenable):
        world.keys.unwrap(opened.wrapped, {"appeal": opened.appeal_id, "purpose": "profile"})


def test_a_decision_that_another_key_signed_is_not_believed(world):
    """Threat: whoever may put segments into a vault decides an appeal of their own."""
    opened = world.contest(world.pointed())
    forger = replace(world.review, letterbox=world.letterbox)  # the person's own key
    decide(forger, staff(world), opened.appeal_id, Outcome.UPHELD, WORDS)
    world.sweep()
    assert open_reasons(world.profile()) == {reason_mark(LATE)}


def test_a_decided_appeal_goes_after_a_year(world):
    opened = world.contest()
    decided(world, opened.appeal_id)
    world.clock.advance(KEPT_AFTER + timedelta(seconds=1))
    assert list_appeals(world.tables, ME) == []


def waiting(world: AppealWorld):
    due = due_messages(world.tables, world.clock.now() + AFTER)
    return [one for one in due if one.topic == TOPIC]


def test_each_partner_that_relied_on_it_is_told_to_ask_again(world):
    world.told_a_partner("grant-a", "payments.no_late_bills@1", "payments.rent_band@1")
    world.told_a_partner("grant-b", "payments.rent_band@1", counterparty="client-2")
    opened = world.contest(world.pointed())
    ended = decided(world, opened.appeal_id)
    (message,) = waiting(world)
    assert (ended.told, message.due_at) == (1, world.clock.now() + AFTER)
    (news,) = fetch_deliveries(world.tables, [named_in(message)]).values()
    claims = event_claims("http://localhost:1", news)
    assert claims["events"] == {
        ANSWERS_CORRECTED: {"grant_id": "grant-a", "claims": ["payments.no_late_bills@1"]}
    }
    # By the partner's own name of the person, or the grant; what the answer is now stands nowhere.
    assert claims["sub_id"] == {"format": "opaque", "id": "grant-a"}


def test_nobody_is_told_of_what_is_rejected_or_after_a_withdrawal(world):
    world.told_a_partner(
        "grant-a",
        "payments.no_late_bills@1",
        ended_at=world.clock.now(),
        ended_as=Ending.WITHDRAWN,
    )
    first = world.contest(world.pointed())
    decided(world, first.appeal_id)
    world.told_a_partner("grant-b", "payments.no_late_bills@1", counterparty="client-2")
    second = world.contest(reason="history_months")
    decided(world, second.appeal_id, Outcome.REJECTED)
    assert waiting(world) == []


def test_the_records_behind_a_reason_are_those_it_is_found_in(world):
    profile = world.profile()
    assert len(records_behind(profile, LATE)) == 12
    assert {one.dataset for one in records_behind(profile, LATE)} == {"card.bills"}
    assert records_behind(profile, "holds_investments") == ()
    # One that is disputed already can be put before a person; one that was found wrong is gone.
    opened = world.contest(world.pointed())
    assert len(records_behind(world.profile(), LATE)) == 12
    decided(world, opened.appeal_id)
    assert len(records_behind(world.profile(), LATE)) == 11


def test_a_record_that_was_disputed_before_can_be_put_before_a_person(world):
    world.told(world.clock.now())
    late = world.pointed()
    dispute_records(world.letterbox, ME, world.profile(), [late])
    world.sweep()
    assert (answer(world), late.mark.hex()) == (
        "no_answer",
        records_behind(world.profile(), LATE)[0].mark,
    )
    opened = world.contest(late)
    decided(world, opened.appeal_id)
    assert answer(world) == "yes"


def test_losses_are_contested_without_holding_the_score_back(world):
    schema, at = schema_of(CONTRACTS), world.clock.now()
    body = {**contract("car").body, "as_of": at.isoformat()}
    car = make_record(Asked("connection-1", "", at), CONTRACTS, "car", at, body)
    world.collected(car, dataset=CONTRACTS, schema_hash=schema.digest())
    world.sweep()
    (behind,) = records_behind(world.profile(), LOSSES)
    world.contest(Pointed(dataset=CONTRACTS, mark=bytes.fromhex(behind.mark)), reason=LOSSES)
    profile = world.profile()
    assert (is_contested(profile, (CONTRACTS,)), is_appealed(profile)) == (True, False)
    assert all("trust." not in ref for ref in touched(LOSSES, {CONTRACTS}))
    assert "insurance.loss_free_years@1" in touched(LOSSES, {CONTRACTS})
    assert any("trust." in ref for ref in touched(LATE, ()))


def test_a_look_at_ones_own_appeals_calls_the_key_service_once_for_each(world):
    for reason in (LATE, "history_months"):
        decided(world, world.contest(reason=reason).appeal_id)
    unwraps = []

    class Counted:
        def unwrap(self, wrapped, context):
            unwraps.append(context["purpose"])
            return world.keys.unwrap(wrapped, context)

    seen = see_appeals(world.letterbox, ReviewBox(Counted()), ME)
    assert [one.ruling.words for one in seen] == [WORDS, WORDS]
    assert unwraps == ["review", "review"]


def test_the_queue_names_nobody_but_by_their_vault(world):
    world.contest(world.pointed(), statement="My name is Kim Minji.")
    (row,) = world.tables.query(TABLE, QUEUE).rows
    assert row.values == {"vault_id": ME}
    own = world.tables.query(TABLE, ME).rows[0]
    assert b"Minji" not in b"".join(one for one in own.values.values() if isinstance(one, bytes))


def test_a_decision_is_in_the_vault_as_a_record_that_the_review_signed(world):
    opened = world.contest(world.pointed())
    decided(world, opened.appeal_id)
    believed = trust([(world.reviewer.public_key(), Provenance.REVIEWED)])
    rows = world.tables.query("segments", ME).rows
    (row,) = [one for one in rows if one.values["dataset"] == "hub.decisions"]
    (encoded,) = open_segment(
        load_segment(world.blobs, row), world.vault_keys.records_secret(ME), believed
    )
    told = json.loads(encoded)
    assert (told["provenance"], told["body"]["outcome"]) == ("reviewed", "upheld")
    assert world.tables.fetch_many(Key(TABLE, QUEUE, opened.appeal_id)) == {}
