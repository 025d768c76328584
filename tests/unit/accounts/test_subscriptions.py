"""Where people are told that there is something new, and the hours in which they are not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mydata_hub.accounts.news import QUARTER, news_for
from mydata_hub.accounts.push_services import PushServices, origin_of
from mydata_hub.accounts.subscriptions import (
    MAX_SUBSCRIPTIONS,
    USUAL,
    QuietHours,
    keep_quiet,
    read_reach,
    subscribe,
    unsubscribe,
)
from mydata_hub.errors import BadInput, NotFound
from mydata_hub.fields import LOCAL

SERVICES = PushServices.read("push.example, .devices.example")
HOUR = timedelta(hours=1)
HOURS = st.builds(
    QuietHours,
    from_hour=st.integers(min_value=0, max_value=23),
    until_hour=st.integers(min_value=0, max_value=23),
)
INSTANTS = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 (hypothesis adds the zone)
    max_value=datetime(2040, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def address(number=0):
    return f"https://push.example/send/{number}"


def local(hour, minute=0):
    return datetime(2026, 11, 28, hour, minute, tzinfo=LOCAL)


@pytest.mark.parametrize(
    ("now", "over_at"),
    [
        (local(20, 59), None),
        (local(21), local(8) + 24 * HOUR),
        (local(23, 30), local(8) + 24 * HOUR),
        (local(0), local(8)),
        (local(7, 59), local(8)),
        (local(8), None),
    ],
)
def test_nobody_who_said_nothing_is_told_at_night(now, over_at):
    assert USUAL.over_at(now) == over_at


@given(HOURS, INSTANTS)
def test_quiet_hours_end_within_a_day_at_their_own_hour_and_it_is_not_quiet_then(hours, now):
    over_at = hours.over_at(now)
    if over_at is None:
        return
    assert now < over_at <= now + 24 * HOUR
    assert (over_at.astimezone(LOCAL).hour, over_at.minute, over_at.second) == (
        hours.until_hour,
        0,
        0,
    )
    assert hours.over_at(over_at) is None
    assert hours.over_at(over_at - timedelta(microseconds=1)) == over_at


@given(HOURS)
def test_of_a_day_so_many_hours_are_quiet_as_lie_between_them(hours):
    quiet = [hour for hour in range(24) if hours.over_at(local(hour)) is not None]
    assert len(quiet) == (hours.until_hour - hours.from_hour) % 24


@pytest.mark.parametrize("field", ["from_hour", "until_hour"])
@pytest.mark.parametrize("hour", [-1, 24])
def test_an_hour_that_no_day_has_is_refused_by_its_field(field, hour):
    with pytest.raises(BadInput) as refused:
        QuietHours(**{"from_hour": 1, "until_hour": 2, field: hour})
    assert refused.value.field == field


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://push.example/send/1",
        "https://push.example:443/send/1?a=b",
        "https://web.devices.example/x",
        "https://a.b.devices.example/x",
    ],
)
def test_a_service_that_the_operator_named_may_be_called(endpoint):
    SERVICES.require(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "http://push.example/send/1",
        "https://push.example:8443/send/1",
        "https://other.example/send/1",
        "https://x.push.example/send/1",
        "https://devices.example/x",
        "https://notdevices.example/x",
        "https://push.example.other.example/x",
        "https://push.example@other.example/x",
        "https://somebody@push.example/x",
        "https://push.example/x#y",
        "https://push.example/ x",
        "https://push.example/x\r\nHost: other.example",
        "https://push.example/é",
        "https://push.example:no/x",
        "https://[::1/x",
        "http://localhost:9/x",
        "http://127.0.0.1:9/x",
        "file:///etc/passwd",
        f"https://push.example/{'x' * 1000}",
    ],
)
def test_no_other_address_is_taken(endpoint):
    with pytest.raises(BadInput) as refused:
        SERVICES.require(endpoint)
    assert refused.value.field == "endpoint"
    assert endpoint not in str(refused.value) or not endpoint


def test_a_laptop_may_call_itself_and_nothing_else_by_http():
    services = PushServices.read("", loopback_allowed=True)
    assert services.serves("http://127.0.0.1:9/x")
    assert services.serves("http://localhost/x")
    assert not services.serves("http://127.0.0.1.other.example/x")
    assert not services.serves("https://127.0.0.1/x")


@pytest.mark.parametrize("named", ["localhost", "https://push.example", "push.example/x", "*.a.b"])
def test_a_setting_that_names_no_host_is_refused(named):
    with pytest.raises(BadInput, match="push_services"):
        PushServices.read(named)


def test_the_audience_of_a_push_is_the_service_and_not_the_browser():
    assert origin_of("https://push.example/send/1?a=b") == "https://push.example"
    assert origin_of("http://localhost:9/x") == "http://localhost:9"


@given(INSTANTS)
def test_news_is_due_at_the_next_quarter_so_that_the_moment_tells_nothing(now):
    due_at = news_for("a", now).due_at
    assert now < due_at <= now + QUARTER
    assert (due_at.minute % 15, due_at.second, due_at.microsecond) == (0, 0, 0)


def test_a_message_of_news_names_the_account_and_says_nothing_else():
    assert news_for("a", local(9)).body == {"account_id": "a"}


def test_a_browser_is_added_once_however_often_it_asks(world, desk):
    _, one = world.join()
    first = subscribe(desk, one.session.account_id, address(), SERVICES)
    again = subscribe(desk, one.session.account_id, address(), SERVICES)
    assert first == again
    reach = read_reach(world.tables, one.session.account_id)
    assert [found.endpoint for found in reach.subscriptions] == [address()]
    assert reach.quiet_hours == USUAL


def test_of_too_many_browsers_the_oldest_is_forgotten(world, desk):
    for number in range(MAX_SUBSCRIPTIONS + 2):
        subscribe(desk, "a", address(number), SERVICES)
        world.clock.advance(HOUR)
    kept = [one.endpoint for one in read_reach(world.tables, "a").subscriptions]
    assert kept == [address(number) for number in range(2, MAX_SUBSCRIPTIONS + 2)]


def test_a_browser_is_forgotten_by_its_own_person_alone(world, desk):
    made = subscribe(desk, "a", address(), SERVICES)
    for account_id, name in (("b", made.subscription_id), ("a", "other"), ("a", "../x")):
        with pytest.raises(NotFound):
            unsubscribe(desk, account_id, name)
    unsubscribe(desk, "a", made.subscription_id)
    assert read_reach(world.tables, "a").subscriptions == ()


def test_quiet_hours_hold_from_when_they_are_said_and_the_last_word_counts(world, desk):
    for hours in (QuietHours(from_hour=1, until_hour=2), QuietHours(from_hour=3, until_hour=3)):
        keep_quiet(desk, "a", hours)
        assert read_reach(world.tables, "a").quiet_hours == hours


def test_of_two_that_change_at_once_both_are_heard(world, desk):
    world.tables.before.append(lambda: subscribe(desk, "a", address(1), SERVICES))
    subscribe(desk, "a", address(0), SERVICES)
    world.tables.before.append(lambda: keep_quiet(desk, "a", QuietHours(from_hour=1, until_hour=2)))
    keep_quiet(desk, "a", QuietHours(from_hour=4, until_hour=5))
    reach = read_reach(world.tables, "a")
    assert {one.endpoint for one in reach.subscriptions} == {address(0), address(1)}
    assert reach.quiet_hours == QuietHours(from_hour=4, until_hour=5)


def test_what_one_pays_for_is_one_read_and_one_commit(world, desk):
    world.tables.paid()
    subscribe(desk, "a", address(), SERVICES)
    assert world.tables.paid() == {"commit": 1, "query": 1}
    keep_quiet(desk, "a", USUAL)
    assert world.tables.paid() == {"commit": 1, "query": 1}
