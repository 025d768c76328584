"""kill -9 in the midst of spending points and redeeming coupons: nothing is lost, none twice."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from mydata_hub.benefits.coupons import Coupon, State
from mydata_hub.benefits.redeeming import redeem, sign_coupon
from mydata_hub.benefits.wallet import spend_points
from mydata_hub.errors import BadInput
from mydata_hub.ports.tables import Absent, Key, Put, VersionIs
from mydata_hub.vault.announcements import waiting_segments

from tests.modes import times
from tests.unit.benefits.benefit_world import DINER, GOAL, ISSUER, TERMS, BenefitWorld
from tests.unit.own_vault.own_world import ME
from tests.unit.vault.vault_world import NOW

LIVES = times(16, long=60)
LONGEST_LIFE_SECONDS = 0.12
# As many as a wallet shows.
REWARDS = 100
# What a report counts: written by the commit that redeems a coupon.
REDEEMED = Key("coupons", "redeemed")


def count_with(world: BenefitWorld):
    """One more redemption, in the commit of the redemption."""

    def also(_coupon: Coupon) -> tuple[Put, ...]:
        row = world.tables.fetch_many(REDEEMED).get(REDEEMED)
        count = 1 + (int(row.values["count"]) if row else 0)
        return (
            Put(
                key=REDEEMED,
                values={"count": count},
                when=VersionIs(row.version) if row else Absent(),
            ),
        )

    return also


def spend_and_redeem(folder, told, begun):
    """Spends, folds and redeems for ever, and says what it was told is done."""
    world = BenefitWorld(folder)
    world.clock.at = begun
    till = replace(world.till, also=count_with(world))
    while True:
        world.sweep()
        for coupon in world.coupons():
            if coupon.state is State.ISSUED:
                token = sign_coupon(coupon, ISSUER, world.coupon_key)
                redeem(till, DINER, token, None, world.clock.now())
                os.write(told, f"redeemed {coupon.coupon_id}\n".encode())
        with suppress(BadInput):  # all is spent
            coupon_id = spend_points(world.letterbox, ME, world.profile(), TERMS.offer_id)
            os.write(told, f"spent {coupon_id}\n".encode())
        world.clock.advance(timedelta(minutes=1))


def live(folder, seconds, begun) -> list[list[str]]:
    """One life, begun when the process does and ended by kill -9; what it said it did."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            spend_and_redeem(folder, writing, begun)
        finally:
            os._exit(1)
    os.close(writing)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    assert os.WIFSIGNALED(os.waitpid(pid, 0)[1])
    with os.fdopen(reading) as said:
        return [line.split() for line in said]


def test_whenever_spending_and_redeeming_are_killed_the_book_balances_and_nothing_counts_twice(
    tmp_path,
):
    world = BenefitWorld(tmp_path)
    world.begin()
    world.pay(REWARDS * GOAL * TERMS.per_minor)
    chance, longest, said, halfway = random.Random(11), LONGEST_LIFE_SECONDS, [], 0
    for number in range(LIVES):
        # No life lasts so many minutes of its own clock.
        begun = NOW + number * timedelta(minutes=REWARDS)
        told = live(tmp_path, chance.uniform(0.02, longest), begun)
        said += told
        halfway += any(waiting_segments(world.tables, 1))
        longest *= 1 if told else 1.5  # of a machine that gets nothing done in it
    world = BenefitWorld(tmp_path)
    world.clock.at = NOW + LIVES * timedelta(minutes=REWARDS)
    world.sweep()
    book, coupons = world.book(), {one.coupon_id: one for one in world.coupons()}
    spent = [coupon_id for act, coupon_id in said if act == "spent"]
    redeemed = [coupon_id for act, coupon_id in said if act == "redeemed"]
    # Kills fell between what was said and what was made of it, and acts went on in between.
    assert halfway > 0
    assert len(spent) > LIVES // 2
    assert len(redeemed) > LIVES // 2
    print(
        "DBG",
        len(spent),
        len(set(spent)),
        len(coupons),
        len(redeemed),
        halfway,
        book.issued,
        book.held,
        book.spent,
        book.spendings[-3:],
        [set(spent) - coupons.keys()],
        [w for w in said if w[1] in set(spent) - coupons.keys()],
        sum(1 for _ in waiting_segments(world.tables, 1000)),
    )
    # Nothing that was said to be done is lost, and nothing is there twice.
    assert set(spent) <= coupons.keys()
    assert len(set(spent)) == len(spent)
    assert book.spent == GOAL * len(coupons) < GOAL * REWARDS
    assert book.held == GOAL * (REWARDS - len(coupons))
    assert book.issued + book.held + book.spent + book.expired == 0
    taken = {name for name, one in coupons.items() if one.state is State.REDEEMED}
    assert set(redeemed) <= taken
    assert len(set(redeemed)) == len(redeemed)
    assert world.tables.fetch_many(REDEEMED)[REDEEMED].values["count"] == len(taken)
    assert all(one.row_version == (2 if name in taken else 1) for name, one in coupons.items())
    # Whoever lost the answer to a redemption is told that it was made.
    assert sum(world.redeem(one) for one in coupons.values()) == len(coupons) - len(taken)
