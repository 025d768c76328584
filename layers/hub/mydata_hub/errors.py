"""Every error the hub raises, in one tree; each knows its HTTP status and problem type (RFC 9457).

    HubError 500
    ├── Refusal                      the caller can mend it, or must live with it
    │   ├── BadInput 400             a named field is wrong; says the remedy
    │   ├── OAuthRefused 400         an OAuth endpoint says no, with the error code of its RFC
    │   ├── NotSignedIn 401          no session, or it ended
    │   ├── NotAllowed 403           signed in, yet not for this
    │   │   └── OutOfDate 403        the page is older than its session; load it again
    │   ├── StepUpNeeded 403         sign in again with a passkey first
    │   ├── AccountRestricted 403    a recovery is running
    │   ├── NotReleased 403          the release gate says no; names the rule that the partner broke
    │   ├── NotFound 404
    │   ├── Taken 409                somebody else was first
    │   ├── TooLarge 413
    │   └── TooMany 429
    ├── StoreError 500
    │   ├── Conflict 409             a condition of a commit did not hold; names the change
    │   ├── Busy 503                 throttled or contended; retry with jitter
    │   ├── OutcomeUnknown 503       the commit may or may not have happened; read again
    │   ├── LimitExceeded 500        a change no engine could store; a defect of the caller
    │   ├── BlobMissing 500
    │   ├── Damaged 500              stored bytes are not what was written
    │   └── FormatUnknown 500        a newer release wrote it; this one must be upgraded
    ├── Unreadable 500               bytes are no canonical object of this kind; names the field
    ├── NotProven 500                a log object, proof or signature does not verify; names it
    ├── CallFailed 502               a server elsewhere gave no whole answer; names the cause
    ├── ProviderFailed 502           a data provider's answer is of no use; names the setback
    ├── Unopenable 500               sealed or wrapped bytes do not open; one error for every cause
    └── SettingMissing 500           a variable of the environment is absent or malformed

The text of an error is safe to log and to show: it never holds personal data, tokens or keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

PROBLEM_BASE = "urn:mydata-hub:problem:"


class HubError(Exception):
    """The root; unexpected inside a request means 500 and nothing about the cause outside."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"

    @property
    def problem_type(self) -> str:
        """The `type` member of the problem document (RFC 9457 section 3.1.1)."""
        return PROBLEM_BASE + self.slug


class Refusal(HubError):
    """A request that is refused for a reason its sender may know."""

    status = 400
    slug = "refused"


class BadInput(Refusal):
    """A field that cannot be accepted: names the field and the remedy, never repeats the value."""

    slug = "bad-input"

    def __init__(self, field: str, remedy: str) -> None:
        super().__init__(f"{field}: {remedy}")
        self.field = field
        self.remedy = remedy


class OAuthRefused(Refusal):
    """A request that an OAuth endpoint refuses: `code` is the `error` that its RFC names.

    `nonce` is what the next DPoP proof must carry, in a challenge (RFC 9449 section 8).
    """

    slug = "oauth-refused"

    def __init__(self, code: str, description: str, nonce: str | None = None) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description
        self.nonce = nonce


class NotSignedIn(Refusal):
    """The request carries no live session, and the route needs one."""

    status = 401
    slug = "not-signed-in"


class NotAllowed(Refusal):
    """The caller is known and may not do this."""

    status = 403
    slug = "not-allowed"


class OutOfDate(NotAllowed):
    """The page, or whoever pretends to be one, does not know this session's token."""

    slug = "out-of-date"


class StepUpNeeded(Refusal):
    """The session is live but the passkey was used too long ago for this act."""

    status = 403
    slug = "step-up-needed"


class AccountRestricted(Refusal):
    """A recovery is running: no widening, export or erasure until it matures or is cancelled."""

    status = 403
    slug = "account-restricted"


class NotReleased(Refusal):
    """The release gate gives no answer, for a reason that the partner's own requests show.

    `rule` is a word of a closed list (policies/README.md); nothing of a vault is in it. `policies`
    are the numbers of those in the way, for the operator and never for the partner.
    """

    status = 403
    slug = "not-released"

    def __init__(self, rule: str, policies: Sequence[str] = ()) -> None:
        super().__init__(f"not released: {rule}")
        self.rule = rule
        self.policies = tuple(policies)

    @property
    def problem_type(self) -> str:
        return f"{PROBLEM_BASE}{self.slug}:{self.rule.replace('_', '-')}"


class NotFound(Refusal):
    """There is no such thing, or the caller may not learn that there is."""

    status = 404
    slug = "not-found"


class Taken(Refusal):
    """Somebody else was first: a name, a credential, a one-time link."""

    status = 409
    slug = "taken"


class TooLarge(Refusal):
    """The body or a list in it is over its named maximum."""

    status = 413
    slug = "too-large"


class TooMany(Refusal):
    """Too many tries; wait before the next one."""

    status = 429
    slug = "too-many"


class StoreError(HubError):
    """A table or blob could not do what it was asked."""

    slug = "store"


class Conflict(StoreError):
    """A condition did not hold, so nothing of the commit was applied."""

    status = 409
    slug = "conflict"

    def __init__(self, change: int, table: str) -> None:
        super().__init__(f"the condition of change {change} on table {table} did not hold")
        self.change = change
        self.table = table


class Busy(StoreError):
    """The engine is throttled or another transaction holds the row: nothing was applied; retry."""

    status = 503
    slug = "busy"


class OutcomeUnknown(StoreError):
    """The answer to a commit was lost: read the rows (or the event id) again before a retry."""

    status = 503
    slug = "outcome-unknown"


class LimitExceeded(StoreError):
    """Over a limit of the table or blob contract; the same on both engines."""

    slug = "limit-exceeded"


class BlobMissing(StoreError):
    """No blob has this name."""

    slug = "blob-missing"


class Damaged(StoreError):
    """Stored bytes are not what was written: a checksum, a length or a format is wrong."""

    slug = "damaged"


class FormatUnknown(StoreError):
    """Stored data carries a format number that this release does not know: it is too old."""

    slug = "format-unknown"


class Unreadable(HubError):
    """Bytes that are not the canonical encoding of this object: names the field, not its value."""

    slug = "unreadable"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class NotProven(HubError):
    """A log object, proof or signature that does not verify: names the object and what is wrong."""

    slug = "not-proven"

    def __init__(self, thing: str, reason: str) -> None:
        super().__init__(f"{thing}: {reason}")
        self.thing = thing
        self.reason = reason


class Unopenable(HubError):
    """Wrapped or sealed bytes do not open here; which part is wrong is never told apart."""

    slug = "unopenable"


class CallFailed(HubError):
    """Somebody else's server did not answer, or not whole: `cause` is a word of a closed list.

    unavailable, too_slow, truncated, too_large, malformed.
    """

    status = 502
    slug = "call-failed"

    def __init__(self, cause: str, reason: str) -> None:
        super().__init__(f"{cause}: {reason}")
        self.cause = cause
        self.reason = reason


class ProviderFailed(HubError):
    """A data provider did not answer, or answered what cannot be used: `setback` says which.

    `reason` names fields of the wire format and limits, never what the provider sent.
    """

    status = 502
    slug = "provider-failed"

    def __init__(self, setback: str, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"{setback}: {reason}")
        self.setback = setback
        self.reason = reason
        # How long the provider asked to be left alone; None where it did not say.
        self.retry_after_s = retry_after_s


class SettingMissing(HubError):
    """A variable that this function's settings need is absent or malformed; names the variable."""

    slug = "setting-missing"

    def __init__(self, variable: str, remedy: str) -> None:
        super().__init__(f"{variable}: {remedy}")
        self.variable = variable
