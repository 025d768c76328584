"""What the gateway knows of each resource type: properties it uses, and those that change nothing.

A property is in `used`, in `silent` (knowingly without meaning on a laptop: names, sizes,
permissions, alarms), or it is refused. Change rule: before a property moves into `silent`, it must
be true that a handler cannot tell whether AWS honoured it; otherwise emulate it and use it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

FUNCTION: Final = "AWS::Serverless::Function"
HTTP_API: Final = "AWS::Serverless::HttpApi"
TABLE: Final = "AWS::DynamoDB::Table"
BUCKET: Final = "AWS::S3::Bucket"
KEY: Final = "AWS::KMS::Key"
QUEUE: Final = "AWS::SQS::Queue"


@dataclass(frozen=True, slots=True)
class Kind:
    """`attributes` are what Fn::GetAtt may ask for."""

    used: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    attributes: frozenset[str] = field(default=frozenset())


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


KINDS: Final[dict[str, Kind]] = {
    FUNCTION: Kind(
        used=_names("CodeUri Handler Timeout MemorySize Environment Events EventInvokeConfig"),
        silent=_names(
            "Architectures Description FunctionName Layers LoggingConfig"
            " PermissionsBoundary Policies ReservedConcurrentExecutions Role Runtime Tags Tracing"
            " PropagateTags RecursiveLoop"
            # On a laptop the vault zone's wall is imports alone (docs/zones.md).
            " VpcConfig"
        ),
        attributes=_names("Arn"),
    ),
    HTTP_API: Kind(
        used=_names("StageName"),
        silent=_names(
            "AccessLogSettings DefaultRouteSettings Description DisableExecuteApiEndpoint Domain"
            " FailOnWarnings Name PropagateTags Tags"
        ),
    ),
    TABLE: Kind(
        used=_names("StreamSpecification"),
        # The table port fixes keys and indexes, and its contract suite holds both engines to them.
        silent=_names(
            "AttributeDefinitions BillingMode DeletionProtectionEnabled GlobalSecondaryIndexes"
            " KeySchema OnDemandThroughput PointInTimeRecoverySpecification SSESpecification"
            " TableClass TableName Tags TimeToLiveSpecification ContributorInsightsSpecification"
        ),
        attributes=_names("Arn StreamArn"),
    ),
    BUCKET: Kind(
        silent=_names(
            "BucketEncryption BucketName LifecycleConfiguration OwnershipControls"
            " PublicAccessBlockConfiguration Tags VersioningConfiguration ObjectLockEnabled"
            " ObjectLockConfiguration"
        ),
        attributes=_names("Arn DomainName RegionalDomainName"),
    ),
    KEY: Kind(
        silent=_names(
            "Description EnableKeyRotation Enabled KeyPolicy KeySpec KeyUsage MultiRegion"
            " PendingWindowInDays RotationPeriodInDays Tags"
        ),
        attributes=_names("Arn KeyId"),
    ),
    QUEUE: Kind(
        silent=_names(
            "KmsMasterKeyId KmsDataKeyReusePeriodSeconds MessageRetentionPeriod QueueName"
            " SqsManagedSseEnabled Tags VisibilityTimeout"
        ),
        attributes=_names("Arn QueueName QueueUrl"),
    ),
}

# Types that only AWS needs: none of their properties reaches a function.
BYSTANDERS: Final = _names(
    "AWS::CloudWatch::Alarm AWS::EC2::RouteTable AWS::EC2::SecurityGroup AWS::EC2::Subnet"
    " AWS::EC2::SubnetRouteTableAssociation AWS::EC2::VPC AWS::EC2::VPCEndpoint"
    " AWS::Route53Resolver::FirewallDomainList AWS::Route53Resolver::FirewallRuleGroup"
    " AWS::Route53Resolver::FirewallRuleGroupAssociation"
    " AWS::IAM::ManagedPolicy AWS::IAM::Role AWS::KMS::Alias"
    " AWS::Lambda::Permission AWS::Logs::LogGroup AWS::Logs::MetricFilter AWS::S3::BucketPolicy"
    " AWS::SNS::Subscription AWS::SNS::Topic AWS::SNS::TopicPolicy AWS::SQS::QueuePolicy"
    " AWS::Serverless::LayerVersion"
)

# Members of Globals that SAM merges into each resource of a type.
GLOBALS: Final = {"Function": FUNCTION, "HttpApi": HTTP_API}
