"""The walls of imports: kept by the code, and each contract falls to the fault it is for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from tests.architecture import zone_page
from tests.architecture.code import (
    PACKAGE,
    asked_of_wiring,
    engines_named,
    handler_files,
    imported,
)
from tests.architecture.template import ROOT

# (the contract, the module that is planted or changed, what it comes to import)
PLANTS = [
    ("Imports point down", "ports/planted.py", "from mydata_hub.accounts import account"),
    ("Imports point down", "transparency/planted.py", "import mydata_hub.accounts.store"),
    ("Imports point down", "web/planted.py", "from mydata_hub.wiring import tables_for"),
    ("Imports point down", "aws/planted.py", "import mydata_hub.embedded.sqlite_tables"),
    ("Imports point down", "wiring.py", "import mydata_hub.samples.lives"),
    ("Imports point down", "vault/planted.py", "from mydata_hub.consent import grant"),
    ("The two engines", "embedded/planted.py", "import mydata_hub.accounts.account"),
    ("Rules and use cases", "accounts/planted.py", "import sqlite3"),
    ("Rules and use cases", "insights/planted.py", "from os import environ"),
    ("Collectors can seal", "collection/planted.py", "from mydata_hub.ports.keys import Keys"),
    ("Collectors can seal", "collection/planted.py", "import mydata_hub.aws.kms_keys"),
    ("Collectors can seal", "collection/planted.py", "from mydata_hub.vault import opening"),
    ("Collectors can seal", "vault/sealing.py", "import mydata_hub.vault.opening"),
    ("Collectors can seal", "collection/collecting.py", "import mydata_hub.vault.key_rows"),
    ("Collectors can seal", "collection/receiving.py", "import mydata_hub.own_vault.folding"),
    ("The edge opens nothing", "web/planted.py", "import mydata_hub.ports.keys"),
    ("The edge opens nothing", "web/planted.py", "import mydata_hub.portability.exporting"),
    ("The edge opens nothing", "own_vault/archives.py", "import mydata_hub.vault.opening"),
    ("The edge opens nothing", "consent/grant.py", "import mydata_hub.vault.vault_keys"),
    ("The courier carries", "courier/planted.py", "import mydata_hub.vault.opening"),
    ("The courier carries", "consent/deliveries.py", "import mydata_hub.consent.grants"),
    ("The central objects", "consent/grant.py", "import time"),
    ("The central objects", "vault/segment.py", "import mydata_hub.ports.blobs"),
]


def lint(package: Path) -> subprocess.CompletedProcess[str]:
    """import-linter over a copy of the tree, with the contracts of this one."""
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [str(program), "--config", str(ROOT / ".importlinter"), "--no-cache"],
        cwd=package.parent,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(package.parent), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the source tree."""
    ignored = shutil.ignore_patterns("__pycache__", "static", "locales")
    return shutil.copytree(PACKAGE, tmp_path / "mydata_hub", ignore=ignored)


def test_the_tree_keeps_its_contracts(tree: Path) -> None:
    result = lint(tree)
    assert result.returncode == 0, result.stdout
    assert " 0 broken" in result.stdout


@pytest.mark.parametrize(("contract", "module", "line"), PLANTS)
def test_a_planted_import_breaks_its_contract(
    tree: Path, contract: str, module: str, line: str
) -> None:
    plant(tree / module, line)
    result = lint(tree)
    assert result.returncode == 1
    broken = [line for line in result.stdout.splitlines() if " BROKEN" in line]
    assert any(line.startswith(contract) for line in broken), result.stdout


def test_a_collector_cannot_open_a_vault_through_a_friend(tree: Path) -> None:
    plant(tree / "collection" / "planted.py", "import mydata_hub.transparency.planted")
    plant(tree / "transparency" / "planted.py", "from mydata_hub.ports.keys import Keys")
    result = lint(tree)
    assert "Collectors can seal, not open BROKEN" in result.stdout


def test_a_module_without_a_place_is_told(tree: Path) -> None:
    plant(tree / "planted.py", "")
    result = lint(tree)
    assert result.returncode == 1
    assert "planted" in result.stdout


def plant(path: Path, line: str) -> None:
    before = path.read_text("utf-8") if path.exists() else '"""A fault."""\n'
    future = "from __future__ import annotations\n"
    path.write_text(f"{before}{line}\n" if future in before else f"{before}{future}{line}\n")


def test_each_function_asks_wiring_for_what_its_zone_may_have() -> None:
    asked = {name: asked_of_wiring(path.read_text()) for name, path in handler_files().items()}
    assert asked == zone_page.ports()


def test_asking_for_more_would_be_seen() -> None:
    assert asked_of_wiring("from mydata_hub.wiring import keys_for") == {"keys_for"}
    assert asked_of_wiring("import mydata_hub.wiring") == {"everything"}
    assert asked_of_wiring("from mydata_hub import wiring") == {"everything"}


def test_no_function_names_an_engine_past_wiring() -> None:
    named = {name: engines_named(path.read_text()) for name, path in handler_files().items()}
    assert named == {name: set() for name in named}


@pytest.mark.parametrize(
    "line",
    [
        "from mydata_hub.aws.kms_keys import KmsKeys",
        "from mydata_hub.aws import s3_blobs",
        "import mydata_hub.embedded.local_keys",
        "from mydata_hub import embedded",
        "import boto3",
    ],
)
def test_naming_an_engine_would_be_seen(line: str) -> None:
    assert engines_named(line)


def test_no_function_reaches_the_ports_of_another_zone_through_its_imports() -> None:
    # wiring.py alone may know them all; what a function asks it for is proven above.
    graph = grimp.build_graph("mydata_hub", cache_dir=None)
    for wired in graph.find_modules_directly_imported_by("mydata_hub.wiring"):
        graph.remove_import(importer="mydata_hub.wiring", imported=wired)
    found = {}
    for name, path in handler_files().items():
        direct = {
            f"{module}.{part}" if f"{module}.{part}" in graph.modules else module
            for module, part in imported(path.read_text())
        }
        reached = direct | {
            far for near in direct & graph.modules for far in graph.find_upstream_modules(near)
        }
        found[name] = reached & {"mydata_hub.ports.keys", "mydata_hub.ports.signer"}
    signer, both = {"mydata_hub.ports.signer"}, {"mydata_hub.ports.keys", "mydata_hub.ports.signer"}
    assert found == {
        "answer": both,
        # People's log keys, and receipts' rules, which know how answers are signed.
        "audit": both,
        # Partners' keys are read by what reads ours too; only issue_token is given a signer.
        "authorize": signer,
        # It seals and signs; the port that opens vaults is out of its reach, its own box is not.
        "collect": signer,
        "consent": signer,
        # Events are signed with a key of their own.
        "deliver": signer,
        # It destroys what opens, and cannot open: no key port is within its reach.
        "erase": signer,
        "export": both,
        "fold_records": both,
        "issue_token": signer,
        "my_vault": both,
        # Pushes too.
        "notify": signer,
        # It gives the public half of the key that its press signs with.
        "offers": signer,
        # It gives browsers the public half of the key that pushes are signed with.
        "pages": signer,
        "partner": set(),
        "publish_offers": signer,
        "receive": set(),
        "reseal": both,
        "review": both,
        "sequence_log": both,
    }
