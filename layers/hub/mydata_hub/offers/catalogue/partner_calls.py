"""The calls by which partners publish: forms like those of the OAuth endpoints, with the same proof
of who calls. What is refused uses the assertion up and names the field and what to do."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from mydata_hub.errors import OAuthRefused, Refusal
from mydata_hub.oauth.admission import Admitted, admit
from mydata_hub.oauth.authority import Authority
from mydata_hub.oauth.call import Answer, Call, answering
from mydata_hub.oauth.clients import Client
from mydata_hub.oauth.single_use import commit_spending
from mydata_hub.offers.catalogue.check import Checked
from mydata_hub.offers.catalogue.publishing import (
    OnShelf,
    list_offers,
    submit_offer,
    withdraw_offer,
)
from mydata_hub.offers.catalogue.shelf import Head

# An offer with the largest image, in base64 and percent-encoded.
MAX_OFFER_BODY_BYTES: Final = 192 * 1024
_MAX_VERSION_DIGITS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """Who admits partners, and what checks their offers (offers/catalogue/check.py)."""

    authority: Authority
    check: Callable[[str, Client], Checked]


ShopCall: TypeAlias = Callable[[Shop, Call], Answer]


def publish(shop: Shop, call: Call) -> Answer:
    """201 with the version that now waits for an operator; 200 where the same is there already."""

    def act() -> Answer:
        with admit(shop.authority, call) as admitted, refusing():
            checked = shop.check(needed(admitted, "offer"), admitted.client)
            replaces = _version(admitted.form.get("replaces"))
            kept = submit_offer(shop.authority.desk, checked, replaces, admitted.spent)
        return Answer(status=201 if kept.is_new else 200, body=on_shelf(kept))

    return answering(act)


def withdraw(shop: Shop, call: Call) -> Answer:
    """200 with the offer as it is now: shown to nobody from the next snapshot on."""

    def act() -> Answer:
        with admit(shop.authority, call) as admitted, refusing():
            named = needed(admitted, "offer_id")
            desk, client_id = shop.authority.desk, admitted.client.client_id
            head = withdraw_offer(desk, client_id, named, admitted.spent)
        return Answer(status=200, body=_head(head))

    return answering(act)


def list_own(shop: Shop, call: Call) -> Answer:
    """200 with the partner's own offers; of what people did, only what they did openly."""

    def act() -> Answer:
        desk = shop.authority.desk
        with admit(shop.authority, call) as admitted:
            found = list_offers(desk, admitted.client.client_id)
            # Nothing else is written; the assertion counts once all the same.
            commit_spending(desk, admitted.spent)
        return Answer(status=200, body={"offers": [on_shelf(one) for one in found]})

    return answering(act)


def on_shelf(one: OnShelf) -> dict[str, Any]:
    """An offer and its latest version, as partners and operators read it."""
    latest = one.latest
    return {
        **_head(one.head),
        "version": latest.version,
        "state": latest.state.value,
        "reason": latest.reason,
        "discloses": list(latest.discloses),
        "bits": latest.bits,
        "submitted_at": latest.submitted_at.isoformat(),
        "decided_at": latest.decided_at and latest.decided_at.isoformat(),
    }


def _head(head: Head) -> dict[str, Any]:
    return {
        "offer_id": head.offer_id,
        "version": head.latest,
        "state": head.state.value,
        # The version that is shown, where that is another one than the latest.
        "shown": head.approved,
    }


@contextmanager
def refusing() -> Generator[None]:
    """What is wrong with an offer, as an error that uses up what was presented."""
    try:
        yield
    except OAuthRefused:
        raise
    except Refusal as error:
        raise OAuthRefused("invalid_offer", str(error)) from None


def needed(admitted: Admitted, name: str) -> str:
    given = admitted.form.get(name)
    if not given:
        raise OAuthRefused("invalid_request", f"{name}: is needed")
    return given


def _version(given: str | None) -> int | None:
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= _MAX_VERSION_DIGITS):
        raise OAuthRefused("invalid_request", "replaces: takes the number of a version")
    return int(given)
