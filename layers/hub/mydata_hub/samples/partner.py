"""A sample partner's pages: start, come back from the hub, see what was learnt, ask again.

Each has a JSON variant for programs. What a partner learns is answers; it holds nothing else.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import urlencode

from requests_oauth2client import AuthorizationRequest

from mydata_hub.samples.asgi import (
    Answer,
    App,
    Refused,
    Request,
    json_answer,
    page_answer,
    see_other,
)
from mydata_hub.samples.hearing import Hearing
from mydata_hub.samples.relying_party import Granted, Learnt, RefusedByHub, RelyingParty

COOKIE: Final = "sample_visit"
MAX_VISITS: Final = 1000


@dataclass(slots=True)
class Visit:
    """One person's visit to the partner."""

    claims: tuple[str, ...]
    request: AuthorizationRequest
    granted: Granted | None = None
    learnt: list[Learnt] = field(default_factory=list)
    refusal: str | None = None
    # The hub said that the grant has ended, and what was learnt is deleted.
    forgotten: bool = False


@dataclass(slots=True)
class Acceptance:
    """Somebody accepted an offer, and what the hub then answered of them."""

    offer_id: str
    grant_id: str
    learnt: Learnt


class Partner:
    """The partner's process: visits are kept in memory and forgotten with it."""

    def __init__(self, party: RelyingParty) -> None:
        self._party = party
        self._visits: dict[str, Visit] = {}
        self._acceptances: list[Acceptance] = []

    def app(self) -> App:
        """The ASGI application."""
        return App(
            [
                ("GET", "/", self.show),
                ("POST", "/start", self.start),
                ("GET", "/callback", self.come_back),
                ("POST", "/ask", self.ask),
                ("POST", "/receipt", self.receipt),
                ("POST", "/till", self.take_coupon),
                ("GET", "/report", self.report),
                ("POST", "/events", Hearing(self._party, self.forget, self.welcome).hear),
            ]
        )

    def forget(self, grant_id: str) -> None:
        """Delete every answer that was learnt by a grant. Its token stays, and is refused."""
        for visit in self._visits.values():
            if visit.granted is not None and visit.granted.grant_id == grant_id:
                visit.learnt.clear()
                visit.forgotten = True
        self._acceptances = [one for one in self._acceptances if one.grant_id != grant_id]

    def welcome(self, said: Mapping[str, Any]) -> None:
        """Somebody accepted an offer: ask what they allowed."""
        grant_id, offer_id = str(said["grant_id"]), str(said["offer_id"])
        try:
            granted = self._party.redeem_acceptance(str(said["code"]))
            learnt = self._party.ask(granted, granted.claims)
        except RefusedByHub as refused:
            # The person may have taken it back meanwhile.
            learnt = Learnt(status=400, refusal=f"{refused.code}: {refused}", milliseconds=0)
        self._acceptances.append(Acceptance(offer_id, grant_id, learnt))

    def show(self, request: Request) -> Answer:
        """The partner's page: what it offers, and what it has learnt of the visitor."""
        visit = self._visits.get(_cookie(request)) or self._visits.get(
            request.query.get("visit", "")
        )
        trade = self._party.trade
        if request.wants_json:
            about = {
                "sample": True,
                "name": {"ko": trade.name.ko, "en": trade.name.en},
                "purpose": trade.purpose,
                "claims": list(trade.claims),
                "hub": self._party.hub,
                "acceptances": [
                    {"offer_id": one.offer_id, **one.learnt.view()} for one in self._acceptances
                ],
            }
            return json_answer(about | (_view(visit) if visit else {}))
        return page_answer(request, "partner.html", trade=trade, visit=visit)

    def start(self, request: Request) -> Answer:
        """Send the visitor to the hub; JSON may name other claims than the partner's own."""
        told = request.fields().get("claims", self._party.trade.claims)
        claims = tuple(told) if isinstance(told, (list, tuple)) else (str(told),)
        try:
            location, pushed = self._party.begin(claims)
        except RefusedByHub as refused:
            return _refusal(request, refused)
        visit_id = secrets.token_urlsafe(16)
        if len(self._visits) >= MAX_VISITS:
            del self._visits[next(iter(self._visits))]
        self._visits[visit_id] = Visit(claims, pushed)
        cookie = f"{COOKIE}={visit_id}; Path=/; HttpOnly; SameSite=Lax"
        if request.wants_json:
            told = {"sample": True, "visit": visit_id, "authorization_url": location}
            return json_answer(told, set_cookie=cookie)
        return see_other(location, set_cookie=cookie)

    def come_back(self, request: Request) -> Answer:
        """The redirect URI: take the code, and ask for the first time."""
        visit_id, visit = self._by_state(request.query.get("state", ""))
        # Threat: somebody else's code, so that the visitor acts as them. A program has no cookies
        # to be misled by, and a page of another site cannot ask for JSON here.
        if not request.wants_json and _cookie(request) != visit_id:
            raise Refused(403, "this answer belongs to another visit")
        try:
            callback = f"/callback?{urlencode(request.query)}"
            visit.granted = self._party.finish(visit.request, callback)
        except RefusedByHub as refused:
            visit.refusal = f"{refused.code}: {refused}"
            return _refusal(request, refused) if request.wants_json else see_other("/")
        return self._ask(request, visit_id, visit, visit.claims)

    def ask(self, request: Request) -> Answer:
        """Ask again; JSON may name the visit, and claims that were never granted."""
        told = request.fields()
        visit_id, visit = self._granted(request, told)
        claims = told.get("claims", visit.claims)
        return self._ask(request, visit_id, visit, tuple(claims))

    def receipt(self, request: Request) -> Answer:
        """The hub's receipt of an answer by its event, as the hub signed it."""
        told = request.fields()
        _, visit = self._granted(request, told)
        assert visit.granted is not None
        try:
            visit.granted = self._party.fresh(visit.granted)
            receipt = self._party.receipt(visit.granted, str(told.get("event_id", "")))
        except RefusedByHub as refused:
            return _refusal(request, refused)
        return json_answer(json.loads(receipt))

    def take_coupon(self, request: Request) -> Answer:
        """Take a coupon that somebody shows at the till."""
        try:
            taken = self._party.redeem_coupon(str(request.fields().get("coupon", "")))
        except RefusedByHub as refused:
            return _refusal(request, refused)
        return json_answer({"sample": True, **taken})

    def report(self, request: Request) -> Answer:
        """What the hub reports of an offer."""
        try:
            told = self._party.report(request.query.get("offer_id", ""))
        except RefusedByHub as refused:
            return _refusal(request, refused)
        return json_answer({"sample": True, **told})

    def _granted(self, request: Request, told: Mapping[str, Any]) -> tuple[str, Visit]:
        visit_id = str(told.get("visit") or _cookie(request))
        visit = self._visits.get(visit_id)
        if visit is None or visit.granted is None:
            raise Refused(404, "there is no visit with a grant: start first")
        return visit_id, visit

    def _ask(
        self, request: Request, visit_id: str, visit: Visit, claims: tuple[str, ...]
    ) -> Answer:
        assert visit.granted is not None
        try:
            visit.granted = self._party.fresh(visit.granted)
            visit.learnt.append(self._party.ask(visit.granted, claims))
        except RefusedByHub as refused:
            return _refusal(request, refused)
        if request.wants_json:
            latest = visit.learnt[-1].view()
            return json_answer({"sample": True, "visit": visit_id, **latest})
        return see_other("/")

    def _by_state(self, state: str) -> tuple[str, Visit]:
        for visit_id, visit in self._visits.items():
            if visit.granted is None and secrets.compare_digest(
                str(visit.request.state).encode(), state.encode()
            ):
                return visit_id, visit
        raise Refused(400, "state: belongs to no visit that waits for the hub")


def _refusal(request: Request, refused: RefusedByHub) -> Answer:
    if request.wants_json:
        told = {"sample": True, "error": refused.code, "description": str(refused)}
        return json_answer(told, 400)
    return page_answer(request, "refused.html", 400, code=refused.code, reason=str(refused))


def _view(visit: Visit) -> dict[str, Any]:
    return {
        "granted": visit.granted is not None,
        "refusal": visit.refusal,
        "forgotten": visit.forgotten,
        "learnt": [learnt.view() for learnt in visit.learnt],
    }


def _cookie(request: Request) -> str:
    try:
        found = SimpleCookie(request.headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""
