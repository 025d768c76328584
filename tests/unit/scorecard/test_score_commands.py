"""`mydata score`: fit, evaluate, sign and verify, as they are called."""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from mydata_hub.cli.main import main
from mydata_hub.scorecard.card import CategoricalFeature, Direction, NumericFeature
from mydata_hub.scorecard.shipped import CARD
from mydata_hub.scorecard.signing import decode_file

PEOPLE = 700


def mydata(*words):
    return CliRunner().invoke(main, ["score", *map(str, words)])


def in_its_own_process(*words):
    """Libraries warn as they are imported, and a warning is an error in this one."""
    return subprocess.run(
        [sys.executable, "-m", "mydata_hub.cli", "score", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )


def write(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


def people(seed, count=PEOPLE):
    """Made-up people: late payments and a purpose tell of default, the colour tells nothing."""
    chance = random.Random(seed)
    yield "row", "late", "share used", "purpose", "colour", "AGE", "flat", "outcome"
    for number in range(count):
        late = chance.choice([0, 0, 0, 1, 2, 3, 5])
        share = "" if chance.random() < 0.1 else f"{chance.random():.3f}"
        purpose = chance.choice(["car", "boat", "house"])
        risk = 0.05 + 0.11 * late + (0.25 if purpose == "boat" else 0) + 0.2 * float(share or 0.5)
        outcome = "default" if chance.random() < risk else "paid"
        colour = chance.choice(["red", "blue"])
        yield number + 1, late, share, purpose, colour, chance.randint(18, 90), 1, outcome


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cards")


@pytest.fixture(scope="module")
def fitted(folder):
    data = write(folder / "people.csv", people(1))
    told = in_its_own_process(
        "fit", "--data", data, "--target", "outcome", "--drop", "colour", "--bad", "default",
        "--out", folder / "card.json", "--json",
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


@pytest.fixture(scope="module")
def key(folder):
    return pem(folder / "key.pem", Ed25519PrivateKey.generate())


def pem(path, key):
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


def test_a_fit_leaves_out_what_is_asked_what_is_forbidden_and_what_is_none(fitted):
    left_out = {one["column"]: one["reason"] for one in fitted["left_out"]}
    assert left_out["colour"] == "dropped, as asked"
    assert left_out["AGE"] == "never used: age"
    assert left_out["flat"] == "has one value in all rows"
    assert left_out["row"] == "counts the rows"
    assert set(fitted["features"]) == {"late", "share used", "purpose"}
    assert fitted["target"] == {"column": "outcome", "bad": "default", "because": "as given"}


def test_a_fit_writes_a_sound_unsigned_card_of_whole_points(fitted, folder):
    file = decode_file((folder / "card.json").read_bytes())
    assert file.signature is None
    late, share, purpose = file.card.features
    assert isinstance(late, NumericFeature)
    assert (late.direction, late.whole) == (Direction.MORE_IS_WORSE, True)
    assert isinstance(share, NumericFeature)
    assert not share.whole
    assert isinstance(purpose, CategoricalFeature)
    points = {value: row.points for row in purpose.rows for value in row.values}
    assert points["boat"] < min(points["car"], points["house"])
    assert file.card.bad == "default"


def test_a_card_holds_on_people_it_has_not_seen(fitted, folder):
    data = write(folder / "others.csv", people(2, 4000))
    told = mydata(
        "evaluate", "--card", folder / "card.json", "--data", data, "--target", "outcome", "--json"
    )
    assert told.exit_code == 0, told.stderr
    found = json.loads(told.stdout)
    assert found["people"] == 4000
    assert found["auc"] > 0.68
    assert 0.7 < found["calibration_slope"] < 1.4
    assert found["brier"] < found["brier_of_the_mean"]
    assert [tier["tier"] for tier in found["tiers"]] == ["below", "600", "650", "700"]
    assert min(tier["share"] for tier in found["tiers"]) >= 0.05
    assert found["falls_strictly"]
    assert found["card"]["signed"] == "nobody"
    assert found["target"]["bad"] == "default"


def test_the_figures_are_told_in_words_too(fitted, folder):
    told = mydata(
        "evaluate", "--card", folder / "card.json", "--data", folder / "people.csv",
        "--target", "outcome",
    )  # fmt: skip
    assert told.exit_code == 0, told.stderr
    for word in ("AUC", "KS", "Brier", "calibration slope", "below 600", "from 700", "by nobody"):
        assert word in told.stdout
    assert f"{fitted['auc']:.4f}" in told.stdout


def test_a_signed_card_is_read_and_not_run_by_a_hub_that_does_not_know_its_key(fitted, folder, key):
    signed = folder / "signed.json"
    told = mydata("sign", folder / "card.json", "--key", key, "--out", signed, "--json")
    assert told.exit_code == 0, told.stderr
    assert "d" not in json.loads(told.stdout)["key"]
    read = mydata(
        "evaluate", "--card", signed, "--data", folder / "people.csv", "--target", "outcome",
        "--json",
    )  # fmt: skip
    assert json.loads(read.stdout)["card"]["signed"] == "a key that this hub does not know"
    refused = mydata("verify", signed)
    assert refused.exit_code == 1
    assert "by no publisher that this hub knows" in refused.stderr


def test_the_card_that_ships_verifies_and_an_unsigned_one_does_not(fitted, folder):
    assert mydata("verify", CARD).exit_code == 0
    refused = mydata("verify", folder / "card.json")
    assert (refused.exit_code, "not signed" in refused.stderr) == (1, True)


def test_only_a_private_ed25519_key_signs(fitted, folder):
    for name, content in (
        ("none.pem", b"no key"),
        ("other.pem", pem(folder / "p256.pem", generate_private_key(SECP256R1())).read_bytes()),
    ):
        (folder / name).write_bytes(content)
        out = folder / "refused.json"
        told = mydata("sign", folder / "card.json", "--key", folder / name, "--out", out)
        assert (told.exit_code, out.exists()) == (1, False)
        assert "Ed25519 key" in told.stderr


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("late,outcome\n1,a\n2,a\n", "has one value in all rows"),
        ("late,paid\n1,a\n", "has no column 'outcome'"),
        ("late,late,outcome\n1,1,a\n", "has the column 'late' twice"),
        ("late,outcome\n1,a\n2,b\n", "equally often"),
        ("late,outcome\n1,a\n2,b\n3,b\n", "has fewer than 20 good or bad rows"),
        (
            "late,outcome\n" + "1,a\n2,b\n3,b\n" * 30 + "x,a\n",
            "line 92: late is a column of numbers",
        ),
        ("AGE,outcome\n" + "1,a\n2,b\n3,b\n" * 30, "no column is left to fit"),
    ],
)
def test_a_table_that_cannot_be_fitted_is_named_and_nothing_is_written(tmp_path, text, told):
    data, out = tmp_path / "people.csv", tmp_path / "card.json"
    data.write_text(text)
    refused = mydata("fit", "--data", data, "--target", "outcome", "--out", out)
    assert refused.exit_code == 1
    assert told in " ".join(refused.stderr.split())
    assert [path.name for path in tmp_path.iterdir()] == ["people.csv"]


def test_a_fault_planted_in_a_card_file_is_named_by_its_row(fitted, folder):
    members = json.loads((folder / "card.json").read_text())
    members["card"]["features"][0]["rows"][0]["below"] -= 1
    (folder / "gap.json").write_text(json.dumps(members))
    told = mydata(
        "evaluate", "--card", folder / "gap.json", "--data", folder / "people.csv",
        "--target", "outcome",
    )  # fmt: skip
    assert told.exit_code == 1
    assert "features.late row 2: leaves a gap from" in told.stderr


def test_a_table_without_a_column_of_the_card_is_named(fitted, folder):
    data = write(folder / "short.csv", [row[3:] for row in people(3, 60)])
    told = mydata("evaluate", "--card", folder / "card.json", "--data", data, "--target", "outcome")
    assert (told.exit_code, "has no column 'late'" in told.stderr) == (1, True)


def test_without_the_library_a_fit_says_how_to_install_it(tmp_path):
    """The very program, in a process in which optbinning cannot be found."""
    data = write(tmp_path / "people.csv", people(1, 50))
    hidden = (
        "import importlib.util, sys\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *more: "
        "None if name == 'optbinning' else find(name, *more)\n"
        "from mydata_hub.cli.main import main\n"
        "main(sys.argv[1:])\n"
    )
    words = ["score", "fit", "--data", data, "--target", "outcome", "--out", tmp_path / "card.json"]
    told = subprocess.run(
        [sys.executable, "-c", hidden, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1
    assert "pip install optbinning" in told.stderr
    assert not (tmp_path / "card.json").exists()


def test_the_hub_itself_imports_nothing_that_only_fitting_needs():
    program = (
        "import sys, mydata_hub.cli.score, mydata_hub.scorecard.shipped as s; s.shipped_card();"
        "print({'numpy', 'scipy', 'sklearn', 'optbinning', 'pandas'} & {*sys.modules})"
    )
    words = [sys.executable, "-c", program]
    told = subprocess.run(words, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"
