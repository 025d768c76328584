"""The real engine reads every sample provider over HTTP to exactly the records of the lives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from mydata_hub.collection.record import RecordState
from mydata_hub.collection.wire import Setback
from mydata_hub.samples.facts import Change, Life
from mydata_hub.samples.lives import live
from mydata_hub.samples.people import PEOPLE

from tests.samples.sample_world import HUB, NOW, Samples, served

FAMILIES = ["card", "efin", "bank", "invest", "insurer", "mobility"]
PERSONS = ["jiu", "minho", "hana"]
Fact = tuple[Any, ...]


def state(change: Change | None) -> RecordState:
    if change is None or change.at > NOW:
        return RecordState.BOOKED
    return RecordState(change.kind)


def life_as_records(life: Life, family: str) -> dict[str, list[Fact]]:
    """What a provider should have made known of a life by now, written without its code."""
    told: dict[str, list[Fact]] = {}
    if family in ("card", "efin"):
        ways = ("credit", "debit") if family == "card" else ("efin",)
        dataset = "card.approvals" if family == "card" else "efin.payments"
        told[dataset] = []
        for bought in life.purchases:
            if bought.through in ways and bought.told_at <= NOW:
                found = state(bought.change)
                paid = bought.change.amount if found is RecordState.CORRECTED else bought.amount
                at = bought.at
                if family == "efin" and bought.change and found is RecordState.CANCELLED:
                    at = bought.change.at  # an e-payment's refund is told with its own instant
                told[dataset].append((at, -paid, bought.merchant, found))
    if family == "card":
        told["card.bills"] = [
            (f"{bill.month:%Y-%m}", -bill.amount, f"{bill.paid_on}" if paid else None, bill.limit)
            for bill in life.bills
            for paid in [bill.paid_on <= NOW.date()]
        ]
    if family == "bank":
        told["bank.accounts"] = [(life.balance,)]
        told["bank.transactions"] = [
            (moved.at, moved.amount, moved.party, moved.balance) for moved in life.transfers
        ]
    if family == "invest":
        told["invest.balances"] = [(held.name, held.value) for held in life.holdings]
    if family == "insurer":
        told["insurance.contracts"] = [
            (f"{cover.starts_on}", f"{cover.ends_on}", cover.loss_free_years)
            for cover in life.covers
        ]
    if family == "mobility":
        told["mobility.trips"] = [
            (trip.depart_at, state(trip.change), trip.mode, len(trip.legs) - 1)
            for trip in life.trips
            if trip.told_at <= NOW
        ]
    return {dataset: sorted(facts, key=repr) for dataset, facts in told.items() if facts}


def records_as_facts(connected: Any) -> dict[str, list[Fact]]:
    told: dict[str, list[Fact]] = {}
    for record in connected.held().values():
        body = record.body
        fact: Fact
        match record.dataset:
            case "card.bills":
                fact = (body["month"], record.amount_minor, body["paid_on"], body["limit_minor"])
            case "bank.accounts":
                fact = (body["balance_minor"],)
            case "bank.transactions":
                fact = (
                    record.occurred_at,
                    record.amount_minor,
                    record.counterparty,
                    body["balance_minor"],
                )
            case "invest.balances":
                fact = (body["product"], body["value_minor"])
            case "insurance.contracts":
                fact = (body["started_on"], body["ends_on"], body["no_claim_years"])
            case "mobility.trips":
                fact = (record.occurred_at, record.state, body["mode"], body["transfers"])
            case _:
                fact = (record.occurred_at, record.amount_minor, record.counterparty, record.state)
        told.setdefault(record.dataset, []).append(fact)
    return {dataset: sorted(facts, key=repr) for dataset, facts in told.items()}


@pytest.mark.parametrize("person", PERSONS)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_sweep_gives_the_records_that_the_life_says(
    samples: Samples, family: str, person: str
) -> None:
    connected = samples.connect(family, person)

    assert connected.sync().finished
    assert records_as_facts(connected) == life_as_records(live(PEOPLE[person], NOW), family)


def test_another_sweep_finds_nothing_new(samples: Samples) -> None:
    connected = samples.connect("card", "jiu")
    connected.sync()
    before = connected.held()

    assert connected.sync().finished
    assert connected.held().keys() == before.keys()


def test_a_load_of_over_twenty_thousand_records_comes_whole(samples: Samples) -> None:
    connected = samples.connect("card", "heavy")

    outcome = connected.sync()

    assert outcome.finished
    assert outcome.pages > 40
    approvals = [r for r in connected.held().values() if r.dataset == "card.approvals"]
    assert len(approvals) > 20_000
    told = [bought for bought in live(PEOPLE["heavy"], NOW).purchases if bought.told_at <= NOW]
    assert len(approvals) == len(told)


def test_the_same_fact_has_the_same_record_whenever_it_is_collected(samples: Samples) -> None:
    first, second = samples.connect("bank", "minho"), samples.connect("bank", "minho")
    first.sync()
    second.sync()

    assert first.held() == second.held()


CLEAN_AFTER_RETRY = ["throttled", "unavailable", "truncated"]
STAYS = {
    "malformed": Setback.MALFORMED,
    "wrong_type": Setback.WRONG_TYPE,
    "loop": Setback.REPEATING,
}


@pytest.mark.parametrize("kind", CLEAN_AFTER_RETRY)
def test_a_passing_fault_is_waited_out(samples: Samples, kind: str) -> None:
    connected = samples.connect("card", "hana")
    samples.fault(kind, "card", "hana", after=2, seconds=7)

    assert connected.sync().finished
    assert len(connected.waits) == 1
    assert (connected.waits[0] >= 7) is (kind == "throttled")
    assert records_as_facts(connected) == life_as_records(live(PEOPLE["hana"], NOW), "card")


@pytest.mark.parametrize(
    ("kind", "setback"),
    [
        ("throttled", Setback.THROTTLED),
        ("unavailable", Setback.UNAVAILABLE),
        ("truncated", Setback.TRUNCATED),
    ],
)
def test_a_fault_that_does_not_pass_is_told_by_its_type(
    samples: Samples, kind: str, setback: Setback
) -> None:
    connected = samples.connect("mobility", "hana")
    samples.fault(kind, "mobility", "hana", times=4, after=1, seconds=3)

    outcome = connected.sync()

    assert outcome.setback is setback
    assert outcome.pages == 1
    assert connected.sync().finished
    assert records_as_facts(connected) == life_as_records(live(PEOPLE["hana"], NOW), "mobility")


@pytest.mark.parametrize("kind", STAYS)
def test_a_bad_page_ends_the_run_and_the_next_run_goes_on_there(
    samples: Samples, kind: str
) -> None:
    connected = samples.connect("card", "jiu")
    samples.fault(kind, "card", "jiu", after=1, times=2 if kind == "loop" else 1)

    outcome = connected.sync()

    assert outcome.setback is STAYS[kind]
    assert connected.sync().finished
    assert records_as_facts(connected) == life_as_records(live(PEOPLE["jiu"], NOW), "card")


def test_a_field_that_the_closed_schema_does_not_know_is_refused(samples: Samples) -> None:
    connected = samples.connect("mobility", "jiu")
    samples.fault("unknown_field", "mobility", "jiu")

    assert connected.sync().setback is Setback.UNKNOWN_FIELD
    assert connected.held() == {}
    assert connected.sync().finished


def test_a_field_that_the_standard_does_not_know_is_counted(samples: Samples) -> None:
    plain, odd = samples.connect("efin", "jiu"), samples.connect("efin", "jiu")
    usual = plain.sync().unknown_fields
    samples.fault("unknown_field", "efin", "jiu", after=1)

    assert odd.sync().unknown_fields == usual + 1
    assert odd.held() == plain.held()


def test_a_page_that_comes_twice_is_counted_once(samples: Samples) -> None:
    connected = samples.connect("card", "minho")
    # What was changed within a page is told twice in it, and counted so without any fault.
    usual = samples.connect("card", "minho").sync().repeated
    samples.fault("repeat", "card", "minho", after=1)

    outcome = connected.sync()

    assert outcome.finished
    assert outcome.repeated == usual + 500
    assert records_as_facts(connected) == life_as_records(live(PEOPLE["minho"], NOW), "card")


def test_a_body_that_drips_is_cut_off_at_the_deadline(samples: Samples) -> None:
    connected = samples.connect("efin", "hana", deadline_s=0.3)
    samples.fault("slow", "efin", "hana", times=4, seconds=2)

    assert connected.sync().setback is Setback.TOO_SLOW
    assert connected.held() == {}


def test_an_expired_token_is_renewed_once_and_the_sweep_goes_on(samples: Samples) -> None:
    connected = samples.connect("bank", "jiu")
    samples.fault("expired", "bank", "jiu")

    assert connected.sync().finished
    assert len(connected.renewed) == 1
    assert records_as_facts(connected) == life_as_records(live(PEOPLE["jiu"], NOW), "bank")


def test_a_consent_that_was_revoked_there_ends_the_connection_and_no_other(
    samples: Samples,
) -> None:
    ended, other = samples.connect("invest", "jiu"), samples.connect("invest", "minho")
    samples.fault("revoked", "invest", "jiu")

    assert ended.sync().setback is Setback.CONSENT_ENDED
    assert other.sync().finished
    again = samples.connect("invest", "jiu")
    assert again.sync().finished


@pytest.fixture
def own_samples() -> Iterator[Samples]:
    """Providers of this test alone: it moves their clock or takes payments back for good."""
    with served() as own:
        yield own


def test_what_is_told_late_and_taken_back_later_comes_with_a_later_sweep(
    own_samples: Samples,
) -> None:
    connected = own_samples.connect("card", "jiu")
    connected.sync()
    first = connected.held()
    cancelled = own_samples.fault("cancel", "card", "jiu")["cancelled"]
    own_samples.admin("POST", "clock", days=5)

    assert connected.sync().finished

    changed = [
        record
        for record_id, record in connected.held().items()
        if record_id in first and record.state is not first[record_id].state
    ]
    assert len(changed) == 1
    (taken_back,) = changed
    assert not taken_back.counts
    assert taken_back.counterparty == cancelled["merchant"]
    assert taken_back.source_id.endswith(cancelled["number"])
    late = [b for b in live(PEOPLE["jiu"], NOW).purchases if b.told_at > NOW]
    new = [record for key, record in connected.held().items() if key not in first]
    assert late
    assert [(r.occurred_at, r.counterparty) for r in new] == [(b.at, b.merchant) for b in late]


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"org_code": "OTHER"}, 400, "40001"),
        ({"limit": "501"}, 400, "40001"),
        ({"limit": "0"}, 400, "40001"),
        ({"next_page": "?"}, 400, "40001"),
    ],
)
def test_a_request_that_breaks_the_standard_is_refused_in_its_words(
    samples: Samples, asked: dict[str, str], status: int, code: str
) -> None:
    access = samples.token("card", code=samples.code("card", "jiu")).json()["access_token"]
    headers = {"authorization": f"Bearer {access}", "x-api-tran-id": "tran-0001"}

    answer = samples.http.get(
        f"{samples.base('card')}/v1/card/cards",
        params={"org_code": "SAMPLECARD"} | asked,
        headers=headers,
    )

    assert (answer.status_code, answer.json()["rsp_code"]) == (status, code)
    assert answer.headers["x-api-tran-id"] == "tran-0001"


def test_what_was_not_chosen_is_listed_without_consent_and_tells_nothing(samples: Samples) -> None:
    access = samples.token("card", code=samples.code("card", "jiu")).json()["access_token"]
    headers = {"authorization": f"Bearer {access}"}
    asked = {"org_code": "SAMPLECARD"}
    cards = samples.http.get(
        f"{samples.base('card')}/v1/card/cards", params=asked, headers=headers
    ).json()["card_list"]

    (other,) = [card for card in cards if not card["is_consent"]]
    path = f"/v1/card/cards/{other['card_id']}/approval-domestic"
    assert samples.http.get(samples.base("card") + path, params=asked, headers=headers).json()[
        "rsp_code"
    ] == ("40401")


def test_faults_need_the_token_that_was_printed(samples: Samples) -> None:
    url = f"{samples.about['url']}/admin/faults"
    told = json.dumps({"kind": "slow", "provider": "card"})
    for headers in ({}, {"authorization": "Bearer guessed"}):
        assert samples.http.post(url, content=told, headers=headers).status_code == 401


@pytest.mark.parametrize(
    "told",
    [
        {"kind": "love", "provider": "card"},
        {"kind": "slow", "provider": "cards"},
        {"kind": "slow", "provider": "card", "person": "nobody"},
        {"kind": "slow", "provider": "card", "times": "2"},
        {"kind": "slow", "provider": "card", "colour": "red"},
        {"kind": "expired", "provider": "card"},
        {"kind": "cancel", "provider": "bank", "person": "jiu"},
    ],
)
def test_a_fault_that_means_nothing_is_refused(samples: Samples, told: dict[str, Any]) -> None:
    headers = {"authorization": f"Bearer {samples.about['admin_token']}"}
    url = f"{samples.about['url']}/admin/faults"

    assert samples.http.post(url, json=told, headers=headers).status_code == 400


def test_everybody_sees_that_it_is_a_sample(samples: Samples) -> None:
    listed = samples.http.get(f"{samples.about['url']}/providers").json()

    assert listed["sample"] is True
    for provider in listed["providers"]:
        assert provider["sample"] is True
        assert "샘플" in provider["name"]["ko"]
        assert "Sample" in provider["name"]["en"]
    assert "secret" not in json.dumps(listed)


def test_a_browser_chooses_a_person_in_korean_or_english(samples: Samples) -> None:
    asked = {
        "client_id": samples.about["client_id"],
        "redirect_uri": f"{HUB}/connect/callback",
        "response_type": "code",
        "state": '"><script>',
        "code_challenge": "c" * 43,
    }
    url = f"{samples.base('bank')}/oauth/2.0/authorize"

    korean = samples.http.get(url, params=asked, headers={"accept-language": "ko-KR"})
    english = samples.http.get(url, params=asked, headers={"accept-language": "en"})

    assert "샘플이에요" in korean.text
    assert "지우 (샘플)" in korean.text
    assert "A sample" in english.text
    assert "Hana (sample)" in english.text
    assert "<script>" not in korean.text
    assert "default-src 'none'" in korean.headers["content-security-policy"]


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": "http://localhost:8788/connect/callback"},
        {"redirect_uri": "http://localhost:8787.evil.example/"},
        {"client_id": "somebody"},
        {"response_type": "token"},
        {"code_challenge": ""},
    ],
)
def test_a_request_for_consent_that_is_not_our_hubs_is_refused(
    samples: Samples, changed: dict[str, str]
) -> None:
    assert samples.authorize("card", "jiu", **changed).status_code == 400


def test_who_declines_sends_the_hub_away_without_a_code(samples: Samples) -> None:
    answer = samples.authorize("card", "jiu", decision="deny")

    assert answer.headers["location"] == f"{HUB}/connect/callback?state=state-1&error=access_denied"


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def test_a_code_is_good_once_for_its_provider_verifier_and_address(samples: Samples) -> None:
    code = samples.code("card", "jiu")

    assert refused(samples.token("bank", code=code)) == (400, "invalid_grant")
    assert refused(samples.token("card", code=code, code_verifier="x")) == (400, "invalid_grant")
    assert refused(samples.token("card", code=code, redirect_uri=HUB)) == (400, "invalid_grant")
    assert refused(samples.token("card", code=code + "0")) == (400, "invalid_grant")
    wrong = samples.token("card", code=code, client_secret="guessed")
    assert refused(wrong) == (401, "invalid_client")
    good = samples.token("card", code=code)
    assert good.json()["user_ci"] == PEOPLE["jiu"].identity
    assert refused(samples.token("card", code=code)) == (400, "invalid_grant")


def test_a_refresh_token_is_good_until_its_successor_is_used(samples: Samples) -> None:
    first = samples.token("bank", code=samples.code("bank", "hana")).json()

    def refresh(token: str) -> httpx.Response:
        return samples.token("bank", grant_type="refresh_token", refresh_token=token)

    lost = refresh(first["refresh_token"])
    kept = refresh(first["refresh_token"])
    assert (lost.status_code, kept.status_code) == (200, 200)

    headers = {"authorization": f"Bearer {kept.json()['access_token']}"}
    url = f"{samples.base('bank')}/v1/bank/accounts"
    asked = {"org_code": "SAMPLEBANK"}
    assert samples.http.get(url, params=asked, headers=headers).status_code == 200
    assert refused(refresh(first["refresh_token"])) == (400, "invalid_grant")
    assert refresh(kept.json()["refresh_token"]).status_code == 200


def test_a_token_that_the_hub_gives_back_tells_nothing_more(samples: Samples) -> None:
    answer = samples.token("efin", code=samples.code("efin", "minho")).json()
    own = {
        "client_id": samples.about["client_id"],
        "client_secret": samples.about["client_secret"],
        "token": answer["access_token"],
    }
    assert samples.http.post(f"{samples.base('efin')}/oauth/2.0/revoke", data=own).is_success

    told = samples.http.get(
        f"{samples.base('efin')}/v1/efin/paid",
        params={"org_code": "SAMPLEEFIN"},
        headers={"authorization": f"Bearer {answer['access_token']}"},
    )
    assert told.status_code == 403
