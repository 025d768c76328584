"""A card company, a mobility company and a bank in memory, as the provider port sees them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from mydata_hub.collection.cursor import Cursor
from mydata_hub.collection.feeds import PageRequest
from mydata_hub.collection.sync import Connection
from mydata_hub.collection.wire import Setback
from mydata_hub.errors import ProviderFailed

NOW = datetime(2026, 3, 10, 3, 0, tzinfo=UTC)


def page(**members: Any) -> bytes:
    """An answer of the standard that tells of success."""
    return json.dumps({"rsp_code": "00000", "rsp_msg": "ok", **members}).encode()


def approval(number: int, **changed: Any) -> dict[str, Any]:
    """An approved payment of 4,500 won; its number gives its minute."""
    at = datetime(2026, 3, 1) + timedelta(minutes=number)  # noqa: DTZ001 (wire text has no zone)
    return {
        "approved_num": f"{number:08d}",
        "approved_dtime": f"{at:%Y%m%d%H%M%S}",
        "status": "01",
        "pay_type": "02",
        "merchant_name": "스타벅스 역삼점",
        "approved_amt": 4500,
        "total_install_cnt": 0,
        **changed,
    }


@dataclass
class CardCompany:
    """Cards and approvals with real paging. `faults` answer instead of a page, once each."""

    approvals: Mapping[str, Sequence[dict[str, Any]]]
    page_rows: int = 3
    faults: list[bytes | ProviderFailed] = field(default_factory=list)
    # What to do with the rows and the next token of each page of approvals.
    twist: Callable[[list[Any], str | None, str], tuple[list[Any], str | None]] | None = None
    asked: list[PageRequest] = field(default_factory=list)
    renewals: int = 0
    renewal_fault: ProviderFailed | None = None

    def fetch(self, request: PageRequest) -> bytes:
        self.asked.append(request)
        if self.faults:
            fault = self.faults.pop(0)
            if isinstance(fault, ProviderFailed):
                raise fault
            return fault
        if request.path == "/v1/card/cards":
            cards = [{"card_id": card, "is_consent": True} for card in self.approvals]
            cards.append({"card_id": "not-consented", "is_consent": False})
            return page(card_cnt=len(cards), card_list=cards)
        if request.path == "/v1/card/cards/bills":
            return page(bill_cnt=0)
        rows = list(self.approvals[request.path.split("/")[4]])
        token = str(request.fields.get("next_page", "0"))
        start = int(token)
        following = str(start + self.page_rows) if start + self.page_rows < len(rows) else None
        some = rows[start : start + self.page_rows]
        if self.twist is not None:
            some, following = self.twist(some, following, token)
        return page(approved_list=some, approved_cnt=len(some), next_page=following or "")

    def renew(self) -> None:
        if self.renewal_fault is not None:
            raise self.renewal_fault
        self.renewals += 1


@dataclass
class Canned:
    """One body for every request of a path."""

    bodies: Mapping[str, bytes]
    asked: list[PageRequest] = field(default_factory=list)

    def fetch(self, request: PageRequest) -> bytes:
        self.asked.append(request)
        return self.bodies[request.path]

    def renew(self) -> None:
        raise ProviderFailed(Setback.CONSENT_ENDED, "the token is not renewed")


def connect(provider: Any, family: str = "card", name: str = "connection-1") -> Connection:
    return Connection(connection_id=name, family=family, provider=provider, cursor=Cursor())
