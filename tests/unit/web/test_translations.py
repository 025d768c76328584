"""Every sentence of the pages has its Korean, and the Korean says the same things."""

from __future__ import annotations

import re
import shutil
from collections import Counter

import polib
import pytest
from jinja2 import UndefinedError
from mydata_hub.web.render import TEMPLATES, Renderer
from mydata_hub.web.wording import KOREAN

from tests.unit.web.extract import PYTHON, extracted

PLACEHOLDER = re.compile(r"%\(\w+\)s")
HANGUL = re.compile(r"[가-힣]")
# Names that are written alike in both languages.
SAME_IN_BOTH = frozenset({"AWS", "C2SP tlog-tiles", "DPV", "FAPI 2.0, DPoP, PAR, PKCE S256"})


def findings(messages, catalogue):
    """What is wrong between the sentences in the code and the catalogue, as sentences."""
    entries = {entry.msgid: entry for entry in catalogue}
    for message, place in messages.items():
        entry = entries.get(message)
        if entry is None or not entry.msgstr:
            yield f"{place}: not translated: {message}"
        elif Counter(PLACEHOLDER.findall(message)) != Counter(PLACEHOLDER.findall(entry.msgstr)):
            yield f"{place}: other placeholders: {message}"
        elif not HANGUL.search(entry.msgstr):
            yield f"{place}: not Korean: {message}"
    for entry in catalogue:
        if entry.fuzzy or entry.obsolete:
            yield f"ko.po:{entry.linenum}: fuzzy or obsolete: {entry.msgid}"
        elif entry.msgid not in messages:
            yield f"ko.po:{entry.linenum}: nothing says this any more: {entry.msgid}"
    for message, count in Counter(entry.msgid for entry in catalogue).items():
        if count > 1:
            yield f"ko.po: twice: {message}"


def catalogue():
    return polib.pofile(str(KOREAN))


def test_everything_is_translated_and_nothing_is_left_over():
    assert list(findings(extracted(), catalogue())) == []
    assert len(extracted()) > 100


@pytest.mark.parametrize(
    ("break_it", "finding"),
    [
        (lambda po: po.remove(po.find("Sign in")), "not translated: Sign in"),
        (lambda po: setattr(po.find("Sign in"), "msgstr", ""), "not translated: Sign in"),
        (
            lambda po: setattr(po.find("Hello, %(name)s"), "msgstr", "안녕하세요"),
            "other placeholders: Hello, %(name)s",
        ),
        (lambda po: setattr(po.find("Sign in"), "msgstr", "Sign in"), "not Korean: Sign in"),
        (
            lambda po: po.append(polib.POEntry(msgid="Gone", msgstr="없어요")),
            "nothing says this any more: Gone",
        ),
        (lambda po: po.find("Sign in").flags.append("fuzzy"), "fuzzy or obsolete: Sign in"),
        (lambda po: po.append(polib.POEntry(msgid="Sign in", msgstr="로그인")), "twice: Sign in"),
    ],
)
def test_each_fault_of_the_catalogue_is_found(break_it, finding):
    broken = catalogue()
    break_it(broken)
    assert any(found.endswith(finding) for found in findings(extracted(), broken))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("home.html", '<p>{{ _("A new sentence") }}</p>'),
        ("home.html", "<p>{% trans %}A new\n sentence{% endtrans %}</p>"),
        ("sign_in.html", "<div data-word=\"{{ _('A new sentence') }}\"></div>"),
    ],
)
def test_a_new_sentence_in_a_template_is_missed(file, text, tmp_path):
    templates = tmp_path / "templates"
    shutil.copytree(TEMPLATES, templates)
    with (templates / file).open("a") as out:
        out.write(text)
    found = list(findings(extracted(templates, PYTHON), catalogue()))
    assert len(found) == 1
    assert found[0].startswith(file)
    assert found[0].endswith("not translated: A new sentence")


def test_a_new_sentence_in_python_is_missed(tmp_path):
    (tmp_path / "problems.py").write_text('words = _("A new sentence")\n')
    sentences = extracted(TEMPLATES, PYTHON) | extracted(tmp_path, tmp_path)
    assert [found.partition(": ")[2] for found in findings(sentences, catalogue())] == [
        "not translated: A new sentence"
    ]


def test_no_word_of_a_page_is_written_outside_the_catalogue():
    """What is left of a template without markup, expressions and names has no letters."""
    for path in TEMPLATES.glob("*.html"):
        text = path.read_text()
        for code in (
            r"\{% block layout %\}\w+\{% endblock %\}",
            r"\{% trans.*?endtrans %\}",
            r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}",
            r"<pre.*?</pre>",
        ):
            text = re.sub(code, " ", text, flags=re.DOTALL)
        spoken = re.findall(r'(?:alt|aria-label|placeholder|title)="([^"]*)"', text)
        text = re.sub(r"<[^>]*>|&\w+;", "|", text)
        for words in [*text.split("|"), *spoken]:
            words = re.sub(r"MyData Hub|/log/\w+/?|/health", "", words).strip()
            if words in SAME_IN_BOTH or words in {"English", "한국어"}:
                continue
            assert not re.search(r"[A-Za-z가-힣]", words), f"{path.name}: {words}"


# What a developer reads who calls the library wrongly; no page shows it.
VENDORED = "chart.js"


def test_scripts_say_nothing_of_their_own():
    """The words of a script are in the page; a script may hold names, not sentences."""
    own = [path for path in (PYTHON / "static").glob("*.js") if path.name != VENDORED]
    for path in own:
        code = re.sub(r"//.*|/\*.*?\*/", "", path.read_text())
        for text in re.findall(r'"([^"\n]*)"', code):
            assert not re.search(r"[a-z]+ [a-z]+ [a-z]+|[가-힣]", text), f"{path.name}: {text}"


def test_a_value_that_nobody_gave_fails_instead_of_showing_nothing():
    values = {"csrf": "", "words": {"title": "", "remedy": ""}, "start": "", "here": "/"}
    assert "<h1></h1>" in Renderer().page("problem.html", "en", values)
    del values["here"]
    with pytest.raises(UndefinedError, match="'here' is undefined"):
        Renderer().page("problem.html", "en", values)
