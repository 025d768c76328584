"""What the template lets each function do: (function, thing, action), read from every policy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.architecture.template import (
    Template,
    as_list,
    functions,
    properties,
    resources,
    target,
)

ENDPOINT = "AWS::EC2::VPCEndpoint"
SWEEPS = "sweeps"  # the schedules' own principal, which is no function


class Permission(NamedTuple):
    """One action on one thing, in the words of docs/zones.md."""

    function: str
    thing: str
    action: str


@dataclass(frozen=True)
class Statement:
    """One statement of a policy and where it stands."""

    where: str
    body: dict[str, Any]

    @property
    def actions(self) -> list[str]:
        return [str(action) for action in as_list(self.body.get("Action"))]

    @property
    def things(self) -> list[Any]:
        return as_list(self.body.get("Resource"))


def statements(template: Template) -> Iterator[Statement]:
    """Every statement of every policy in the template, wherever one may stand."""
    for name, resource in resources(template).items():
        found = properties(resource)
        documents = [
            found.get("AssumeRolePolicyDocument"),
            found.get("PolicyDocument"),
            found.get("KeyPolicy"),
            found.get("ResourcePolicy", {}).get("PolicyDocument"),
            *(
                policy.get("PolicyDocument")
                for policy in as_list(found.get("Policies"))
                if isinstance(policy, dict)
            ),
        ]
        for document in documents:
            if document:
                for body in as_list(document["Statement"]):
                    yield Statement(name, body)


def roles(template: Template) -> dict[str, str]:
    """Logical id of a role -> the function that runs as it, or SWEEPS."""
    found = {target(own.get("Role"))[0]: function for function, own in functions(template).items()}
    for own in functions(template).values():
        for event in own.get("Events", {}).values():
            role = target(event.get("Properties", {}).get("RoleArn"))[0]
            if role:
                found[role] = SWEEPS
    return found


def permissions(template: Template) -> set[Permission]:
    """Everything allowed to functions, by their roles and by the policies of keys."""
    owner = roles(template)
    found: set[Permission] = set()
    for statement in statements(template):
        if statement.body["Effect"] != "Allow" or "sts:AssumeRole" in statement.actions:
            continue
        if resources(template)[statement.where]["Type"] == ENDPOINT:
            continue  # it lets nothing be done that a role does not allow (network.py)
        if "Principal" not in statement.body:
            callers = [owner.get(statement.where, statement.where)]
            things = [thing_named(template, thing) for thing in statement.things]
        else:
            named = as_list(statement.body["Principal"].get("AWS"))
            callers = [owner[target(one)[0]] for one in named if target(one)[0] in owner]
            things = [thing_named(template, {"Ref": statement.where})]
        found |= {
            Permission(caller, thing, action)
            for caller in callers
            for thing in things
            for action in statement.actions
        }
    return found


KINDS = {
    "AWS::DynamoDB::Table": "table",
    "AWS::S3::Bucket": "bucket",
    "AWS::KMS::Key": "key",
    "AWS::SQS::Queue": "queue",
    "AWS::Logs::LogGroup": "logs",
    "AWS::Serverless::Function": "function",
}


def thing_named(template: Template, resource: Any) -> str:
    """The words of docs/zones.md for a resource of a statement: `table sessions index account`."""
    name, attribute = target(resource)
    rest = ""
    if isinstance(resource, dict) and "Fn::Sub" in resource:
        match = re.fullmatch(r"\$\{(\w+)\.Arn\}/(.+)", str(resource["Fn::Sub"]))
        if not match:
            return str(resource["Fn::Sub"])
        name, rest = match.group(1), " " + match.group(2).replace("index/", "index ", 1)
    if name not in resources(template):
        return str(resource)
    kind = KINDS.get(resources(template)[name]["Type"], resources(template)[name]["Type"])
    if attribute == "StreamArn":
        kind = "stream"
    return f"{kind} {snake(_bare(name, kind))}{rest}"


def snake(logical: str) -> str:
    """SequenceLogFailures -> sequence_log_failures"""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", logical).lower()


def _bare(logical: str, kind: str) -> str:
    # A stream and its table share a logical id.
    return logical.removesuffix("Table" if kind == "stream" else kind.title())
