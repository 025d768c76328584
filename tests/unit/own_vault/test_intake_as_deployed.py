"""Intake as it is deployed: nothing that its environment names leads to a vault's keys."""

from __future__ import annotations

import importlib
import itertools

import pytest
from mydata_hub.config import CollectSettings, Settings
from mydata_hub.embedded.deployment import Deployment, deployment_folder, read_deployment
from mydata_hub.errors import HubError, Unopenable
from mydata_hub.ports.clock import SystemClock, SystemEntropy
from mydata_hub.ports.tables import Key
from mydata_hub.vault.key_rows import secrets_row, wrapped_secrets, wrapping_context
from mydata_hub.vault.vault_keys import VaultKeys
from mydata_hub.wiring import keys_for, tables_for

from tests.architecture import zone_page
from tests.architecture.settings import SETTINGS

VAULT = "jiu"
INTAKE = sorted(name for name, zone in zone_page.zones().items() if zone == "intake")


@pytest.fixture
def deployed(tmp_path) -> Deployment:
    """What template.yaml deploys, on a laptop's engine, with one vault made by the vault's zone."""
    given = {
        "Engine": f"embedded:{tmp_path}",
        "Issuer": "http://localhost:8787",
        "SoftwarePasskeys": "allowed",
    }
    found = read_deployment(deployment_folder(), given)
    settings = settings_of(found, "fold_records")
    keys = VaultKeys(tables_for(settings), keys_for(settings, settings.vault_key), SystemClock())
    keys.create_vault(VAULT, SystemEntropy())
    return found


def settings_of(deployed: Deployment, function: str) -> Settings:
    """The settings that a function reads from exactly the environment of its entry."""
    (entry,) = [one for one in deployed.functions.values() if one.file.stem == function]
    return SETTINGS[function].read(entry.environment)


@pytest.mark.parametrize("function", INTAKE)
def test_intake_cannot_even_name_the_table_of_keys(deployed, function):
    settings = settings_of(deployed, function)
    theirs = settings_of(deployed, "fold_records")
    named = set(settings.model_dump().values())
    for hidden in (theirs.keys_table, theirs.vaults_table, theirs.vault_key):
        assert hidden not in named
    tables = tables_for(settings)
    for table in ("keys", "vaults", theirs.keys_table, theirs.vaults_table):
        with pytest.raises((HubError, KeyError)):
            tables.fetch_many(Key(table, VAULT))


@pytest.mark.parametrize("function", INTAKE)
def test_stolen_wrapped_secrets_open_under_no_key_that_intake_has(deployed, function):
    """Somebody hands it the row; every key of its settings is tried on every secret in it."""
    theirs = settings_of(deployed, "fold_records")
    row = tables_for(theirs).fetch_many(secrets_row(VAULT))[secrets_row(VAULT)]
    stolen = wrapped_secrets(row, 1)
    settings = settings_of(deployed, function)
    held = [value for name, value in settings.model_dump().items() if name.endswith("_key")]
    assert held
    for key_id, (purpose, wrapped) in itertools.product(held, stolen.wrapped.items()):
        context = wrapping_context(VAULT, stolen.nonce, 1, purpose)
        with pytest.raises(Unopenable):
            keys_for(settings, key_id).unwrap(wrapped, context)
    # The same attempt with the vault's own key succeeds, so the attempt is a real one.
    for purpose, wrapped in stolen.wrapped.items():
        context = wrapping_context(VAULT, stolen.nonce, 1, purpose)
        assert keys_for(theirs, theirs.vault_key).unwrap(wrapped, context)


@pytest.mark.parametrize("function", INTAKE)
def test_intake_is_built_from_its_own_variables_and_refuses_to_run_without_one(deployed, function):
    (entry,) = [one for one in deployed.functions.values() if one.file.stem == function]
    module = importlib.import_module(f"functions.{function}")
    assert callable(module.build(entry.environment))
    assert set(entry.environment) == SETTINGS[function].variables()


def test_a_collector_that_could_name_the_keys_would_be_seen(deployed):
    class TooMuch(CollectSettings):
        keys_table: str

    settings = TooMuch(**settings_of(deployed, "collect").model_dump(), keys_table="KeysTable")
    assert tables_for(settings).fetch_many(Key("keys", VAULT))
