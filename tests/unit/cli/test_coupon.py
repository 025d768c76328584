"""A till sees without a connection whether a coupon is genuine, and for whom it is."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from mydata_hub.benefits.redeeming import sign_coupon
from mydata_hub.cli.coupon import coupon as command
from mydata_hub.embedded.local_signer import LocalSigner
from mydata_hub.release.sd_jwt import AnswerKey

from tests.unit.benefits.test_coupons import COUPON, ISSUER

GOOD = replace(COUPON, good_until=datetime.now(UTC) + timedelta(days=3))


@pytest.fixture
def check(tmp_path):
    key = AnswerKey(LocalSigner(tmp_path, "coupon", "ES256"))
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps({"keys": [key.public.as_dict(private=False)]}))

    def run(coupon, *more, change=lambda token: token):
        file = tmp_path / "coupon.txt"
        file.write_text(change(sign_coupon(coupon, ISSUER, key)) + "\n")
        # A folder without a hub: whatever asked one would fail.
        place = ("--jwks", str(jwks), "--data", str(tmp_path / "no-hub"))
        return CliRunner().invoke(command, ["verify", str(file), *place, *more])

    return run


def test_a_genuine_coupon_verifies_offline_and_says_that_it_counts_only_online(check):
    done = check(GOOD, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert (told["verified"], told["needs_redemption_online"]) == (True, True)
    assert (told["coupon_id"], told["amount_minor"]) == ("c-1", 2_000)


def test_the_one_named_till_may_take_it_without_a_connection(check):
    named = replace(GOOD, till="till-7")
    done = check(named, "--till", "till-7", "--json")
    assert json.loads(done.output)["needs_redemption_online"] is False
    for more in ((), ("--till", "till-8")):
        assert check(named, *more).exit_code == 1


@pytest.mark.parametrize(
    ("coupon", "change"),
    [
        (replace(GOOD, good_until=datetime.now(UTC) - timedelta(days=1)), str),
        (GOOD, lambda token: token[:-4] + "AAAA"),
        (GOOD, lambda token: "no coupon"),
    ],
    ids=["over", "changed", "nothing"],
)
def test_what_is_not_good_is_refused(check, coupon, change):
    done = check(coupon, change=change)
    assert done.exit_code == 1
    assert "NOT good" in done.output
