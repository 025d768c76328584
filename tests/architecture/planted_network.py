"""Faults planted in the network of the vault zone and in what its keys open for."""

from __future__ import annotations

from tests.architecture import network
from tests.architecture.planting import Fault, add, allow, of, set_in, without

FAULTS: list[Fault] = [
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
]
