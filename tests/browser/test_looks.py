"""Every page in both languages, light and dark: axe finds nothing and nothing overflows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_core_python.sync_playwright import Axe
from mydata_hub.accounts.account import Role
from mydata_hub.accounts.enrolment import invite

WIDTHS = (360, 1280)
MIN_TARGET_PX = 44
# Rules of WCAG 2.2 up to AA, and what axe counts as good practice.
STANDARDS = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
# All that the scheme changes.
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
AXE = Axe().axe_script


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Where the pictures of this run are."""
    return tmp_path_factory.mktemp("pictures")


def public_states(person) -> Iterator[str]:
    """Each page and state that takes no account; yields its name once it is shown."""
    for path in ("/", "/sign-up", "/sign-in", "/recover"):
        person.go(path)
        yield path.strip("/") or "home"
    person.press("Make a new passkey")
    person.told("That code is not right, or it has been replaced or used. Look at it again.")
    yield "recover-wrong-code"
    person.go("/enrol/used-up")
    yield "not-found"
    person.go("/account")
    yield "signed-out"


def own_states(person, other) -> Iterator[str]:
    """Each state of a person's own page."""
    person.sign_up("지우" if person.locale == "ko" else "Jiu")
    yield "account-empty"
    person.page.locator("summary").first.click()
    yield "account-passkey-open"
    person.press("Make a recovery code")
    person.heading("Your recovery code")
    code = person.page.locator("#code-text").inner_text()
    yield "account-code"
    with person.page.expect_navigation():
        person.press("I have kept it")
    other.go("/recover")
    other.fill("Recovery code", code)
    other.press("Make a new passkey")
    other.heading("Your new passkey is made")
    yield "account-code-made"
    for _ in range(20):
        person.page.reload()
        if person.page.get_by_text(person.say("A recovery was started")).count():
            break
        person.page.wait_for_timeout(200)
    yield "account-in-recovery"


def look(person, name: str, pictures) -> None:
    """Hold what is shown to the rules, at both widths and in both schemes."""
    page = person.page
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            overflow = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert overflow == 0, f"{name} scrolls sideways by {overflow} px at {width}"
            # Each language in the other scheme at each width: all four without taking all twice.
            if (scheme == "light") == ((width == 360) == (person.locale == "ko")):
                file = pictures / f"{name}-{person.locale}-{scheme}-{width}.png"
                page.screenshot(path=file, full_page=True, animations="disabled")
        rules = STANDARDS if scheme == "light" else COLOURS
        assert found(page, rules) == [], f"{name} {scheme}"
    small = page.evaluate(SMALL_TARGETS, MIN_TARGET_PX)
    assert small == [], name


def found(page, rules) -> list[str]:
    """What axe finds, each as a line; it is put in by the debugger, past the page's policy."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE)
    options = {"runOnly": rules, "resultTypes": ["violations"]}
    return page.evaluate(
        """async options => (await axe.run(document, options)).violations.flatMap(
          ({id, nodes}) => nodes.map(({html}) => `${id}: ${html}`))""",
        options,
    )


# Links inside a sentence, or among the rows of a dense table, may be as high as their line
# (WCAG 2.5.8).
SMALL_TARGETS = """least => [...document.querySelectorAll("button, input, summary, a")]
  .filter(element => element.checkVisibility() && element.type !== "hidden")
  .filter(element => !element.matches(".skip, dd a, td a, tbody th a"))
  .filter(element => !document.querySelector("dialog[open]") || element.closest("dialog"))
  // A box or a dot is pressed by pressing its label, which holds it.
  .map(element => [element, element.matches("[type=radio], [type=checkbox]")
    ? element.closest("label") ?? element : element])
  .map(([element, pressed]) => [element.outerHTML.slice(0, 90), pressed.getBoundingClientRect()])
  .filter(([, box]) => box.height < least || box.width < least)
  .map(([html, box]) => `${html} ${Math.round(box.width)}x${Math.round(box.height)}`)"""


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_public_pages_are_open_to_everybody(locale, somebody, pictures):
    person = somebody(locale)
    names = [name for name in public_states(person) if look(person, name, pictures) is None]
    assert len(names) == 7


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_ones_own_page_is_open_to_everybody(locale, somebody, pictures):
    person, other = somebody(locale), somebody(locale)
    for name in own_states(person, other):
        look(person, name, pictures)
        if name == "account-code-made":
            look(other, "recover-done", pictures)


def test_staff_pages_are_open_to_everybody(somebody, desk, pictures):
    for role in (Role.AUDITOR, Role.OPERATOR):
        person = somebody("ko")
        person.go(invite(desk, role, "도윤"))
        if role is Role.OPERATOR:
            look(person, "enrol", pictures)
        with person.page.expect_navigation():
            person.press("Make a passkey")
        look(person, role, pictures)


def test_what_the_rules_are_for_is_found(somebody):
    person = somebody()
    person.go("/sign-up")
    page = person.page
    for fault, finding in (
        ("document.querySelector('label').remove()", "label: "),
        ("document.querySelector('.lead').style.color = '#999'", "color-contrast: "),
        ("document.documentElement.lang = ''", "html-has-lang: "),
    ):
        page.reload()
        assert found(page, STANDARDS) == []
        page.evaluate(fault)
        assert [line for line in found(page, STANDARDS) if line.startswith(finding)]
    page.evaluate("document.querySelector('main .button').style.minHeight = '20px'")
    page.evaluate("document.querySelector('main .button').style.padding = '0'")
    assert len(page.evaluate(SMALL_TARGETS, MIN_TARGET_PX)) == 1


def test_what_the_policy_blocks_is_noticed(somebody):
    person = somebody()
    person.go("/")
    person.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"top:0\">')")
    person.page.evaluate("document.querySelector('h1').setAttribute('onclick', 'alert(1)')")
    person.page.get_by_role("heading", level=1).click()
    for directive in ("style-src 'self'", "script-src 'self'"):
        assert [error for error in person.errors if directive in error]
    person.errors.clear()
