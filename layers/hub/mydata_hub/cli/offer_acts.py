"""The demonstration's act about offers: one offer, two people, and what its partner sees."""

from __future__ import annotations

import time
from typing import Any, Final

from mydata_hub.cli.client import http_client
from mydata_hub.cli.house_acts import Story
from mydata_hub.cli.partner_acts import JSON, Shop
from mydata_hub.cli.stage import LineFailed, run

# For whoever has a car and commutes by subway; Hana has connected a bank card alone.
OFFER: Final = "car-stays-home"
TOLD_SECONDS: Final = 15.0
POLL_SECONDS: Final = 0.05


def offer(story: Story) -> None:
    """The service comes to the person; the partner learns nothing until the person accepts."""
    stage = story.stage
    stage.act("OFFER · one offer of a sample insurer, two people; it fits one of them")
    address = story.hub.about["partners"]["insurer"]
    with http_client(address, JSON) as http:
        _tell(story, Shop(http))


def _tell(story: Story, shop: Shop) -> None:
    stage = story.stage
    with story.signed_in("Jiu") as jiu, story.signed_in("Hana") as hana:
        offer_id = _offer_id(jiu)
        seen = [_partner_sees(story, shop, offer_id)]
        (shown,) = [one for one in _offers(jiu) if one["offer_id"] == offer_id]
        seen.append(_partner_sees(story, shop, offer_id))
        not_shown = offer_id not in {one["offer_id"] for one in _offers(hana)}
        seen.append(_partner_sees(story, shop, offer_id))
    stage.line(
        f"Jiu is shown “{shown['title']['en']}”, {shown['reason']['en']}. Hana is not.", not_shown
    )
    size = sum(len(part) for part in seen[0])
    stage.line(
        "What the service sees is the same before, after Jiu looked and after Hana looked.",
        seen[0] == seen[1] == seen[2],
        f"all {size:,} bytes of it",
    )
    accepted = run("person", "accept", offer_id, "--as", "Jiu", *story.data, "--json").json()
    stage.line(
        "Jiu signs with a passkey all that accepting tells, and it is charged at once.",
        accepted["discloses"] == shown["discloses"],
        f"{', '.join(accepted['discloses'])}, {accepted['bits']} bits",
    )
    unchanged = _partner_sees(story, shop, offer_id) == seen[0]
    stage.line("The service is told when the day is over; until then it sees no more.", unchanged)
    _redeem(story, shop, offer_id, accepted)


def _redeem(story: Story, shop: Shop, offer_id: str, accepted: dict[str, Any]) -> None:
    stage = story.stage
    with story.signed_in("Jiu") as jiu:
        coupons = jiu.get("/wallet/state")["coupons"]
        (coupon,) = [one for one in coupons if one["offer_id"] == offer_id]
        signed = jiu.get(f"/coupons/{coupon['coupon_id']}")["coupon"]
    begun = time.perf_counter()
    taken = shop.http.post("/till", json={"coupon": signed})
    again = shop.http.post("/till", json={"coupon": signed})
    stage.line(
        "Jiu shows the coupon at the till: it counts. A second time it does not.",
        (taken.status_code, again.status_code) == (200, 400),
        again.json()["description"],
    )
    (told,) = _acceptances(shop, begun)
    milliseconds = round((time.perf_counter() - begun) * 1000)
    answers = {f"{one['claim']}@{one['version']}": one["answer"] for one in told["answers"]}
    stage.line(
        "So the service is told at once, and learns exactly what Jiu signed.",
        told["offer_id"] == offer_id and sorted(answers) == sorted(accepted["discloses"]),
        f"{', '.join(f'{claim} {answer}' for claim, answer in answers.items())}; "
        f"{milliseconds} ms after the till",
    )
    stage.figures["accepted_and_told_milliseconds"] = milliseconds


def _offer_id(person: Any) -> str:
    """The offer by its whole name; it is matched in the fold, a moment after the last record."""
    begun = time.perf_counter()
    while True:
        found = [str(one["offer_id"]) for one in _offers(person) if one["offer_id"].endswith(OFFER)]
        if found:
            return found[0]
        if time.perf_counter() - begun > TOLD_SECONDS:
            raise LineFailed("the offer is shown to nobody")
        time.sleep(POLL_SECONDS)


def _offers(person: Any) -> list[dict[str, Any]]:
    return list(person.get("/offers/state")["offers"])


def _partner_sees(story: Story, shop: Shop, offer_id: str) -> tuple[bytes, ...]:
    """Everything of the offer that its partner can come by: what it heard, its report, and the
    snapshot that all vaults read."""
    heard = shop.http.get("/")
    report = shop.http.get("/report", params={"offer_id": offer_id})
    with http_client(story.hub.url, JSON) as anybody:
        head = anybody.get("/offers/snapshot")
    return heard.content, report.content, head.content


def _acceptances(shop: Shop, begun: float) -> list[dict[str, Any]]:
    """What the service learnt of acceptances, once it has asked."""
    while True:
        found = list(shop.http.get("/").json()["acceptances"])
        if found or time.perf_counter() - begun > TOLD_SECONDS:
            return found
        time.sleep(POLL_SECONDS)
