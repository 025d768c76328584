"""A page that was opened long ago asks for the passkey again, and for the right one."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from mydata_hub.ports.tables import Put, VersionIs


@pytest.fixture
def age(desk):
    """Makes a person's session older, in the hub's own database."""
    tables = desk.tables

    def make_older(person, by):
        (cookie,) = (item for item in person.context.cookies() if item["name"] == "session")
        account_id = cookie["value"].partition(".")[0]
        for row in tables.query("sessions", account_id).rows:
            used_at = datetime.fromisoformat(row.values["authenticated_at"]) - by
            values = {**row.values, "authenticated_at": used_at.isoformat()}
            when = VersionIs(row.version)
            tables.commit(Put(key=row.key, values=values, when=when, expires_at=row.expires_at))

    return make_older


def test_the_passkey_is_used_again_and_then_the_act_happens(somebody, age):
    person = somebody("ko")
    person.sign_up("지우")
    age(person, timedelta(minutes=6))
    before = person.context.cookies()
    person.make_code()
    assert person.context.cookies() != before
    person.page.get_by_text(person.say("Make a new recovery code")).wait_for()


def test_a_passkey_of_another_account_does_nothing_to_that_account(somebody, age):
    person, other = somebody(), somebody()
    other.sign_up("Somin")
    person.sign_up("Jiu")
    age(person, timedelta(minutes=6))
    person.new_authenticator()
    person.take(other.credentials()[0])
    person.press("Make a recovery code")
    person.told("That passkey is for another account")
    person.heading("Hello, %(name)s", name="Somin")
    person.page.get_by_role("button", name="Make a recovery code", exact=True).wait_for()
