"""One's own past orders one's offers: what was taken up, used and let go by, and nobody else's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from mydata_hub.benefits.book import Book
from mydata_hub.benefits.coupons import REWARD, Coupon, State, list_coupons, put_coupon, settle
from mydata_hub.benefits.programme import Programme, with_programmes
from mydata_hub.benefits.redeeming import Till, redeem, sign_coupon
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.fields import Wording
from mydata_hub.insights.advance import advance_profile, new_profile
from mydata_hub.insights.offers_inbox import MAX_LET_GO, read_inbox, with_inbox
from mydata_hub.insights.weekly import MAX_WEEKS
from mydata_hub.offers.matching.acts import NO_ACTS, Acts, reading_acts
from mydata_hub.offers.matching.inbox import look_at
from mydata_hub.offers.matching.remembering import COUNTED_DAYS, PARTNER_DAYS, SHOWN_DAYS
from mydata_hub.offers.matching.silent_match import match_after_fold, see_offers
from mydata_hub.release.sd_jwt import AnswerKey

from tests.unit.benefits.test_earning import POINTS, favourite
from tests.unit.consent.world import ORIGIN
from tests.unit.insights.test_offer_words import word
from tests.unit.offers.accepting_world import Stall
from tests.unit.offers.offering import DAY, NOW, Shelf, an_offer
from tests.unit.own_vault.own_world import OwnWorld, monthly

EMPTY = new_profile("vault-1")
REF = "client-1.one"


def ids(look):
    return [one.offer.offer_id for one in look.shown]


class Counted:
    """Tables that count what is paid for."""

    def __init__(self, tables):
        self.tables = tables
        self.calls = []

    def __getattr__(self, name):
        def call(*args, **options):
            self.calls.append(name)
            return getattr(self.tables, name)(*args, **options)

        return call


class Town:
    """A person's vault, and the partner `bicycles` whose offer of coffee they may take."""

    def __init__(self, folder):
        self.stall, self.world = Stall(folder / "hub"), OwnWorld(folder / "vault")
        for clock in (self.stall.clock, self.world.clock):
            clock.advance(NOW - clock.now())
        self.coupons = Counted(self.stall.tables)
        self.passkey, self.session = self.stall.join()
        self.me = self.session.account_id
        self.world.make(self.me)
        first = self.stall.shelve(
            category="cafe",
            benefit=replace(an_offer().benefit, amount_minor=9000),
            discloses=(),
        )
        self.shelf = Shelf(
            first,
            an_offer("bread", client="baker", category="bakery", worth=3000),
            an_offer("cup", client="kiosk", category="cafe", worth=2000),
        )
        read, self.failed = (lambda _number: self.shelf), []
        self.way = (read, self.failed.append, reading_acts(self.coupons))
        self.world.room = replace(self.world.room, after_fold=match_after_fold(*self.way))
        self.key = AnswerKey(LocalSigner(folder, "coupon", "ES256"))

    def fold(self, payee):
        self.world.fold(self.world.collected(*monthly(payee), vault_id=self.me), vault_id=self.me)

    def look(self):
        return ids(see_offers(*self.way, self.world.profile(self.me), self.world.clock.now()))

    def redeem(self):
        (coupon,) = list_coupons(self.stall.tables, self.me)
        till = Till(
            tables=self.stall.tables,
            entropy=self.world.entropy,
            issuer=ORIGIN,
            key=lambda: self.key.public,
            commit=self.stall.tables.commit,
        )
        token = sign_coupon(coupon, ORIGIN, self.key)
        return redeem(till, coupon.client, token, None, self.stall.now)


def test_what_somebody_took_and_used_brings_more_of_its_kind_before_what_was_worth_more(tmp_path):
    """Fold, accept, redeem, look; then fold again, which reads it as the look did."""
    town = Town(tmp_path)
    town.fold("Gas")
    assert town.look() == ["bicycles.rides", "baker.bread", "kiosk.cup"]
    town.stall.accept_freely(town.session)
    assert town.look() == ["baker.bread", "kiosk.cup"]
    assert town.redeem().state is State.REDEEMED
    assert town.look() == ["kiosk.cup", "baker.bread"]
    town.fold("Water")
    kept = {entry.offer_id: entry.gone for entry in read_inbox(town.world.profile(town.me)).entries}
    assert kept == {"bicycles.rides": True, "baker.bread": False, "kiosk.cup": False}
    assert town.failed == []


def test_a_fold_reads_coupons_by_one_query_and_one_batch_where_there_are_any(tmp_path):
    town = Town(tmp_path)
    town.fold("Gas")
    assert town.coupons.calls == ["query"]
    town.stall.accept_freely(town.session)
    town.coupons.calls.clear()
    town.fold("Water")
    assert town.coupons.calls == ["query", "fetch_many"]
    town.coupons.calls.clear()
    town.shelf = None
    town.fold("Power")
    assert town.coupons.calls == []


def a_coupon(number, settled=None, **changes):
    plain = Coupon(
        coupon_id=f"c-{number}",
        client="client-1",
        offer_id=f"client-1.n{number}",
        version=2,
        kind="coupon",
        title=Wording(ko="커피", en="Coffee"),
        amount_minor=2_000,
        currency="KRW",
        till=None,
        good_until=NOW + 30 * DAY,
        category="cafe",
    )
    return replace(plain, settled_at=settled, **changes)


def test_the_wallet_says_what_was_taken_up_and_what_was_used_of_it_within_half_a_year(tmp_path):
    tables = Stall(tmp_path).tables
    long_ago = NOW - timedelta(weeks=MAX_WEEKS, seconds=1)
    for coupon in (
        a_coupon(1),
        a_coupon(2, NOW - DAY, state=State.REDEEMED),
        a_coupon(3, long_ago, state=State.REDEEMED),
        a_coupon(4, NOW - DAY, state=State.REDEEMED, kind=REWARD),
        a_coupon(5, NOW - DAY, state=State.RETURNED, kind=REWARD),
        a_coupon(6, NOW - DAY, state=State.REDEEMED, category=None),
        a_coupon(7, kind="perk", category="mobility"),
    ):
        tables.commit(*put_coupon("vault-1", coupon))
    acts = reading_acts(tables)(EMPTY, NOW)
    assert acts.accepted == {f"client-1.n{number}@2" for number in (1, 2, 3, 6, 7)}
    assert acts.taken == {"cafe": 3, "mobility": 1}
    assert acts.used == {"cafe": 2}
    assert reading_acts(tables)(new_profile("vault-2"), NOW) == NO_ACTS


def test_a_coupon_that_is_settled_keeps_the_category_of_its_offer(tmp_path):
    tables = Stall(tmp_path).tables
    tables.commit(*put_coupon("vault-1", a_coupon(1)))
    (kept,) = list_coupons(tables, "vault-1")
    tables.commit(settle(kept, State.REDEEMED, NOW))
    assert reading_acts(tables)(EMPTY, NOW).used == {"cafe": 1}


def test_a_programme_that_is_a_favourite_was_taken_up_until_it_is_left(tmp_path):
    tables, terms = Stall(tmp_path).tables, replace(POINTS, category="restaurant")

    def acts(*said):
        profile = advance_profile(EMPTY, said, {}, 1)
        one = Programme(terms=terms, since_minute=0, book=Book())
        return reading_acts(tables)(with_programmes(profile, [one]), NOW)

    kept = favourite(terms)
    assert acts(kept).accepted == {f"{terms.offer_id}@{terms.version}"}
    assert acts(kept).taken == {"restaurant": 1}
    assert acts(kept, favourite(terms, NOW, "left")) == NO_ACTS


def after(profile, shelf, *days, acts=NO_ACTS):
    for day in days:
        profile = with_inbox(profile, look_at(profile, shelf, NOW + day * DAY, acts).inbox)
    return profile


def test_what_was_taken_up_is_not_shown_again_and_takes_nobodys_place():
    shelf = Shelf(
        *(an_offer(client=f"client-{number}", worth=1000 - number) for number in range(1, 5))
    )
    profile, acts = after(EMPTY, shelf, 0), Acts(accepted=frozenset({f"{REF}@1"}))
    assert len(look_at(profile, shelf, NOW).shown) == 3
    for day in (1, PARTNER_DAYS + 1, PARTNER_DAYS + 2):
        profile = after(profile, shelf, day, acts=acts)
        look = look_at(profile, shelf, NOW + day * DAY, acts)
        assert ids(look) == ["client-2.one", "client-3.one", "client-4.one"]
    assert REF not in {entry.offer_id for entry in read_inbox(profile).entries}


def test_another_version_of_what_was_taken_up_is_another_offer():
    acts = Acts(accepted=frozenset({f"{REF}@1"}))
    for version, shown in ((1, []), (2, [REF])):
        assert ids(look_at(EMPTY, Shelf(an_offer(version=version)), NOW, acts)) == shown


LONG = {"valid_until": NOW + 300 * DAY}
GONE = Shelf()
NOT_NOW = word("offer", REF, "not_now", NOW)
REFUSED = word("offer", REF, "not_interested", NOW)


@pytest.mark.parametrize(
    ("days", "said", "acts", "let_go"),
    [
        (SHOWN_DAYS - 1, (), NO_ACTS, {}),
        (SHOWN_DAYS, (), NO_ACTS, {"cafe": 1}),
        (SHOWN_DAYS, (NOT_NOW,), NO_ACTS, {}),
        (0, (REFUSED,), NO_ACTS, {"cafe": 1}),
        (SHOWN_DAYS, (), Acts(accepted=frozenset({f"{REF}@1"})), {}),
        (SHOWN_DAYS, (), Acts(accepted=frozenset({f"{REF}@7"})), {}),
        (SHOWN_DAYS, (REFUSED,), Acts(accepted=frozenset({f"{REF}@1"})), {}),
    ],
)
def test_an_offer_is_let_go_by_where_it_was_there_for_days_or_is_refused_and_not_taken(
    days, said, acts, let_go
):
    profile = after(EMPTY, Shelf(an_offer()), 0)
    profile = advance_profile(profile, said, {}, 1)
    profile = after(profile, GONE, days, acts=acts)
    assert read_inbox(profile).ignored(0) == let_go
    # Whatever was decided stays so, however often and late it is folded after it.
    for later in (days + 1, days + 3, PARTNER_DAYS + 5):
        profile = after(profile, GONE, later, acts=acts)
        assert read_inbox(profile).ignored(0) == let_go


def test_what_is_shown_again_was_not_let_go_by_and_each_offer_counts_once():
    profile = EMPTY
    for day in (0, 20, 40):
        profile = after(profile, Shelf(an_offer(**LONG)), day)
        assert read_inbox(profile).ignored(0) == {}
        profile = after(profile, GONE, day + SHOWN_DAYS)
        assert read_inbox(profile).ignored(0) == {"cafe": 1}


def test_what_was_let_go_by_is_forgotten_after_half_a_year_and_takes_bounded_room():
    profile = EMPTY
    for day in range(0, 2 * MAX_LET_GO * SHOWN_DAYS, SHOWN_DAYS):
        begins = NOW + day * DAY
        one = an_offer(client=f"client-{day}", valid_from=begins, valid_until=begins + DAY)
        profile = after(profile, Shelf(one), day)
        kept = read_inbox(profile).let_go
        assert len(kept) <= MAX_LET_GO
    assert len(kept) == (COUNTED_DAYS - 1) // SHOWN_DAYS + 1
    later = after(profile, GONE, day + COUNTED_DAYS)
    assert [one.day for one in read_inbox(later).let_go] == [kept[-1].day + COUNTED_DAYS]


def test_what_was_let_go_by_ranks_its_kind_lower_in_the_next_look():
    shelf = Shelf(an_offer("one", worth=3000), an_offer("two", "client-2", 2900, category="beauty"))
    assert ids(look_at(EMPTY, shelf, NOW)) == [REF, "client-2.two"]
    profile = after(EMPTY, Shelf(an_offer("old", client="client-3")), 0)
    profile = after(profile, GONE, SHOWN_DAYS)
    assert ids(look_at(profile, shelf, NOW + SHOWN_DAYS * DAY)) == ["client-2.two", REF]
