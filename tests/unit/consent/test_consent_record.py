"""What is signed: every field of the record, and nothing that could mean something else."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mydata_hub.consent.consent_record import DOMAIN, ConsentRecord, Proposal, hash_wording
from mydata_hub.consent.grant import Frequency, FrequencyUnit, GrantKind
from mydata_hub.errors import BadInput

from tests.unit.objects.samples import CLAIM_REFS, HASHES, IDS, WORDS, some

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
RECORD = ConsentRecord(
    consent_id="grant-1",
    hub="https://hub.example",
    nonce=bytes(32),
    request_hash=bytes(range(32)),
    account="person-1",
    kind=GrantKind.RELEASE,
    counterparty="bicycles",
    recipient_group="rentals",
    purpose="deposit_waiver",
    items=("trust_tier@1", "commute.mode@3"),
    frequency=Frequency(unit=FrequencyUnit.MONTH, count=2),
    max_bits=16,
    prepared_at=AT,
    expires_at=AT + timedelta(days=90),
    locale="ko",
    wording_hash=hash_wording("신뢰 등급은 무엇인가요?"),
)
OTHERS = {
    "consent_id": "grant-2",
    "hub": "https://hub.example.org",
    "nonce": bytes(31) + b"\x01",
    "request_hash": bytes(32),
    "account": "person-2",
    "kind": GrantKind.COLLECT,
    "counterparty": "insurer",
    "recipient_group": "insurers",
    "purpose": "loan_advice",
    "items": ("commute.mode@3", "trust_tier@1"),
    "frequency": Frequency(unit=FrequencyUnit.DAY, count=2),
    "max_bits": 15,
    "prepared_at": AT - timedelta(microseconds=1),
    "expires_at": AT + timedelta(days=90, microseconds=1),
    "locale": "en",
    "wording_hash": hash_wording("신뢰 등급은 무엇인가요? "),
}
RECORDS = st.builds(
    replace,
    st.just(RECORD),
    consent_id=IDS,
    account=IDS,
    counterparty=IDS,
    nonce=HASHES,
    purpose=WORDS,
    items=some(CLAIM_REFS),
    max_bits=st.integers(0, 64),
    recipient_group=st.none() | IDS,
)


def test_the_challenge_is_the_hash_of_the_domain_and_the_canonical_record():
    expected = hashlib.sha256(b"mydata-hub/consent/v1\n" + RECORD.encode()).digest()
    assert RECORD.challenge() == expected
    assert DOMAIN == b"mydata-hub/consent/v1\n"


def test_the_canonical_record_is_frozen():
    assert RECORD.challenge().hex() == (
        "14a5ee64484688ef098af7bfde94b9f5de2691eac2e4e508cbd7a9d3f3583c04"
    )


@pytest.mark.parametrize("field", [field.name for field in fields(ConsentRecord)])
def test_a_change_of_any_field_is_another_challenge(field: str):
    assert replace(RECORD, **{field: OTHERS[field]}).challenge() != RECORD.challenge()


@given(RECORDS)
def test_a_record_reads_back_as_it_was_signed(record: ConsentRecord):
    assert ConsentRecord.decode(record.encode()) == record


@given(RECORDS, RECORDS)
def test_equal_records_and_no_others_have_equal_challenges(one, other):
    assert (one == other) is (one.challenge() == other.challenge())


def test_a_challenge_is_not_the_hash_that_the_grant_carries():
    # The grant's hash is public to the partner; the challenge is what an assertion is over.
    assert RECORD.grant(b"x", AT).consent_hash == RECORD.digest() != RECORD.challenge()


def test_the_grant_says_what_the_record_says():
    grant = RECORD.grant(b"signed", AT)
    shared = {field.name for field in fields(grant)} & {field.name for field in fields(RECORD)}
    assert shared == {
        *("kind", "counterparty", "recipient_group", "purpose", "items", "frequency", "max_bits"),
        "expires_at",
    }
    for name in shared:
        assert getattr(grant, name) == getattr(RECORD, name)
    assert (grant.grant_id, grant.subject, grant.version) == ("grant-1", "person-1", 1)


@pytest.mark.parametrize(
    "change",
    [
        {"consent_id": ""},
        {"hub": ""},
        {"nonce": bytes(31)},
        {"request_hash": bytes(31)},
        {"items": ()},
        {"items": ("trust_tier@1", "trust_tier@1")},
        {"max_bits": 65},
        {"expires_at": AT},
        {"expires_at": datetime(2027, 1, 1)},  # noqa: DTZ001
        {"locale": ""},
        {"wording_hash": b""},
    ],
)
def test_a_record_that_says_too_little_cannot_be_made(change):
    with pytest.raises(BadInput):
        replace(RECORD, **change)


ASKED = Proposal(
    **{
        field.name: getattr(RECORD, field.name)
        for field in fields(Proposal)
        if field.name != "amends"
    }
)


def test_a_person_may_drop_items_and_keeps_their_order():
    assert ASKED.choose(["commute.mode@3", "trust_tier@1"]) == ASKED.items
    assert ASKED.choose(["commute.mode@3"]) == ("commute.mode@3",)


@pytest.mark.parametrize("items", [[], ["trust_tier@1", "income@1"], ["trust_tier@2"]])
def test_nobody_can_choose_nothing_or_what_was_not_asked(items):
    with pytest.raises(BadInput):
        ASKED.choose(items)
