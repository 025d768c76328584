"""Every role allows what its function really calls, and nothing that it never calls."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from fnmatch import fnmatchcase

import boto3
import pytest
from mydata_hub.accounts.account import Role
from mydata_hub.accounts.desk import Desk
from mydata_hub.accounts.enrolment import invite
from mydata_hub.cli.passkey import SoftwarePasskey
from mydata_hub.config import PagesSettings
from mydata_hub.personal_log.recipient import GRACE, INTAKE, Recipient
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.ports.tables import Put, VersionIs
from mydata_hub.transparency.checkpoint import VerifierKey
from mydata_hub.web.guards import ROUTES
from mydata_hub.wiring import tables_for

from tests.architecture.acceptance_way import BILLS, go_an_acceptances_way
from tests.architecture.answer_way import go_an_answers_way
from tests.architecture.appeal_way import go_an_appeals_way
from tests.architecture.benefit_way import go_the_way_of_benefits
from tests.architecture.cloud import ISSUER, Cloud, cloud
from tests.architecture.collect_way import go_the_way_of_collection
from tests.architecture.erase_way import go_the_way_of_erasure
from tests.architecture.export_way import go_the_way_of_an_export
from tests.architecture.notify_way import go_the_way_of_news
from tests.architecture.offer_way import go_an_offers_way
from tests.architecture.partner_way import go_a_partners_way
from tests.architecture.permissions import Permission, permissions
from tests.architecture.rotate_way import go_the_way_of_rotation
from tests.architecture.vault_way import SWEEP, bring, go_a_vaults_way
from tests.unit.transparency.served_witness import Served, a_witness
from tests.unit.web.conftest import Browser

# A passkey of a real make would not be refused; this one only has to be none of the hub's own.
SOME_MAKE = bytes(range(16))
# Called by Lambda and the scheduler, not by our code.
PLUMBING = ("ec2:", "lambda:", "logs:", "sqs:")
# Never called, and yet needed: without it S3 says "forbidden" where a blob is not there.
UNCALLED = {
    Permission("sequence_log", "bucket tiles", "s3:ListBucket"),
    Permission("answer", "bucket tiles", "s3:ListBucket"),
    Permission("sequence_log", "bucket openings", "s3:ListBucket"),
    Permission("audit", "bucket openings", "s3:ListBucket"),
    Permission("deliver", "bucket tiles", "s3:ListBucket"),
    Permission("fold_records", "bucket segments", "s3:ListBucket"),
    Permission("erase", "bucket tiles", "s3:ListBucket"),
    Permission("export", "bucket segments", "s3:ListBucket"),
    Permission("offers", "bucket offers", "s3:ListBucket"),
    # Only after an answer that was lost: is what lies there what was put?
    Permission("my_vault", "bucket segments segments/*", "s3:GetObject"),
    Permission("review", "bucket segments segments/*", "s3:GetObject"),
}
FUNCTION_OF = {route.key: route.function for route in ROUTES}
STREAMING = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")


class DeployedHub:
    """What a browser of the tests needs of a hub, over the deployed functions."""

    issuer = ISSUER

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def handler(self, event, context):
        return self._cloud.invoke(FUNCTION_OF[event["routeKey"]], event)

    @property
    def desk(self) -> Desk:
        """The account's own tables, for what no function does; its calls count as nobody's."""
        return Desk(
            tables=tables_for(PagesSettings.read(self._cloud.environment("pages"))),
            clock=SystemClock(),
            entropy=SystemEntropy(),
            issuer=ISSUER,
            software_passkeys=False,
        )

    def invitation(self, role: Role) -> str:
        return invite(self.desk, role, "Dana", "en")

    def browser(self) -> Browser:
        return Browser(self, passkey=SoftwarePasskey(aaguid=SOME_MAKE))


def live_through_everything(hub: DeployedHub, cloud: Cloud, witness: Served) -> None:
    """Each thing that a person or a member of staff can do, the log, and whoever reads it."""
    log_takes_events(hub, cloud)
    jiu = hub.browser()
    ok(jiu.sign_up(), 201)
    ok(jiu.sign_in(), 200)
    # Before the log has placed anything of hers.
    assert ok(jiu.get("/activity/state"), 200)["entries"] == []
    other = hub.browser()
    other.cookies, other.csrf = jiu.cookies, jiu.csrf
    made = other.make_passkey("/passkeys/options", "/passkeys/finish", passkey_name="Phone")
    second = ok(made, 201)["passkey_id"]
    ok(jiu.post(f"/passkeys/{second}/rename", {"name": "Tablet"}), 204)
    ok(jiu.post(f"/passkeys/{second}/remove"), 204)
    code = ok(jiu.post("/recovery-code"), 201)["code"]
    stranger = hub.browser()
    found = stranger.make_passkey(
        "/recover/options", "/recover/finish", {"code": code}, passkey_name="New"
    )
    ok(found, 200)
    ok(jiu.post("/recovery/cancel"), 204)
    courier_delivers(cloud)
    notice = jiu.state()["notices"][0]["notice_id"]
    ok(jiu.post(f"/notices/{notice}/acknowledge"), 204)
    assert jiu.get("/account").status == 200
    ok(jiu.post("/sign-out"), 204)
    for role in (Role.AUDITOR, Role.OPERATOR):
        staff = hub.browser()
        ok(staff.enrol(role), 201)
        assert staff.get(f"/{role}").status == 200
        if role is Role.AUDITOR:
            auditor = staff
        else:
            operator = staff
    log_grows_and_is_read(cloud, jiu, witness)
    an_auditor_reads(cloud, auditor)
    # Before any vault asks whose key snapshots of offers are signed with.
    assert cloud.invoke("publish_offers", SWEEP) == {}
    go_a_vaults_way(hub, cloud, jiu)
    go_a_partners_way(hub, cloud, jiu)
    go_an_answers_way(hub, cloud, jiu)
    go_an_appeals_way(hub, cloud, jiu, operator)
    go_an_offers_way(hub, cloud, operator)
    assert ok(jiu.get("/offers/state"), 200)["offers"]
    bring(jiu)
    assert not cloud.invoke("fold_records", SWEEP)["batchItemFailures"]
    go_the_way_of_benefits(hub, cloud, jiu)
    go_an_acceptances_way(hub, cloud, jiu, operator)
    go_the_way_of_news(hub, cloud, jiu)
    go_the_way_of_an_export(jiu)
    go_the_way_of_collection(hub, cloud, jiu)
    go_the_way_of_rotation(hub, cloud, jiu)
    go_the_way_of_erasure(hub, cloud, jiu)


def log_takes_events(hub: DeployedHub, cloud: Cloud) -> None:
    """The sequencer's first run makes the key that events are sealed to; later ones replace it, and
    destroy the old one when its time is over."""
    assert hub.browser().sign_up().status == 503
    cloud.invoke("sequence_log", {"sweep": True})
    tables = tables_for(PagesSettings.read(cloud.environment("pages")))
    for age in (timedelta(days=1), GRACE):
        row = tables.fetch_many(INTAKE)[INTAKE]
        made_at = SystemClock().now() - age
        older = {"made_at": made_at.isoformat(), "oldest_at": (made_at - age).isoformat()}
        values = {**row.values, **older}
        tables.commit(Put(key=INTAKE, values=values, when=VersionIs(row.version)))
        cloud.invoke("sequence_log", {"sweep": True})
    recipient = Recipient.read(tables.fetch_many(INTAKE)[INTAKE])
    assert recipient.oldest_at == recipient.made_at


def courier_delivers(cloud: Cloud) -> None:
    """By the stream, once more by the stream (a redelivery), and by the sweep."""
    items = boto3.client("dynamodb").scan(TableName="OutboxTable")["Items"]
    # Its own first: another function's message would not show what a redelivery does.
    items.sort(key=lambda item: "account_notice" not in str(item))
    assert items
    records = [
        {
            "eventID": str(number),
            "eventName": "INSERT",
            "dynamodb": {"NewImage": json.loads(json.dumps(item)), "SequenceNumber": str(number)},
        }
        for number, item in enumerate(items)
    ]
    for event in ({"Records": records[:1]}, {"Records": records[:1]}, {"sweep": True}):
        assert not cloud.invoke("deliver", event).get("batchItemFailures")


def log_grows_and_is_read(cloud: Cloud, jiu: Browser, witness: Served) -> None:
    """Twice, so that a partial tile is replaced; a tile that is gone is looked for by its name."""
    assert cloud.invoke("sequence_log", {"sweep": True})["size"] > 0
    told = cloud.invoke("audit", {"routeKey": "GET /log/key", "pathParameters": {}})
    witness.logs.append(VerifierKey.parse(base64.b64decode(told["body"]).decode()))
    assert cloud.invoke("deliver", {"sweep": True}) == {}
    ok(jiu.sign_in(), 200)
    ok(jiu.post("/recovery-code"), 201)
    size = cloud.invoke("sequence_log", {"sweep": True})["size"]
    assert cloud.invoke("deliver", {"sweep": True}) == {}
    assert witness.cosigned == 2
    for key, tile in (("GET /log/checkpoint", ""), ("GET /log/tile/{tile+}", f"0/000.p/{size}")):
        event = {"routeKey": key, "pathParameters": {"tile": tile}}
        assert cloud.invoke("audit", event)["statusCode"] == 200
    older = {"routeKey": "GET /log/tile/{tile+}", "pathParameters": {"tile": "0/000.p/1"}}
    assert cloud.invoke("audit", older)["statusCode"] == 200
    entries = ok(jiu.get("/activity/state"), 200)["entries"]
    assert {"account_opened", "recovery_code_issued"} <= {entry["kind"] for entry in entries}


def an_auditor_reads(cloud: Cloud, auditor: Browser) -> None:
    """What the log has grown to, beside each entry what it opens to."""
    reply = auditor.get("/auditor/entries", accept="application/json")
    assert ok(reply, 200)["entries"]


def ok(reply, status):
    assert reply.status == status, reply.body
    return json.loads(reply.body) if reply.body else {}


@pytest.fixture(scope="module")
def lived() -> Iterator[Cloud]:
    with cloud() as account:
        with a_witness() as witness:
            account.witnesses = witness.setting
            live_through_everything(DeployedHub(account), account, witness)
        yield account


def named_by_role(call: Permission, allowed: set[Permission]) -> set[Permission]:
    """The permissions that let this call through."""
    return {
        one
        for one in allowed
        if (one.function, one.action) == (call.function, call.action)
        and (one.thing == call.thing or ("*" in one.thing and fnmatchcase(call.thing, one.thing)))
    }


def ours(allowed: set[Permission]) -> set[Permission]:
    return {
        one
        for one in allowed
        if not one.action.startswith(PLUMBING) and one.action.partition(":")[2] not in STREAMING
    }


def test_no_call_of_a_function_is_refused_by_its_role(lived: Cloud) -> None:
    allowed = permissions(lived.template)
    assert {call for call in lived.called if not named_by_role(call, allowed)} == set()


def test_no_role_allows_what_its_function_never_calls(lived: Cloud) -> None:
    allowed = ours(permissions(lived.template))
    used = set().union(*(named_by_role(call, allowed) for call in lived.called))
    assert allowed - used == UNCALLED


def test_each_act_of_an_offers_life_is_paid_for_with_so_many_calls_and_no_more(
    lived: Cloud,
) -> None:
    bills = {
        act: {call: count for call, count in bill.items() if not call.endswith("GetPublicKey")}
        for act, bill in lived.bills.items()
    }
    assert bills == BILLS


def test_a_call_beyond_a_role_would_be_seen(lived: Cloud) -> None:
    call = Permission("audit", "bucket tiles staging/1-00", "s3:GetObject")
    assert named_by_role(call, permissions(lived.template)) == set()
    tile = Permission("audit", "bucket tiles tile/0/000", "s3:GetObject")
    assert named_by_role(tile, permissions(lived.template))
