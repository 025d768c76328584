"""Proofs about what is open to the outside: routes, origins, buckets, other ways in."""

from __future__ import annotations

from collections.abc import Set

from tests.architecture.permissions import statements
from tests.architecture.template import (
    Template,
    as_list,
    events,
    functions,
    properties,
    resources,
    target,
)

# A type that is not here is a thing nobody has thought about: a function URL, an open queue, ...
RESOURCE_TYPES = frozenset(
    {
        "AWS::CloudWatch::Alarm",
        "AWS::DynamoDB::Table",
        "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::Subnet",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPC",
        "AWS::EC2::VPCEndpoint",
        "AWS::IAM::Role",
        "AWS::KMS::Key",
        "AWS::Logs::LogGroup",
        "AWS::Route53Resolver::FirewallDomainList",
        "AWS::Route53Resolver::FirewallRuleGroup",
        "AWS::Route53Resolver::FirewallRuleGroupAssociation",
        "AWS::S3::Bucket",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::Topic",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::Queue",
        "AWS::Serverless::Function",
        "AWS::Serverless::HttpApi",
        "AWS::Serverless::LayerVersion",
    }
)
# SAM gives each route a statement of about 420 bytes in the function's own policy, which may have
# 20,480: past this many a deployment fails, and the function has to be split.
MAX_ROUTES_OF_A_FUNCTION = 45
EVENT_TYPES = frozenset({"HttpApi", "DynamoDB", "ScheduleV2"})
# Variables of API Gateway's access log that can say who somebody is or hold a one-time token.
LOGGED = frozenset(
    {"$context.requestId", "$context.routeKey", "$context.status", "$context.responseLatency"}
)


def routes(template: Template, table: Set[tuple[str, str]]) -> list[str]:
    """Differences between the routes of the template and (route key, function) of the guards."""
    listed = [
        (f"{event.get('Method')} {event.get('Path')}", function)
        for function, _, event in events(template, "HttpApi")
    ]
    real = set(listed)
    return [
        *(f"without a guard: {route} of {function}" for route, function in sorted(real - table)),
        *(f"guarded, but no route: {route} of {name}" for route, name in sorted(table - real)),
        *(
            f"{function}: more routes than its policy can name"
            for function in sorted({name for _, name in real})
            if sum(name == function for _, name in real) > MAX_ROUTES_OF_A_FUNCTION
        ),
        *(f"twice: {route}" for route, _ in sorted(real) if listed.count((route, _)) > 1),
    ]


def other_ways_in(template: Template) -> list[str]:
    """Resources, events and properties through which a request gets past the guards."""
    found = [
        f"{name}: {resource['Type']} is not a type we know the walls of"
        for name, resource in resources(template).items()
        if resource["Type"] not in RESOURCE_TYPES
    ]
    for function, kind, event in events(template):
        if kind not in EVENT_TYPES:
            found.append(f"{function}: an event of type {kind}")
        if kind == "HttpApi" and target(event.get("ApiId"))[0] not in resources(template):
            found.append(f"{function}: a route of an API that the template does not name")
    found += [
        f"{function}: a function URL, which knows no guard"
        for function, own in functions(template).items()
        if "FunctionUrlConfig" in own
    ]
    for name, api in resources(template, "AWS::Serverless::HttpApi").items():
        own = properties(api)
        if own.get("DisableExecuteApiEndpoint") is not True or "Domain" not in own:
            found.append(f"{name}: answers under a second name")
        if "DefinitionBody" in own or "DefinitionUri" in own:
            found.append(f"{name}: routes beside the functions' events")
    return found


def open_origins(template: Template) -> list[str]:
    """Cross-origin access: pages of other origins have no business with people's routes."""
    shared = template.get("Globals", {}).get("HttpApi", {})
    apis = {"Globals": shared} | {
        name: properties(api)
        for name, api in resources(template, "AWS::Serverless::HttpApi").items()
    }
    found = [f"{name}: CORS" for name, own in apis.items() if own.get("CorsConfiguration")]
    return found + [
        f"{name}: CORS"
        for name, bucket in resources(template, "AWS::S3::Bucket").items()
        if properties(bucket).get("CorsConfiguration")
    ]


def open_buckets(template: Template) -> list[str]:
    """Buckets that somebody outside could read, or through which bytes travel in the clear."""
    found: list[str] = []
    for name, bucket in resources(template, "AWS::S3::Bucket").items():
        own = properties(bucket)
        block = own.get("PublicAccessBlockConfiguration", {})
        closed = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls")
        found += [
            f"{name}: {rule} is not true"
            for rule in (*closed, "RestrictPublicBuckets")
            if block.get(rule) is not True
        ]
        opening = ("AccessControl", "WebsiteConfiguration")
        found += [f"{name}: {one}" for one in opening if one in own]
        if "BucketEncryption" not in own:
            found.append(f"{name}: not encrypted")
        found += _not_denied(template, name)
    return found


def _not_denied(template: Template, bucket: str) -> list[str]:
    denied = {
        str(statement.body.get("Condition"))
        for statement in statements(template)
        if statement.body["Effect"] == "Deny"
        and statement.body.get("Principal") == "*"
        and target(properties(resources(template)[statement.where]).get("Bucket"))[0] == bucket
        and {"Fn::Sub": f"${{{bucket}.Arn}}/*"} in as_list(statement.body["Resource"])
    }
    rules = {
        "lets bytes travel in the clear": "{'Bool': {'aws:SecureTransport': 'false'}}",
        "lets what was published be replaced": "{'Null': {'s3:if-none-match': 'true'}}",
    }
    return [f"{bucket}: {fault}" for fault, rule in rules.items() if rule not in denied]


def told_by_access_logs(template: Template) -> list[str]:
    """What API Gateway would write down of a request beyond its route."""
    found: list[str] = []
    for name, api in resources(template, "AWS::Serverless::HttpApi").items():
        line = str(properties(api).get("AccessLogSettings", {}).get("Format", ""))
        words = line.replace('"', " ").replace(",", " ").replace("}", " ").split()
        logged = {word for word in words if word.startswith("$")}
        found += [f"{name}: logs {one}" for one in sorted(logged - LOGGED)]
    return found
