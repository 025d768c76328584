"""Which language a page speaks, and that problems speak it too."""

from __future__ import annotations

import pytest
from mydata_hub.accounts.account import Role
from mydata_hub.web.language import accepted_language


def language_of(reply):
    assert f'<html lang="{reply.headers["content-language"]}">' in reply.body
    return reply.headers["content-language"]


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("", "en"),
        ("ko", "ko"),
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("en-GB,en;q=0.9,ko;q=0.8", "en"),
        ("fr,de;q=0.9,ko;q=0.1", "ko"),
        ("en;q=0.2, ko;q=0.7", "ko"),
        ("ko;q=0", "en"),
        ("ko;q=nan,en", "en"),
        ("ko;q=, x", "en"),
        ("fr", "en"),
        ("*", "en"),
        (";;;,,,=", "en"),
    ],
)
def test_the_browsers_wish_is_read_by_its_weights(header, locale):
    assert accepted_language(header) == locale


def test_the_chosen_language_wins_over_the_browsers(hub):
    browser = hub.browser(language="en")
    browser.submit("/language", {"lang": "ko", "next": "/"})
    assert language_of(browser.get("/")) == "ko"


def test_the_accounts_language_wins_over_the_browsers_and_loses_to_the_chosen(hub):
    browser = hub.browser(language="ko")
    browser.sign_up()
    browser.language = "en"
    del browser.cookies["lang"]
    assert language_of(browser.get("/account")) == "ko"
    browser.submit("/language", {"lang": "en", "next": "/account"})
    assert language_of(browser.get("/account")) == "en"


def test_an_invitation_speaks_its_own_language(hub):
    browser = hub.browser(language="ko")
    assert language_of(browser.get(hub.invitation(Role.AUDITOR))) == "en"


def test_signing_in_keeps_the_accounts_language_where_none_was_chosen(hub):
    browser = hub.browser(language="ko")
    browser.sign_up()
    browser.cookies.clear()
    browser.language = "en"
    browser.csrf = ""
    browser.sign_in()
    assert browser.cookies["lang"] == "ko"


def test_problems_are_told_in_the_readers_language_as_a_document_and_as_a_page(hub):
    browser = hub.browser(language="ko")
    problem = browser.post("/sign-up/options", {"name": ""}).json()
    assert problem["title"] == "조금만 고쳐 주세요"
    assert problem["remedy"] == "이름을 1자에서 60자 사이로 적어 주세요."
    page = browser.get("/enrol/used-up")
    assert page.status == 404
    assert language_of(page) == "ko"
    assert "여기에는 아무것도 없어요" in page.body
