"""Whatever port call of publishing fails, before or after it was done: an offer is on the shelf
whole or not at all, a snapshot is published whole or not at all, and again does it once."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from mydata_hub.errors import Busy, OutcomeUnknown
from mydata_hub.offers.catalogue.publishing import withdraw_offer
from mydata_hub.offers.catalogue.shelf import fetch_offer, published, waiting
from mydata_hub.offers.catalogue.snapshot import PREFIX, read_head

from tests.unit.offers.shelf_world import CAFE, ShelfWorld, an_offer

LATTE = f"{CAFE}.latte"
# Of each act, the series of its port calls: a test that does not know all of them proves little.
SERIES = {
    "submit": ["fetch_many", "query", "commit"],
    "replace": ["fetch_many", "fetch_many", "commit"],
    "approve": ["fetch_many", "fetch_many", "commit"],
    "refuse": ["fetch_many", "commit"],
    "withdraw": ["fetch_many", "fetch_many", "fetch_many", "commit"],
    "press": [
        *("fetch_many", "query", "fetch_many", "fetch_many"),
        *("put_if_absent", "put_if_absent", "put_if_absent", "public_key", "sign", "commit"),
    ],
}
CASES = [(act, at) for act, series in SERIES.items() for at in range(len(series))]
FAILURES = [
    pytest.param("before", Busy, id="busy"),
    pytest.param("before", OutcomeUnknown, id="lost-before"),
    pytest.param("after", OutcomeUnknown, id="lost-after"),
]


class Crash(BaseException):
    """The process is gone; nothing can catch it."""


class Port:
    """A port whose calls are one series with those of the others; one of them fails."""

    def __init__(self, port, faults):
        self._port, self._faults = port, faults

    def __getattr__(self, name):
        found = getattr(self._port, name)
        if not callable(found):
            return found
        return lambda *args, **named: self._faults.around(name, lambda: found(*args, **named))


class Faults:
    def __init__(self, at=None, when="before", error=Crash):
        self.at, self.when, self.error, self.steps = at, when, error, []

    def around(self, name, act):
        step = len(self.steps)
        self.steps.append(name)
        if step == self.at and self.when == "before":
            raise self.error("failed")
        result = act()
        if step == self.at:
            raise self.error("failed")
        return result


def failing(shelf, faults):
    """The same hub, with a process that has just started and whose calls may fail."""
    from mydata_hub.embedded.local_signer import LocalSigner
    from mydata_hub.oauth.authority import SigningKeys

    other = ShelfWorld(shelf.folder, shelf.clock)
    other.tables = Port(shelf.tables, faults)
    other.blobs = Port(shelf.blobs, faults)
    other.keys = SigningKeys(Port(LocalSigner(shelf.folder, "offer", "ES256"), faults))
    other.desk = replace(shelf.desk, tables=other.tables)
    return other


def prepared(shelf, act):
    """What is there before an act, and the act."""
    if act != "submit":
        shelf.submit()
    if act == "replace":
        return lambda world: world.submit(an_offer(stock=5), replaces=1)
    if act in ("withdraw", "press"):
        shelf.decide(LATTE)
    return {
        "submit": lambda world: world.submit(),
        "approve": lambda world: world.decide(LATTE),
        "refuse": lambda world: world.decide(LATTE, reason="No."),
        "withdraw": lambda world: withdraw_offer(world.desk, CAFE, LATTE),
        "press": lambda world: world.publish(),
    }[act]


def all_of(shelf):
    """Everything that there is of offers."""
    head, _ = fetch_offer(shelf.tables, LATTE)
    numbers = range(1, 1 + (head.latest if head else 0))
    _, versions = fetch_offer(shelf.tables, LATTE, *numbers)
    snapshot = read_head(shelf.tables)
    return {
        "head": head and replace(head, row_version=0),
        "versions": [replace(versions[one], row_version=0) for one in sorted(versions)],
        "queue": waiting(shelf.tables, 10),
        "published": list(published(shelf.tables)),
        "sent": shelf.sent(),
        "told": sorted((one["class"], one.get("thing", "")) for one in shelf.told()),
        "snapshot": snapshot and (snapshot.number, snapshot.manifest),
    }


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Before and after each act, where nothing fails."""
    found = {}
    for act, series in SERIES.items():
        shelf = ShelfWorld(tmp_path_factory.mktemp(act))
        shelf.partner()
        run = prepared(shelf, act)
        before, faults = all_of(shelf), Faults()
        run(failing(shelf, faults))
        assert faults.steps == series, act
        found[act] = before, all_of(shelf)
    return found


@pytest.mark.parametrize(("act", "at"), CASES)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_call_leaves_all_or_nothing_and_again_does_it_once(
    shelf, done, act, at, when
):
    run = prepared(shelf, act)
    with pytest.raises(Crash):
        run(failing(shelf, Faults(at, when)))
    before, after = done[act]
    committed = at == len(SERIES[act]) - 1 and when == "after"
    assert all_of(shelf) == (after if committed else before)
    run(failing(shelf, Faults()))
    assert all_of(shelf) == after


@pytest.mark.parametrize(("act", "at"), CASES)
@pytest.mark.parametrize(("when", "error"), FAILURES)
def test_what_a_failing_port_says_is_told_and_nothing_is_half_done(
    shelf, done, act, at, when, error
):
    run = prepared(shelf, act)
    with pytest.raises(error):
        run(failing(shelf, Faults(at, when, error)))
    before, after = done[act]
    assert all_of(shelf) in (before, after)
    run(failing(shelf, Faults()))
    assert all_of(shelf) == after


def test_a_snapshot_whose_blobs_are_there_and_whose_head_is_not_is_not_read(shelf):
    shelf.approved(an_offer())
    shelf.publish()
    first = shelf.reader().current()
    shelf.approved(an_offer("mocha"))
    with pytest.raises(Crash):
        failing(shelf, Faults(SERIES["press"].index("commit"))).publish()
    assert len(list(shelf.blobs.names(PREFIX))) > 3
    assert shelf.reader().current().manifest == first.manifest


def test_of_presses_at_once_each_number_is_published_once(shelf):
    """A press that read before another published begins anew: none puts older after newer."""
    threads, errors = [], []
    for number in range(6):
        shelf.submit(an_offer(f"o{number}"))

    def approve_and_press(number):
        try:
            shelf.decide(f"{CAFE}.o{number}")
            shelf.publish()
        except Busy as error:
            errors.append(error)

    for number in range(6):
        threads.append(threading.Thread(target=approve_and_press, args=(number,)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Whoever gave up is called again by the message that nobody settled.
    assert not errors or shelf.publish() in (True, False)
    assert sorted(shelf.reader().current().index) == [f"{CAFE}.o{number}" for number in range(6)]
    things = [one["thing"] for one in shelf.told() if one["class"] == "offers_published"]
    assert len(set(things)) == len(things) == read_head(shelf.tables).number
