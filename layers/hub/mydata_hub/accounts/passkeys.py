"""Passkeys of an account that exists: adding, removing and naming them.

Adding widens who can open the account, so it waits while a recovery runs. Removing narrows it, and
takes the passkey's sessions away in the same commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mydata_hub.accounts.account import (
    MAX_PASSKEYS,
    Account,
    Act,
    Occurrence,
    Passkey,
    check_name,
    usable_passkeys,
)
from mydata_hub.accounts.ceremonies import Begun, Kind, begin_passkey, consume
from mydata_hub.accounts.desk import Desk, until_settled
from mydata_hub.accounts.notices import change_and_tell
from mydata_hub.accounts.sessions import Session, own_account, require_fresh, sessions_of
from mydata_hub.accounts.store import (
    add_passkey,
    claim_key,
    drop_passkey,
    put_passkey,
)
from mydata_hub.accounts.webauthn import verify_registration
from mydata_hub.errors import AccountRestricted, BadInput, NotAllowed, NotFound, Taken
from mydata_hub.ports.tables import Delete


def begin_add_passkey(desk: Desk, session: Session) -> Begun:
    """Begin to add a passkey. Raises StepUpNeeded, AccountRestricted, NotAllowed."""
    require_fresh(session, desk.now())
    account, passkeys = own_account(desk, session)
    _require_room(desk, account, passkeys)
    about = {"session": session.session_id}
    return begin_passkey(desk, Kind.ADD_PASSKEY, account, passkeys, about)


def finish_add_passkey(
    desk: Desk, session: Session, ceremony: str, credential: Mapping[str, Any], name: str
) -> Passkey:
    """Add the passkey that was made; every passkey is told.

    Raises BadInput, NotAllowed, AccountRestricted, and Taken for a passkey that is in use.
    """
    name = check_name("passkey_name", name)
    begun = consume(desk, ceremony, Kind.ADD_PASSKEY)
    # A ceremony that a fresh session began is no way around the step-up of another session.
    if begun.about["session"] != session.session_id:
        raise BadInput("ceremony", "it was begun elsewhere; begin again")
    added = verify_registration(desk, begun.challenge, credential, name)

    def act() -> Passkey:
        account, passkeys = own_account(desk, session)
        _require_room(desk, account, passkeys)
        require_new(desk, added.passkey_id)
        desk.tables.commit(
            *change_and_tell(desk, account, Occurrence.PASSKEY_ADDED, (*passkeys, added)),
            *add_passkey(account.account_id, added),
        )
        return replace(added, version=1)

    return until_settled(act)


def remove_passkey(desk: Desk, session: Session, passkey_id: str) -> None:
    """Remove a passkey and end its sessions; those that stay are told.

    Raises StepUpNeeded, NotFound, NotAllowed for the last passkey that opens the account, and
    AccountRestricted for the passkey of a running recovery, which is to be cancelled instead.
    """
    require_fresh(session, desk.now())

    def act() -> None:
        account, passkeys = own_account(desk, session)
        removed = _find(passkeys, passkey_id)
        usable = usable_passkeys(passkeys, desk.now())
        if removed not in usable:
            raise AccountRestricted("a recovery is running; cancel it to be rid of its passkey")
        if usable == (removed,):
            raise NotAllowed("this is the last passkey that opens the account; add another first")
        stay = tuple(passkey for passkey in passkeys if passkey != removed)
        desk.tables.commit(
            *change_and_tell(desk, account, Occurrence.PASSKEY_REMOVED, stay),
            *drop_with_sessions(desk, account, removed),
        )

    until_settled(act)


def rename_passkey(desk: Desk, session: Session, passkey_id: str, name: str) -> None:
    """Give a passkey another name. Raises BadInput, NotFound."""
    name = check_name("name", name)

    def act() -> None:
        account, passkeys = own_account(desk, session)
        renamed = replace(_find(passkeys, passkey_id), name=name)
        desk.tables.commit(put_passkey(account.account_id, renamed))

    until_settled(act)


def require_new(desk: Desk, passkey_id: str) -> None:
    """Refuse a credential id that any account has. Raises Taken."""
    key = claim_key(passkey_id)
    if key in desk.tables.fetch_many(key):
        raise Taken("this passkey is in use already")


def drop_with_sessions(desk: Desk, account: Account, passkey: Passkey) -> tuple[Delete, ...]:
    """The changes that remove a passkey and end its sessions.

    A sign-in that happens meanwhile writes the passkey, so the commit conflicts and is made anew.
    """
    ended = sessions_of(desk, account.account_id, passkey.passkey_id)
    return *drop_passkey(account.account_id, passkey), *ended


def _require_room(desk: Desk, account: Account, passkeys: tuple[Passkey, ...]) -> None:
    account.require_unrestricted(Act.ADD_PASSKEY, desk.now())
    if len(passkeys) >= MAX_PASSKEYS:
        raise NotAllowed(f"an account has at most {MAX_PASSKEYS} passkeys; remove one first")


def _find(passkeys: tuple[Passkey, ...], passkey_id: str) -> Passkey:
    for passkey in passkeys:
        if passkey.passkey_id == passkey_id:
            return passkey
    raise NotFound("there is no such passkey")
