"""From a lunch to a coupon and back: everything over real tables, at once and in any order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from mydata_hub.benefits.coupons import State, fetch_coupon
from mydata_hub.benefits.programme import read_programmes
from mydata_hub.benefits.wallet import (
    MAX_IN_A_MINUTE,
    give_back,
    keep_favourite,
    leave_favourite,
    see_wallet,
    spend_points,
    wallet_document,
)
from mydata_hub.errors import BadInput, Busy, NotFound, TooMany
from mydata_hub.insights.favourites import MAX_FAVOURITES
from mydata_hub.own_vault.turning import turn_keys
from mydata_hub.vault.erased_parts import Scope

from tests.modes import times
from tests.unit.accounts.conftest import memory_folder
from tests.unit.benefits.benefit_world import GOAL, TERMS, BenefitWorld
from tests.unit.own_vault.own_world import BANK, ME
from tests.unit.vault.vault_world import NOW

SEQUENCES = times(6, long=10_000)


@pytest.fixture
def world(tmp_path):
    made = BenefitWorld(tmp_path)
    made.begin()
    return made


def spend(world):
    return spend_points(world.letterbox, ME, world.profile(), TERMS.offer_id)


def back(world, coupon_id):
    give_back(world.letterbox, ME, world.profile(), coupon_id)


def test_a_lunch_earns_by_itself_and_enough_of_them_are_a_coupon(world):
    world.pay(15_000)
    world.pay(8_000)
    assert (world.book().held, world.coupons()) == (23, [])
    coupon_id = spend(world)
    assert world.coupons() == []
    world.sweep()
    (coupon,) = world.coupons()
    assert (coupon.coupon_id, coupon.state, coupon.amount_minor) == (coupon_id, "issued", 5_000)
    assert world.book().held == 3
    kinds = world.events()
    assert (kinds.count("favourite_kept"), kinds.count("points_spent")) == (1, 1)
    assert world.redeem(coupon, tills=4) == 1
    assert world.redeem(coupon) == 0


def test_what_is_given_back_is_held_again_and_cannot_be_redeemed(world):
    world.pay(20_000)
    coupon_id = spend(world)
    world.sweep()
    (coupon,) = world.coupons()
    back(world, coupon_id)
    # From this moment on, and not only once it is folded.
    assert world.redeem(coupon) == 0
    world.sweep()
    assert world.book().held == 20
    with pytest.raises(NotFound):
        back(world, coupon_id)
    assert world.events().count("points_given_back") == 1


def test_what_was_redeemed_cannot_be_given_back(world):
    world.pay(20_000)
    coupon_id = spend(world)
    world.sweep()
    assert world.redeem(world.coupons()[0]) == 1
    with pytest.raises(BadInput, match="coupon: was redeemed"):
        back(world, coupon_id)
    world.sweep()
    assert world.book().held == 0


def test_nobody_gives_back_the_coupon_of_another(world):
    world.pay(20_000)
    coupon_id = spend(world)
    world.sweep()
    world.make("vault-2")
    with pytest.raises(NotFound):
        give_back(world.letterbox, "vault-2", world.profile("vault-2"), coupon_id)
    assert fetch_coupon(world.tables, coupon_id).state is State.ISSUED


def test_two_who_spend_the_same_points_at_once_get_one_coupon(world):
    world.pay(25_000)
    profile = world.profile()
    for _ in range(2):
        spend_points(world.letterbox, ME, profile, TERMS.offer_id)
    world.sweep()
    assert (len(world.coupons()), world.book().held) == (1, 5)


def test_however_many_rewards_follow_none_is_paid_for_twice(world):
    """Of one minute, words are remembered in another order than spendings are."""
    world.pay(20 * GOAL * 1_000)
    for rewards in range(1, 19):
        spend(world)
        world.sweep()
        # Whatever is folded next, all the words that are remembered are looked at again.
        world.pay(1_000, payee="Elsewhere")
        if rewards % MAX_IN_A_MINUTE == 0:
            world.clock.advance(timedelta(minutes=1))
        assert (len(world.coupons()), world.book().spent) == (rewards, rewards * GOAL)


def test_no_more_rewards_are_taken_in_a_minute_than_the_vault_remembers(world):
    world.pay(40 * GOAL * 1_000)
    for _ in range(MAX_IN_A_MINUTE):
        spend(world)
        world.sweep()
    with pytest.raises(TooMany):
        spend(world)
    world.clock.advance(timedelta(minutes=1))
    spend(world)
    world.sweep()
    assert len(world.coupons()) == MAX_IN_A_MINUTE + 1
    assert world.book().spent == GOAL * (MAX_IN_A_MINUTE + 1)


def test_without_enough_points_nothing_is_said(world):
    world.pay(19_999)
    before = world.events()
    with pytest.raises(BadInput, match="takes 20 for a reward"):
        spend(world)
    assert world.events() == before
    with pytest.raises(NotFound):
        spend_points(world.letterbox, ME, world.profile(), "other.points")


def test_a_fold_that_is_repeated_gives_one_coupon(world):
    world.pay(20_000)
    spend(world)
    waiting = world.room.tables
    before = world.profile()
    world.sweep()
    world.sweep()
    assert len(world.coupons()) == 1
    assert before.version < world.profile().version
    assert waiting is world.room.tables


def test_a_favourite_takes_an_offer_and_there_are_only_so_many(world):
    with pytest.raises(NotFound):
        keep_favourite(world.letterbox, ME, world.profile(), "none.such", world.terms.get)
    for number in range(MAX_FAVOURITES):
        offer_id = f"diner-client.p{number}"
        world.terms[offer_id] = replace(TERMS, offer_id=offer_id)
        if number < MAX_FAVOURITES - 1:
            keep_favourite(world.letterbox, ME, world.profile(), offer_id, world.terms.get)
            world.sweep()
    with pytest.raises(BadInput, match="one too many"):
        keep_favourite(world.letterbox, ME, world.profile(), offer_id, world.terms.get)
    leave_favourite(world.letterbox, ME, world.profile(), TERMS.offer_id)
    world.sweep()
    keep_favourite(world.letterbox, ME, world.profile(), offer_id, world.terms.get)
    with pytest.raises(NotFound):
        leave_favourite(world.letterbox, ME, world.profile(), TERMS.offer_id)


def test_the_wallet_shows_what_is_held_toward_the_next_reward(world):
    world.pay(45_000)
    spend(world)
    world.sweep()
    wallet = see_wallet(world.profile(), ME, world.coupons())
    (held,) = wallet.held
    assert (held.kept, held.rewards, held.toward) == (True, 1, 5)
    assert wallet.returnable == {world.coupons()[0].coupon_id}
    told = wallet_document(wallet, world.clock.now())
    (programme,) = told["programmes"]
    assert (programme["held"], programme["earned"], programme["spent"]) == (25, 45, 20)
    (coupon,) = told["coupons"]
    assert (coupon["state"], coupon["can_be_given_back"]) == ("issued", True)
    assert see_wallet(None, ME, []).held == []


def test_turning_the_keys_of_a_vault_leaves_every_point(world):
    world.pay(20_000)
    turn_keys(world.room, world.keys, ME, "rotation-1")
    assert world.book().held == 20
    spend(world)
    world.sweep()
    assert len(world.coupons()) == 1


def test_the_erasure_of_a_part_leaves_points_and_no_trace_of_a_payment(world):
    paid = world.pay(20_000)
    turn_keys(
        world.room,
        world.keys,
        ME,
        "erasure-1",
        Scope(dataset=BANK, since=None, until=NOW + timedelta(days=1)),
    )
    assert (world.book().held, world.book().earned) == (20, ())
    world.tell(paid)
    assert world.book().held == 20


class Lunches(RuleBasedStateMachine):
    """Lunches, cancelled lunches, rewards, tills and people who change their minds."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = memory_folder()
        self.world = BenefitWorld(Path(self.folder.name))
        self.world.begin()
        self.took: dict[str, int] = {}

    def teardown(self):
        self.world.tables.close()
        self.folder.cleanup()

    @rule(amount=st.integers(1, 40))
    def pay(self, amount):
        self.world.pay(amount * 1_000)

    @rule(which=st.integers(0, 8))
    def cancel(self, which):
        if which < len(self.world.paid):
            self.world.tell(self.world.paid[which].cancel())

    @rule(times_over=st.integers(1, 2))
    def spend(self, times_over):
        profile = self.world.profile()
        for _ in range(times_over):
            with suppress(BadInput, NotFound, TooMany):
                spend_points(self.world.letterbox, ME, profile, TERMS.offer_id)

    @rule(rewards=st.integers(2, 9))
    def feast(self, rewards):
        """One reward after the other, from minute to minute, by somebody who has saved up."""
        self.world.pay(rewards * GOAL * 1_000)
        self.world.sweep()
        for _ in range(rewards):
            with suppress(BadInput, NotFound):
                try:
                    spend(self.world)
                except TooMany:
                    self.world.clock.advance(timedelta(minutes=1))
                    spend(self.world)
            self.world.sweep()

    @rule()
    def fold(self):
        self.world.sweep()
        # Now nothing waits: what is spent stands in coupons, and what was given back is held.
        standing = [one for one in self.world.coupons() if one.state is not State.RETURNED]
        assert self.world.book().spent == GOAL * len(standing)

    @rule(which=st.integers(0, 3), tills=st.integers(1, 3))
    def redeem(self, which, tills):
        coupons = sorted(self.world.coupons(), key=lambda one: one.coupon_id)
        if which < len(coupons):
            coupon = coupons[which]
            self._took(coupon.coupon_id, self.world.redeem(coupon, tills))

    @rule(which=st.integers(0, 3))
    def give_back_while_a_till_takes_it(self, which):
        coupons = sorted(self.world.coupons(), key=lambda one: one.coupon_id)
        if which >= len(coupons):
            return
        coupon, profile = coupons[which], self.world.profile()

        def give() -> int:
            with suppress(BadInput, NotFound, Busy):
                give_back(self.world.letterbox, ME, profile, coupon.coupon_id)
                return 1
            return 0

        with ThreadPoolExecutor(1) as pool:
            giving = pool.submit(give)
            taken = self.world.redeem(coupon)
            self._took(coupon.coupon_id, taken + giving.result())

    @rule()
    def leave_or_keep(self):
        profile, say = self.world.profile(), self.world.letterbox
        try:
            leave_favourite(say, ME, profile, TERMS.offer_id)
        except NotFound:
            keep_favourite(say, ME, profile, TERMS.offer_id, self.world.terms.get)

    # Not so long that a coupon is forgotten.
    @rule(days=st.integers(1, 18))
    def live_on(self, days):
        self.world.clock.advance(timedelta(days=days))

    def _took(self, coupon_id: str, count: int) -> None:
        self.took[coupon_id] = self.took.get(coupon_id, 0) + count

    @invariant()
    def it_balances_and_no_coupon_counts_twice(self):
        programmes = read_programmes(self.world.profile())
        book = programmes[0].book
        assert book.issued + book.held + book.spent + book.expired == 0
        coupons = self.world.coupons()
        for coupon in coupons:
            assert self.took.get(coupon.coupon_id, 0) == (coupon.state is not State.ISSUED)
        # A coupon stands for a goal of points that are spent, until it is given back and folded.
        standing = [one for one in coupons if one.state is not State.RETURNED]
        assert GOAL * len(standing) <= book.spent <= GOAL * len(coupons)


@pytest.mark.timeout(times(240, long=7_200))
def test_no_order_of_lunches_and_rewards_loses_a_point_or_counts_a_coupon_twice():
    run_state_machine_as_test(
        Lunches,
        settings=settings(max_examples=SEQUENCES, stateful_step_count=14, deadline=None),
    )
