"""The sync engine and a provider that fails: what is waited for, what is told, and what goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mydata_hub.collection.sync import MAX_DELAY_S, MAX_TRIES, delay_s
from mydata_hub.collection.wire import Setback
from mydata_hub.errors import ProviderFailed

from tests.unit.collection.sample_pages import connect
from tests.unit.collection.sync_desk import Desk, clean_run, company

PASSING = (Setback.THROTTLED, Setback.UNAVAILABLE, Setback.TRUNCATED, Setback.TOO_SLOW)


@pytest.mark.parametrize("setback", PASSING)
def test_a_setback_that_passes_is_waited_for(setback: Setback) -> None:
    desk = Desk()
    provider = company(4, faults=[ProviderFailed(setback, "again later")])

    assert desk.run(connect(provider)).finished
    assert desk.waits == [0.5]


@pytest.mark.parametrize("setback", PASSING)
def test_a_setback_that_stays_ends_the_run_with_the_cursor_unmoved(setback: Setback) -> None:
    desk = Desk()
    provider = company(4)
    desk.before_keep = lambda _: provider.faults.extend(
        ProviderFailed(setback, "again later") for _ in range(MAX_TRIES)
    )

    outcome = desk.run(connect(provider))

    assert outcome.setback is setback
    assert len(desk.waits) == MAX_TRIES - 1
    assert (outcome.pages, desk.cursor().token) == (1, None)
    assert desk.run(replace(connect(provider), cursor=desk.cursor())).setback is setback


@pytest.mark.parametrize("setback", sorted(set(Setback) - set(PASSING) - {Setback.TOKEN_EXPIRED}))
def test_a_setback_that_waiting_does_not_mend_is_told_at_once(setback: Setback) -> None:
    desk = Desk()
    outcome = desk.run(connect(company(4, faults=[ProviderFailed(setback, "no")])))

    assert outcome.setback is setback
    assert desk.waits == []
    assert desk.kept == []


def test_retry_after_is_kept_to() -> None:
    desk = Desk()
    throttled = ProviderFailed(Setback.THROTTLED, "HTTP status 429", retry_after_s=7)

    assert desk.run(connect(company(1, faults=[throttled]))).finished
    assert desk.waits == [7.5]


def test_a_long_retry_after_is_left_to_the_next_run() -> None:
    desk = Desk()
    throttled = ProviderFailed(Setback.THROTTLED, "HTTP status 429", retry_after_s=600)
    outcome = desk.run(connect(company(1, faults=[throttled])))

    assert (outcome.setback, outcome.retry_after_s) == (Setback.THROTTLED, 600)
    assert desk.waits == []


def test_a_wait_that_would_outlast_the_run_is_not_begun() -> None:
    desk = Desk(minutes=0.1)
    throttled = ProviderFailed(Setback.THROTTLED, "HTTP status 429", retry_after_s=20)

    assert desk.run(connect(company(1, faults=[throttled]))).setback is Setback.THROTTLED
    assert desk.waits == []


def test_an_expired_token_is_renewed_once() -> None:
    expired = ProviderFailed(Setback.TOKEN_EXPIRED, "HTTP status 401")
    provider = company(4, faults=[expired])
    assert Desk().run(connect(provider)).finished
    assert provider.renewals == 1

    provider = company(4, faults=[expired, expired])
    assert Desk().run(connect(provider)).setback is Setback.TOKEN_EXPIRED
    assert provider.renewals == 1


def test_a_token_that_is_not_renewed_ends_the_run_as_the_provider_says() -> None:
    provider = company(4, faults=[ProviderFailed(Setback.TOKEN_EXPIRED, "HTTP status 401")])
    provider.renewal_fault = ProviderFailed(Setback.CONSENT_ENDED, "the token is not renewed")

    assert Desk().run(connect(provider)).setback is Setback.CONSENT_ENDED


def test_a_page_token_that_the_provider_forgot_starts_the_feed_again() -> None:
    provider = company(10)
    desk = Desk()
    desk.before_keep = lambda batch: (
        provider.faults.append(ProviderFailed(Setback.REFUSED, "HTTP status 400"))
        if batch.cursor.token == "6" and len(desk.kept) < 4
        else None
    )

    assert desk.run(connect(provider)).finished
    assert desk.held() == clean_run(company(10))


def test_other_providers_go_on() -> None:
    broken = company(3, faults=[b"<html>"])
    desk = Desk()
    outcomes = desk.syncer().run_all(
        [connect(broken, name="a"), connect(company(3), name="b")], desk.keep
    )

    assert [(o.connection_id, o.setback, o.finished) for o in outcomes] == [
        ("a", Setback.MALFORMED, False),
        ("b", None, True),
    ]


def test_a_malformed_page_in_the_middle_moves_nothing() -> None:
    provider = company(10)
    desk = Desk()
    desk.before_keep = lambda batch: (
        provider.faults.append(b'{"rsp_code":"00000","approved_list":7}')
        if batch.cursor.token == "6"
        else None
    )

    assert desk.run(connect(provider)).setback is Setback.WRONG_TYPE
    assert desk.cursor().token == "6"
    desk.before_keep = lambda _: None
    assert desk.run(replace(connect(provider), cursor=desk.cursor())).finished
    assert desk.held() == clean_run(company(10))


@given(attempt=st.integers(1, 10_000), chance=st.floats(0, 1))
def test_delays_are_bounded_and_spread(attempt: int, chance: float) -> None:
    assert 0 <= delay_s(attempt, chance) <= MAX_DELAY_S
    assert delay_s(attempt, 1.0) <= delay_s(attempt + 1, 1.0)
