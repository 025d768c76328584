"""Faults planted in roles and keys, each against the wall that it would breach."""

from __future__ import annotations

from tests.architecture.planting import Fault, add, allow, arn, of, role_statements, set_in

ANYONE = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "s3:GetObject",
    "Resource": arn("TilesBucket"),
}


FAULTS: list[Fault] = [
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
        "a bucket policy that lets anyone read",
        lambda r: of("TilesBucketPolicy", r)["PolicyDocument"]["Statement"].append(ANYONE),
        "no wildcard is allowed beyond the list",
        "TilesBucketPolicy: anyone is allowed",
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
]
