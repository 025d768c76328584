"""AWS clients: made once, at first use, with written limits on time and tries."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

Client = TypeVar("Client")

# A healthy call takes milliseconds; waiting longer than this eats the function's own 30 seconds.
CONNECT_TIMEOUT_S: Final = 2
READ_TIMEOUT_S: Final = 5
MAX_TRIES: Final = 3

# "Not now": the service did nothing and says so.
THROTTLED: Final = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)

# boto3's default session is not safe to make clients from in several threads at once.
_MAKING: Final = threading.Lock()


class LazyClient(Generic[Client]):
    """A client that exists from its first use on; a given one is used as it is."""

    def __init__(self, make: Callable[[], Client], given: Client | None = None) -> None:
        self._make = make
        self._client = given

    def get(self) -> Client:
        """The client; safe to call from several threads."""
        if self._client is None:
            with _MAKING:
                if self._client is None:
                    self._client = self._make()
        return self._client


def make_client(service: str, max_tries: int = MAX_TRIES) -> Any:
    """A boto3 client. botocore itself tries `max_tries` times in all, with jitter."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,  # type: ignore[call-overload]
        config=Config(
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            retries={"mode": "standard", "total_max_attempts": max_tries},
            tcp_keepalive=True,
        ),
    )


def code_of(error: ClientError) -> str:
    """The service's name for the error; never its message, which can quote the request."""
    return str(error.response.get("Error", {}).get("Code", "unknown"))


def status_of(error: ClientError) -> int:
    """The HTTP status of the error's response."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
