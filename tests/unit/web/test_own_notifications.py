"""Where and when one is notified, over the pages function: one's own browsers and quiet hours."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from mydata_hub.accounts.account import Role
from mydata_hub.base64url import decode_base64url

ENDPOINT = "https://push.example/send/secret-address"


def state(browser):
    reply = browser.get("/notifications/state", accept="application/json")
    assert reply.status == 200, reply.body
    return reply.json()


def test_somebody_who_said_nothing_is_told_nowhere_and_not_at_night(jiu):
    told = state(jiu)
    assert told["browsers"] == []
    assert told["quiet_hours"] == {"from_hour": 21, "until_hour": 8}
    point = decode_base64url(told["application_server_key"])
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def test_a_browser_comes_and_goes_and_its_address_is_shown_to_nobody(jiu):
    added = jiu.post("/notifications", {"endpoint": ENDPOINT})
    assert added.status == 201
    name = added.json()["subscription_id"]
    (shown,) = state(jiu)["browsers"]
    assert (shown["subscription_id"], shown["service"]) == (name, "push.example")
    page = jiu.get("/notifications")
    assert page.status == 200
    assert "push.example" in page.body
    assert "secret-address" not in page.body + str(state(jiu))
    assert jiu.post(f"/notifications/{name}/end").status == 204
    assert state(jiu)["browsers"] == []
    assert jiu.post(f"/notifications/{name}/end").problem == "not-found"


def test_quiet_hours_are_what_was_said_last(jiu):
    hours = {"from_hour": 22, "until_hour": 7}
    assert jiu.post("/notifications/quiet-hours", hours).status == 204
    assert state(jiu)["quiet_hours"] == hours


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/notifications", {}, "endpoint"),
        ("/notifications", {"endpoint": "https://other.example/x"}, "endpoint"),
        ("/notifications", {"endpoint": "http://169.254.169.254/latest"}, "endpoint"),
        ("/notifications", {"endpoint": 1}, "endpoint"),
        ("/notifications", {"endpoint": ENDPOINT, "keys": {}}, "body"),
        ("/notifications/quiet-hours", {"from_hour": 22}, "until_hour"),
        ("/notifications/quiet-hours", {"from_hour": 24, "until_hour": 7}, "from_hour"),
        ("/notifications/quiet-hours", {"from_hour": "22", "until_hour": 7}, "from_hour"),
        ("/notifications/quiet-hours", {"from_hour": 22, "until_hour": -1}, "until_hour"),
    ],
)
def test_what_is_wrong_is_named_and_changes_nothing(jiu, path, body, field):
    before = state(jiu)
    refused = jiu.post(path, body)
    assert (refused.status, refused.json()["field"]) == (400, field)
    assert state(jiu) == before


def test_nobody_sees_or_ends_what_is_another_s(hub, jiu):
    name = jiu.post("/notifications", {"endpoint": ENDPOINT}).json()["subscription_id"]
    hana = hub.browser()
    hana.sign_up("Hana")
    assert state(hana)["browsers"] == []
    assert hana.post(f"/notifications/{name}/end").problem == "not-found"
    assert len(state(jiu)["browsers"]) == 1


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.OPERATOR])
def test_it_is_for_people_alone(hub, role):
    staff = hub.browser()
    staff.enrol(role)
    assert staff.post("/notifications", {"endpoint": ENDPOINT}).status == 403
