"""One made-up example of each central object, and how to make up any other."""

from __future__ import annotations

from dataclasses import replace
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
from mydata_hub.offers.catalogue.offer import Benefit, Offer, OfferImage
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
# One dot, as a PNG has it; the hub looks at its ends alone.
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x00IEND\xaeB`\x82"
COUPON = Benefit(
    kind="coupon",
    wording=Wording(ko="1,000원 할인", en="1,000 won off"),
    amount_minor=1000,
    currency="KRW",
    till="till-1",
)
STAMPS = Benefit(
    kind="stamps",
    wording=Wording(ko="열 번째는 무료", en="The tenth is free"),
    amount_minor=4500,
    currency="KRW",
    merchants=("김밥 & 커피", "KIMBAP COFFEE 2"),
    goal=10,
    expires_days=365,
)
OFFER = Offer(
    offer_id="client-1.morning",
    version=1,
    client="client-1",
    category="cafe",
    title=Wording(ko="출근 전 커피", en="Coffee before work"),
    text=Wording(ko="9시 전에 1,000원 할인해요.", en="1,000 won off before 9."),
    image=OfferImage(content=PNG, alt=Wording(ko="커피 한 잔", en="A cup of coffee")),
    purpose="personal_offers",
    eligibility='context["habits.cafe_morning@1"] == "yes"',
    trigger="payment.cafe",
    claims_on_acceptance=("trust_tier@1",),
    benefit=COUPON,
    valid_from=GIVEN_AT,
    valid_until=GIVEN_AT + timedelta(days=30),
    stock=500,
)
PROGRAMME_OFFER = replace(
    OFFER,
    offer_id="client-1.card",
    image=None,
    eligibility="",
    claims_on_acceptance=(),
    benefit=STAMPS,
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
    "programme_offer": PROGRAMME_OFFER,
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


LINES = st.text(alphabet="커피 for 10 won, today!", min_size=1, max_size=30).filter(str.strip)
PLAIN = st.builds(Wording, ko=LINES, en=LINES)
WORTH = st.integers(1, MAX_INTEGER)
BENEFITS = st.one_of(
    st.builds(
        Benefit,
        kind=st.sampled_from(("coupon", "perk")),
        wording=PLAIN,
        amount_minor=WORTH,
        currency=st.just("KRW"),
        till=st.none() | IDS,
    ),
    st.builds(Benefit, kind=st.just("perk"), wording=PLAIN),
    st.sampled_from((("points", 1000), ("stamps", None))).flatmap(
        lambda kind: st.builds(
            Benefit,
            kind=st.just(kind[0]),
            wording=PLAIN,
            amount_minor=WORTH,
            currency=st.just("EUR"),
            merchants=some(LINES),
            per_minor=st.just(kind[1]),
            goal=st.integers(1, 1_000_000),
            expires_days=st.integers(30, 1095),
        )
    ),
)


@st.composite
def offers(draw: st.DrawFn) -> Offer:
    client, name = draw(IDS), draw(st.from_regex(r"\A[a-z0-9-]{1,40}\Z"))
    valid_from = draw(st.datetimes(datetime(1900, 1, 2), datetime(9990, 1, 1), timezones=ZONES))  # noqa: DTZ001
    image = st.builds(OfferImage, content=st.just(PNG), alt=PLAIN)
    return Offer(
        offer_id=f"{client}.{name}",
        version=draw(COUNTS),
        client=client,
        category=draw(WORDS),
        title=draw(PLAIN),
        text=draw(PLAIN),
        image=draw(st.none() | image),
        purpose=draw(WORDS),
        eligibility=draw(st.text(max_size=40)),
        trigger=draw(WORDS),
        claims_on_acceptance=draw(some(CLAIM_REFS, minimum=0)),
        benefit=draw(BENEFITS),
        valid_from=valid_from,
        valid_until=valid_from + draw(SPANS),
        stock=draw(st.none() | st.integers(1, 10**9)),
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
