"""template.yaml keeps its walls, and each proof catches the fault that it is for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from mydata_hub.web.guards import ROUTES

from tests.architecture import doors, network, plumbing, walls, zone_page
from tests.architecture.permissions import Permission, permissions
from tests.architecture.settings import SETTINGS
from tests.architecture.template import Template, functions, read_template

VARIABLES = {name: settings.variables() for name, settings in SETTINGS.items()}
GUARDED = {(route.key, route.function) for route in ROUTES}

PROOFS: dict[str, Callable[[Template], list[str]]] = {
    "no wildcard is allowed beyond the list": walls.wildcards,
    "each function has a role of its own": walls.own_roles,
    "keys are used in their zone only": partial(walls.keys, zones=zone_page.zones()),
    "rows stay in their zone": partial(walls.foreign_rows, zones=zone_page.zones()),
    "roles are what docs/zones.md says": partial(
        walls.unlike_the_page, permitted=zone_page.permitted(), zones=zone_page.zones()
    ),
    "routes are what the guards know": partial(doors.routes, table=GUARDED),
    "there is no other way in": doors.other_ways_in,
    "no other origin is let in": doors.open_origins,
    "no bucket is public": doors.open_buckets,
    "access logs name nobody": doors.told_by_access_logs,
    "the environment is what settings read": partial(plumbing.settings, variables=VARIABLES),
    "each variable names what it says": plumbing.values_of_settings,
    "streams stop, halve and give up": plumbing.streams,
    "sweeps follow each stream": plumbing.sweeps,
    "every failure rings": plumbing.alarms,
    "tables are laid out and kept": plumbing.tables,
    "logs end": plumbing.logs,
    "partners are answered from profiles": walls.answers_from_records,
    "what erases opens nothing": walls.erasing_opens,
    "what exports changes nothing": walls.exporting_writes,
    "the vault zone is alone in its network": partial(network.isolation, zones=zone_page.zones()),
    "endpoints lead to what is ours": network.endpoints,
    "names carry nothing out": network.names,
    "no function changes its network": network.joining,
    "vault keys open for a purpose": network.purposes,
}


@pytest.mark.parametrize("proof", PROOFS)
def test_the_template_keeps(proof: str) -> None:
    assert PROOFS[proof](read_template()) == []


Plant = Callable[[dict[str, Any]], object]


def of(name: str, resources: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = resources[name]["Properties"]
    return found


def role_statements(name: str, resources: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = of(name, resources)["Policies"][0]["PolicyDocument"]["Statement"]
    return found


def allow(role: str, *actions: str, on: Any = None) -> Plant:
    """A plant: `role` may do `actions`."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": on or arn("CheckpointKey")}
    return lambda resources: role_statements(role, resources).append(statement)


def arn(name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, "Arn"]}


def set_in(name: str, *path: str, to: Any) -> Plant:
    """A plant: the property at `path` becomes `to`; None takes it away."""

    def plant(resources: dict[str, Any]) -> None:
        place = of(name, resources)
        for step in path[:-1]:
            place = place.setdefault(step, {})
        if to is None:
            del place[path[-1]]
        else:
            place[path[-1]] = to

    return plant


def stream_of(name: str, *path: str, to: Any) -> Plant:
    event = {"Deliver": "Messages", "SequenceLog": "Recorded"}[name]
    return set_in(name, "Events", event, "Properties", *path, to=to)


def without(name: str) -> Plant:
    return lambda resources: resources.pop(name)


def add(name: str, kind: str, **properties: Any) -> Plant:
    return lambda resources: resources.update({name: {"Type": kind, "Properties": properties}})


def route(name: str, method: str, path: str, event: str = "Planted") -> Plant:
    properties = {"ApiId": {"Ref": "Api"}, "Method": method, "Path": path}
    return set_in(name, "Events", event, to={"Type": "HttpApi", "Properties": properties})


ANYONE = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "s3:GetObject",
    "Resource": arn("TilesBucket"),
}

# (what is planted, the plant, the proof that must catch it, the words it must say)
FAULTS: list[tuple[str, Plant, str, str]] = [
    (
        "kms:* in a role",
        allow("PagesRole", "kms:*"),
        "no wildcard is allowed beyond the list",
        "PagesRole: action kms:*",
    ),
    (
        "kms:* for the account in the key's policy",
        lambda r: of("CheckpointKey", r)["KeyPolicy"]["Statement"][0].update(Action="kms:*"),
        "no wildcard is allowed beyond the list",
        "CheckpointKey: action kms:*",
    ),
    (
        "the account may sign",
        lambda r: of("CheckpointKey", r)["KeyPolicy"]["Statement"][0]["Action"].append("kms:Sign"),
        "keys are used in their zone only",
        "CheckpointKey: the account may kms:Sign",
    ),
    (
        "a whole service of actions",
        allow("AuditRole", "dynamodb:Batch*", on=arn("LogTable")),
        "no wildcard is allowed beyond the list",
        "AuditRole: action dynamodb:Batch*",
    ),
    (
        "every resource",
        allow("DeliverRole", "dynamodb:PutItem", on="*"),
        "no wildcard is allowed beyond the list",
        "DeliverRole: resource *",
    ),
    (
        "every object of the bucket",
        allow("AuditRole", "s3:GetObject", on={"Fn::Sub": "${TilesBucket.Arn}/*"}),
        "no wildcard is allowed beyond the list",
        "AuditRole: resource bucket tiles *",
    ),
    (
        "everything but",
        lambda r: role_statements("AuditRole", r).append(
            {"Effect": "Allow", "NotAction": "iam:PassRole", "Resource": arn("LogTable")}
        ),
        "no wildcard is allowed beyond the list",
        "AuditRole: NotAction",
    ),
    (
        "an edge function with decrypt",
        allow("PagesRole", "kms:Decrypt"),
        "keys are used in their zone only",
        "pages in zone edge: kms:Decrypt on key checkpoint",
    ),
    (
        "an edge function in the key's own policy",
        lambda r: of("CheckpointKey", r)["KeyPolicy"]["Statement"].append(
            {
                "Effect": "Allow",
                "Principal": {"AWS": arn("PagesRole")},
                "Action": "kms:Decrypt",
                "Resource": "*",
            }
        ),
        "keys are used in their zone only",
        "pages in zone edge: kms:Decrypt on key checkpoint",
    ),
    (
        "the log zone decrypts",
        allow("SequenceLogRole", "kms:Decrypt"),
        "keys are used in their zone only",
        "sequence_log in zone log: kms:Decrypt on key checkpoint",
    ),
    (
        "the courier reads accounts",
        allow("DeliverRole", "dynamodb:Query", on=arn("AccountsTable")),
        "rows stay in their zone",
        "deliver in zone courier: dynamodb:Query on table accounts",
    ),
    (
        "what erases decrypts",
        allow("EraseRole", "kms:Decrypt", on=arn("VaultKey")),
        "what erases opens nothing",
        "erase: kms:Decrypt on key vault",
    ),
    (
        "what erases reads segments",
        allow("EraseRole", "s3:GetObject", on={"Fn::Sub": "${SegmentsBucket.Arn}/segments/*"}),
        "what erases opens nothing",
        "erase: s3:GetObject on bucket segments segments/*",
    ),
    (
        "what erases puts an account",
        allow("EraseRole", "dynamodb:PutItem", on=arn("AccountsTable")),
        "rows stay in their zone",
        "erase in zone vault: dynamodb:PutItem on table accounts",
    ),
    (
        "a table action beyond the page",
        allow("PagesRole", "dynamodb:DeleteItem", on=arn("EventsTable")),
        "roles are what docs/zones.md says",
        "not in docs/zones.md: pages table events dynamodb:DeleteItem",
    ),
    (
        "a table action of the page taken away",
        lambda r: role_statements("AuditRole", r).pop(0),
        "roles are what docs/zones.md says",
        "not in template.yaml: audit table log dynamodb:BatchGetItem",
    ),
    (
        "a function that the page does not know",
        add(
            "Planted", "AWS::Serverless::Function", Handler="planted.handler", Role=arn("PagesRole")
        ),
        "roles are what docs/zones.md says",
        "without a zone: planted",
    ),
    (
        "two functions with one role",
        set_in("Audit", "Role", to=arn("PagesRole")),
        "each function has a role of its own",
        "PagesRole: shared by pages, audit",
    ),
    (
        "a function whose role SAM makes",
        set_in("Audit", "Role", to=None),
        "each function has a role of its own",
        "audit: no role of its own; SAM would make one with wildcards",
    ),
    (
        "a managed policy",
        set_in("AuditRole", "ManagedPolicyArns", to=["arn:aws:iam::aws:policy/ReadOnlyAccess"]),
        "each function has a role of its own",
        "AuditRole: a managed policy",
    ),
    (
        "a policy beside the role",
        set_in("Audit", "Policies", to=["AmazonS3FullAccess"]),
        "each function has a role of its own",
        "audit: policies beside its role",
    ),
    (
        "a role that anyone in the account may take on",
        lambda r: of("PagesRole", r)["AssumeRolePolicyDocument"]["Statement"].append(
            {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}
        ),
        "each function has a role of its own",
        "PagesRole: may be assumed by more than lambda.amazonaws.com",
    ),
    (
        "a route without a guard",
        route("Pages", "GET", "/people"),
        "routes are what the guards know",
        "without a guard: GET /people of pages",
    ),
    (
        "a guarded route at another function",
        route("Audit", "GET", "/account"),
        "routes are what the guards know",
        "without a guard: GET /account of audit",
    ),
    (
        "a guard without a route",
        set_in("Pages", "Events", "SignOut", to=None),
        "routes are what the guards know",
        "guarded, but no route: POST /sign-out of pages",
    ),
    (
        "more routes than a function's policy can name",
        lambda r: [route("Pages", "GET", f"/planted/{n}", f"Planted{n}")(r) for n in range(45)],
        "routes are what the guards know",
        "pages: more routes than its policy can name",
    ),
    (
        "a function URL",
        set_in("Pages", "FunctionUrlConfig", to={"AuthType": "NONE"}),
        "there is no other way in",
        "pages: a function URL, which knows no guard",
    ),
    (
        "a REST API",
        set_in("Audit", "Events", "Planted", to={"Type": "Api", "Properties": {}}),
        "there is no other way in",
        "audit: an event of type Api",
    ),
    (
        "a permission for anybody to invoke",
        add("Planted", "AWS::Lambda::Permission", Principal="*"),
        "there is no other way in",
        "Planted: AWS::Lambda::Permission is not a type we know the walls of",
    ),
    (
        "the default endpoint",
        set_in("Api", "DisableExecuteApiEndpoint", to=False),
        "there is no other way in",
        "Api: answers under a second name",
    ),
    (
        "open CORS",
        set_in("Api", "CorsConfiguration", to={"AllowOrigins": ["*"]}),
        "no other origin is let in",
        "Api: CORS",
    ),
    (
        "a bucket whose public access is not blocked",
        set_in("TilesBucket", "PublicAccessBlockConfiguration", "BlockPublicPolicy", to=False),
        "no bucket is public",
        "TilesBucket: BlockPublicPolicy is not true",
    ),
    (
        "a bucket without any block",
        set_in("TilesBucket", "PublicAccessBlockConfiguration", to=None),
        "no bucket is public",
        "TilesBucket: RestrictPublicBuckets is not true",
    ),
    (
        "a public canned list",
        set_in("TilesBucket", "AccessControl", to="PublicRead"),
        "no bucket is public",
        "TilesBucket: AccessControl",
    ),
    (
        "a bucket policy that lets anyone read",
        lambda r: of("TilesBucketPolicy", r)["PolicyDocument"]["Statement"].append(ANYONE),
        "no wildcard is allowed beyond the list",
        "TilesBucketPolicy: anyone is allowed",
    ),
    (
        "a bucket without encrypted transport",
        lambda r: of("TilesBucketPolicy", r)["PolicyDocument"]["Statement"].pop(0),
        "no bucket is public",
        "TilesBucket: lets bytes travel in the clear",
    ),
    (
        "a bucket whose objects can be replaced",
        lambda r: of("TilesBucketPolicy", r)["PolicyDocument"]["Statement"].pop(1),
        "no bucket is public",
        "TilesBucket: lets what was published be replaced",
    ),
    (
        "a path in the access log",
        set_in("Api", "AccessLogSettings", "Format", to='{"path":"$context.path"}'),
        "access logs name nobody",
        "Api: logs $context.path",
    ),
    (
        "a settings variable that is missing",
        set_in("Pages", "Environment", "Variables", "NOTICES_TABLE", to=None),
        "the environment is what settings read",
        "pages: NOTICES_TABLE is missing",
    ),
    (
        "a settings variable too many",
        set_in("Audit", "Environment", "Variables", "CHECKPOINT_KEY", to=arn("CheckpointKey")),
        "the environment is what settings read",
        "audit: CHECKPOINT_KEY is surplus",
    ),
    (
        "a variable that names another table",
        set_in("Audit", "Environment", "Variables", "LOG_TABLE", to={"Ref": "EventsTable"}),
        "each variable names what it says",
        "audit: LOG_TABLE is {'Ref': 'EventsTable'}",
    ),
    (
        "a variable that its role makes useless",
        lambda r: role_statements("AuditRole", r).pop(0),
        "each variable names what it says",
        "audit: LOG_TABLE is of no use to its role",
    ),
    (
        "a stream consumer without an on-failure queue",
        stream_of("Deliver", "DestinationConfig", to=None),
        "streams stop, halve and give up",
        "deliver: no on-failure queue",
    ),
    (
        "a stream consumer that may not send to its queue",
        lambda r: role_statements("DeliverRole", r).pop(7),
        "streams stop, halve and give up",
        "deliver: may not send to its on-failure queue",
    ),
    (
        "a stream consumer that tries for ever",
        stream_of("SequenceLog", "MaximumRetryAttempts", to=-1),
        "streams stop, halve and give up",
        "sequence_log: tries without end",
    ),
    (
        "a stream consumer that does not halve",
        stream_of("Deliver", "BisectBatchOnFunctionError", to=False),
        "streams stop, halve and give up",
        "deliver: one bad record fails its whole batch",
    ),
    (
        "a stream consumer whose queue has no alarm",
        without("DeliverFailuresAlarm"),
        "every failure rings",
        "DeliverFailures: no alarm when it is not empty",
    ),
    (
        "an alarm that nobody hears",
        set_in("SequenceLogFailuresAlarm", "AlarmActions", to=[]),
        "every failure rings",
        "SequenceLogFailures: no alarm when it is not empty",
    ),
    (
        "an alarm that waits",
        set_in("PagesErrorsAlarm", "Threshold", to=100),
        "every failure rings",
        "pages: no alarm on its errors",
    ),
    (
        "a queue in the clear",
        set_in("DeliverFailures", "SqsManagedSseEnabled", to=False),
        "every failure rings",
        "DeliverFailures: not encrypted",
    ),
    (
        "a stream without a sweep",
        set_in("Deliver", "Events", "Sweep", to=None),
        "sweeps follow each stream",
        "deliver: has no sweep",
    ),
    (
        "a sweep whose failed start is lost",
        set_in("Deliver", "Events", "Sweep", "Properties", "DeadLetterConfig", to=None),
        "sweeps follow each stream",
        "sweep of deliver: no on-failure queue",
    ),
    (
        "events that expire",
        set_in("EventsTable", "TimeToLiveSpecification", to={"AttributeName": "expires_at"}),
        "tables are laid out and kept",
        "EventsTable: its rows may not expire",
    ),
    (
        "accounts without point-in-time recovery",
        set_in("AccountsTable", "PointInTimeRecoverySpecification", to=None),
        "tables are laid out and kept",
        "AccountsTable: not restorable to a point in time",
    ),
    (
        "a log that goes with its stack",
        lambda r: r["LogTable"].update(DeletionPolicy="Delete"),
        "tables are laid out and kept",
        "LogTable: can be deleted with the stack",
    ),
    (
        "an index that holds whole rows",
        lambda r: of("EventsTable", r)["GlobalSecondaryIndexes"][1].update(
            Projection={"ProjectionType": "ALL"}
        ),
        "tables are laid out and kept",
        "EventsTable: index subject holds more than keys",
    ),
    (
        "a gate that may read what announces records",
        allow("AnswerRole", "dynamodb:BatchGetItem", on=arn("SegmentsTable")),
        "partners are answered from profiles",
        "answer: dynamodb:BatchGetItem on table segments",
    ),
    (
        "a gate that may read sealed records",
        allow("AnswerRole", "s3:GetObject", on={"Fn::Sub": "${SegmentsBucket.Arn}/segments/*"}),
        "partners are answered from profiles",
        "answer: s3:GetObject on bucket segments segments/*",
    ),
    (
        "a gate that is told where records are",
        set_in("Answer", "Environment", "Variables", "SEGMENTS_TABLE", to={"Ref": "SegmentsTable"}),
        "partners are answered from profiles",
        "answer: is told where SegmentsTable is",
    ),
    (
        "keys that are restorable for longer than erasure promises",
        set_in("KeysTable", "PointInTimeRecoverySpecification", "RecoveryPeriodInDays", to=35),
        "tables are laid out and kept",
        "KeysTable: not restorable to a point in time",
    ),
    (
        "a vault function outside the network",
        set_in("MyVault", "VpcConfig", to=None),
        "the vault zone is alone in its network",
        "my_vault: in the wrong network for zone vault",
    ),
    (
        "an edge function inside the network",
        set_in("Pages", "VpcConfig", to={"SecurityGroupIds": [{"Ref": "VaultSecurityGroup"}]}),
        "the vault zone is alone in its network",
        "pages: in the wrong network for zone edge",
    ),
    (
        "a security group that lets everything out",
        set_in("VaultSecurityGroup", "SecurityGroupEgress", to=None),
        "the vault zone is alone in its network",
        "fold_records: a security group that lets out more than to the endpoints",
    ),
    (
        "a rule to any address",
        lambda r: of("VaultSecurityGroup", r)["SecurityGroupEgress"].append(
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}
        ),
        "the vault zone is alone in its network",
        "my_vault: a security group that lets out more than to the endpoints",
    ),
    (
        "a gateway to the internet",
        add("Planted", "AWS::EC2::InternetGateway"),
        "the vault zone is alone in its network",
        "Planted: AWS::EC2::InternetGateway is a way out of the network",
    ),
    (
        "an endpoint without a policy",
        set_in("BlobsEndpoint", "PolicyDocument", to=None),
        "endpoints lead to what is ours",
        "BlobsEndpoint: leads to other accounts' resources",
    ),
    (
        "an endpoint for any role",
        lambda r: of("KeysEndpoint", r)["PolicyDocument"]["Statement"][0]["Condition"].pop(
            "ArnEquals"
        ),
        "endpoints lead to what is ours",
        "KeysEndpoint: carries others than the vault zone's roles",
    ),
    (
        "no endpoint for keys",
        without("KeysEndpoint"),
        "endpoints lead to what is ours",
        "no endpoint of kms",
    ),
    (
        "a network that looks up any name",
        without("VaultNamesGuard"),
        "names carry nothing out",
        "VaultNetwork: looks up any name",
    ),
    (
        "a function that may change its network",
        lambda r: r["MyVaultRole"]["Properties"]["Policies"][0]["PolicyDocument"][
            "Statement"
        ].remove(network.NOT_BY_ITSELF),
        "no function changes its network",
        "MyVaultRole: may change its network itself",
    ),
    (
        "a role that may make interfaces without a network",
        allow("PagesRole", "ec2:CreateNetworkInterface", on="*"),
        "no function changes its network",
        "PagesRole: has no business in a network",
    ),
    (
        "an export that could write a manifest",
        allow("ExportRole", "dynamodb:PutItem", on=arn("VaultsTable")),
        "what exports changes nothing",
        "export: dynamodb:PutItem on table vaults",
    ),
    (
        "an export that could sign what people bring",
        allow("ExportRole", "kms:Sign", on=arn("SelfSuppliedKey")),
        "what exports changes nothing",
        "export: kms:Sign on key self_supplied",
    ),
    (
        "a person's own view that opens records",
        lambda r: of("VaultKey", r)["KeyPolicy"]["Statement"][3]["Condition"][
            "StringEquals"
        ].update({network.PURPOSE: ["profile", "records"]}),
        "vault keys open for a purpose",
        "my_vault: unwraps for ['profile', 'records']",
    ),
    (
        "unwrapping from anywhere",
        lambda r: of("VaultKey", r)["KeyPolicy"]["Statement"][1]["Condition"]["StringEquals"].pop(
            "aws:SourceVpce"
        ),
        "vault keys open for a purpose",
        "fold_records: unwraps past the endpoint",
    ),
    (
        "the vault zone writes sessions",
        allow("MyVaultRole", "dynamodb:PutItem", on=arn("SessionsTable")),
        "rows stay in their zone",
        "my_vault in zone vault: dynamodb:PutItem on table sessions",
    ),
    (
        "an edge function reads wrapped keys",
        allow("PagesRole", "dynamodb:BatchGetItem", on=arn("KeysTable")),
        "rows stay in their zone",
        "pages in zone edge: dynamodb:BatchGetItem on table keys",
    ),
    (
        "a log group that Lambda would make",
        set_in("Audit", "LoggingConfig", to=None),
        "logs end",
        "audit: no log group of its own",
    ),
]


@pytest.mark.parametrize(
    ("plant", "proof", "words"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS]
)
def test_a_planted_fault_is_caught(plant: Plant, proof: str, words: str) -> None:
    template = read_template()
    plant(template["Resources"])
    assert words in PROOFS[proof](template)


def test_a_fault_is_planted_against_every_proof() -> None:
    assert {fault[2] for fault in FAULTS} == PROOFS.keys()


def test_a_permission_of_the_page_that_the_template_lacks_is_told() -> None:
    surplus = Permission("pages", "table events", "dynamodb:Query")
    found = walls.unlike_the_page(
        read_template(), zone_page.permitted() | {surplus}, zone_page.zones()
    )
    assert found == ["not in template.yaml: pages table events dynamodb:Query"]


def test_the_proofs_read_something() -> None:
    # A reader that finds nothing would make every proof above hold.
    template = read_template()
    assert functions(template).keys() == VARIABLES.keys()
    assert len(permissions(template)) > 40
    assert len(zone_page.permitted()) == len(permissions(template))
