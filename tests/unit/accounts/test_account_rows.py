"""Accounts and passkeys come back from their rows as they went in, or are told as damaged."""

from __future__ import annotations

import pytest
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


def test_an_account_that_does_not_exist_is_none(world):
    assert fetch_account(world.tables, "nobody") is None
    assert list_passkeys(world.tables, "nobody") == ()


@pytest.mark.parametrize(
    "spoilt", [{"role": "king"}, {"locale": "fr"}, {"joined_at": 3}, {"code": {}}, {"recovery": 1}]
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
