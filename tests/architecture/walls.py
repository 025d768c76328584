"""Proofs about IAM: each takes a template and gives what is wrong with it, in words."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from tests.architecture.permissions import (
    ENDPOINT,
    SWEEPS,
    Permission,
    permissions,
    roles,
    statements,
    thing_named,
)
from tests.architecture.template import (
    Template,
    as_list,
    functions,
    properties,
    resources,
    target,
)

# Every resource name with a wildcard that an Allow may have, and why it cannot be narrower.
WILDCARDS = {
    "bucket segments segments/*": "a segment's name is two hashes, so there is no list of them",
    "bucket tiles tile/*": "a tile's name is its place in the log, so there is no list of them",
    "bucket tiles staging/*": "a staged batch is named by its size and hash",
    "bucket tiles tile/*.p/*": "partial tiles only; a full tile stays undeletable",
    "bucket openings openings/*": "a file of openings is named by its place in the log",
    "bucket offers blobs/*": "a part of a snapshot of offers is named by its hash",
    "bucket openings openings/*.p/*": "narrow files only; a full one stays undeletable",
}

# What a zone may do with keys at all. A zone that is not here may do nothing with them.
KEY_ACTIONS: Mapping[str, Set[str]] = {
    "edge": {"kms:GetPublicKey", "kms:Sign"},
    # People's log keys and no others.
    "log": {"kms:GetPublicKey", "kms:Sign", "kms:Encrypt", "kms:Decrypt"},
    # Events to partners; no other key is at home there.
    "courier": {"kms:GetPublicKey", "kms:Sign"},
    "vault": {
        *("kms:GetPublicKey", "kms:Sign", "kms:Encrypt", "kms:Decrypt"),
        *("kms:ReEncryptFrom", "kms:ReEncryptTo"),
    },
    # Its own tokens; which keys these may be, HOME says.
    "intake": {"kms:GetPublicKey", "kms:Sign", "kms:Encrypt", "kms:Decrypt"},
}

OPENING = frozenset({"kms:Encrypt", "kms:Decrypt"})

# What Lambda does in a role's name to put a function into a network; it names no interface before
# there is one. A function may do none of it itself (network.py).
JOINS_A_NETWORK = frozenset(
    {
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
    }
)

# What the account itself may do with a key: never use it.
ADMINISTRATION = frozenset(
    {
        "kms:CancelKeyDeletion",
        "kms:DescribeKey",
        "kms:DisableKey",
        "kms:EnableKey",
        "kms:GetKeyPolicy",
        "kms:GetKeyRotationStatus",
        "kms:GetPublicKey",
        "kms:ListResourceTags",
        "kms:PutKeyPolicy",
        "kms:ScheduleKeyDeletion",
        "kms:TagResource",
        "kms:UntagResource",
        "kms:UpdateKeyDescription",
    }
)

# Tables, indexes and buckets of one zone that another zone's functions may never reach.
HOME = {
    "table accounts": {"edge"},
    "table sessions": {"edge"},
    "key checkpoint": {"log"},
    "key token": {"edge"},
    "key event": {"courier"},
    "key push": {"courier"},
    "key receipt": {"edge"},
    "key coupon": {"edge"},
    "table coupons": {"edge", "vault"},
    "key offer": {"edge"},
    "table offers": {"edge"},
    "bucket offers": {"edge"},
    "table log": {"log"},
    "table log_keys": {"log"},
    "table log_books": {"log"},
    "key log": {"log"},
    "table releases": {"vault"},
    "table witnesses": {"courier"},
    "bucket openings": {"log"},
    "table keys": {"vault"},
    "table vaults": {"vault"},
    "key vault": {"vault"},
    "key answer": {"vault"},
    "key reseal": {"vault"},
    "key review": {"vault"},
    "key match": {"vault"},
    "table appeals": {"vault"},
    "table rotations": {"vault"},
    "table idempotency": {"vault"},
    "table signing_keys": {"vault"},
    "table intake": {"intake"},
    "key intake": {"intake"},
    "key collector": {"intake"},
}
# What another zone may do there nevertheless, and why.
VISITS = {
    ("vault", "table sessions", "dynamodb:BatchGetItem"): "a person's own view asks who is there",
    ("vault", "table accounts", "dynamodb:BatchGetItem"): "no export while a recovery runs",
    ("vault", "table log", "dynamodb:BatchGetItem"): "a receipt carries its proof from the log",
    ("vault", "table witnesses", "dynamodb:BatchGetItem"): "and with it what witnesses said",
    ("log", "table sessions", "dynamodb:BatchGetItem"): "openings are for who is an auditor",
    ("vault", "table log_keys", "dynamodb:BatchGetItem"): "an erasure reads what it ends",
    ("vault", "table log_keys", "dynamodb:PutItem"): "and leaves a tombstone there",
    ("log", "table witnesses", "dynamodb:BatchGetItem"): "the log is shown with its cosignatures",
    ("courier", "table log", "dynamodb:BatchGetItem"): "the checkpoint that is to be cosigned",
    ("vault", "key token", "kms:GetPublicKey"): "the gate verifies access tokens",
    ("edge", "key event", "kms:GetPublicKey"): "partners are told the key of events there",
    ("edge", "key push", "kms:GetPublicKey"): "browsers are told the key of pushes there",
    ("edge", "key match", "kms:GetPublicKey"): "an acceptance needs the word of a vault",
    ("vault", "key collector", "kms:GetPublicKey"): "the vault believes what collect signed",
    ("vault", "table offers", "dynamodb:BatchGetItem"): "offers come to the vault: which is latest",
    ("vault", "bucket offers blobs/*", "s3:GetObject"): "and its parts, the same for every vault",
    ("vault", "key offer", "kms:GetPublicKey"): "and by which key they are believed",
}

# The one function that goes into other zones' tables to delete what is there; it puts nothing.
ERASING = "erase"
ERASED = {"table accounts", "table sessions", "table intake"}
ERASES = {"dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:DeleteItem"}


def wildcards(template: Template) -> list[str]:
    """Wildcards and "everything but" in what is allowed; entries of the list that nobody needs."""
    found: list[str] = []
    used: set[str] = set()
    for statement in statements(template):
        negations = {"NotAction", "NotResource", "NotPrincipal"} & statement.body.keys()
        found += [f"{statement.where}: {negation}" for negation in sorted(negations)]
        if statement.body["Effect"] != "Allow":
            continue
        if resources(template)[statement.where]["Type"] == ENDPOINT:
            continue  # it narrows what roles allow, and network.py says how
        found += [f"{statement.where}: action {one}" for one in statement.actions if "*" in one]
        if "*" in str(statement.body.get("Principal", "")):
            found.append(f"{statement.where}: anyone is allowed")
        for thing in statement.things:
            if thing == "*" and resources(template)[statement.where]["Type"] == "AWS::KMS::Key":
                continue  # in a key's own policy it means this key
            if thing == "*" and JOINS_A_NETWORK.issuperset(statement.actions):
                continue
            name = thing_named(template, thing)
            used.add(name)
            if "*" in name and name not in WILDCARDS:
                found.append(f"{statement.where}: resource {name}")
    return found + [f"not needed any more: {name}" for name in sorted(WILDCARDS.keys() - used)]


def own_roles(template: Template) -> list[str]:
    """Functions without a role of their own, and permissions that come from outside the page."""
    found: list[str] = []
    users: dict[str, list[str]] = {}
    for function, own in functions(template).items():
        role = target(own.get("Role"))[0]
        if resources(template).get(role, {}).get("Type") != "AWS::IAM::Role":
            found.append(f"{function}: no role of its own; SAM would make one with wildcards")
        users.setdefault(role, []).append(function)
        if own.get("Policies") or own.get("PermissionsBoundary"):
            found.append(f"{function}: policies beside its role")
        for event in own.get("Events", {}).values():
            if event["Type"] == "ScheduleV2" and "RoleArn" not in event["Properties"]:
                found.append(f"{function}: a schedule whose role SAM makes")
    found += [f"{role}: shared by {', '.join(who)}" for role, who in users.items() if len(who) > 1]
    known = roles(template)
    for name, resource in resources(template, "AWS::IAM::Role").items():
        if properties(resource).get("ManagedPolicyArns"):
            found.append(f"{name}: a managed policy")
        if name not in known:
            found.append(f"{name}: nobody's role")
        found += _who_may_assume(name, resource, known.get(name, ""))
    return found


def _who_may_assume(name: str, resource: Mapping[str, Any], owner: str) -> list[str]:
    service = "scheduler.amazonaws.com" if owner == SWEEPS else "lambda.amazonaws.com"
    document = properties(resource)["AssumeRolePolicyDocument"]
    principals = [statement["Principal"] for statement in as_list(document["Statement"])]
    if principals != [{"Service": service}]:
        return [f"{name}: may be assumed by more than {service}"]
    return []


def keys(template: Template, zones: Mapping[str, str]) -> list[str]:
    """Functions that may do with a key what their zone may not; keys that the account may use."""
    found = [
        f"{function} in zone {zones.get(function, 'none')}: {action} on {thing}"
        for function, thing, action in sorted(permissions(template))
        if action.startswith("kms:")
        and (
            action not in KEY_ACTIONS.get(zones.get(function, ""), ())
            # What the log zone opens is people's log keys; its other key signs, and nothing else.
            or (action in OPENING and zones.get(function) == "log" and thing != "key log")
        )
    ]
    for statement in statements(template):
        if resources(template)[statement.where]["Type"] != "AWS::KMS::Key":
            continue
        principals = as_list(statement.body["Principal"].get("AWS"))
        if any(target(principal)[0] in roles(template) for principal in principals):
            continue
        beyond = sorted(set(statement.actions) - ADMINISTRATION)
        found += [f"{statement.where}: the account may {action}" for action in beyond]
    return found


def foreign_rows(template: Template, zones: Mapping[str, str]) -> list[str]:
    """Functions that reach what belongs to another zone, whatever the page says."""
    return [
        f"{function} in zone {zones.get(function)}: {action} on {thing}"
        for function, thing, action in sorted(permissions(template))
        for home, allowed in HOME.items()
        # "table log" and what is in it, such as an index; not "table log_keys".
        if f"{thing} ".startswith(f"{home} ")
        and zones.get(function) not in allowed
        and (zones.get(function), thing, action) not in VISITS
        and not (function == ERASING and thing in ERASED and action in ERASES)
    ]


def erasing_opens(template: Template) -> list[str]:
    """What the function that erases could read anything with: it may sign, and nothing else."""
    return [
        f"{function}: {action} on {thing}"
        for function, thing, action in sorted(permissions(template))
        if function == ERASING
        and (
            action in {"kms:Decrypt", "kms:Encrypt"}
            or (action.startswith("kms:") and thing != "key certificate")
            or (action == "s3:GetObject" and thing.startswith("bucket segments"))
        )
    ]


# The function that opens records for their person. All it may change is to say so in the log.
EXPORTING = "export"
READS = {"BatchGetItem", "Query", "ConditionCheckItem", "GetObject", "ListBucket", "GetPublicKey"}


def exporting_writes(template: Template) -> list[str]:
    """What the function that exports could change, or sign."""
    plumbing = ("ec2:", "logs:")
    return [
        f"{function}: {action} on {thing}"
        for function, thing, action in sorted(permissions(template))
        if function == EXPORTING
        and not action.startswith(plumbing)
        and action.partition(":")[2] not in READS
        and (thing, action)
        not in {("table events", "dynamodb:PutItem"), ("key vault", "kms:Decrypt")}
    ]


# What records lie in. Answers come from the profile, whoever asks and whatever goes wrong.
RECORDS = ("table segments", "bucket segments", "stream segments", "table vault_public")
ANSWERING = "answer"


def answers_from_records(template: Template) -> list[str]:
    """Ways from the function that answers partners to anybody's records."""
    found = [
        f"{function}: {action} on {thing}"
        for function, thing, action in sorted(permissions(template))
        if function == ANSWERING and thing.startswith(RECORDS)
    ]
    own = functions(template).get(ANSWERING)
    if own is None:
        return [*found, "nobody answers"]
    return found + [
        f"{ANSWERING}: is told where {target(value)[0]} is"
        for value in own["Environment"]["Variables"].values()
        if target(value)[0] and thing_named(template, value).startswith(RECORDS)
    ]


def unlike_the_page(
    template: Template, permitted: Set[Permission], zones: Mapping[str, str]
) -> list[str]:
    """Differences between the template and docs/zones.md."""
    real = permissions(template)
    return [
        *(f"not in docs/zones.md: {' '.join(one)}" for one in sorted(real - permitted)),
        *(f"not in template.yaml: {' '.join(one)}" for one in sorted(permitted - real)),
        *(f"without a zone: {one}" for one in sorted(functions(template).keys() - zones.keys())),
        *(f"no function: {one}" for one in sorted(zones.keys() - functions(template).keys())),
    ]
