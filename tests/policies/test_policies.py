"""The policies: their examples, every combination against an oracle, and each of them missed."""

from __future__ import annotations

import itertools
import json
import math
import re

import pytest
from mydata_hub.errors import BadInput
from mydata_hub.insights.purposes import PURPOSES
from mydata_hub.release.cedar import UNDECIDED
from mydata_hub.release.policies import SCHEMA, Policies, read_policies

from tests.modes import LONG
from tests.policies.requests import ALLOWED, CLAIM, FILES, FOLDER, OTHER, POLICIES, changed, decide

EXAMPLES = {path.stem: path for path in sorted((FOLDER / "examples").glob("*/*.json"))}
DAY_MS = 86_400_000
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
    "P14": {"grant": {"given_ago_ms": -60_001}},
    "P15": {"grant": {"given_ago_ms": 365 * DAY_MS}},
    "P16": {"grant": {"given_ago_ms": 30 * DAY_MS}, "sensitivity": "sensitive"},
    "P17": {"grant": {"times": 601}, "amounts": {"uses": 601}},
    "P18": {"grant": {"claims": [CLAIM, *(f"more.claims_{number}@1" for number in range(12))]}},
}
# Every combination takes minutes; otherwise those of a few conditions, and those of nearly all.
EXHAUSTIVE = LONG
FEW = 3


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
    old = r["grant"]["given_ago_ms"]
    p, g, a = r["partner"], r["grant"], r["amounts"]
    wrong = set()
    wrong |= {"P02"} if g["ended"] else set()
    wrong |= {"P03"} if max(g["expires_in_ms"], 1 - old) < 1 else set()  # it ends after it began
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
    wrong |= {"P14"} if old < -60_000 else set()
    wrong |= {"P15"} if old >= 365 * DAY_MS else set()
    wrong |= {"P16"} if r["sensitivity"] == "sensitive" and old >= 30 * DAY_MS else set()
    wrong |= {"P17"} if a["uses"] > 600 else set()
    wrong |= {"P18"} if len(g["claims"]) > 12 else set()
    return wrong


def combinations():
    """Which conditions are broken together."""
    many = len(BREAKS)
    for broken in itertools.product((False, True), repeat=many):
        if EXHAUSTIVE or sum(broken) <= FEW or sum(broken) >= many - 1:
            yield [name for name, is_broken in zip(BREAKS, broken, strict=True) if is_broken]


def merged(changes):
    request = ALLOWED
    for change in changes:
        request = changed(request, change)
    return request


BREAKS_ALONE = {name: changed(ALLOWED, change) for name, change in BREAKS.items()}


@pytest.mark.parametrize("price", [15_850, 0])
def test_every_combination_of_conditions_is_decided_as_the_oracle_says(price):
    checked = 0
    free = {"amounts": {"price": price}}
    for names in combinations():
        request = merged([free, *(BREAKS[name] for name in names)])
        wrong = oracle(request)
        verdict = decide(request)
        assert set(verdict.failing) == wrong, names
        assert verdict.allowed is (not wrong)
        told = [POLICIES.policies[name].refusal for name in sorted(wrong - {"P13"})]
        assert verdict.refusal == (told[0] if told else None)
        checked += 1
    every, few = 2 ** len(BREAKS), sum(math.comb(len(BREAKS), broken) for broken in range(FEW + 1))
    assert checked == (every if EXHAUSTIVE else few + len(BREAKS) + 1)


def test_the_fewest_policies_are_named_each_of_which_forbids_by_itself():
    """Mend any but one of those that are named, and that one still forbids."""
    broken = ("P03", "P07", "P11", "P17")
    assert decide(merged(BREAKS[name] for name in broken)).failing == broken
    for left in broken:
        assert decide(BREAKS_ALONE[left]).failing == (left,)


# ------------------------------------------------------------------ each of them missed

_POLICY = re.compile(r'@id\("(P\d\d)"\).*?;\n', re.DOTALL)


def policies_with(change):
    """The policies with a change of the text of one of them: (id, files)."""
    for name, text in FILES.items():
        if not name.endswith(".cedar"):
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
    for old, new in (("<=", "<"), (" < ", " <= "), ("==", "!="), ("!=", "=="), (" + ", " - ")):
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
        assert sum(1 for _ in policies_with(change)) == len(POLICIES.policies) == 18
    assert sum(1 for _ in policies_with(loosen)) == 36


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
        {**FILES, "9.cedar": "forbid ("},
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
        f'@id("P99") @says("x") @refusal("y") {HEAD} {{ context.colour == 1 }};',
        f'@id("P99") @says("x") @refusal("y") {HEAD} {{ context.now < "noon" }};',
        f'@says("x") @refusal("y") {HEAD} {{ false }};',
        f'@id("P13") @says("x") @refusal("y") {HEAD} {{ false }};',
        f'@id("P14") @refusal("y") {HEAD} {{ false }};',
        f'@id("P99") @says("x") {HEAD} {{ false }};',
        f'@id("P99") @says("x") @refusal("y") @answer("no_answer") {HEAD} {{ false }};',
        '@id("P99") @says("x") @refusal("y") permit (principal, action, resource);',
    ],
)
def test_a_policy_that_says_too_little_or_names_what_no_request_has_is_refused(text):
    with pytest.raises(BadInput):
        Policies({**FILES, "9.cedar": text})


def test_an_error_anywhere_is_a_refusal_even_beside_a_permit():
    failing = f'@id("P99") @says("x") @refusal("y") {HEAD} {{ context.person_charged + 1 < 0 }};'
    policies = Policies({**FILES, "9.cedar": failing})
    assert decide(ALLOWED, policies).allowed
    most = changed(ALLOWED, {"amounts": {"person_charged": 2**63 - 1, "price": 0}})
    verdict = decide(most, policies)
    assert (verdict.failing, verdict.refusal) == ((UNDECIDED,), UNDECIDED)
    assert decide(most).allowed


def test_a_later_permit_gets_around_nothing():
    permit = '@id("P99") @says("Anything goes.") permit (principal, action, resource);'
    policies = Policies({**FILES, "9.cedar": permit})
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


# ------------------------------------------------------------------ fair use


def test_every_purpose_has_bounds_and_a_sentence_in_both_languages():
    bounds = POLICIES.fair_use.bounds
    assert bounds.keys() == PURPOSES.keys()
    for one in bounds.values():
        assert one.day <= one.week <= one.month
        assert re.search("[가-힣]", one.says.ko)
        assert not re.search("[가-힣]", one.says.en)


def test_an_operator_s_file_takes_the_place_of_a_purpose_and_adds_others():
    mine = json.loads(FILES["fair-use.json"])["personal_offers"] | {"month": 700, "days": 400}
    own = {"personal_offers": mine, "parking": mine}
    policies = Policies({**FILES, "fair-use.local.json": json.dumps(own)})
    assert policies.hash != POLICIES.hash
    more = changed(ALLOWED, BREAKS["P17"])
    assert (decide(more).failing, decide(more, policies).failing) == (("P17",), ())
    assert policies.fair_use.of("parking").month == 700
    assert policies.fair_use.of("loan_advice") == POLICIES.fair_use.of("loan_advice")
    narrow = {"personal_offers": mine | {"claims": 1, "days": 30}}
    policies = Policies({**FILES, "fair-use.local.json": json.dumps(narrow)})
    assert decide(ALLOWED, policies).allowed
    assert decide(changed(ALLOWED, {"grant": {"claims": [CLAIM, OTHER]}}), policies).failing == (
        "P18",
    )


def test_nothing_is_fair_for_a_purpose_without_bounds():
    shipped = json.loads(FILES["fair-use.json"])
    del shipped["personal_offers"]
    policies = Policies({**FILES, "fair-use.json": json.dumps(shipped)})
    assert decide(ALLOWED, policies).failing == ("P15", "P17", "P18")


@pytest.mark.parametrize(
    "text", ["", "[]", '{"personal_offers": {}}', '{"x": {"day": "1"}}', "[" * 9999]
)
@pytest.mark.parametrize("name", ["fair-use.json", "fair-use.local.json"])
def test_bounds_that_are_none_are_refused_at_the_start(name, text):
    with pytest.raises(BadInput):
        Policies({**FILES, name: text})


def test_without_the_shipped_bounds_the_gate_does_not_start():
    with pytest.raises(BadInput, match="fair-use"):
        Policies({name: text for name, text in FILES.items() if name != "fair-use.json"})


def test_the_folder_reads_as_its_files():
    assert read_policies(FOLDER).hash == Policies(FILES).hash
