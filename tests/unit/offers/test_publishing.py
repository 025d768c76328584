"""A partner puts offers on the shelf and takes them back; an operator decides."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from mydata_hub.errors import BadInput, Conflict, NotFound, Taken, TooMany
from mydata_hub.offers.catalogue import publishing
from mydata_hub.offers.catalogue.deciding import MAX_REASON_LETTERS, see_waiting
from mydata_hub.offers.catalogue.publishing import list_offers, withdraw_offer
from mydata_hub.offers.catalogue.shelf import fetch_offer, published, waiting

from tests.unit.offers.shelf_world import CAFE, MORNING, an_offer, an_operator

LATTE = f"{CAFE}.latte"


def states(shelf, offer_id=LATTE):
    head, _ = fetch_offer(shelf.tables, offer_id)
    _, versions = fetch_offer(shelf.tables, offer_id, *range(1, head.latest + 1))
    return head.state, head.approved, [versions[one].state for one in sorted(versions)]


def test_an_offer_waits_under_the_id_that_the_hub_made(shelf):
    kept = shelf.submit()
    assert (kept.head.offer_id, kept.latest.version, kept.is_new) == (LATTE, 1, True)
    assert waiting(shelf.tables, 10) == [(LATTE, 1)]
    assert list(published(shelf.tables)) == []
    assert [one.head.name for one in list_offers(shelf.desk, CAFE)] == ["latte"]
    assert shelf.sent() == 0


def test_the_same_again_is_no_new_version(shelf):
    shelf.submit()
    again = shelf.submit()
    assert (again.latest.version, again.is_new) == (1, False)
    shelf.decide(LATTE)
    assert shelf.submit().latest.state == "approved"
    kinds = sorted(one["class"] for one in shelf.told(CAFE))
    assert kinds == ["offer_approved", "offer_submitted", "partner_added"]


def test_another_offer_under_a_name_must_say_what_it_replaces(shelf):
    shelf.submit()
    other = an_offer(eligibility=MORNING)
    for replaces in (None, 0, 2):
        with pytest.raises(BadInput, match="name: is taken by version 1"):
            shelf.submit(other, replaces)
    kept = shelf.submit(other, replaces=1)
    assert (kept.latest.version, kept.head.latest) == (2, 2)
    assert states(shelf) == ("waiting", None, ["replaced", "waiting"])
    # One place in the queue: an operator never reads what its partner has replaced.
    assert waiting(shelf.tables, 10) == [(LATTE, 2)]


def test_what_is_shown_stays_shown_until_its_successor_is_approved(shelf):
    shelf.submit()
    shelf.decide(LATTE)
    shelf.submit(an_offer(stock=5), replaces=1)
    assert states(shelf) == ("waiting", 1, ["approved", "waiting"])
    assert list(published(shelf.tables)) == [(LATTE, 1)]
    shelf.decide(LATTE, 2)
    assert states(shelf) == ("approved", 2, ["replaced", "approved"])
    assert list(published(shelf.tables)) == [(LATTE, 2)]
    assert fetch_offer(shelf.tables, LATTE)[0].stock == 5


def test_a_refusal_of_a_successor_leaves_what_is_shown(shelf):
    shelf.submit()
    shelf.decide(LATTE)
    shelf.submit(an_offer(stock=5), replaces=1)
    before = shelf.sent()
    refused = shelf.decide(LATTE, 2, reason="Say what it costs.")
    assert (refused.latest.state, refused.latest.reason) == ("refused", "Say what it costs.")
    assert states(shelf) == ("refused", 1, ["approved", "refused"])
    assert list(published(shelf.tables)) == [(LATTE, 1)]
    assert shelf.sent() == before
    # The same once more is still what was refused, with its reason.
    assert shelf.submit(an_offer(stock=5)).latest.reason == "Say what it costs."


def test_an_operator_takes_away_what_was_approved(shelf):
    shelf.submit()
    shelf.decide(LATTE)
    shelf.decide(LATTE, reason="It was not true.")
    assert states(shelf) == ("refused", None, ["refused"])
    assert list(published(shelf.tables)) == []
    assert shelf.sent() == 2


def test_a_withdrawn_offer_is_shown_to_nobody_and_may_come_back(shelf):
    shelf.submit()
    shelf.decide(LATTE)
    shelf.submit(an_offer(stock=5), replaces=1)
    withdraw_offer(shelf.desk, CAFE, LATTE)
    assert states(shelf) == ("withdrawn", None, ["withdrawn", "withdrawn"])
    assert (list(published(shelf.tables)), waiting(shelf.tables, 10)) == ([], [])
    again = withdraw_offer(shelf.desk, CAFE, LATTE)
    assert again.state == "withdrawn"
    assert [one["class"] for one in shelf.told(CAFE)].count("offer_withdrawn") == 1
    assert shelf.submit(an_offer(stock=5)).latest.version == 3


def test_nobody_withdraws_another_s_offer_or_one_that_is_not_there(shelf):
    shelf.partner("bread")
    shelf.submit()
    for client_id, offer_id in (("bread", LATTE), (CAFE, f"{CAFE}.mocha")):
        with pytest.raises(NotFound, match="names no offer of yours"):
            withdraw_offer(shelf.desk, client_id, offer_id)
    assert states(shelf)[0] == "waiting"


def test_a_partner_keeps_so_many_offers_and_no_more(shelf, monkeypatch):
    monkeypatch.setattr(publishing, "MAX_OFFERS", 2)
    shelf.submit(an_offer("one"))
    shelf.submit(an_offer("two"))
    with pytest.raises(TooMany):
        shelf.submit(an_offer("three"))
    # A new version of one of them is none more.
    assert shelf.submit(an_offer("two", stock=1), replaces=1).is_new


def test_what_is_decided_is_not_decided_otherwise_by_approval(shelf):
    shelf.submit()
    shelf.decide(LATTE)
    assert not shelf.decide(LATTE).is_new
    shelf.decide(LATTE, reason="No.")
    with pytest.raises(Taken, match="this version is refused"):
        shelf.decide(LATTE)
    for offer_id, version in ((LATTE, 2), (f"{CAFE}.mocha", 1)):
        with pytest.raises(NotFound):
            shelf.decide(offer_id, version)


def test_what_is_over_or_means_something_else_by_now_is_not_approved(shelf, monkeypatch):
    shelf.submit(an_offer(eligibility=MORNING))
    monkeypatch.setattr("tests.unit.offers.shelf_world.CATALOGUE", {})
    with pytest.raises(Taken, match="the catalogue has changed"):
        shelf.decide(LATTE)
    monkeypatch.undo()
    shelf.clock.advance(timedelta(days=31))
    with pytest.raises(Taken, match="over"):
        shelf.decide(LATTE)
    assert shelf.decide(LATTE, reason="Too late.").latest.state == "refused"


def test_a_refusal_has_a_reason_of_its_length_and_an_approval_has_none(shelf):
    shelf.submit()
    for reason in ("", "x" * (MAX_REASON_LETTERS + 1)):
        with pytest.raises(BadInput, match="reason"):
            shelf.decide(LATTE, reason=reason)


def test_the_log_says_who_decided_and_the_hash_of_what(shelf):
    shelf.submit()
    shelf.decide(LATTE, session=an_operator(shelf))
    told = {one["class"]: one for one in shelf.told(CAFE)}
    submitted, approved = told["offer_submitted"], told["offer_approved"]
    assert submitted["thing"] == approved["thing"] == f"offer.{LATTE}@1"
    assert submitted["hash"] == approved["hash"] == an_offer().digest().hex()
    assert (approved["decision"], len(approved["staff"])) == ("approved", 16)
    assert "staff" not in submitted


def test_the_queue_is_read_in_the_order_in_which_offers_came(shelf):
    for name in ("zebra", "apple", "mango"):
        shelf.submit(an_offer(name))
        shelf.clock.advance(timedelta(seconds=1))
    assert [one.head.name for one in see_waiting(shelf.desk)] == ["zebra", "apple", "mango"]


def test_of_two_who_replace_one_version_at_once_one_is_told(shelf):
    shelf.submit()
    outcomes, started = [], threading.Barrier(2)

    def replace_it(stock):
        started.wait()
        try:
            outcomes.append(shelf.submit(an_offer(stock=stock), replaces=1).latest.version)
        except BadInput as error:
            outcomes.append(error.field)

    threads = [threading.Thread(target=replace_it, args=(stock,)) for stock in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=str) == [2, "name"]


def test_an_approval_and_a_withdrawal_at_once_leave_it_shown_to_nobody_or_refused(shelf):
    for number in range(8):
        name = f"o{number}"
        shelf.submit(an_offer(name))
        started, errors = threading.Barrier(2), []

        def run(act, started=started, errors=errors):
            started.wait()
            try:
                act()
            except (Taken, Conflict) as error:
                errors.append(error)

        named = f"{CAFE}.{name}"
        acts = (
            lambda named=named: shelf.decide(named),
            lambda named=named: withdraw_offer(shelf.desk, CAFE, named),
        )
        threads = [threading.Thread(target=run, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # Whichever came first, it was withdrawn last or the approval was refused.
        assert states(shelf, named) == ("withdrawn", None, ["withdrawn"])
    assert (list(published(shelf.tables)), waiting(shelf.tables, 10)) == ([], [])


def test_a_version_keeps_its_document_whatever_becomes_of_it(shelf):
    first = shelf.submit().latest.document
    shelf.decide(LATTE)
    shelf.submit(an_offer(stock=5), replaces=1)
    withdraw_offer(shelf.desk, CAFE, LATTE)
    _, versions = fetch_offer(shelf.tables, LATTE, 1, 2)
    assert versions[1].document == first == an_offer().encode()
    assert versions[2].document == replace(an_offer(stock=5), version=2).encode()
