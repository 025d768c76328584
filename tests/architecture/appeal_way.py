"""An appeal over the deployed functions: contested, read, decided, told, and one left open."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mydata_hub.aws.dynamo_tables import DynamoTables
from mydata_hub.insights.catalogue import CATALOGUE
from mydata_hub.ports.clock import SystemClock
from mydata_hub.release.partner_copies import put_copy

from tests.architecture.cloud import Cloud
from tests.architecture.vault_way import SWEEP
from tests.unit.answer.answer_world import AskingPartner
from tests.unit.objects.samples import RELEASE
from tests.unit.web.conftest import Browser, Reply

if TYPE_CHECKING:
    from tests.architecture.test_roles_in_use import DeployedHub

WORDS = "The bank confirms that it took the money late itself."
REASON = {"statement": "That is not so.", "records": []}


def go_an_appeals_way(hub: DeployedHub, cloud: Cloud, jiu: Browser, operator: Browser) -> None:
    """After the answers' way: there is a vault, and a partner that relied on an answer."""
    partner = AskingPartner(hub, cloud.environment("authorize"), name="Bikes", client_id="bikes")
    relied(jiu.state()["account_id"], partner.be_allowed(jiu))
    assert jiu.get("/appeals?reason=late_bills").status == 200
    first = opened(cloud, jiu, "late_bills")
    assert operator.get("/operator/appeals").status == 200
    (waiting,) = operator.get("/operator/appeals/state").json()["appeals"]
    assert waiting["appeal_id"] == first
    case = post(operator, "/operator/appeals/{appeal_id}", first, {})
    assert case.json()["statement"] == REASON["statement"]
    decision = {"outcome": "upheld", "words": WORDS}
    ended = post(operator, "/operator/appeals/{appeal_id}/decide", first, decision)
    assert ended.json()["partners_told"] == 1, ended.body
    assert not cloud.invoke("fold_records", SWEEP)["batchItemFailures"]
    (seen,) = jiu.get("/appeals/state").json()["appeals"]
    assert (seen["state"], seen["words"]) == ("upheld", WORDS)
    taken_back = opened(cloud, jiu, "payment_weeks")
    assert post(jiu, "/appeals/{appeal_id}/end", taken_back, {}).status == 200
    assert not cloud.invoke("fold_records", SWEEP)["batchItemFailures"]
    # The erasure that follows finds one that is open.
    opened(cloud, jiu, "history_months")


def opened(cloud: Cloud, jiu: Browser, reason: str) -> str:
    """Contest, by the page's own call, in a moment in which everything is folded."""
    reply = jiu.post("/appeals", {"reason": reason, **REASON})
    assert reply.status == 201, reply.body
    assert not cloud.invoke("fold_records", SWEEP)["batchItemFailures"]
    return str(reply.json()["appeal_id"])


def post(who: Browser, route: str, appeal_id: str, body: dict[str, object]) -> Reply:
    """A call whose path names the appeal."""
    reply = who.post(route.replace("{appeal_id}", appeal_id), body)
    assert reply.status == 200, reply.body
    return reply


def relied(subject: str, grant_id: str) -> None:
    """As if an answer that a dispute could better had been given under the grant."""
    ref = next(ref for ref, entry in CATALOGUE.items() if entry.appealable)
    release = replace(RELEASE, event_id="relied", grant_id=grant_id, claims=(ref,))
    tables = DynamoTables({"releases": "ReleasesTable"}, SystemClock())
    at = datetime.now(UTC)
    tables.commit(put_copy("bikes", subject, "claims_answered", "relied", release.encode(), at))
