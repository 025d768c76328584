"""Recovery: a printed code makes a new passkey that opens the account 72 hours later.

Until then every passkey is told and any of them can cancel; nothing is widened, exported or erased
meanwhile. The code finds its account by its first letters and is checked by the rest.

Table `accounts`, format 1, partition "code#<code id>": the account and a hash. Table `sessions`,
format 1, partition "guesses#<code id>": tries at a code, whether it exists or not.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, cast

from mydata_hub.accounts.account import (
    MAX_PASSKEYS,
    RECOVERY_DELAY,
    Account,
    Act,
    Occurrence,
    Passkey,
    Recovery,
    RecoveryCode,
    check_name,
)
from mydata_hub.accounts.ceremonies import Begun, Kind, begin_passkey, consume
from mydata_hub.accounts.desk import Desk, until_settled
from mydata_hub.accounts.notices import change_and_tell, message_to
from mydata_hub.accounts.passkeys import drop_with_sessions, require_new
from mydata_hub.accounts.sessions import TABLE as SESSIONS
from mydata_hub.accounts.sessions import Session, own_account, require_fresh
from mydata_hub.accounts.store import (
    TABLE,
    add_passkey,
    fetch_account,
    list_passkeys,
)
from mydata_hub.accounts.webauthn import verify_registration
from mydata_hub.errors import BadInput, NotAllowed, NotFound, TooMany
from mydata_hub.ports.messages import Message, send, settle
from mydata_hub.ports.tables import Absent, Delete, Key, Put, VersionIs

# Crockford's base32, 5 bits a letter: 50 bits find the code and 100 bits prove it, so the hash of
# the secret needs no salt and no slow function.
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ID_LETTERS: Final = 10
SECRET_LETTERS: Final = 20
GROUP_LETTERS: Final = 5
MAX_TRIES: Final = 10
TRIES_WINDOW: Final = timedelta(hours=1)
_CODE: Final = re.compile(f"[{ALPHABET}]{{{ID_LETTERS + SECRET_LETTERS}}}")
_READ_AS: Final = str.maketrans({"O": "0", "I": "1", "L": "1", " ": None, "-": None})


@dataclass(frozen=True, slots=True)
class _Code:
    code_id: str
    secret: str = ""

    @property
    def key(self) -> Key:
        return code_key(self.code_id)

    @property
    def secret_hash(self) -> bytes:
        return hashlib.sha256(f"recovery code {self.code_id} {self.secret}".encode()).digest()


def code_key(code_id: str) -> Key:
    """The row of a code that is out."""
    return Key(TABLE, f"code#{code_id}")


def issue_recovery_code(desk: Desk, session: Session) -> str:
    """A new code to print, which replaces the one before; the hub can never show it again.

    Raises StepUpNeeded, AccountRestricted, NotAllowed where a recovery would make one passkey
    more than an account may have.
    """
    require_fresh(session, desk.now())

    def act() -> str:
        account, passkeys = own_account(desk, session)
        account.require_unrestricted(Act.ISSUE_RECOVERY_CODE, desk.now())
        if len(passkeys) > MAX_PASSKEYS:
            raise NotAllowed(f"an account has at most {MAX_PASSKEYS} passkeys; remove one first")
        letters = "".join(
            ALPHABET[byte % 32] for byte in desk.entropy.token(ID_LETTERS + SECRET_LETTERS)
        )
        code = _Code(letters[:ID_LETTERS], letters[ID_LETTERS:])
        out = RecoveryCode(code_id=code.code_id, issued_at=desk.now())
        desk.tables.commit(
            *change_and_tell(
                desk, replace(account, code=out), Occurrence.RECOVERY_CODE_ISSUED, passkeys
            ),
            *_burn(account),
            Put(
                key=code.key,
                values={"account_id": account.account_id, "secret_hash": code.secret_hash},
                when=Absent(),
            ),
        )
        groups = range(0, len(letters), GROUP_LETTERS)
        return "-".join(letters[start : start + GROUP_LETTERS] for start in groups)

    return until_settled(act)


def begin_recovery(desk: Desk, code: str) -> Begun:
    """Begin to make a new passkey with a printed code, in whatever way it was typed.

    Raises TooMany, and BadInput alike for unknown, replaced, burned and wrong codes.
    """
    wrong = BadInput("code", "this code opens no account; check it letter by letter")
    letters = code.upper().translate(_READ_AS)
    if not _CODE.fullmatch(letters):
        raise wrong
    given = _Code(letters[:ID_LETTERS], letters[ID_LETTERS:])
    _count_try(desk, given.code_id)
    row = desk.tables.fetch_many(given.key).get(given.key)
    # An unknown code is compared too, so that both take the same time.
    kept = cast("bytes", row.values["secret_hash"]) if row else bytes(32)
    if not hmac.compare_digest(kept, given.secret_hash) or row is None:
        raise wrong
    account_id = cast("str", row.values["account_id"])
    account = fetch_account(desk.tables, account_id)
    if account is None:
        raise wrong
    held = list_passkeys(desk.tables, account_id)
    about = {"account_id": account_id, "code_id": given.code_id}
    return begin_passkey(desk, Kind.RECOVERY, account, held, about)


def finish_recovery(
    desk: Desk, ceremony: str, credential: Mapping[str, Any], name: str
) -> Recovery:
    """Add the passkey that was made, pending; burn the code; tell every passkey.

    Raises BadInput, also where the code was used or replaced meanwhile, NotAllowed, Taken.
    """
    name = check_name("passkey_name", name)
    begun = consume(desk, ceremony, Kind.RECOVERY)
    made = verify_registration(desk, begun.challenge, credential, name)

    def act() -> Recovery:
        account_id, code_id = begun.about["account_id"], begun.about["code_id"]
        account = fetch_account(desk.tables, account_id)
        if account is None or account.code is None or account.code.code_id != code_id:
            raise BadInput("code", "it was used or replaced meanwhile")
        require_new(desk, made.passkey_id)
        held = list_passkeys(desk.tables, account_id)
        now = desk.now()
        recovery = Recovery(
            recovery_id=desk.new_id(),
            passkey_id=made.passkey_id,
            started_at=now,
            matures_at=now + RECOVERY_DELAY,
        )
        pending = replace(made, usable_from=recovery.matures_at)
        started = replace(account, code=None, recovery=recovery)
        desk.tables.commit(
            *change_and_tell(desk, started, Occurrence.RECOVERY_STARTED, held),
            *_burn(account),
            *add_passkey(account_id, pending),
            send(_matured(account, recovery, (*held, pending))),
        )
        return recovery

    return until_settled(act)


def cancel_recovery(desk: Desk, session: Session) -> None:
    """Cancel a running recovery: its passkey goes, its code stays burned, every passkey is told.

    A passkey must have been used just now: an unlocked page that somebody else left open is not
    enough to shut its owner out. Raises StepUpNeeded, NotFound where no recovery is running.
    """
    require_fresh(session, desk.now())

    def act() -> None:
        account, passkeys = own_account(desk, session)
        recovery = account.pending_recovery(desk.now())
        if recovery is None:
            raise NotFound("no recovery is running")
        cancelled = replace(account, recovery=None)
        (pending,) = (held for held in passkeys if held.passkey_id == recovery.passkey_id)
        stay = tuple(held for held in passkeys if held != pending)
        desk.tables.commit(
            *change_and_tell(desk, cancelled, Occurrence.RECOVERY_CANCELLED, stay),
            *drop_with_sessions(desk, account, pending),
            settle(_matured(account, recovery, stay)),
        )

    until_settled(act)


def _matured(account: Account, recovery: Recovery, told: tuple[Passkey, ...]) -> Message:
    """The message that waits for the recovery to mature; named after it, to be taken back."""
    kind = Occurrence.RECOVERY_MATURED
    return message_to(account, kind, told, recovery.recovery_id, recovery.matures_at)


def _burn(account: Account) -> tuple[Delete, ...]:
    if account.code is None:
        return ()
    return (Delete(_Code(account.code.code_id).key, VersionIs(1)),)


def _count_try(desk: Desk, code_id: str) -> None:
    """Count a try before it is looked at, so that tries side by side are all counted."""
    key = Key(SESSIONS, f"guesses#{code_id}")

    def act() -> None:
        row = desk.tables.fetch_many(key).get(key)
        tries = cast("int", row.values["tries"]) if row else 0
        if tries >= MAX_TRIES:
            raise TooMany("too many tries with this code; wait an hour")
        desk.tables.commit(
            Put(
                key=key,
                values={"tries": tries + 1},
                when=VersionIs(row.version) if row else Absent(),
                expires_at=row.expires_at if row else desk.now() + TRIES_WINDOW,
            )
        )

    until_settled(act)
