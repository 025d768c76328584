"""News on its way to a person's browsers, over the deployed functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mydata_hub.accounts.news import QUARTER, news_for
from mydata_hub.accounts.subscriptions import subscribe
from mydata_hub.config import PagesSettings
from mydata_hub.ports.clock import SystemClock
from mydata_hub.ports.messages import send
from mydata_hub.wiring import tables_for

from tests.architecture.cloud import PUSH_SERVICE, Cloud
from tests.architecture.vault_way import SWEEP
from tests.unit.web.conftest import Browser

if TYPE_CHECKING:
    from tests.architecture.test_roles_in_use import DeployedHub


class EveryService:
    """What an operator allowed once."""

    def require(self, _endpoint: str) -> None:
        return


def go_the_way_of_news(hub: DeployedHub, cloud: Cloud, jiu: Browser) -> None:
    """One browser comes and goes, one cannot be reached, and one is at a service that is called no
    more."""
    for path in ("/notifications", "/notifications/state"):
        assert jiu.get(path).status == 200
    hours = {"from_hour": 0, "until_hour": 0}
    assert jiu.post("/notifications/quiet-hours", hours).status == 204
    names = [
        added(jiu, f"https://{PUSH_SERVICE}/{name}") for name in ("comes-and-goes", "unreachable")
    ]
    assert jiu.post(f"/notifications/{names[0]}/end").status == 204
    tables = tables_for(PagesSettings.read(cloud.environment("pages")))
    account_id = jiu.state()["account_id"]
    subscribe(hub.desk, account_id, "https://other.invalid/x", EveryService())
    tables.commit(send(news_for(account_id, SystemClock().now() - QUARTER)))
    assert cloud.invoke("notify", SWEEP) == {}
    (left,) = jiu.get("/notifications/state", accept="application/json").json()["browsers"]
    assert left["subscription_id"] == names[1]


def added(jiu: Browser, endpoint: str) -> str:
    reply = jiu.post("/notifications", {"endpoint": endpoint})
    assert reply.status == 201, reply.body
    return str(reply.json()["subscription_id"])
