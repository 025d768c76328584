"""The policies: their examples, every combination against an oracle, and each of them missed."""

from __future__ import annotations

import itertools
import json
import re

import pytest
from mydata_hub.errors import BadInput
from mydata_hub.release.cedar import UNDECIDED
from mydata_hub.release.policies import SCHEMA, Policies, read_policies

from tests.policies.requests import ALLOWED, CLAIM, FILES, FOLDER, OTHER, POLICIES, changed, decide

EXAMPLES = {path.stem: path for path in sorted((FOLDER / "examples").glob("*/*.json"))}
# Each condition by itself: the policy that fails, and a change that makes it fail and no other.
# (a collecting grant is not among them: what it lacks fails several at once)
BREAKS = {
    "P02": {"grant": {"ended": True}},
    "P03": {"grant": {"expires_in_ms": 0}},
    "P04": {"grant": {"client": "scooters"}},
    "P05": {"grant": {"group": "railways"}},
    "P06": {"grant": {"claims": [OTHER]}},
    "P07": {"partner": {"suspended": True}},
    "P08": {"partner": {"purposes": ["mobility_service"]}},
    "P09": {"sensitivity": "special"},
    "P10": {"amounts": {"uses": 3}},
    "P11": {"amounts": {"grant_charged": 16 * 10_000 - 15_849}},
    "P12": {"amounts": {"group_charged": 24 * 10_000 - 15_849}},
    "P13": {"amounts": {"person_charged": 64 * 10_000 - 15_849}},
}


def read(path):
    return json.loads(path.read_text("utf-8"))


def fits(path, policies=POLICIES):
    """Whether an example is decided as it says."""
    example = read(path)
    verdict = decide(changed(ALLOWED, example["changes"]), policies)
    if path.parent.name == "ALLOW":
        return verdict.allowed and verdict.refusal is None
    return (list(verdict.failing), verdict.refusal) == (example["failing"], example["refusal"])


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_decided_as_it_says(name):
    assert fits(EXAMPLES[name])


def test_there_are_examples_of_both_kinds_and_every_forbid_has_one():
    kinds = {path.parent.name for path in EXAMPLES.values()}
    assert kinds == {"ALLOW", "DENY"}
    failing = {policy for path in EXAMPLES.values() for policy in read(path).get("failing", [])}
    assert failing == POLICIES.policies.keys() - {"P01"} | {UNDECIDED}


# ------------------------------------------------------------------ every combination


def oracle(r):
    """The policies once more, written independently and in plain Python."""
    p, g, a = r["partner"], r["grant"], r["amounts"]
    wrong = set()
    wrong |= {"P02"} if g["ended"] else set()
    wrong |= {"P03"} if g["expires_in_ms"] < 1 else set()
    wrong |= {"P04"} if g["client"] != p["client_id"] else set()
    wrong |= {"P05"} if g["group"] != p["group"] else set()
    wrong |= {"P06"} if CLAIM not in g["claims"] else set()
    wrong |= {"P07"} if p["suspended"] else set()
    wrong |= {"P08"} if g["purpose"] not in p["purposes"] else set()
    wrong |= {"P09"} if r["sensitivity"] == "special" else set()
    wrong |= {"P10"} if a["uses"] > g["times"] else set()
    wrong |= {"P11"} if a["price"] and a["grant_charged"] + a["price"] > 160_000 else set()
    wrong |= {"P12"} if a["price"] and a["group_charged"] + a["price"] > 240_000 else set()
    wrong |= {"P13"} if a["price"] and a["person_charged"] + a["price"] > 640_000 else set()
    return wrong


def merged(changes):
    request = ALLOWED
    for change in changes:
        request = changed(request, change)
    return request


@pytest.mark.parametrize("price", [15_850, 0])
def test_every_combination_of_conditions_is_decided_as_the_oracle_says(price):
    checked = 0
    free = {"amounts": {"price": price}}
    for broken in itertools.product((False, True), repeat=len(BREAKS)):
        names = [name for name, is_broken in zip(BREAKS, broken, strict=True) if is_broken]
        request = merged([free, *(BREAKS[name] for name in names)])
        wrong = oracle(request)
        verdict = decide(request)
        assert set(verdict.failing) == wrong, names
        assert verdict.allowed is (not wrong)
        told = [POLICIES.policies[name].refusal for name in sorted(wrong - {"P13"})]
        assert verdict.refusal == (told[0] if told else None)
        checked += 1
    assert checked == 2 ** len(BREAKS)


# ------------------------------------------------------------------ each of them missed

_POLICY = re.compile(r'@id\("(P\d\d)"\).*?;\n', re.DOTALL)


def policies_with(change):
    """The policies with a change of the text of one of them: (id, files)."""
    for name, text in FILES.items():
        if name == SCHEMA:
            continue
        for match in _POLICY.finditer(text):
            for mutant in change(match[0]):
                yield match[1], {**FILES, name: text.replace(match[0], mutant)}


def delete(policy):
    yield ""


def negate(policy):
    """An `unless` becomes a `when` and the other way round; a permit becomes a forbid."""
    if "permit (" in policy:
        yield policy.replace("permit (", '@refusal("x")\nforbid (')
    elif "unless {" in policy:
        yield policy.replace("unless {", "when {")
    else:
        yield policy.replace("when {", "unless {")


def loosen(policy):
    """Each condition of a conjunction or disjunction left out, and each comparison moved."""
    body = policy.partition("{")[2].rpartition("}")[0].strip()
    for sign in ("&&", "||"):
        parts = [part.strip() for part in body.split(sign)]
        for part in parts if len(parts) > 1 else ():
            rest = f" {sign} ".join(one for one in parts if one != part)
            yield policy.replace(body, rest)
    for old, new in (("<=", "<"), (" < ", " <= "), ("==", "!="), (" + ", " - ")):
        # An action is chosen in the head of a policy, which `negate` and `delete` test.
        if old in body:
            yield policy.replace(body, body.replace(old, new, 1))


MUTANTS = [
    pytest.param(files, id=f"{change.__name__} {name} {number}")
    for change in (delete, negate, loosen)
    for number, (name, files) in enumerate(policies_with(change))
]


@pytest.mark.parametrize("files", MUTANTS)
def test_no_policy_and_no_condition_is_missed_by_the_examples(files):
    mutant = Policies(files)
    assert not all(fits(path, mutant) for path in EXAMPLES.values())


def test_the_mutants_are_as_many_as_the_policies_ask_for():
    for change in (delete, negate):
        assert sum(1 for _ in policies_with(change)) == len(POLICIES.policies) == 13
    assert sum(1 for _ in policies_with(loosen)) >= 20


# ------------------------------------------------------------------ what is no set of policies


def test_the_hash_changes_with_any_letter_and_with_nothing_else():
    assert Policies(dict(reversed(FILES.items()))).hash == POLICIES.hash
    assert len(POLICIES.hash) == 32
    for name in FILES:
        assert Policies({**FILES, name: FILES[name] + " "}).hash != POLICIES.hash


@pytest.mark.parametrize(
    "files",
    [
        {name: text for name, text in FILES.items() if name != SCHEMA},
        {**FILES, "4.cedar": "forbid ("},
        {**FILES, SCHEMA: "entity {"},
    ],
)
def test_what_does_not_parse_is_refused_at_the_start(files):
    with pytest.raises(BadInput):
        Policies(files)


HEAD = "forbid (principal, action, resource) when"


@pytest.mark.parametrize(
    "text",
    [
        f'@id("P14") @says("x") @refusal("y") {HEAD} {{ context.colour == 1 }};',
        f'@id("P14") @says("x") @refusal("y") {HEAD} {{ context.now < "noon" }};',
        f'@says("x") @refusal("y") {HEAD} {{ false }};',
        f'@id("P13") @says("x") @refusal("y") {HEAD} {{ false }};',
        f'@id("P14") @refusal("y") {HEAD} {{ false }};',
        f'@id("P14") @says("x") {HEAD} {{ false }};',
        f'@id("P14") @says("x") @refusal("y") @answer("no_answer") {HEAD} {{ false }};',
        '@id("P14") @says("x") @refusal("y") permit (principal, action, resource);',
    ],
)
def test_a_policy_that_says_too_little_or_names_what_no_request_has_is_refused(text):
    with pytest.raises(BadInput):
        Policies({**FILES, "4.cedar": text})


def test_an_error_anywhere_is_a_refusal_even_beside_a_permit():
    failing = f'@id("P14") @says("x") @refusal("y") {HEAD} {{ context.person_charged + 1 < 0 }};'
    policies = Policies({**FILES, "4.cedar": failing})
    assert decide(ALLOWED, policies).allowed
    most = changed(ALLOWED, {"amounts": {"person_charged": 2**63 - 1, "price": 0}})
    verdict = decide(most, policies)
    assert (verdict.failing, verdict.refusal) == ((UNDECIDED,), UNDECIDED)
    assert decide(most).allowed


def test_a_later_permit_gets_around_nothing():
    permit = '@id("P14") @says("Anything goes.") permit (principal, action, resource);'
    policies = Policies({**FILES, "4.cedar": permit})
    for name, change in BREAKS.items():
        assert decide(changed(ALLOWED, change), policies).failing == (name,)


def test_asking_for_nothing_is_not_allowed():
    assert decide(changed(ALLOWED, {"claims": []})).failing == (UNDECIDED,)


def test_the_page_of_the_policies_says_every_sentence_in_order():
    page = (FOLDER / "README.md").read_text("utf-8")
    lines = [line for line in page.splitlines() if line.startswith("| P")]
    assert lines == [
        f"| {policy.id} | {policy.says} | {policy.refusal or ('no_answer' if number else '')} |"
        for number, policy in enumerate(POLICIES.policies.values())
    ]


def test_the_folder_reads_as_its_files():
    assert read_policies(FOLDER).hash == Policies(FILES).hash
