"""What pages hold: no inline script or style, nothing unescaped, the right words for the state."""

from __future__ import annotations

import hashlib
import re
from html.parser import HTMLParser

import pytest
from mydata_hub.accounts.account import Role
from mydata_hub.web.render import TEMPLATES
from mydata_hub.web.static_files import FOLDER

VOID = {"meta", "link", "input", "img", "br", "hr"}
HOSTILE = "<img src=x onerror=alert(1)>\"'&"


class Page(HTMLParser):
    """The elements of a page, and whether they are nested rightly."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.open, self.wrong = [], [], []
        self.feed(html)
        self.close()
        self.wrong += self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def ids(self):
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]


def every_page(hub):
    """Each page in each of its states: (name, reply)."""
    for language in ("ko", "en"):
        anyone = hub.browser(language=language)
        for path in ("/", "/sign-up", "/sign-in", "/recover", hub.invitation(Role.AUDITOR)):
            yield path, anyone.get(path)
        yield "not found", anyone.get("/enrol/none")
        yield "signed out", anyone.get("/account")
        jiu = hub.browser(language=language)
        jiu.sign_up(HOSTILE)
        yield "empty account", jiu.get("/account")
        code = jiu.post("/recovery-code").json()["code"]
        hub.deliver()
        jiu.post("/notifications", {"endpoint": "https://push.example/x"})
        yield "notifications", jiu.get("/notifications")
        yield "account with a notice", jiu.get("/account")
        recovering = hub.browser(language=language)
        recovering.make_passkey("/recover/options", "/recover/finish", {"code": code})
        hub.deliver()
        yield "account in recovery", jiu.get("/account")
        yield "home of somebody signed in", jiu.get("/")
        yield "refused", jiu.get("/auditor")
        for role, path in ((Role.AUDITOR, "/auditor"), (Role.OPERATOR, "/operator")):
            staff = hub.browser(language=language)
            staff.enrol(role)
            yield path, staff.get(path)


def test_no_page_holds_inline_script_style_or_anything_from_elsewhere(hub):
    seen = set()
    for name, reply in every_page(hub):
        assert reply.headers["content-type"] == "text/html; charset=utf-8", name
        page = Page(reply.body)
        assert page.wrong == [], name
        assert len(set(page.ids())) == len(page.ids()), name
        for tag, attributes in page.elements:
            assert tag not in {"style", "base", "iframe", "object", "embed"}, name
            assert not [attribute for attribute in attributes if attribute.startswith("on")], name
            assert "style" not in attributes, name
            if tag == "script":
                assert attributes["type"] == "module", name
                assert re.fullmatch(r"/static/\w+\.js", attributes["src"]), name
            for reference in ("src", "href", "action"):
                assert re.match(r"/(?!/)|#", attributes.get(reference, "/")), name
        seen.add(name if name[0] != "/" else re.sub(r"/enrol/.*", "/enrol", name))
    assert len(seen) == 15


def test_every_page_has_a_language_a_title_one_heading_and_a_way_past_the_top(hub):
    for name, reply in every_page(hub):
        page = Page(reply.body)
        tags = [tag for tag, _ in page.elements]
        assert tags.count("h1") == 1, name
        assert tags.count("main") == 1, name
        assert ("a", {"class": "skip", "href": "#main"}) in page.elements, name
        assert dict(page.elements)["html"]["lang"] in {"ko", "en"}, name
        title = re.search(r"<title>(.*?)</title>", reply.body, re.DOTALL)
        assert title[1].removesuffix(" · MyData Hub").strip(), name
        for tag, attributes in page.elements:
            if tag == "img":
                assert "alt" in attributes, name
            if tag == "input" and attributes.get("type") != "hidden":
                assert ("label", {"for": attributes["id"]}) in page.elements, name


def test_a_name_is_shown_as_text_and_never_as_markup(jiu, hub):
    browser = hub.browser()
    browser.sign_up(HOSTILE)
    passkey_id = browser.state()["passkeys"][0]["passkey_id"]
    assert browser.post(f"/passkeys/{passkey_id}/rename", {"name": HOSTILE}).status == 204
    page = browser.get("/account").body
    assert "onerror" in page
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;&#34;&#39;&amp;" in page


def test_what_is_personal_is_never_stored_and_what_is_public_is_asked_for_again(hub, jiu):
    anyone = hub.browser()
    for path in ("/", "/sign-up", "/sign-in", "/recover"):
        assert anyone.get(path).headers["cache-control"] == "no-cache"
    assert anyone.get(hub.invitation(Role.PERSON)).headers["cache-control"] == "no-store"
    for path in ("/", "/account", "/account/state", "/sign-in"):
        assert jiu.get(path).headers["cache-control"] == "no-store"


def test_a_page_that_needs_a_session_becomes_the_sign_in_page(browser):
    reply = browser.get("/account")
    assert reply.status == 401
    assert 'data-enter="sign-in"' in reply.body
    assert "Sign in to see this page" in reply.body


def test_a_page_for_somebody_else_says_so_and_leads_home(jiu):
    reply = jiu.get("/operator")
    assert reply.status == 403
    assert "This is not open to you" in reply.body


def test_the_operators_page_holds_no_persons_data(hub, jiu):
    operator = hub.browser()
    operator.enrol(Role.OPERATOR)
    page = operator.get("/operator").body
    assert "0.1.0" in page
    assert "http://localhost:8787/health" in page
    assert "Jiu" not in page
    assert jiu.state()["account_id"] not in page


def test_the_auditors_page_says_how_to_verify_the_log(hub):
    auditor = hub.browser()
    auditor.enrol(Role.AUDITOR)
    page = auditor.get("/auditor").body
    assert "mydata log verify --url http://localhost:8787" in page
    assert 'href="/log/checkpoint"' in page


def test_health_names_the_release(browser):
    assert browser.get("/health").json() == {"status": "ok", "version": "0.1.0"}


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.iterdir()))
def test_a_static_file_comes_with_its_type_and_is_not_sent_twice(name, browser):
    kinds = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    first = browser.get(f"/static/{name}")
    assert first.status == 200
    assert first.headers["content-type"].startswith(kinds[name.rpartition(".")[2]])
    assert first.headers["etag"].strip('"') in hashlib.sha256(first.body.encode()).hexdigest()
    again = browser.get(f"/static/{name}", if_none_match=first.headers["etag"])
    assert (again.status, again.body) == (304, "")


@pytest.mark.parametrize("name", ["..", "hub", "request.py", "%2e%2e", "..\\render.py", "hub.css~"])
def test_only_listed_files_are_served(name, browser):
    event = browser.event("GET", "/static/hub.css")
    event["pathParameters"] = {"file": name}
    assert browser.send(event).status == 404


def test_every_file_a_page_or_a_script_asks_for_is_there(hub):
    wanted = set()
    for _, reply in every_page(hub):
        wanted |= set(re.findall(r'"/static/([^"]+)"', reply.body))
    # The pages of other functions are asked for by their own tests.
    for path in TEMPLATES.glob("*.html"):
        wanted |= set(re.findall(r'"/static/([^"]+)"', path.read_text()))
    for path in FOLDER.glob("*.js"):
        wanted |= set(re.findall(r'"\./([^"]+)"', path.read_text()))
    assert wanted == {path.name for path in FOLDER.iterdir()}
