"""Accounts and passkeys come back from their rows as they went in, or are told as damaged."""

from __future__ import annotations

import hashlib

import pytest
from mydata_hub.accounts.account import Role
from mydata_hub.accounts.enrolment import invite
from mydata_hub.accounts.recovery import issue_recovery_code
from mydata_hub.accounts.store import (
    account_key,
    fetch_account,
    list_passkeys,
    passkey_key,
    put_account,
    put_passkey,
)
from mydata_hub.errors import Damaged
from mydata_hub.ports.tables import Put, VersionIs


@pytest.fixture
def recovering(world):
    """A session whose account has everything an account can have but a code."""
    passkey, joined = world.join()
    world.recover(issue_recovery_code(world.desk, joined.session))
    world.sign_in(passkey)
    return joined.session


def test_what_was_written_is_read(world, recovering):
    account = world.account(recovering)
    assert account.recovery is not None
    world.tables.commit(put_account(account))
    assert world.account(recovering) == type(account)(
        **{name: getattr(account, name) for name in account.__slots__ if name != "version"},
        version=account.version + 1,
    )
    for passkey in world.passkeys(recovering):
        put = put_passkey(recovering.account_id, passkey)
        assert put.key == passkey_key(recovering.account_id, passkey.passkey_id)
        assert put.when == VersionIs(passkey.version)


# Format 1. A name that changes here is a row of the last release that can no longer be read.
NAMES = {
    "account": {"role", "name", "locale", "joined_at", "recovery"},
    "account with a code": {"role", "name", "locale", "joined_at", "code"},
    "recovery": {"recovery_id", "passkey_id", "started_at", "matures_at"},
    "code": {"code_id", "issued_at"},
    "passkey": {
        *("name", "credential", "counter", "synced", "software"),
        *("added_at", "usable_from", "last_used_at"),
    },
    "session": {"role", "passkey_id", "csrf", "authenticated_at", "seen_at"},
    "notice": {"kind", "at"},
    "invitation": {"role", "name", "locale"},
}


def test_the_names_in_rows_are_frozen(world, recovering):
    _, other = world.join()
    issue_recovery_code(world.desk, other.session)
    world.deliver()
    token = invite(world.desk, Role.OPERATOR, "Min").removeprefix("/enrol/")
    invitation = f"invitation#{hashlib.sha256(token.encode()).hexdigest()}"
    account_id = recovering.account_id

    def first(table, partition, prefix=""):
        return world.tables.query(table, partition, prefix=prefix).rows[0].values

    account = first("accounts", account_id, "account")
    with_code = first("accounts", other.account.account_id, "account")
    used = world.tables.fetch_many(passkey_key(account_id, recovering.passkey_id))
    found = {
        "account": account,
        "account with a code": with_code,
        "recovery": account["recovery"],
        "code": with_code["code"],
        "passkey": next(iter(used.values())).values,
        "session": first("sessions", account_id),
        "notice": first("notices", account_id),
        "invitation": first("sessions", invitation),
    }
    assert {kind: set(values) for kind, values in found.items()} == NAMES


def test_an_account_that_does_not_exist_is_none(world):
    assert fetch_account(world.tables, "nobody") is None
    assert list_passkeys(world.tables, "nobody") == ()


@pytest.mark.parametrize(
    "spoilt",
    [{"role": "king"}, {"locale": "fr"}, {"joined_at": "soon"}, {"code": {}}, {"recovery": 1}],
)
def test_an_account_row_that_is_none_is_damaged(world, recovering, spoilt):
    spoil(world, account_key(recovering.account_id), spoilt)
    with pytest.raises(Damaged):
        fetch_account(world.tables, recovering.account_id)


@pytest.mark.parametrize("spoilt", [{"added_at": "soon"}, {"usable_from": None}, {}])
def test_a_passkey_row_that_is_none_is_damaged(world, recovering, spoilt):
    key = passkey_key(recovering.account_id, recovering.passkey_id)
    spoil(world, key, spoilt)
    with pytest.raises(Damaged):
        list_passkeys(world.tables, recovering.account_id)


def spoil(world, key, spoilt):
    row = world.tables.fetch_many(key)[key]
    values = {**row.values, **spoilt} if spoilt else {}
    world.tables.commit(Put(key=key, values=values, when=VersionIs(row.version)))


class OneAtATime:
    """Tables whose pages hold one row each, as a page of DynamoDB may."""

    def __init__(self, tables):
        self.tables = tables

    def query(self, *place, **options):
        return self.tables.query(*place, **options, limit=1)


def test_passkeys_are_found_however_short_the_pages_are(world, recovering):
    whole = world.passkeys(recovering)
    assert len(whole) == 2
    assert list_passkeys(OneAtATime(world.tables), recovering.account_id) == whole
