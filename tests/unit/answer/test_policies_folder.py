"""Where the gate finds its policies: in its layer first, else in the package or the source tree."""

from __future__ import annotations

import sys

import pytest
from mydata_hub import wiring
from mydata_hub.errors import SettingMissing
from mydata_hub.wiring import policies_folder

from tests.architecture.template import ROOT


def test_on_a_laptop_they_are_those_of_the_source_tree():
    assert policies_folder() == ROOT / "policies"


def test_a_layer_on_the_path_comes_first(tmp_path, monkeypatch):
    layer = tmp_path / "python" / "mydata_policies"
    layer.mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [*sys.path, str(layer.parent)])
    assert policies_folder() == layer


def test_an_installed_package_brings_its_own(tmp_path, monkeypatch):
    package = tmp_path / "lib" / "site-packages" / "mydata_hub"
    own = package / "_deployment" / "policies"
    own.mkdir(parents=True)
    monkeypatch.setattr(wiring, "__file__", str(package / "wiring.py"))
    assert policies_folder() == own


def test_without_any_the_gate_does_not_start(tmp_path, monkeypatch):
    package = tmp_path / "lib" / "site-packages" / "mydata_hub"
    monkeypatch.setattr(wiring, "__file__", str(package / "wiring.py"))
    with pytest.raises(SettingMissing, match="policies"):
        policies_folder()
