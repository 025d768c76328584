"""One made-up example of each central object, and how to make up any other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from mydata_hub.canonical import MAX_INTEGER, CentralObject
from mydata_hub.collection.record import Provenance, Record, RecordState
from mydata_hub.consent.grant import Ending, Frequency, FrequencyUnit, Grant, GrantKind
from mydata_hub.fields import Wording
from mydata_hub.insights.claim import NO_ANSWER, AnswerPeriod, Claim, Floor, Sensitivity
from mydata_hub.insights.profile import FoldState, Profile
from mydata_hub.offers.offer import Benefit, Eligible, Offer
from mydata_hub.ports.tables import Key
from mydata_hub.release.release import Decision, Release
from mydata_hub.transparency.event import Event
from mydata_hub.vault.segment import Segment

GIVEN_AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
HASH = bytes(range(32))

GRANT = Grant(
    grant_id="grant-1",
    version=2,
    kind=GrantKind.RELEASE,
    subject="person-1",
    counterparty="client-1",
    recipient_group="group-1",
    purpose="loan_advice",
    items=("trust_tier@1", "commute.mode@3"),
    frequency=Frequency(unit=FrequencyUnit.MONTH, count=2),
    max_bits=16,
    given_at=GIVEN_AT,
    expires_at=GIVEN_AT + timedelta(days=90),
    ended_at=GIVEN_AT + timedelta(days=1, microseconds=1),
    ended_as=Ending.WITHDRAWN,
    consent_hash=HASH,
    assertion=b"\xff\xfe\xfd\xfc",
)
COLLECT_GRANT = Grant(
    grant_id="grant-2",
    version=1,
    kind=GrantKind.COLLECT,
    subject="person-1",
    counterparty="provider-1",
    recipient_group=None,
    purpose="own_overview",
    items=("payments", "mobility.trips"),
    frequency=Frequency(unit=FrequencyUnit.DAY, count=4),
    max_bits=0,
    given_at=GIVEN_AT,
    expires_at=GIVEN_AT + timedelta(days=365),
    consent_hash=HASH,
    assertion=b"\x00",
)
RECORD = Record(
    record_id="record-1",
    dataset="payments",
    schema_version=1,
    connection_id="connection-1",
    source_id="2026/03/01 #17",
    occurred_at=datetime(2026, 3, 1, 8, 2, 3, 4, tzinfo=timezone(timedelta(hours=9))),
    amount_minor=-4500,
    currency="KRW",
    counterparty="김밥 & 커피",
    category="cafe",
    state=RecordState.BOOKED,
    provenance=Provenance.COLLECTED,
    body={"method": "card", "points": 45, "tags": ["아침", None, True], "a": {"b": {}}},
)
SEGMENT = Segment(
    segment_id="segment-1",
    vault_id="vault-1",
    dataset="payments",
    version=7,
    schema_hash=HASH,
    key_version=1,
    count=120,
    signature=bytes(64),
    sealed=b"\x00\x01\xff",
)
PROFILE = Profile(
    vault_id="vault-1",
    version=3,
    manifest_version=7,
    folds={"habits.coffee": FoldState(version=2, state={"mornings": [1, 0, 1], "seen": True})},
    freshness={"connection-1": GIVEN_AT},
)
CLAIM = Claim(
    id="trust_tier",
    version=1,
    question=Wording(ko="신뢰 등급은 무엇입니까?", en="Which trust tier?"),
    alphabet=("below_600", "600", "650", "700", NO_ANSWER),
    attributes=("trust_score",),
    inputs=("payments",),
    floor=Floor(sources=1, window=timedelta(days=90), freshness=timedelta(days=7)),
    answer_period=AnswerPeriod.QUARTER,
    valid_for=timedelta(hours=24),
    sensitivity=Sensitivity.ORDINARY,
    purposes=("loan_advice", "deposit_waiver"),
)
RELEASE = Release(
    event_id="event-1",
    idempotency_key="8e03978e-40d5",
    grant_id="grant-1",
    grant_version=1,
    claims=("trust_tier@1",),
    policy_hash=HASH,
    decision=Decision.ALLOW,
    bits=Decimal("2.3220"),
    period="2026-01-01/P3M",
)
EVENT = Event(
    event_id="event-1",
    kind="answer_released",
    subject="person-1",
    actor="client-1",
    occurred_at=GIVEN_AT,
    row=Key("grants", "person-1", "grant-1"),
    row_version=2,
    payload=b"sealed",
    index=12,
)
OFFER = Offer(
    offer_id="offer-1",
    version=1,
    client="client-1",
    eligibility=(Eligible(claim="trust_tier@1", answers=("650", "700")),),
    trigger="payment.cafe",
    claims_on_acceptance=("trust_tier@1",),
    benefit=Benefit(
        kind="coupon",
        wording=Wording(ko="1,000원 할인", en="1,000 won off"),
        amount_minor=1000,
        currency="KRW",
    ),
    valid_until=GIVEN_AT + timedelta(days=30),
    stock=500,
)
SAMPLES: dict[str, CentralObject] = {
    "grant": GRANT,
    "collect_grant": COLLECT_GRANT,
    "record": RECORD,
    "segment": SEGMENT,
    "profile": PROFILE,
    "claim": CLAIM,
    "release": RELEASE,
    "event": EVENT,
    "offer": OFFER,
}

IDS = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._~:-]{0,20}\Z")
WORDS = st.from_regex(r"\A[a-z][a-z0-9_]{0,8}(\.[a-z][a-z0-9_]{0,4}){0,2}\Z")
SYMBOLS = st.from_regex(r"\A[a-z0-9][a-z0-9_.+-]{0,8}\Z").filter(lambda text: text != NO_ANSWER)
CLAIM_REFS = st.builds("{}@{}".format, WORDS, st.integers(1, 999_999))
HASHES = st.binary(min_size=32, max_size=32)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(9998, 12, 31), timezones=ZONES)  # noqa: DTZ001
COUNTS = st.integers(1, MAX_INTEGER)
TEXTS = st.text(min_size=1, max_size=30)
WORDINGS = st.builds(Wording, ko=TEXTS, en=TEXTS)
SPANS = st.integers(1, 86_400).map(lambda seconds: timedelta(seconds=seconds))
FREE = st.dictionaries(
    st.text(max_size=8),
    st.recursive(
        st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
        max_leaves=6,
    ),
    max_size=4,
)
MONEY = st.sampled_from([("KRW", 1), ("EUR", -250), ("USD", MAX_INTEGER), (None, None)])


def some(entries: st.SearchStrategy[Any], minimum: int = 1) -> st.SearchStrategy[Any]:
    return st.lists(entries, min_size=minimum, max_size=4, unique=True).map(tuple)


@st.composite
def grants(draw: st.DrawFn) -> Grant:
    releases = draw(st.booleans())
    ended_as = draw(st.sampled_from([None, *Ending]))
    given_at = draw(st.datetimes(datetime(1900, 1, 2), datetime(9990, 1, 1), timezones=ZONES))  # noqa: DTZ001
    return Grant(
        grant_id=draw(IDS),
        version=draw(COUNTS),
        kind=GrantKind.RELEASE if releases else GrantKind.COLLECT,
        subject=draw(IDS),
        counterparty=draw(IDS),
        recipient_group=draw(IDS) if releases else None,
        purpose=draw(WORDS),
        items=draw(some(CLAIM_REFS if releases else WORDS)),
        frequency=Frequency(
            unit=draw(st.sampled_from(FrequencyUnit)), count=draw(st.integers(1, 99))
        ),
        max_bits=draw(st.integers(1, 64)) if releases else 0,
        given_at=given_at,
        expires_at=given_at + draw(SPANS),
        ended_at=draw(INSTANTS) if ended_as else None,
        ended_as=ended_as,
        consent_hash=draw(HASHES),
        assertion=draw(st.binary(min_size=1, max_size=40)),
    )


@st.composite
def records(draw: st.DrawFn) -> Record:
    currency, amount_minor = draw(MONEY)
    return Record(
        record_id=draw(IDS),
        dataset=draw(WORDS),
        schema_version=draw(COUNTS),
        connection_id=draw(IDS),
        source_id=draw(TEXTS),
        occurred_at=draw(INSTANTS),
        amount_minor=amount_minor,
        currency=currency,
        counterparty=draw(st.none() | TEXTS),
        category=draw(WORDS),
        state=draw(st.sampled_from(RecordState)),
        provenance=draw(st.sampled_from(Provenance)),
        body=draw(FREE),
    )


@st.composite
def offers(draw: st.DrawFn) -> Offer:
    currency, amount_minor = draw(MONEY)
    eligible = st.builds(Eligible, claim=CLAIM_REFS, answers=some(SYMBOLS))
    return Offer(
        offer_id=draw(IDS),
        version=draw(COUNTS),
        client=draw(IDS),
        eligibility=draw(some(eligible, minimum=0)),
        trigger=draw(WORDS),
        claims_on_acceptance=draw(some(CLAIM_REFS, minimum=0)),
        benefit=Benefit(
            kind=draw(WORDS),
            wording=draw(WORDINGS),
            amount_minor=amount_minor,
            currency=currency,
        ),
        valid_until=draw(INSTANTS),
        stock=draw(st.none() | st.integers(0, 10**9)),
    )


OBJECTS = st.one_of(
    grants(),
    records(),
    offers(),
    st.builds(
        Segment,
        segment_id=IDS,
        vault_id=IDS,
        dataset=WORDS,
        version=COUNTS,
        schema_hash=HASHES,
        key_version=COUNTS,
        count=st.integers(1, 10_000),
        signature=st.binary(min_size=1, max_size=64),
        sealed=st.binary(min_size=1, max_size=64),
    ),
    st.builds(
        Profile,
        vault_id=IDS,
        version=COUNTS,
        manifest_version=st.integers(0, MAX_INTEGER),
        folds=st.dictionaries(WORDS, st.builds(FoldState, version=COUNTS, state=FREE), max_size=3),
        freshness=st.dictionaries(IDS, INSTANTS, max_size=3),
    ),
    st.builds(
        Claim,
        id=WORDS,
        version=st.integers(1, 999_999),
        question=WORDINGS,
        alphabet=some(SYMBOLS).map(lambda symbols: (*symbols, NO_ANSWER)),
        attributes=some(WORDS),
        inputs=some(WORDS),
        floor=st.builds(Floor, sources=st.integers(1, 16), window=SPANS, freshness=SPANS),
        answer_period=st.sampled_from(AnswerPeriod),
        valid_for=SPANS,
        sensitivity=st.sampled_from(Sensitivity),
        purposes=some(WORDS),
    ),
    st.builds(
        Release,
        event_id=IDS,
        idempotency_key=st.from_regex(r"\A[!-~]{1,40}\Z"),
        grant_id=IDS,
        grant_version=COUNTS,
        claims=some(CLAIM_REFS),
        policy_hash=HASHES,
        decision=st.just(Decision.ALLOW),
        bits=st.integers(0, 640_000).map(lambda units: Decimal(units).scaleb(-4)),
        period=st.just("2026-01-01/P1Y"),
    ),
    st.builds(
        Event,
        event_id=IDS,
        kind=WORDS,
        subject=IDS,
        actor=IDS,
        occurred_at=INSTANTS,
        row=st.builds(Key, table=WORDS, partition=TEXTS, sort=TEXTS),
        row_version=COUNTS,
        payload=st.binary(max_size=40),
        index=st.none() | st.integers(0, MAX_INTEGER),
    ),
)
