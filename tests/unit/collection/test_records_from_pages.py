"""Pages of every provider family become records: amounts, instants, states and stable ids."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from mydata_hub.collection.datasets import schema_of
from mydata_hub.collection.record import Provenance, Record, RecordState
from mydata_hub.collection.sync import Batch, collect_page
from mydata_hub.collection.wire import KST, Setback, read_page
from mydata_hub.errors import BadInput, ProviderFailed

from tests.unit.collection.sample_pages import NOW, Canned, approval, connect, page

DEPOSIT = {"account_num": "110-222-333", "is_consent": True, "account_type": "1001"}


def sweep(family: str, bodies: dict[str, bytes]) -> tuple[list[Record], list[Batch], Canned]:
    """Every page of a provider that answers each path with one body."""
    provider = Canned(bodies)
    connection = connect(provider, family)
    batches: list[Batch] = []
    while not batches or batches[-1].fresh_at is None:
        batches.append(collect_page(connection, NOW))
        connection = replace(connection, cursor=batches[-1].cursor)
    return [record for batch in batches for record in batch.records], batches, provider


def card_rows(*rows: dict[str, Any]) -> list[Record]:
    bodies = {
        "/v1/card/cards": page(card_list=[{"card_id": "c1", "is_consent": True}]),
        "/v1/card/cards/c1/approval-domestic": page(approved_list=list(rows)),
        "/v1/card/cards/bills": page(),
    }
    return sweep("card", bodies)[0]


def bank_rows(*rows: dict[str, Any]) -> tuple[list[Record], Canned]:
    records, _, provider = sweep(
        "bank",
        {
            "/v1/bank/accounts": page(
                account_list=[DEPOSIT, {**DEPOSIT, "account_num": "9", "account_type": "3100"}]
            ),
            "/v1/bank/accounts/deposit/detail": page(
                detail_list=[{"currency_code": "KRW", "balance_amt": 1200345.0}]
            ),
            "/v1/bank/accounts/deposit/transactions": page(trans_list=list(rows)),
        },
    )
    return records, provider


def test_an_approval_becomes_money_that_left_at_a_korean_instant() -> None:
    (record,) = card_rows(approval(485, approved_amt=4500.000))

    assert record.occurred_at == datetime(2026, 3, 1, 8, 5, tzinfo=KST)
    assert record.occurred_at.utcoffset() == timedelta(hours=9)
    assert (record.amount_minor, record.currency) == (-4500, "KRW")
    assert (record.counterparty, record.category) == ("스타벅스 역삼점", "cafe")
    assert record.body["method"] == "debit"
    assert record.body["instalments"] == 1
    assert record.provenance is Provenance.COLLECTED
    assert record.counts


def test_a_cancelled_approval_is_the_same_record_and_counts_for_nothing() -> None:
    booked = card_rows(approval(7))[0]
    for when in ("trans_dtime", "cancel_dtime"):
        (cancelled,) = card_rows(approval(7, status="02", **{when: "20260302101500"}))

        assert cancelled.record_id == booked.record_id
        assert not cancelled.counts
        assert cancelled.body["as_of"] == "2026-03-02T10:15:00+09:00"


def test_a_page_that_tells_a_payment_and_its_cancellation_gives_one_cancelled_record() -> None:
    rows = [approval(7, status="02", trans_dtime="20260302101500"), approval(7), approval(8)]

    assert [(r.source_id[-1], r.state.value) for r in card_rows(*rows)] == [
        ("7", "cancelled"),
        ("8", "booked"),
    ]


def test_a_correction_has_the_corrected_amount() -> None:
    (record,) = card_rows(approval(7, status="03", modified_amt=3000, trans_dtime="20260303"))

    assert record.state is RecordState.CORRECTED
    assert record.amount_minor == -3000


def test_a_payment_abroad_is_counted_in_won_and_names_the_currency() -> None:
    (record,) = card_rows(approval(7, approved_amt=12.5, currency_code="USD", krw_amt=17200))

    assert (record.amount_minor, record.currency) == (-17200, "KRW")
    assert record.body["currency_foreign"] == "USD"


def test_a_bill_falls_due_on_the_last_day_of_a_month_that_has_no_31st() -> None:
    records, _, _ = sweep(
        "card",
        {
            "/v1/card/cards": page(card_list=[]),
            "/v1/card/cards/bills": page(
                bill_list=[
                    {"seqno": "1", "charge_amt": 350000, "charge_month": "202602"}
                    | {"charge_day": "31", "paid_out_date": ""}
                ]
            ),
        },
    )

    assert records[0].body["due_on"] == "2026-02-28"
    assert records[0].body["paid_on"] is None
    assert records[0].amount_minor == -350000
    assert records[0].schema_version == 2
    assert records[0].body["limit_minor"] is None


def test_a_bill_tells_the_limit_where_the_provider_does() -> None:
    row = {"charge_amt": 1, "charge_month": "202602", "limit_amt": 5_000_000}
    (record,), _, _ = sweep(
        "card",
        {"/v1/card/cards": page(), "/v1/card/cards/bills": page(bill_list=[row])},
    )

    assert record.body["limit_minor"] == 5_000_000


def test_bank_amounts_take_their_sign_from_the_type_of_the_transaction() -> None:
    row = {"trans_dtime": "20260301090000", "trans_class": "급여", "trans_amt": 2500000}
    records, _ = bank_rows(
        {**row, "trans_no": "1", "trans_type": "03"},
        {**row, "trans_no": "2", "trans_type": "02"},
        {**row, "trans_no": "3", "trans_type": "77"},
    )

    balance, *transactions = records
    assert balance.body["balance_minor"] == 1200345
    assert balance.amount_minor is None
    assert [record.amount_minor for record in transactions] == [2500000, -2500000, None]


def test_account_numbers_are_posted_and_stay_out_of_urls_and_records() -> None:
    row = {"trans_dtime": "20260301090000", "trans_type": "02", "trans_amt": 10}
    records, provider = bank_rows(row)

    number = DEPOSIT["account_num"]
    assert all(str(number) not in request.path for request in provider.asked)
    posted = [request.fields for request in provider.asked if request.posted]
    assert [fields["account_num"] for fields in posted] == [number, number]
    assert all(str(number).encode() not in record.encode() for record in records)


def test_two_alike_transactions_without_a_number_are_told_apart_by_the_balance() -> None:
    row = {"trans_dtime": "20260301090000", "trans_type": "02", "trans_amt": 10}
    records, _ = bank_rows({**row, "balance_amt": 90}, {**row, "balance_amt": 80})

    assert len({record.record_id for record in records[1:]}) == 2


def test_an_e_payment_and_its_cancellation_are_one_record() -> None:
    row = {"trans_num": "55", "trans_type": "5501", "trans_dtime": "20260301121000"}
    row |= {"trans_amt": 9900, "merchant_name": "한솥도시락", "pay_method": "01"}  # type: ignore[dict-item]
    later = {**row, "trans_type": "5502", "trans_dtime": "20260302"}
    (record,), _, provider = sweep(
        "efin",
        {
            "/v1/efin/paid": page(account_list=[{"account_id": "e1", "is_consent": True}]),
            "/v1/efin/paid/transactions": page(trans_list=[later, row]),
        },
    )

    assert not record.counts
    assert record.amount_minor == -9900
    assert provider.asked[1].fields["from_date"] == "20240309"


def test_holdings_are_a_picture_of_the_day() -> None:
    (record,), _, _ = sweep(
        "invest",
        {
            "/v1/invest/accounts": page(account_list=[{"account_num": "1", "is_consent": True}]),
            "/v1/invest/accounts/products": page(
                prod_list=[
                    {"prod_code": "KR7005930003", "prod_name": "삼성전자", "eval_amt": 710000}
                ]
            ),
        },
    )

    assert record.body["value_minor"] == 710000
    assert record.source_id.endswith(":KR7005930003:KRW:2026-03-10")


@pytest.mark.parametrize(
    ("start", "end", "status"),
    [
        ("20250311", "20260310", "active"),
        ("20250310", "20260309", "lapsed"),
        ("20260311", "20270310", "upcoming"),
    ],
)
def test_the_status_of_a_car_contract_is_read_from_its_days(
    start: str, end: str, status: str
) -> None:
    row = {"car_number": "12가3456", "start_date": start, "end_date": end, "no_claim_years": 3}
    (record,), batches, _ = sweep(
        "insurer",
        {
            "/v1/insu/insurances": page(insu_list=[{"insu_num": "i1", "is_consent": True}]),
            "/v1/insu/insurances/car": page(car_insu_list=[{**row, "car_name": "아반떼"}]),
        },
    )

    assert record.body["status"] == status
    assert record.body["no_claim_years"] == 3
    # The standard may add fields: they are counted and passed over.
    assert batches[-1].unknown_fields == 1


TRIP = {
    "trip_id": "t1",
    "status": "completed",
    "mode": "subway",
    "depart_at": "2026-03-02T08:10:00+09:00",
    "arrive_at": "2026-03-02T08:52:00+09:00",
    "fare_amt": 1550,
    "transfer_cnt": 1,
    "legs": [
        {"mode": "subway", "line": "2", "from": "강남", "to": "교대"}
        | {"depart_at": "2026-03-02T08:10:00+09:00", "arrive_at": "2026-03-02T08:14:00+09:00"}
    ],
}


def test_a_bill_without_a_day_stands_at_the_first_of_its_month() -> None:
    row = {"charge_amt": 1, "charge_month": "202602"}
    (record,), _, _ = sweep(
        "card",
        {"/v1/card/cards": page(), "/v1/card/cards/bills": page(bill_list=[row])},
    )

    assert record.occurred_at == datetime(2026, 2, 1, tzinfo=KST)
    assert record.body["due_on"] is None


@pytest.mark.parametrize("legs", ["none", [{"mode": "subway"}], [7], [{}] * 41])
def test_legs_that_are_none_are_refused_by_the_schema(legs: Any) -> None:
    body = {"mode": "walk", "legs": legs, "transfers": 0, "distance_m": None, "as_of": None}
    with pytest.raises(BadInput):
        schema_of("mobility.trips").check(body)


def test_an_instant_of_a_trip_needs_its_zone() -> None:
    trip = {**TRIP, "depart_at": "2026-03-02T08:10:00"}
    with pytest.raises(ProviderFailed) as caught:
        sweep("mobility", {"/v1/mobility/trips": page(trip_list=[trip])})
    assert caught.value.setback == Setback.WRONG_TYPE


def test_a_trip_keeps_its_legs_and_its_fare() -> None:
    (record,), _, _ = sweep("mobility", {"/v1/mobility/trips": page(trip_list=[TRIP])})

    assert record.amount_minor == -1550
    assert record.body["legs"][0]["to"] == "교대"
    assert record.body["transfers"] == 1
    assert Record.decode(record.encode()) == record


def test_nobody_may_add_a_field_to_our_own_schema_and_its_name_is_not_repeated() -> None:
    with pytest.raises(ProviderFailed) as caught:
        sweep("mobility", {"/v1/mobility/trips": page(trip_list=[{**TRIP, "홍길동": 1}])})

    assert caught.value.setback == Setback.UNKNOWN_FIELD
    assert "홍길동" not in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "setback"),
    [
        ({"approved_amt": "4500"}, Setback.WRONG_TYPE),
        ({"approved_amt": True}, Setback.WRONG_TYPE),
        ({"approved_amt": 4500.5}, Setback.WRONG_TYPE),
        ({"approved_amt": 10**30}, Setback.WRONG_TYPE),
        ({"approved_dtime": "2026-03-01 08:00"}, Setback.WRONG_TYPE),
        ({"approved_dtime": "20261301080000"}, Setback.WRONG_TYPE),
        ({"approved_dtime": "202603010800"}, Setback.WRONG_TYPE),
        ({"status": "09"}, Setback.WRONG_TYPE),
        ({"merchant_name": ["x"]}, Setback.WRONG_TYPE),
        ({"approved_num": ""}, Setback.WRONG_TYPE),
        ({"merchant_name": "가" * 257}, Setback.WRONG_TYPE),
        ({"approved_dtime": "18990101000000"}, Setback.MALFORMED),
    ],
)
def test_a_value_of_a_wrong_type_is_refused(changed: dict[str, Any], setback: Setback) -> None:
    with pytest.raises(ProviderFailed) as caught:
        card_rows(approval(7, **changed))

    assert caught.value.setback == setback


def test_a_refusal_names_the_field_and_not_what_stood_there() -> None:
    with pytest.raises(ProviderFailed) as caught:
        card_rows(approval(7), approval(8, approved_amt="홍길동 4500"))

    assert "approved_list.1.approved_amt" in str(caught.value)
    assert "홍길동" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "setback"),
    [
        (b'{"rsp_code":"00000","approved_list":[{"approved_num":"1', Setback.TRUNCATED),
        (b'{"rsp_code":"00000",', Setback.TRUNCATED),
        (b"", Setback.TRUNCATED),
        (b"<html>maintenance</html>", Setback.MALFORMED),
        (b"[]", Setback.MALFORMED),
        (b'{"rsp_code":"00000","n":NaN}', Setback.MALFORMED),
        (b'{"rsp_code":"00000","n":' + b"9" * 5000 + b"}", Setback.MALFORMED),
        (b'{"rsp_code":"00000","n":' + b"[" * 200_000, Setback.MALFORMED),
        (b"\xff\xfe", Setback.MALFORMED),
        (b"{}", Setback.MALFORMED),
        (page(approved_list=[], approved_cnt=3), Setback.MALFORMED),
        (page(next_page="x" * 2000), Setback.WRONG_TYPE),
        (b'{"rsp_code":"40101"}', Setback.TOKEN_EXPIRED),
        (b'{"rsp_code":"40305"}', Setback.CONSENT_ENDED),
        (b'{"rsp_code":"42901"}', Setback.THROTTLED),
        (b'{"rsp_code":"50001"}', Setback.UNAVAILABLE),
        (b'{"rsp_code":"40001"}', Setback.REFUSED),
    ],
)
def test_a_page_that_is_none_has_a_typed_setback(body: bytes, setback: Setback) -> None:
    from mydata_hub.collection.card import Approvals

    with pytest.raises(ProviderFailed) as caught:
        read_page(body, Approvals)

    assert caught.value.setback == setback
