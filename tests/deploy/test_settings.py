"""The settings that docker-compose.yml gives its services are those that the code reads."""

import re
from datetime import timedelta
from typing import Any

import pytest
import yaml

from api.services import GROUPS, READERS
from settings import Settings
from simulators.settings import SimulatorSettings
from tests.deploy.compose import BATON, EXAMPLE, ROOT, SERVICES, TEXT, processes, secret_files, setting_names
from worker import MESSENGERS


@pytest.mark.parametrize("service", sorted(BATON))
def test_every_setting_is_one_that_the_code_reads(service: str) -> None:
    given = {name for name in SERVICES[service]["environment"] if name.startswith("BATON_")} | secret_files(service)

    assert given - set(setting_names(Settings)) == set()


@pytest.mark.parametrize("service", sorted(BATON))
def test_every_setting_without_a_default_is_given(service: str) -> None:
    given = set(SERVICES[service]["environment"]) | secret_files(service)

    assert set(setting_names(Settings, required=True)) - given == set()


def test_the_simulators_get_exactly_what_they_read() -> None:
    # given an environment that records what is read from it
    read: set[str] = set()

    class Recording(dict[str, str]):
        def __getitem__(self, name: str) -> str:
            read.add(name)
            return "1"

        def get(self, name: str, default: Any = None) -> Any:
            return self[name]

    # when the simulators read their settings
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simulators.settings.environ", Recording())
        SimulatorSettings.from_environment()

    # then the compose file gives exactly these
    assert set(SERVICES["simulators"]["environment"]) | secret_files("simulators") == read


def test_partners_are_simulated_only_in_the_demo_profile() -> None:
    # given the services that start only with a profile
    profiles = {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service}

    # then these are the simulators, which no service needs and no address names by default
    assert profiles == {"simulators": ["demo"]}
    assert all("simulators" not in service.get("depends_on", {}) for service in SERVICES.values())
    addresses = {name: value for name, value in SERVICES["api"]["environment"].items() if name.endswith("__URL")}
    assert len(addresses) == 7
    assert all(value == f"${{{name}:?see .env.example}}" for name, value in addresses.items())


def test_the_example_names_every_variable_and_otherwise_settings_only() -> None:
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", TEXT))
    shown = set(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", EXAMPLE, re.MULTILINE))

    assert used <= shown
    assert shown - used <= set(setting_names(Settings))


@pytest.mark.parametrize("service", sorted(BATON))
def test_the_env_file_reaches_every_service_of_baton(service: str) -> None:
    assert SERVICES[service]["env_file"] == [{"path": ".env", "required": False}]


def test_histories_are_kept_as_long_as_the_settings_say() -> None:
    hours = Settings.model_fields["retention"].default / timedelta(hours=1)

    kept = re.findall(r"--retention (\d+)h", TEXT)

    assert {int(one) for one in kept} == {hours}


def test_temporal_has_its_shards_and_enough_connections() -> None:
    # given the settings of the server
    temporal = SERVICES["temporal"]["environment"]
    allowed = int(re.findall(r"max_connections=(\d+)", TEXT)[0])

    # then it has the shards of a cluster that can grow, and all connections together are allowed
    assert temporal["NUM_HISTORY_SHARDS"] == "512"
    of_temporal = 4 * (int(temporal["SQL_MAX_CONNS"]) + int(temporal["SQL_VIS_MAX_CONNS"]))
    of_an_api = READERS + GROUPS + 2
    of_a_worker = 2 * Settings.model_fields["activity_threads"].default + MESSENGERS + 4
    scaled = max(int(workers) for workers in re.findall(r"--scale worker=(\d+)", TEXT))
    assert of_temporal + processes("api") * of_an_api + scaled * processes("worker") * of_a_worker < allowed


def test_temporal_is_fair_between_channels() -> None:
    config = yaml.safe_load((ROOT / "deploy" / "temporal-dynamicconfig.yaml").read_text())

    assert config["matching.enableFairness"] == [{"value": True}]
