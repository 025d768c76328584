"""The sample providers: six data providers in one process, each below a path of its own.

They speak the Korean MyData standard over HTTP, and mobility in a schema of its own.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from mydata_hub.fields import Wording
from mydata_hub.samples.asgi import (
    Answer,
    App,
    Refused,
    Request,
    Route,
    json_answer,
    page_answer,
    see_other,
)
from mydata_hub.samples.faults import Faults, spoil
from mydata_hub.samples.listings import LISTINGS, Listing
from mydata_hub.samples.people import PEOPLE
from mydata_hub.samples.tokens import Tokens
from mydata_hub.samples.world import World

CLIENT_ID: Final = "mydata-hub-sample"
MAX_LIMIT: Final = 500
AUTHORIZE: Final = "/oauth/2.0/authorize"
NAMES: Final = MappingProxyType(
    {
        "card": Wording(ko="샘플카드", en="Sample Card"),
        "efin": Wording(ko="샘플페이", en="Sample Pay"),
        "bank": Wording(ko="샘플은행", en="Sample Bank"),
        "invest": Wording(ko="샘플증권", en="Sample Invest"),
        "insurer": Wording(ko="샘플손해보험", en="Sample Insurance"),
        "mobility": Wording(ko="샘플교통", en="Sample Mobility"),
    }
)
_SUCCESS: Final = "00000"
_KEPT: Final = ("client_id", "redirect_uri", "response_type", "state", "code_challenge")


@dataclass(slots=True)
class Providers:
    """What the process serves: the world, tokens to look at it with, and faults to come."""

    url: str
    # Codes go to addresses of this hub alone.
    hub: str
    client_secret: str = field(repr=False)
    admin_token: str = field(repr=False)
    world: World
    tokens: Tokens
    faults: Faults = field(default_factory=Faults)

    def app(self) -> App:
        """The ASGI application."""
        routes: list[Route] = [
            ("GET", "/providers", self.list_providers),
            ("GET", "/{provider}" + AUTHORIZE, self.show_choice),
            ("POST", "/{provider}" + AUTHORIZE, self.take_choice),
            ("POST", "/{provider}/oauth/2.0/token", self.give_tokens),
            ("POST", "/{provider}/oauth/2.0/revoke", self.revoke_token),
            ("POST", "/admin/faults", self.add_fault),
            ("DELETE", "/admin/faults", self.clear_faults),
            ("POST", "/admin/clock", self.move_clock),
        ]
        for family, listings in LISTINGS.items():
            for listing in listings:
                handler = partial(self.tell, family, listing)
                routes.append((listing.method, f"/{family}{listing.path}", handler))
        return App(routes)

    def about(self) -> list[dict[str, Any]]:
        """Every provider, as the hub is configured with it; no secret."""
        return [
            {
                "id": family,
                "family": family,
                "name": {"ko": name.ko, "en": name.en},
                "org_code": org_code(family),
                "base_url": f"{self.url}/{family}",
                "authorize_url": f"{self.url}/{family}{AUTHORIZE}",
                "token_url": f"{self.url}/{family}/oauth/2.0/token",
                "client_id": CLIENT_ID,
                "sample": True,
            }
            for family, name in NAMES.items()
        ]

    def list_providers(self, _: Request) -> Answer:
        """The list of providers, as JSON."""
        return json_answer({"sample": True, "providers": self.about()})

    def show_choice(self, request: Request) -> Answer:
        """The page on which whoever opens it chooses which sample person to be."""
        family = self._check_asked(request, request.query)
        kept = {name: request.query.get(name, "") for name in _KEPT}
        action = f"{self.url}/{family}{AUTHORIZE}"
        if request.wants_json:
            people = [
                {"id": name, "name": {"ko": person.name.ko, "en": person.name.en}}
                for name, person in PEOPLE.items()
            ]
            told = {"sample": True, "action": action, "fields": kept, "people": people}
            return json_answer(told)
        return page_answer(
            request, "choose.html", name=NAMES[family], action=action, kept=kept, people=PEOPLE
        )

    def take_choice(self, request: Request) -> Answer:
        """Send the browser back to the hub, with a code or a refusal."""
        told = {name: str(value) for name, value in request.fields().items()}
        family = self._check_asked(request, told)
        back = {"state": told.get("state", "")}
        if told.get("decision") == "allow":
            if told.get("person") not in PEOPLE:
                raise Refused(400, f"person: takes {', '.join(PEOPLE)}")
            back["code"] = self.tokens.make_code(
                family, told["person"], told["code_challenge"], told["redirect_uri"]
            )
        else:
            back["error"] = "access_denied"
        location = f"{told['redirect_uri']}?{urlencode(back)}"
        if request.wants_json:
            return json_answer({"sample": True, "location": location})
        return see_other(location)

    def give_tokens(self, request: Request) -> Answer:
        """The token endpoint, for codes and refresh tokens."""
        family, form = self._client(request)
        try:
            person, answer = self.tokens.redeem(family, form)
        except Refused as refused:
            return json_answer({"error": refused.reason, "sample": True}, refused.status)
        identity = {"user_ci": PEOPLE[person].identity}
        return json_answer({"rsp_code": _SUCCESS, **answer, **identity, "sample": True})

    def revoke_token(self, request: Request) -> Answer:
        """The hub gives a token back: the person's consent at this provider ends. Of what is no
        token, or none any more, nothing is said (RFC 7009 section 2.2)."""
        family, form = self._client(request)
        person = self.tokens.holder(family, form.get("token", ""))
        if person is not None:
            self.tokens.revoke(family, person)
        return json_answer({"rsp_code": _SUCCESS, "sample": True})

    def tell(self, family: str, listing: Listing, request: Request) -> Answer:
        """A page of a listing."""
        echoed = request.headers.get("x-api-tran-id", "")[:25]
        try:
            answer = self._page(family, listing, request)
        except Refused as refused:
            code = refused.reason if refused.reason.isdigit() else f"{refused.status}01"
            message = {"rsp_code": code, "rsp_msg": f"{refused.reason} (sample)"}
            answer = json_answer(message, refused.status)
        return replace(answer, headers={**answer.headers, "x-api-tran-id": echoed})

    def add_fault(self, request: Request) -> Answer:
        """Let something go wrong: a fault of a page, `expired`, `revoked` or `cancel`."""
        told = self._admin(request)
        family, person = str(told.get("provider")), str(told.get("person"))
        if family not in NAMES or (person not in PEOPLE and told.get("person") is not None):
            raise Refused(400, "takes a provider and a person of the sample world")
        match told.get("kind"):
            case "expired" | "revoked" if person not in PEOPLE:
                raise Refused(400, "person: is needed")
            case "expired":
                self.tokens.expire(family, person)
            case "revoked":
                self.tokens.revoke(family, person)
            case "cancel":
                return json_answer(
                    {"sample": True, "cancelled": self.world.take_back(family, person)}
                )
            case _:
                self.faults.add(told)
        return json_answer({"sample": True})

    def clear_faults(self, request: Request) -> Answer:
        """Let nothing more go wrong."""
        self._admin(request)
        self.faults.clear()
        return json_answer({"sample": True})

    def move_clock(self, request: Request) -> Answer:
        """Let some days go by, so that late rows and changes show."""
        days = self._admin(request).get("days")
        if type(days) is not int:
            raise Refused(400, "days: takes a number")
        self.world.move(days)
        return json_answer({"sample": True, "now": self.world.seen_at.isoformat()})

    def _page(self, family: str, listing: Listing, request: Request) -> Answer:
        person = self.tokens.person_of(family, request.headers.get("authorization", ""))
        asked = request.query if listing.method == "GET" else request.fields()
        if asked.get("org_code") != org_code(family):
            raise Refused(400, "org_code: is not ours")
        limit = str(asked.get("limit", MAX_LIMIT))
        if not limit.isdigit() or not 1 <= int(limit) <= MAX_LIMIT:
            raise Refused(400, f"limit: takes 1 to {MAX_LIMIT}")
        token = str(asked.get("next_page", ""))
        source = _source(listing, request, asked)
        keys, rows = self.world.rows(family, listing, person, source)
        since, end = _window(listing, asked, keys)
        begin = max(since, bisect_right(keys, _key_of(token)))
        some = rows[begin : min(begin + int(limit), end)]
        following = _token_of(some[-1].key) if begin + len(some) < end and some else ""
        page = {
            "rsp_code": _SUCCESS,
            "rsp_msg": "샘플 데이터예요 (sample data)",
            "next_page": following,
            listing.field.removesuffix("_list") + "_cnt": len(some),
            listing.field: [told.row for told in some],
        }
        if listing.source is None and listing.window is None:
            page["search_timestamp"] = f"{self.world.until:%Y%m%d%H%M%S}"
        fault = self.faults.take(family, person)
        return spoil(fault, page, listing.field, token.partition("~")[0])

    def _check_asked(self, request: Request, asked: Mapping[str, Any]) -> str:
        family = _family(request)
        redirect = str(asked.get("redirect_uri", ""))
        if asked.get("client_id") != CLIENT_ID or asked.get("response_type") != "code":
            raise Refused(400, f"client_id, response_type: takes {CLIENT_ID}, code")
        # A prefix would be too little for a real provider; here any path of the hub will do.
        if urlsplit(redirect)[:2] != urlsplit(self.hub)[:2]:
            raise Refused(400, f"redirect_uri: takes an address of {self.hub}")
        if len(str(asked.get("code_challenge", ""))) != 43:
            raise Refused(400, "code_challenge: takes S256")
        return family

    def _client(self, request: Request) -> tuple[str, dict[str, str]]:
        family = _family(request)
        form = {name: str(value) for name, value in request.fields().items()}
        told = f"{form.get('client_id')}:{form.get('client_secret')}"
        if not hmac.compare_digest(told.encode(), f"{CLIENT_ID}:{self.client_secret}".encode()):
            raise Refused(401, "invalid_client")
        return family, form

    def _admin(self, request: Request) -> dict[str, Any]:
        told = request.headers.get("authorization", "")
        if not hmac.compare_digest(told.encode(), f"Bearer {self.admin_token}".encode()):
            raise Refused(401, "send the admin token that was printed at the start")
        return request.fields()


def org_code(family: str) -> str:
    """A provider's code in the standard's requests."""
    return f"SAMPLE{family.upper()}"


def _family(request: Request) -> str:
    family = request.names["provider"]
    if family not in NAMES:
        raise Refused(404, f"provider: takes {', '.join(NAMES)}")
    return family


def _source(listing: Listing, request: Request, asked: Mapping[str, Any]) -> str:
    if listing.source is None:
        return ""
    return str(request.names["source"] if listing.source == "path" else asked.get(listing.source))


def _window(listing: Listing, asked: Mapping[str, Any], keys: Sequence[str]) -> tuple[int, int]:
    """Where the days or months that are asked for begin and end; keys begin with their day."""
    if listing.window is None:
        return 0, len(keys)
    unit = "date" if listing.window == "days" else "month"
    since, until = str(asked.get(f"from_{unit}", "")), str(asked.get(f"to_{unit}", ""))
    if not (since.isdigit() and until.isdigit() and len(since) == len(until)):
        raise Refused(400, f"from_{unit}, to_{unit}: are needed, as digits")
    return bisect_left(keys, since), bisect_right(keys, until + "~")


def _token_of(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _key_of(token: str) -> str:
    try:
        return base64.b64decode(token.partition("~")[0], b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise Refused(400, "next_page: is not ours") from None
