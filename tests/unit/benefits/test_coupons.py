"""Coupons: whoever redeems, however often and however many at once, each counts once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from joserfc.jwk import ECKey
from mydata_hub.benefits.coupons import (
    KEPT_AFTER,
    MAX_SHOWN,
    TABLE,
    Coupon,
    State,
    coupon_document,
    coupon_key,
    coupon_of_spending,
    fetch_coupon,
    list_coupons,
    owns,
    put_coupon,
    rows_of_person,
    settle,
)
from mydata_hub.benefits.redeeming import Till, redeem, sign_coupon, verify_coupon
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.embedded.sqlite_tables import SqliteTables
from mydata_hub.errors import BadInput, Busy, Conflict, Damaged, NotProven, OutcomeUnknown
from mydata_hub.fields import Wording
from mydata_hub.ports.clock import SetClock, SystemEntropy
from mydata_hub.ports.tables import Absent, Delete, Key, Put, VersionIs
from mydata_hub.release.sd_jwt import AnswerKey, import_answer_key, sign_compact

from tests.modes import times
from tests.unit.accounts.conftest import memory_folder

SEQUENCES = times(8, long=10_000)
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ISSUER = "https://hub.example"
CAFE = "cafe-client"
COUPON = Coupon(
    coupon_id="c-1",
    client=CAFE,
    offer_id=f"{CAFE}.morning",
    version=2,
    kind="coupon",
    title=Wording(ko="아침 커피", en="Morning coffee"),
    amount_minor=2_000,
    currency="KRW",
    till=None,
    good_until=NOW + timedelta(days=30),
)


class Shop:
    """A hub's coupons on a real database, and its key."""

    def __init__(self, folder):
        self.clock = SetClock(NOW)
        self.tables = SqliteTables(folder, {TABLE: "Coupons"}, self.clock)
        self.key = AnswerKey(LocalSigner(folder, "coupon", "ES256"))
        self.till = Till(
            tables=self.tables,
            entropy=SystemEntropy(),
            issuer=ISSUER,
            key=lambda: self.key.public,
            commit=self.tables.commit,
        )

    def issue(self, coupon: Coupon = COUPON, subject: str = "me") -> str:
        self.tables.commit(*put_coupon(subject, coupon))
        return sign_coupon(coupon, ISSUER, self.key)

    def redeem(self, token: str, client: str = CAFE, till: str | None = None) -> Coupon:
        return redeem(self.till, client, token, till, self.clock.now())

    def fetch(self, coupon_id: str = "c-1") -> Coupon:
        found = fetch_coupon(self.tables, coupon_id)
        assert found is not None
        return found


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def test_a_coupon_comes_back_from_its_row_as_it_was_put(shop):
    for at, coupon in enumerate((COUPON, replace(COUPON, amount_minor=None, currency=None))):
        coupon = replace(coupon, coupon_id=f"c-{at}", till="till-7")
        shop.issue(coupon)
        assert shop.fetch(f"c-{at}") == coupon


def test_a_coupon_is_redeemed_and_then_it_was(shop):
    token = shop.issue()
    redeemed = shop.redeem(token)
    assert (redeemed.state, redeemed.settled_at) == (State.REDEEMED, NOW)
    assert shop.fetch() == redeemed
    with pytest.raises(BadInput, match="coupon: was redeemed"):
        shop.redeem(token)
    # Its owner may have had it signed several times: it is one coupon all the same.
    with pytest.raises(BadInput, match="coupon: was redeemed"):
        shop.redeem(sign_coupon(COUPON, ISSUER, shop.key))
    assert shop.fetch() == redeemed


def test_a_coupon_says_nothing_of_whose_it_is_or_when_it_was_looked_at(shop):
    shop.issue(subject="a-person-of-the-hub")
    shown = verify_coupon(sign_coupon(COUPON, ISSUER, shop.key), ISSUER, shop.key.public)
    assert (shown.coupon_id, shown.client, shown.benefit) == ("c-1", CAFE, "coupon")
    assert (shown.amount_minor, shown.currency, shown.till) == (2_000, "KRW", None)
    assert shown.offer == f"{CAFE}.morning@2"
    row = shop.tables.fetch_many(coupon_key("c-1"))[coupon_key("c-1")]
    assert "a-person-of-the-hub" not in repr(row)


def test_of_many_tills_at_once_one_redeems(shop):
    for number in range(times(3, long=50)):
        token = shop.issue(replace(COUPON, coupon_id=f"c-{number}"))
        assert at_once(shop, [token] * 8) == 1


def at_once(shop, tokens, client: str = CAFE) -> int:
    """How many of these redemptions, each in a thread of its own, went through."""

    def one(token):
        for _ in range(50):
            try:
                shop.redeem(token, client)
            except Busy:
                continue
            except BadInput:
                return 0
            return 1
        return 0

    with ThreadPoolExecutor(len(tokens)) as pool:
        return sum(pool.map(one, tokens))


def test_another_partner_cannot_redeem_it(shop):
    with pytest.raises(BadInput, match="is for another partner"):
        shop.redeem(shop.issue(), client="someone-else")
    assert shop.fetch().state is State.ISSUED


def test_a_coupon_of_one_till_is_for_that_till(shop):
    token = shop.issue(replace(COUPON, till="till-7"))
    for till in (None, "till-8"):
        with pytest.raises(BadInput, match="till: is not the one"):
            shop.redeem(token, till=till)
    assert shop.redeem(token, till="till-7").state is State.REDEEMED


def test_a_coupon_is_good_until_its_end_and_no_longer(shop):
    token = shop.issue()
    shop.clock.at = COUPON.good_until
    with pytest.raises(BadInput, match="coupon: is over"):
        shop.redeem(token)
    assert coupon_document(shop.fetch(), shop.clock.now())["state"] == "expired"
    shop.clock.advance(-timedelta(microseconds=1))
    assert shop.redeem(token).state is State.REDEEMED


def test_what_was_given_back_cannot_be_redeemed_and_the_other_way_round(shop):
    token = shop.issue()
    shop.tables.commit(settle(shop.fetch(), State.RETURNED, NOW))
    with pytest.raises(BadInput, match="coupon: was returned"):
        shop.redeem(token)
    shop.redeem(shop.issue(replace(COUPON, coupon_id="c-2")))
    with pytest.raises(BadInput, match="coupon: was redeemed"):
        settle(shop.fetch("c-2"), State.RETURNED, NOW)


def test_a_coupon_of_an_erased_person_is_over(shop):
    token = shop.issue()
    assert {row.key for row in rows_of_person(shop.tables, "me")} == {
        coupon_key("c-1"),
        Key(TABLE, "person#me", "c-1"),
    }
    for row in list(rows_of_person(shop.tables, "me")):
        shop.tables.commit(Delete(row.key, VersionIs(row.version)))
    with pytest.raises(BadInput, match="coupon: is over"):
        shop.redeem(token)


def test_what_was_changed_made_up_or_is_of_another_hub_does_not_verify(shop, tmp_path):
    token = shop.issue()
    head, body, signature = token.split(".")
    other = AnswerKey(LocalSigner(tmp_path, "other", "ES256"))
    wrong = {
        "bytes": f"{head}.{body[:-2]}AA.{signature}",
        "key": sign_coupon(COUPON, ISSUER, other),
        "hub": sign_coupon(COUPON, "https://other.example", shop.key),
        "type": sign_compact("mydata-answer-key+jwt", {"iss": ISSUER}, shop.key),
        "length": token + "A" * 5_000,
        "fields": sign_compact("mydata-coupon+jwt", {"iss": ISSUER, "aud": 5}, shop.key),
    }
    for told in wrong.values():
        with pytest.raises(NotProven):
            verify_coupon(told, ISSUER, shop.key.public)
        with pytest.raises(BadInput, match="is not one that this hub signed"):
            shop.redeem(told)
    assert shop.fetch().state is State.ISSUED


def test_it_verifies_with_the_published_key_alone(shop):
    token = shop.issue()
    published = ECKey.import_key(shop.key.public.as_dict(private=False))
    assert verify_coupon(token, ISSUER, published).coupon_id == "c-1"
    assert import_answer_key(shop.key.signer.public_key()).kid == published.kid


class Losing:
    """Tables whose commits go through and are not answered, or are not done at all."""

    def __init__(self, tables, failures):
        self.tables, self.failures = tables, list(failures)

    def commit(self, *changes):
        failure = self.failures.pop(0) if self.failures else None
        if failure != "lost before":
            self.tables.commit(*changes)
        if failure:
            raise OutcomeUnknown("the answer to a commit was lost")


@pytest.mark.parametrize("failures", [["lost before"], ["lost after"], ["lost before"] * 5])
def test_whoever_lost_the_answer_of_the_tables_has_redeemed_it_once(shop, failures):
    token = shop.issue()
    till = replace(shop.till, commit=Losing(shop.tables, failures).commit)
    assert redeem(till, CAFE, token, None, NOW).state is State.REDEEMED
    assert shop.fetch().row_version == 2


def test_where_what_is_counted_with_it_keeps_changing_it_is_tried_again_later(shop):
    token = shop.issue()
    taken = Put(key=Key(TABLE, "counter"), values={}, when=Absent())
    shop.tables.commit(taken)
    with pytest.raises(Busy):
        redeem(replace(shop.till, also=lambda _: (taken,)), CAFE, token, None, NOW)
    assert shop.fetch().state is State.ISSUED


def test_a_coupon_of_a_spending_has_one_name_for_each_person_and_spending():
    names = {coupon_of_spending(who, what) for who in ("me", "you") for what in (b"1", b"2")}
    assert len(names) == 4
    assert coupon_of_spending("me", b"1") == coupon_of_spending("me", b"1")


def test_a_coupon_cannot_be_put_over_another(shop):
    shop.issue()
    with pytest.raises(Conflict):
        shop.issue(subject="you")
    assert owns(shop.tables, "me", "c-1")
    assert not owns(shop.tables, "you", "c-1")


def test_the_coupons_that_end_last_are_listed_first(shop):
    for number in range(MAX_SHOWN + 2):
        until = NOW + timedelta(days=number + 1)
        shop.issue(replace(COUPON, coupon_id=f"c-{number:03d}", good_until=until))
    shop.issue(replace(COUPON, coupon_id="theirs"), subject="you")
    listed = [one.coupon_id for one in list_coupons(shop.tables, "me")]
    assert (len(listed), listed[0], listed[-1]) == (MAX_SHOWN, "c-101", "c-002")


def test_however_many_were_used_what_can_be_used_is_listed(shop):
    shop.issue(replace(COUPON, coupon_id="c-open", good_until=NOW + timedelta(days=1)))
    for number in range(MAX_SHOWN):
        used = replace(COUPON, coupon_id=f"c-{number:03d}", good_until=NOW + timedelta(days=9))
        shop.issue(used)
        shop.tables.commit(settle(fetch_coupon(shop.tables, used.coupon_id), State.RETURNED, NOW))
    listed = list_coupons(shop.tables, "me")
    assert (len(listed), listed[0].coupon_id) == (MAX_SHOWN, "c-open")


def test_long_after_its_end_a_coupon_is_forgotten(shop):
    shop.issue()
    shop.clock.at = COUPON.good_until + KEPT_AFTER
    assert list_coupons(shop.tables, "me") == []
    assert fetch_coupon(shop.tables, "c-1") is None


def test_a_row_that_says_nonsense_is_damage(shop):
    shop.tables.commit(Put(key=coupon_key("c-9"), values={"state": "issued"}, when=Absent()))
    with pytest.raises(Damaged):
        fetch_coupon(shop.tables, "c-9")


class ManyTills(RuleBasedStateMachine):
    """Coupons that several redeem, give back and outlive, one after another and at once."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = memory_folder()
        self.shop = Shop(Path(self.folder.name))
        self.tokens: list[str] = []
        self.went_through: list[int] = []

    @rule()
    def issue(self):
        until = self.shop.clock.now() + timedelta(days=3)
        coupon = replace(COUPON, coupon_id=f"c-{len(self.tokens)}", good_until=until)
        self.tokens.append(self.shop.issue(coupon))
        self.went_through.append(0)

    @rule(which=st.integers(0, 3), tills=st.integers(1, 4))
    def redeem(self, which, tills):
        if which < len(self.tokens):
            self.went_through[which] += at_once(self.shop, [self.tokens[which]] * tills)

    @rule(which=st.integers(0, 3))
    def give_back_while_somebody_redeems(self, which):
        if which >= len(self.tokens):
            return
        coupon = self.shop.fetch(f"c-{which}")

        def back() -> int:
            with suppress(BadInput, Conflict):
                self.shop.tables.commit(settle(coupon, State.RETURNED, self.shop.clock.now()))
                return 1
            return 0

        with ThreadPoolExecutor(1) as pool:
            returning = pool.submit(back)
            self.went_through[which] += at_once(self.shop, [self.tokens[which]])
            self.went_through[which] += returning.result()

    @rule(days=st.integers(1, 2))
    def live_on(self, days):
        self.shop.clock.advance(timedelta(days=days))

    def teardown(self):
        self.shop.tables.close()
        self.folder.cleanup()

    @invariant()
    def each_was_settled_once_at_most(self):
        for number, times_settled in enumerate(self.went_through):
            coupon = self.shop.fetch(f"c-{number}")
            assert times_settled == (coupon.state is not State.ISSUED)
            assert coupon.row_version == 1 + times_settled


@pytest.mark.timeout(times(240, long=7_200))
def test_no_order_of_redeeming_and_giving_back_settles_a_coupon_twice():
    run_state_machine_as_test(
        ManyTills,
        settings=settings(max_examples=SEQUENCES, stateful_step_count=12, deadline=None),
    )
