"""When something breaks: what is said outside, what is logged, and what never is."""

from __future__ import annotations

import io
import json
import logging

import pytest
from mydata_hub.accounts.desk import Desk
from mydata_hub.errors import Busy, Damaged, OutcomeUnknown
from mydata_hub.observe import FIELDS, logger_for
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.ports.tables import Page
from mydata_hub.web.dispatch import answer, respond
from mydata_hub.web.render import Renderer
from mydata_hub.web.request import Request
from mydata_hub.web.site import Site

from functions.pages import HANDLERS

SECRET = "Jiu-pays-42300-won"


class BrokenTables:
    """Tables on a bad day."""

    def __init__(self, error):
        self.error = error

    def commit(self, *changes):
        raise self.error

    def fetch_many(self, *keys):
        raise self.error

    def query(self, *names, **options):
        return Page(())


def ask(error, hub, out, **headers):
    desk = Desk(
        tables=BrokenTables(error),
        clock=SystemClock(),
        entropy=SystemEntropy(),
        issuer=hub.issuer,
    )
    site = Site(issuer=hub.issuer, desk=desk, renderer=Renderer(), engine="embedded")
    event = hub.browser().event("POST", "/sign-in/options", "{}", **headers)
    # A service's logger is made once in a process, so each test takes a service of its own.
    logger = logger_for(f"pages-{id(out)}", out)
    return respond("pages", site, logger, event, lambda: answer(site, HANDLERS, Request(event)))


@pytest.mark.parametrize(
    ("error", "status", "slug"),
    [
        (Busy("throttled"), 503, "busy"),
        (OutcomeUnknown("the answer was lost"), 503, "outcome-unknown"),
        (Damaged(SECRET), 500, "damaged"),
        (KeyError(SECRET), 500, "internal"),
        (RuntimeError(SECRET), 500, "internal"),
    ],
)
def test_a_failure_says_nothing_of_its_cause_outside_and_nothing_of_a_person_inside(
    error, status, slug, hub, capsys
):
    out = io.StringIO()
    reply = ask(error, hub, out)
    problem = json.loads(reply["body"])
    assert (reply["statusCode"], problem["type"].rpartition(":")[2]) == (status, slug)
    assert "detail" not in problem
    assert reply["headers"]["content-security-policy"]
    assert ("retry-after" in reply["headers"]) == (status == 503)
    failed, answered = (json.loads(line) for line in out.getvalue().splitlines())
    assert (failed["message"], failed["error"]) == ("a request failed", type(error).__name__)
    assert (answered["route"], answered["status"]) == ("POST /sign-in/options", status)
    for text in (reply["body"], out.getvalue(), capsys.readouterr().out):
        assert SECRET not in text


def test_a_failure_is_a_page_to_somebody_who_navigates(hub):
    reply = ask(RuntimeError(SECRET), hub, io.StringIO(), accept="text/html")
    assert reply["headers"]["content-type"] == "text/html; charset=utf-8"
    assert "Something broke on our side" in reply["body"]
    assert SECRET not in reply["body"]


def test_a_failure_counts_as_one_and_a_refusal_does_not(hub, browser, capsys):
    def failures():
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return [line["Failures"] for line in lines if "Failures" in line]

    ask(Busy("throttled"), hub, io.StringIO())
    assert failures() == [[1.0]]
    browser.get("/account")
    browser.get("/")
    assert failures() == [[0.0], [0.0]]


def test_log_lines_name_the_route_and_never_the_path_a_name_or_a_token(hub, monkeypatch, capsys):
    browser, out = hub.browser(), io.StringIO()
    (handler,) = logging.getLogger("pages").handlers
    monkeypatch.setattr(handler, "stream", out)
    browser.sign_up(SECRET)
    code = browser.post("/recovery-code").json()["code"]
    browser.post(f"/passkeys/{SECRET}/rename", {"name": SECRET})
    browser.get(f"/enrol/{SECRET}")
    browser.get("/account")
    browser.send(browser.event("GET", f"/{SECRET}"))
    printed = out.getvalue() + capsys.readouterr().out
    logged = [json.loads(line) for line in out.getvalue().splitlines()]
    assert len(logged) == 7
    assert {line["route"] for line in logged} >= {"none", "GET /enrol/{token}", "GET /account"}
    assert all(set(line) <= FIELDS for line in logged)
    for secret in (SECRET, code, browser.csrf, *browser.cookies.values()):
        if len(secret) > 2:
            assert secret not in printed
