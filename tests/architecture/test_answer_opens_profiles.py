"""The function that answers partners cannot so much as name what opens or holds records."""

from __future__ import annotations

import ast

import pytest
from mydata_hub.vault_config import AnswerSettings

from tests.architecture.code import FUNCTIONS

GATE = FUNCTIONS / "answer.py"


def purposes_named(source: str) -> set[str]:
    """Members of Purpose in a source text, and "all" where keys are asked for without any."""
    tree = ast.parse(source)
    named = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Purpose"
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "VaultKeys":
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            # The whole enumeration, by name or by leaving the argument out.
            chosen = given.get("purposes")
            if chosen is None or any(
                isinstance(part, ast.Name) and part.id == "Purpose" and not _is_member(chosen, part)
                for part in ast.walk(chosen)
            ):
                named.add("all")
    return named


def _is_member(tree: ast.AST, name: ast.Name) -> bool:
    return any(isinstance(node, ast.Attribute) and node.value is name for node in ast.walk(tree))


def test_the_gate_names_the_purpose_of_profiles_alone() -> None:
    assert purposes_named(GATE.read_text("utf-8")) == {"PROFILE"}


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (("Purpose.PROFILE", "Purpose.RECORDS"), "RECORDS"),
        (("frozenset({Purpose.PROFILE})", "frozenset(Purpose)"), "all"),
        ((", purposes=frozenset({Purpose.PROFILE})", ""), "all"),
    ],
)
def test_another_purpose_would_be_seen(change: tuple[str, str], seen: str) -> None:
    source = GATE.read_text("utf-8")
    assert source.count(change[0]) == 1
    assert seen in purposes_named(source.replace(*change))


def test_the_gate_s_settings_name_nothing_that_holds_records() -> None:
    held = {"SEGMENTS_TABLE", "SEGMENTS_BUCKET", "VAULT_PUBLIC_TABLE"}
    assert not AnswerSettings.variables() & held


def test_the_gate_s_file_imports_nothing_of_segments() -> None:
    source = GATE.read_text("utf-8")
    assert "segment" not in source
    assert "own_vault" not in source
