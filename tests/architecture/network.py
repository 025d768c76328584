"""Proofs about the vault zone's network: it has no way out but to three endpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.architecture.permissions import ENDPOINT, roles, statements
from tests.architecture.template import (
    Template,
    as_list,
    functions,
    properties,
    resources,
    target,
)

ZONE = "vault"
INTERFACE = "Interface"
SERVICES = {"dynamodb", "kms", "s3"}
# The only types of a network that may be there: no gateway, no NAT, no route, no peering.
NETWORK_TYPES = frozenset(
    {
        "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::Subnet",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPC",
        ENDPOINT,
    }
)
NOT_BY_ITSELF = {
    "Effect": "Deny",
    "Action": ["ec2:*"],
    "Resource": "*",
    "Condition": {"Null": {"lambda:SourceFunctionArn": "false"}},
}
CRYPTS = frozenset({"kms:Decrypt", "kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"})
PURPOSE = "kms:EncryptionContext:purpose"
# Who may do what for which purposes at once; a function that is not here may unwrap nothing.
OPEN, KEEP = frozenset({"kms:Decrypt"}), frozenset({"kms:Decrypt", "kms:Encrypt"})
PURPOSES: Mapping[str, Mapping[tuple[str, ...], frozenset[str]]] = {
    "fold_records": {("profile", "records"): KEEP},
    "export": {("profile", "records"): OPEN},
    "reseal": {("profile", "records"): CRYPTS},
    # It shows a person the cases that it sealed for them.
    "my_vault": {("profile",): OPEN, ("review",): KEEP},
    "review": {("review",): OPEN},
    # It never wraps what opens a vault, and what it wraps opens none.
    "answer": {("profile",): OPEN, ("signing",): KEEP},
}


def isolation(template: Template, zones: Mapping[str, str]) -> list[str]:
    """Functions of the vault zone outside its network, others in it, and ways out of it."""
    found: list[str] = []
    closed = set(_closed_groups(template))
    for function, own in functions(template).items():
        config = own.get("VpcConfig")
        if (zones.get(function) == ZONE) is not (config is not None):
            found.append(f"{function}: in the wrong network for zone {zones.get(function)}")
        groups = {target(one)[0] for one in as_list((config or {}).get("SecurityGroupIds"))}
        if config is not None and (not groups or groups - closed):
            found.append(f"{function}: a security group that lets out more than to the endpoints")
    for name, resource in resources(template).items():
        kind = resource["Type"]
        if kind.startswith("AWS::EC2::") and kind not in NETWORK_TYPES:
            found.append(f"{name}: {kind} is a way out of the network")
        if kind == "AWS::EC2::Subnet" and properties(resource).get("MapPublicIpOnLaunch"):
            found.append(f"{name}: gives out public addresses")
    return found


def _closed_groups(template: Template) -> Iterator[str]:
    groups = resources(template, "AWS::EC2::SecurityGroup")
    for name, group in groups.items():
        rules = properties(group).get("SecurityGroupEgress", [])
        ends = [target(rule.get("DestinationSecurityGroupId"))[0] in groups for rule in rules]
        lists = ["DestinationPrefixListId" in rule for rule in rules]
        ports = [(rule.get("FromPort"), rule.get("ToPort")) == (443, 443) for rule in rules]
        # Without a rule of its own a group lets everything out.
        if rules and all(ports) and all(a or b for a, b in zip(ends, lists, strict=True)):
            yield name


def endpoints(template: Template) -> list[str]:
    """Endpoints that are missing, lead elsewhere, or carry to what is not ours."""
    found: list[str] = []
    named: set[str] = set()
    for name, endpoint in resources(template, ENDPOINT).items():
        own = properties(endpoint)
        service = str(own["ServiceName"].get("Fn::Sub", "")).rpartition(".")[2]
        named.add(service)
        if (own["VpcEndpointType"] == INTERFACE) is not (service == "kms"):
            found.append(f"{name}: another kind of endpoint than {service} has for free")
        for statement in as_list(own.get("PolicyDocument", {}).get("Statement")) or [{}]:
            condition = statement.get("Condition", {})
            ours = condition.get("StringEquals", {}).get("aws:ResourceAccount")
            if ours != {"Ref": "AWS::AccountId"}:
                found.append(f"{name}: leads to other accounts' resources")
            who = as_list(condition.get("ArnEquals", {}).get("aws:PrincipalArn"))
            if not who or {roles(template).get(target(one)[0], "") for one in who} - _in(template):
                found.append(f"{name}: carries others than the vault zone's roles")
            missing = _in(template) - {roles(template).get(target(one)[0], "") for one in who}
            found += [f"{name}: does not carry {one}" for one in sorted(missing)]
    found += [f"no endpoint of {one}" for one in sorted(SERVICES - named)]
    return found + [f"an endpoint of {one}" for one in sorted(named - SERVICES)]


def _in(template: Template) -> set[str]:
    return {name for name, own in functions(template).items() if "VpcConfig" in own}


def names(template: Template) -> list[str]:
    """Ways to carry something out in names that are looked up (DNS)."""
    guarded = {
        target(properties(one)["VpcId"])[0]: target(properties(one)["FirewallRuleGroupId"])[0]
        for one in resources(
            template, "AWS::Route53Resolver::FirewallRuleGroupAssociation"
        ).values()
    }
    found: list[str] = []
    for name in resources(template, "AWS::EC2::VPC"):
        group = resources(template).get(guarded.get(name, ""))
        rules = properties(group)["FirewallRules"] if group else []
        last = max(rules, key=lambda rule: int(rule["Priority"]), default={})
        blocked = resources(template).get(target(last.get("FirewallDomainListId"))[0])
        every = blocked and properties(blocked)["Domains"] == ["*."]
        if last.get("Action") != "BLOCK" or not every:
            found.append(f"{name}: looks up any name")
    return found


def joining(template: Template) -> list[str]:
    """Roles that may change the network from inside a function."""
    denied = {one.where for one in statements(template) if one.body == NOT_BY_ITSELF}
    allowed = {
        one.where
        for one in statements(template)
        if one.body["Effect"] == "Allow" and any(act.startswith("ec2:") for act in one.actions)
    }
    known = roles(template)
    found = [f"{name}: may change its network itself" for name in sorted(allowed - denied)]
    found += [
        f"{name}: has no business in a network"
        for name in sorted(allowed)
        if known.get(name) not in _in(template)
    ]
    missing = {name for name, function in known.items() if function in _in(template)} - allowed
    return found + [f"{name}: cannot join the network" for name in sorted(missing)]


def purposes(template: Template) -> list[str]:
    """Unwrapping without a purpose, for another than the function's, or past the endpoint."""
    endpoint = next(
        name
        for name, one in resources(template, ENDPOINT).items()
        if properties(one)["VpcEndpointType"] == INTERFACE
    )
    owner, found = roles(template), []
    for statement in statements(template):
        crypts = CRYPTS.intersection(statement.actions)
        if not crypts or statement.body["Effect"] != "Allow":
            continue
        if statement.where != "VaultKey":
            if resources(template)[statement.where]["Type"] == "AWS::IAM::Role":
                found.append(f"{statement.where}: the right stands outside the key's own policy")
            continue
        equal = statement.body.get("Condition", {}).get("StringEquals", {})
        for principal in as_list(statement.body["Principal"].get("AWS")):
            function = owner.get(target(principal)[0], "somebody")
            given = PURPOSES.get(function, {})
            if crypts != given.get(tuple(equal.get(PURPOSE, ()))):
                found.append(f"{function}: unwraps for {equal.get(PURPOSE)}")
            if equal.get("aws:SourceVpce") != {"Ref": endpoint}:
                found.append(f"{function}: unwraps past the endpoint")
    return found
