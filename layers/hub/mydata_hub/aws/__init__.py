"""The AWS engine: one file per port, boto3 below."""
