"""What an error of DynamoDB means for the caller of the table port."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    ProxyConnectionError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from mydata_hub.aws.clients import THROTTLED, code_of, status_of
from mydata_hub.errors import (
    Busy,
    Conflict,
    HubError,
    LimitExceeded,
    OutcomeUnknown,
    StoreError,
)
from mydata_hub.ports.tables import Change

Failure = ClientError | BotoCoreError | ResponseParserError

# The connection did not come about, so no request went out.
_NOT_SENT: Final = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError)
_LOST: Final = (HTTPClientError, IncompleteReadError, ResponseParserError, SSLError)
_BUSY_REASONS: Final = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)


def read_failure(error: Failure) -> HubError:
    """A read changes nothing: a lost answer is as good as a throttled one."""
    if isinstance(error, ClientError):
        if code_of(error) in THROTTLED or status_of(error) >= 500:
            return Busy(f"DynamoDB answered {code_of(error)}")
        return _refused(error)
    if isinstance(error, _NOT_SENT + _LOST):
        return Busy("DynamoDB could not be reached or its answer was lost")
    return StoreError(f"DynamoDB could not be called: {type(error).__name__}")


def write_failure(error: Failure, changes: Sequence[Change]) -> HubError:
    """Apart from `read_failure` only in what may have been applied."""
    if isinstance(error, ClientError):
        code = code_of(error)
        if code == "TransactionCanceledException":
            return _cancelled(error, changes)
        if code == "TransactionInProgressException":
            return OutcomeUnknown("an earlier try of this commit is still under way")
        if code in THROTTLED:
            return Busy(f"DynamoDB answered {code}")
        if status_of(error) >= 500:
            # "The request may have been successful or may have failed" (InternalServerError).
            return OutcomeUnknown(f"DynamoDB answered {code}")
        return _refused(error)
    if isinstance(error, _LOST):
        return OutcomeUnknown("the answer to a commit was lost")
    return read_failure(error)


def _cancelled(error: ClientError, changes: Sequence[Change]) -> HubError:
    """CancellationReasons has one entry for each change, in order; nothing was applied."""
    reasons = [str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])]
    for position, (reason, change) in enumerate(zip(reasons, changes, strict=False)):
        if reason == "ConditionalCheckFailed":
            return Conflict(position, change.key.table)
    for position, reason in enumerate(reasons):
        if reason not in _BUSY_REASONS and reason != "None":
            return LimitExceeded(f"DynamoDB refused change {position}: {reason}")
    return Busy("another transaction holds a row, or DynamoDB is throttled")


def _refused(error: ClientError) -> HubError:
    code = code_of(error)
    if code == "ValidationException":
        return LimitExceeded("DynamoDB refused the request as invalid")
    return StoreError(f"DynamoDB refused the request: {code}")
