"""Ceremonies: a challenge that is used once, and what signing up and in do with the answer.

Table `sessions`, format 1, partition "ceremony#<id>". A ceremony is deleted by a commit of its own
before its answer is looked at, so of two answers to one challenge at most one is ever verified.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final, cast

from mydata_hub.accounts.account import (
    Account,
    AccountId,
    Occurrence,
    Passkey,
    Role,
    check_locale,
    check_name,
)
from mydata_hub.accounts.desk import Desk, is_plain, until_settled
from mydata_hub.accounts.sessions import TABLE, Session, crowded_out, open_session, put_session
from mydata_hub.accounts.store import (
    account_event,
    account_key,
    add_passkey,
    passkey_key,
    put_change,
    put_passkey,
    read_account,
    read_passkey,
)
from mydata_hub.accounts.webauthn import (
    CHALLENGE_BYTES,
    claimed_identity,
    creation_options,
    request_options,
    unknown_passkey,
    verify_assertion,
    verify_registration,
)
from mydata_hub.errors import AccountRestricted, BadInput, Conflict, Taken
from mydata_hub.ports.messages import Message, send
from mydata_hub.ports.tables import Absent, Change, Delete, Key, Put, VersionIs

OPEN_VAULT: Final = "open_vault"
LIFETIME: Final = timedelta(minutes=5)
_ID_BYTES: Final = 16


class Kind(StrEnum):
    """What a challenge was made for; an answer to one kind is none to another."""

    SIGN_UP = "sign_up"
    SIGN_IN = "sign_in"
    ADD_PASSKEY = "add_passkey"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True)
class Begun:
    """What the browser needs: `options` is PublicKeyCredential...OptionsJSON."""

    ceremony: str
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ceremony:
    """A consumed ceremony: nobody else will get it."""

    challenge: bytes
    about: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session; `token` is for the browser's cookie and nothing else."""

    token: str
    session: Session
    account: Account


def begin_sign_up(desk: Desk, name: str, locale: str) -> Begun:
    """Begin a person's new account. Raises BadInput."""
    return begin_account(desk, Role.PERSON, check_name("name", name), check_locale(locale))


def begin_account(desk: Desk, role: Role, name: str, locale: str, link: str = "") -> Begun:
    """Begin a new account; `link` is the partition of the invitation that finishing consumes."""
    account_id = desk.new_id()
    return open_ceremony(
        desk,
        Kind.SIGN_UP,
        lambda challenge: creation_options(desk, challenge, user=account_id, name=name),
        {"account_id": account_id, "role": role, "name": name, "locale": locale, "link": link},
    )


def finish_sign_up(
    desk: Desk, ceremony: str, credential: Mapping[str, Any], passkey_name: str
) -> SignedIn:
    """Make the account and its first passkey, and sign in; a person's or an enrolment's.

    Raises BadInput, NotAllowed for a software passkey, Taken where the passkey or the link of the
    invitation was used meanwhile.
    """
    passkey_name = check_name("passkey_name", passkey_name)
    begun = consume(desk, ceremony, Kind.SIGN_UP)
    passkey = verify_registration(desk, begun.challenge, credential, passkey_name)
    account = Account(
        account_id=AccountId(begun.about["account_id"]),
        version=0,
        role=Role(begun.about["role"]),
        name=begun.about["name"],
        locale=check_locale(begun.about["locale"]),
        joined_at=passkey.added_at,
    )
    token, session = open_session(desk, account, passkey.passkey_id)
    changes: list[Change] = [
        *put_change(desk, account, Occurrence.ACCOUNT_OPENED),
        *add_passkey(account.account_id, passkey),
        put_session(session),
    ]
    if account.role is Role.PERSON:
        changes.append(send(_open_vault(desk, account)))
    if begun.about["link"]:
        changes.append(Delete(Key(TABLE, begun.about["link"]), VersionIs(1)))
    try:
        desk.tables.commit(*changes)
    except Conflict:
        raise Taken("this passkey or this link has been used already") from None
    return SignedIn(token, session, replace(account, version=1))


def begin_sign_in(desk: Desk) -> Begun:
    """Begin to sign in with whichever passkey the browser has; the answer says whose it is."""
    return open_ceremony(desk, Kind.SIGN_IN, lambda challenge: request_options(desk, challenge), {})


def finish_sign_in(desk: Desk, ceremony: str, credential: Mapping[str, Any]) -> SignedIn:
    """Verify the passkey's answer and open a session.

    Raises BadInput for a ceremony that is over, NotSignedIn alike for every answer that does not
    verify, AccountRestricted for the passkey of a recovery that is still running.
    """
    account_id, passkey_id = claimed_identity(credential)
    begun = consume(desk, ceremony, Kind.SIGN_IN)

    def act() -> SignedIn:
        account, passkey = _fetch_claimed(desk, account_id, passkey_id)
        used = verify_assertion(desk, begun.challenge, credential, passkey)
        if passkey.usable_from > desk.now():
            raise AccountRestricted("this passkey opens the account when the recovery is over")
        token, session = open_session(desk, account, passkey.passkey_id)
        # Writing the passkey makes this commit and the passkey's removal exclude each other.
        desk.tables.commit(
            put_passkey(account_id, used),
            put_session(session),
            *crowded_out(desk, account_id),
            *_told(desk, account, passkey),
        )
        return SignedIn(token, session, account)

    return until_settled(act)


def begin_passkey(
    desk: Desk, kind: Kind, account: Account, held: tuple[Passkey, ...], about: Mapping[str, str]
) -> Begun:
    """Begin to make a passkey more for an account that holds some."""
    user, name = account.account_id, account.name
    return open_ceremony(
        desk,
        kind,
        lambda challenge: creation_options(desk, challenge, user=user, name=name, held=held),
        about,
    )


def open_ceremony(
    desk: Desk,
    kind: Kind,
    options: Callable[[bytes], dict[str, Any]],
    about: Mapping[str, str],
) -> Begun:
    """Keep a fresh challenge with what it is about, and make the options that carry it."""
    ceremony, challenge = desk.token(_ID_BYTES), desk.entropy.token(CHALLENGE_BYTES)
    desk.tables.commit(
        Put(
            key=_key(ceremony),
            values={"kind": str(kind), "challenge": challenge, "about": dict(about)},
            when=Absent(),
            expires_at=desk.now() + LIFETIME,
        )
    )
    return Begun(ceremony, options(challenge))


def consume(desk: Desk, ceremony: str, kind: Kind) -> Ceremony:
    """Take a ceremony for good. Raises BadInput when it is over, was taken, or is of another kind.

    An unknown outcome of the deletion counts as taken: the person begins again.
    """
    over = BadInput("ceremony", "this took too long or was finished already; begin again")
    if not is_plain(ceremony):
        raise over
    key = _key(ceremony)
    row = desk.tables.fetch_many(key).get(key)
    if row is None or row.values["kind"] != kind:
        raise over
    try:
        desk.tables.commit(Delete(key, VersionIs(row.version)))
    except Conflict:
        raise over from None
    return Ceremony(
        challenge=cast("bytes", row.values["challenge"]),
        about=cast("Mapping[str, str]", row.values["about"]),
    )


# Whose coming in is an entry: of people only they themselves know when they look.
_SIGNED_IN: Final = {
    Role.AUDITOR: Occurrence.AUDITOR_SIGNED_IN,
    Role.OPERATOR: Occurrence.OPERATOR_SIGNED_IN,
}


def _told(desk: Desk, account: Account, passkey: Passkey) -> Iterator[Put]:
    """The events of a sign-in, for its commit, which writes the passkey."""
    row = passkey_key(account.account_id, passkey.passkey_id), passkey.version + 1
    if account.role in _SIGNED_IN:
        yield account_event(desk, account, _SIGNED_IN[account.role], row)
    recovery = account.recovery
    # The one that a recovery made opens the account for the first time.
    by_recovery = recovery is not None and recovery.passkey_id == passkey.passkey_id
    if by_recovery and passkey.last_used_at is None:
        yield account_event(desk, account, Occurrence.RECOVERY_COMPLETED, row)


def _open_vault(desk: Desk, account: Account) -> Message:
    """Asks the vault zone for the person's vault, which has the account's name."""
    return Message(
        message_id=desk.new_id(),
        topic=OPEN_VAULT,
        body={"vault_id": account.account_id},
        due_at=desk.now(),
    )


def _fetch_claimed(desk: Desk, account_id: str, passkey_id: str) -> tuple[Account, Passkey]:
    keys = account_key(account_id), passkey_key(account_id, passkey_id)
    rows = desk.tables.fetch_many(*keys)
    if len(rows) < len(keys):
        raise unknown_passkey()
    return read_account(rows[keys[0]]), read_passkey(rows[keys[1]])


def _key(ceremony: str) -> Key:
    return Key(TABLE, f"ceremony#{ceremony}")
