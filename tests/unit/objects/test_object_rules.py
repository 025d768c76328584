"""What the central objects refuse to be, and what their few acts do."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from mydata_hub.collection.record import RecordState
from mydata_hub.consent.grant import Ending, Frequency, FrequencyUnit, GrantKind, GrantState
from mydata_hub.errors import BadInput
from mydata_hub.fields import Wording
from mydata_hub.insights.claim import NO_ANSWER, bits_of
from mydata_hub.insights.profile import FoldState
from mydata_hub.ports.tables import Key
from mydata_hub.release.release import Decision

from tests.unit.objects.samples import (
    CLAIM,
    COLLECT_GRANT,
    EVENT,
    GIVEN_AT,
    GRANT,
    INSTANTS,
    PROFILE,
    RECORD,
    RELEASE,
    SAMPLES,
    SEGMENT,
    grants,
)

NAIVE = datetime(2026, 3, 1)  # noqa: DTZ001
ACTIVE = replace(GRANT, ended_at=None, ended_as=None)

WRONG: list[tuple[Any, str, Any]] = [
    (GRANT, "grant_id", ""),
    (GRANT, "grant_id", "a b"),
    (GRANT, "grant_id", "-a"),
    (GRANT, "grant_id", "a\n"),
    (GRANT, "grant_id", "a" * 129),
    (GRANT, "version", 0),
    (GRANT, "version", True),
    (GRANT, "version", 1.0),
    (GRANT, "subject", "김"),
    (GRANT, "recipient_group", None),
    (GRANT, "purpose", "Loan"),
    (GRANT, "items", ()),
    (GRANT, "items", ["trust_tier@1"]),
    (GRANT, "items", ("trust_tier@1", "trust_tier@1")),
    (GRANT, "items", tuple(f"c{n}@1" for n in range(101))),
    (GRANT, "items", ("trust_tier",)),
    (GRANT, "items", ("trust_tier@0",)),
    (GRANT, "items", ("trust_tier@01",)),
    (GRANT, "items", ("trust_tier@1@1",)),
    (GRANT, "items", ("@1",)),
    (GRANT, "items", (1,)),
    (GRANT, "max_bits", 0),
    (GRANT, "max_bits", 65),
    (GRANT, "given_at", NAIVE),
    (GRANT, "expires_at", NAIVE),
    (GRANT, "expires_at", GRANT.given_at),
    (GRANT, "expires_at", datetime(1, 1, 1, tzinfo=UTC)),
    (GRANT, "ended_at", NAIVE),
    (GRANT, "consent_hash", bytes(31)),
    (GRANT, "consent_hash", "x" * 32),
    (GRANT, "assertion", b""),
    (COLLECT_GRANT, "max_bits", 1),
    (COLLECT_GRANT, "recipient_group", "group-1"),
    (COLLECT_GRANT, "items", ("trust_tier@1",)),
    (RECORD, "occurred_at", NAIVE),
    (RECORD, "occurred_at", datetime(9999, 12, 31, tzinfo=UTC)),
    (RECORD, "amount_minor", None),
    (RECORD, "amount_minor", 45.0),
    (RECORD, "amount_minor", Decimal(45)),
    (RECORD, "amount_minor", True),
    (RECORD, "amount_minor", 2**53),
    (RECORD, "currency", "krw"),
    (RECORD, "currency", "KRWX"),
    (RECORD, "currency", "₩"),
    (RECORD, "counterparty", ""),
    (RECORD, "counterparty", "x" * 257),
    (RECORD, "category", ""),
    (RECORD, "source_id", ""),
    (RECORD, "body", {"price": 4.5}),
    (SEGMENT, "count", 0),
    (SEGMENT, "key_version", 0),
    (SEGMENT, "schema_hash", bytes(33)),
    (SEGMENT, "sealed", b""),
    (SEGMENT, "signature", b""),
    (PROFILE, "manifest_version", -1),
    (PROFILE, "folds", {"Bad Name": PROFILE.folds["habits.coffee"]}),
    (PROFILE, "folds", {f"f{n}": PROFILE.folds["habits.coffee"] for n in range(201)}),
    (PROFILE, "freshness", {"connection-1": NAIVE}),
    (PROFILE, "freshness", {"a b": GIVEN_AT}),
    (PROFILE, "freshness", {f"c{n}": GIVEN_AT for n in range(201)}),
    (CLAIM, "id", "Trust"),
    (CLAIM, "id", "a@1"),
    (CLAIM, "alphabet", ()),
    (CLAIM, "alphabet", (NO_ANSWER,)),
    (CLAIM, "alphabet", ("yes", "no")),
    (CLAIM, "alphabet", (NO_ANSWER, "yes")),
    (CLAIM, "alphabet", ("yes", "yes", NO_ANSWER)),
    (CLAIM, "alphabet", ("YES", NO_ANSWER)),
    (CLAIM, "alphabet", (*(str(n) for n in range(256)), NO_ANSWER)),
    (CLAIM, "attributes", ()),
    (CLAIM, "inputs", ()),
    (CLAIM, "purposes", ("a", "a")),
    (CLAIM, "valid_for", timedelta(0)),
    (CLAIM, "valid_for", timedelta(hours=24, seconds=1)),
    (RELEASE, "idempotency_key", ""),
    (RELEASE, "idempotency_key", "a b"),
    (RELEASE, "idempotency_key", "a" * 256),
    (RELEASE, "claims", ()),
    (RELEASE, "claims", ("trust_tier",)),
    (RELEASE, "bits", Decimal("2.322")),
    (RELEASE, "bits", Decimal("-1.0000")),
    (RELEASE, "bits", Decimal("64.0001")),
    (RELEASE, "bits", Decimal("NaN")),
    (RELEASE, "bits", 2),
    (RELEASE, "bits", 2.3220),
    (RELEASE, "period", "2026"),
    (RELEASE, "period", "2026-13-01/P3M"),
    (EVENT, "kind", "Answer released"),
    (EVENT, "occurred_at", NAIVE),
    (EVENT, "row", Key("grants", "")),
    (EVENT, "row", Key("", "p")),
    (EVENT, "row_version", 0),
    (EVENT, "payload", bytes(16 * 1024 + 1)),
    (EVENT, "payload", "sealed"),
    (EVENT, "index", -1),
]


@pytest.mark.parametrize(("value", "field", "wrong"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_value_is_refused_by_the_name_of_its_field(value, field: str, wrong):
    with pytest.raises(BadInput) as refused:
        replace(value, **{field: wrong})
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: replace(GRANT, ended_at=None), "ended_as"),
        (lambda: replace(GRANT, ended_as=None), "ended_as"),
        (lambda: replace(RECORD, currency=None), "amount_minor"),
        (lambda: replace(RELEASE, decision=Decision.DENY), "bits"),
        (lambda: Frequency(unit=FrequencyUnit.DAY, count=0), "frequency"),
        (lambda: replace(CLAIM.floor, sources=0), "floor"),
        (lambda: replace(CLAIM.floor, window=timedelta(0)), "floor"),
        (lambda: replace(CLAIM.floor, freshness=timedelta(days=4000)), "floor"),
        (lambda: Wording(ko="", en="x"), "wording"),
        (lambda: FoldState(version=0, state={}), "folds"),
        (lambda: FoldState(version=1, state={"x": 0.5}), "folds"),
    ],
)
def test_what_does_not_go_together_is_refused(make, field: str):
    with pytest.raises(BadInput) as refused:
        make()
    assert refused.value.field == field


@pytest.mark.parametrize("name", SAMPLES)
def test_objects_cannot_be_changed_in_place(name: str):
    value = SAMPLES[name]
    assert not hasattr(value, "__dict__")
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, dataclasses.fields(value)[0].name, "other")


def test_a_grant_is_active_until_the_instant_it_expires():
    at = ACTIVE.expires_at
    assert ACTIVE.state(at - timedelta(microseconds=1)) is GrantState.ACTIVE
    assert ACTIVE.state(at) is GrantState.EXPIRED


@settings(max_examples=40, deadline=None)
@given(grant=grants(), first=INSTANTS, second=INSTANTS, later=INSTANTS)
def test_an_end_is_final_and_keeps_its_first_time(grant, first, second, later):
    for ending, once in (
        (Ending.WITHDRAWN, grant.withdraw(first)),
        (Ending.REVOKED, grant.revoke(first)),
    ):
        assert once.withdraw(second) is once
        assert once.revoke(second) is once
        if grant.ended_at is not None:
            assert once is grant
            continue
        assert (once.ended_at, once.ended_as, once.version) == (first, ending, grant.version + 1)
        assert once.state(later) == ending.value
        assert replace(once, ended_at=None, ended_as=None, version=grant.version) == grant


def test_a_clock_that_was_set_back_keeps_nobody_from_withdrawing():
    before = ACTIVE.given_at - timedelta(days=1)
    assert ACTIVE.withdraw(before).state(before) is GrantState.WITHDRAWN


def test_a_collect_grant_releases_nothing():
    assert COLLECT_GRANT.kind is GrantKind.COLLECT
    assert (COLLECT_GRANT.max_bits, COLLECT_GRANT.recipient_group) == (0, None)


def test_a_cancelled_record_counts_for_nothing():
    cancelled = RECORD.cancel()
    assert (RECORD.counts, cancelled.counts) == (True, False)
    assert cancelled == replace(RECORD, state=RecordState.CANCELLED) == cancelled.cancel()
    assert replace(RECORD, state=RecordState.CORRECTED).counts


def test_a_profile_advances_and_never_goes_back():
    fold = FoldState(version=1, state={})
    advanced = PROFILE.advance(8, {"habits.lunch": fold}, {"connection-2": GIVEN_AT})
    assert (advanced.version, advanced.manifest_version) == (4, 8)
    assert advanced.folds == {**PROFILE.folds, "habits.lunch": fold}
    assert advanced.freshness.keys() == {"connection-1", "connection-2"}
    with pytest.raises(BadInput) as refused:
        advanced.advance(7, {}, {})
    assert refused.value.field == "manifest_version"


@pytest.mark.parametrize("symbols", range(2, 257))
def test_the_price_of_a_claim_is_log2_of_its_alphabet_rounded_up(symbols: int):
    bits = bits_of(symbols)
    assert bits.as_tuple().exponent == -4
    # Compared as integers, so that no rounding of floats proves a rounding of floats.
    units = int(bits * 10**4)
    assert 2**units >= symbols**10_000 > 2 ** (units - 1)
    assert math.isclose(float(bits), math.log2(symbols), abs_tol=1e-4)


def test_a_claim_is_named_with_its_version_and_priced_with_no_answer_in_it():
    assert CLAIM.ref == "trust_tier@1"
    assert CLAIM.bits == Decimal("2.3220")
    assert replace(RELEASE, claims=(CLAIM.ref,), bits=CLAIM.bits).bits == CLAIM.bits


def test_an_event_takes_one_place_in_the_log():
    waiting = replace(EVENT, index=None)
    assert waiting.sequence(12) == EVENT
    assert EVENT.sequence(12) == EVENT
    with pytest.raises(BadInput) as refused:
        EVENT.sequence(13)
    assert refused.value.field == "index"
