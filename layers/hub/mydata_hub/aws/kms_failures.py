"""What an error of AWS KMS means for the caller of the keys and signer ports."""

from __future__ import annotations

from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from mydata_hub.aws.clients import THROTTLED, code_of, status_of
from mydata_hub.errors import Busy, HubError, StoreError

BUSY: Final = "KMS is throttled or could not be reached"
_NOT_NOW: Final = THROTTLED | {
    "DependencyTimeoutException",
    "KMSInternalException",
    "KeyUnavailableException",
}


def kms_failure(error: ClientError | BotoCoreError) -> HubError:
    """Every call of these ports may be repeated, so a lost answer is as good as a throttled one."""
    if isinstance(error, BotoCoreError):
        return Busy(BUSY)
    if code_of(error) in _NOT_NOW or status_of(error) >= 500:
        return Busy(BUSY)
    return StoreError(f"KMS refused the request: {code_of(error)}")
