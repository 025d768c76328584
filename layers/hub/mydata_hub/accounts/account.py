"""Accounts as values: who somebody is to the hub, their passkeys, and what they may do now."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal, NewType, cast, get_args

from mydata_hub.errors import AccountRestricted, BadInput

AccountId = NewType("AccountId", str)
PasskeyId = NewType("PasskeyId", str)
Locale = Literal["ko", "en"]

MAX_NAME_CHARACTERS: Final = 60
MAX_PASSKEYS: Final = 10
# Long enough for somebody who still has a passkey to notice and cancel, over a weekend too.
RECOVERY_DELAY: Final = timedelta(hours=72)


class Role(StrEnum):
    """What kind of account; it never changes."""

    PERSON = "person"
    AUDITOR = "auditor"
    OPERATOR = "operator"


class Occurrence(StrEnum):
    """What happens to an account: the kinds of its events in the log and of its notices."""

    ACCOUNT_OPENED = "account_opened"  # in the log only
    AUDITOR_SIGNED_IN = "auditor_signed_in"  # in the log only, as the next two are
    OPERATOR_SIGNED_IN = "operator_signed_in"
    RECOVERY_COMPLETED = "recovery_completed"
    ERASURE_STARTED = "erasure_started"  # in the log only: soon there is nobody left to tell
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    RECOVERY_CODE_ISSUED = "recovery_code_issued"
    RECOVERY_STARTED = "recovery_started"
    RECOVERY_CANCELLED = "recovery_cancelled"
    RECOVERY_MATURED = "recovery_matured"  # a notice only: nothing is written when time passes


class Act(StrEnum):
    """What a running recovery forbids: whoever started it may be a thief with a stolen code, and
    whoever holds an old passkey may be a thief with a stolen phone."""

    WIDEN = "widen"
    EXPORT = "export"
    ERASE = "erase"
    ADD_PASSKEY = "add_passkey"
    ISSUE_RECOVERY_CODE = "issue_recovery_code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """A recovery that was started; it is pending until `matures_at`, and then it has happened."""

    recovery_id: str
    passkey_id: PasskeyId
    started_at: datetime
    matures_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCode:
    """The printed code that is out; the hash of its secret is kept apart from the account."""

    code_id: str
    issued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A snapshot of one account; `version` is its row's."""

    account_id: AccountId
    version: int
    role: Role
    name: str
    locale: Locale
    joined_at: datetime
    code: RecoveryCode | None = None
    recovery: Recovery | None = None
    # The id of its certificates, once the account is being erased.
    erasure: str | None = None

    def pending_recovery(self, now: datetime) -> Recovery | None:
        """The recovery that can still be cancelled, if there is one."""
        return self.recovery if self.recovery and now < self.recovery.matures_at else None

    def require_unrestricted(self, act: Act, now: datetime) -> None:
        """Refuse an act while a recovery is pending or the account is being erased.

        Raises AccountRestricted.
        """
        if self.erasure is not None:
            raise AccountRestricted(f"this account is being erased; {act} is over")
        if self.pending_recovery(now):
            raise AccountRestricted(f"a recovery is running; {act} waits until it is over")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """One passkey; a pending one (see Recovery) opens nothing before `usable_from`."""

    passkey_id: PasskeyId
    version: int
    name: str
    credential: bytes  # attested credential data (WebAuthn section 6.5.2)
    counter: int
    synced: bool
    software: bool
    added_at: datetime
    usable_from: datetime
    last_used_at: datetime | None = None


def usable_passkeys(passkeys: tuple[Passkey, ...], now: datetime) -> tuple[Passkey, ...]:
    """The passkeys that open the account at `now`."""
    return tuple(passkey for passkey in passkeys if passkey.usable_from <= now)


def check_name(field: str, name: str) -> str:
    """A name as it is kept: normalised, trimmed, printable, not too long. Raises BadInput."""
    kept = unicodedata.normalize("NFC", name).strip()
    if not 0 < len(kept) <= MAX_NAME_CHARACTERS:
        raise BadInput(field, f"use 1 to {MAX_NAME_CHARACTERS} characters")
    if any(unicodedata.category(character).startswith("C") for character in kept):
        raise BadInput(field, "leave out control characters")
    return kept


def check_locale(locale: str) -> Locale:
    """A language of the pages. Raises BadInput."""
    if locale not in get_args(Locale):
        raise BadInput("locale", "use ko or en")
    return cast("Locale", locale)
