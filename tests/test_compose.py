"""docker-compose.yml, Dockerfile and .env.example are held against the code, since no test here can run them."""

import importlib.util
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from settings import Settings
from simulators.settings import SimulatorSettings

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()

LONG_RUNNING = {"postgres", "temporal", "temporal-ui", "api", "worker", "simulators"}
JOBS = {"temporal-schema", "temporal-namespace", "migrate"}
BATON = {"migrate", "api", "worker"}


def setting_names(model: type[BaseModel], prefix: str = "BATON_", *, required: bool = False) -> Iterator[str]:
    """The environment variables of a settings class, nested ones with two underscores."""
    for name, field in model.model_fields.items():
        if required and not field.is_required():
            continue
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from setting_names(field.annotation, f"{prefix}{name.upper()}__", required=required)
        else:
            yield f"{prefix}{name.upper()}"


def test_every_part_is_there() -> None:
    assert set(SERVICES) == LONG_RUNNING | JOBS


@pytest.mark.parametrize("service", ["migrate", "api", "worker", "simulators"])
def test_every_module_that_is_run_exists(service: str) -> None:
    # given `python -m module` or `python -m uvicorn module:factory`
    command = SERVICES[service]["command"]
    assert command[:2] == ["python", "-m"]

    # when the module is looked up
    module = command[3].split(":")[0] if command[2] == "uvicorn" else command[2]

    # then it is found
    assert importlib.util.find_spec(module) is not None, module


def test_files_that_are_mounted_or_run_exist() -> None:
    mounts = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]

    assert [path for path in mounts if path.startswith("./") and not (ROOT / path).is_file()] == []
    assert (ROOT / SERVICES["worker"]["healthcheck"]["test"][2]).is_file()


@pytest.mark.parametrize("service", sorted(BATON))
def test_every_setting_is_one_that_the_code_reads(service: str) -> None:
    given = {name for name in SERVICES[service]["environment"] if name.startswith("BATON_")}

    assert given - set(setting_names(Settings)) == set()


@pytest.mark.parametrize("service", sorted(BATON))
def test_every_setting_that_has_no_default_is_given(service: str) -> None:
    assert set(setting_names(Settings, required=True)) - set(SERVICES[service]["environment"]) == set()


def test_the_simulators_are_told_what_they_read() -> None:
    # given an environment that notes what is read from it
    read: set[str] = set()

    class Noting(dict[str, str]):
        def __getitem__(self, name: str) -> str:
            read.add(name)
            return "1"

        def get(self, name: str, default: Any = None) -> Any:
            return self[name]

    # when the simulators read their settings
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simulators.settings.environ", Noting())
        SimulatorSettings.from_environment()

    # then the compose file gives exactly these
    assert set(SERVICES["simulators"]["environment"]) == read


def test_a_partner_and_its_simulator_share_a_secret() -> None:
    simulators = SERVICES["simulators"]["environment"]
    partners = [name for name, field in Settings.model_fields.items() if field.is_required()]

    for partner in partners:
        secret = SERVICES["api"]["environment"][f"BATON_{partner.upper()}__SECRET"]
        assert simulators[f"SIMULATORS_{partner.upper()}_SECRET"] == secret


def test_the_example_names_every_variable_and_no_other() -> None:
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", TEXT))
    shown = set(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", EXAMPLE, re.MULTILINE))

    assert used == shown


def test_no_secret_has_a_default() -> None:
    secrets = re.findall(r"(?<!\$)\$\{(\w*(?:SECRET|PASSWORD)\w*)(\W+)", TEXT)

    assert {mark[:2] for _, mark in secrets} == {":?"}
    assert re.findall(r"^\w*(?:SECRET|PASSWORD)=.+", EXAMPLE, re.MULTILINE) == []


def test_ports_are_those_of_the_settings_and_open_to_this_machine_only() -> None:
    # given what is published
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    # then each port is the default that people know, on the loopback
    api = Settings.model_fields["api_port"].default
    assert ports == {
        "api": [f"127.0.0.1:{api}:{api}"],
        "temporal": ["127.0.0.1:7233:7233"],
        "temporal-ui": ["127.0.0.1:8233:8080"],
        "simulators": ["127.0.0.1:8090:8090"],
    }
    assert Settings.model_fields["temporal_address"].default == "127.0.0.1:7233"
    assert Settings.model_fields["temporal_ui_url"].default == "http://127.0.0.1:8233"
    for service, port in (("api", str(api)), ("simulators", "8090")):
        assert service == "api" or port in SERVICES[service]["command"]
        assert f":{port}/" in SERVICES[service]["healthcheck"]["test"][-1]
    assert SERVICES["api"]["environment"]["BATON_API_PORT"] == str(api)


def test_histories_are_kept_as_long_as_the_settings_say() -> None:
    hours = Settings.model_fields["retention"].default / timedelta(hours=1)

    kept = re.findall(r"--retention (\d+)h", TEXT)

    assert {int(one) for one in kept} == {hours}


def test_temporal_has_its_shards_and_enough_connections() -> None:
    # given the settings of the server
    told = SERVICES["temporal"]["environment"]
    allowed = int(re.findall(r"max_connections=(\d+)", TEXT)[0])

    # then they are those of a cluster that can grow
    assert told["NUM_HISTORY_SHARDS"] == "512"
    assert 4 * (int(told["SQL_MAX_CONNS"]) + int(told["SQL_VIS_MAX_CONNS"])) < allowed


def test_temporal_is_fair_between_channels() -> None:
    config = yaml.safe_load((ROOT / "deploy" / "temporal-dynamicconfig.yaml").read_text())

    assert config["matching.enableFairness"] == [{"value": True}]


def test_data_lies_in_named_volumes() -> None:
    mounts = [volume for service in SERVICES.values() for volume in service.get("volumes", [])]
    named = {mount.split(":")[0] for mount in mounts if not mount.startswith("./")}

    assert named == set(COMPOSE["volumes"]) == {"postgres-data"}


def test_images_are_pinned() -> None:
    images = [service["image"] for service in SERVICES.values()] + re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)

    assert [image for image in images if not re.search(r":\d+\.\d+[\w.-]*$", image)] == []


def test_what_keeps_running_is_watched_and_comes_back() -> None:
    for name in LONG_RUNNING:
        assert SERVICES[name]["healthcheck"]["test"][0] == "CMD", name
        assert SERVICES[name]["restart"] == "unless-stopped", name
    for name in JOBS:
        assert SERVICES[name]["restart"].startswith("on-failure"), name


def test_a_part_waits_until_what_it_needs_is_well() -> None:
    for name, service in SERVICES.items():
        for needed, how in service.get("depends_on", {}).items():
            wanted = "service_healthy" if needed in LONG_RUNNING else "service_completed_successfully"
            assert how["condition"] == wanted, f"{name} needs {needed}"
    for name in ("api", "worker"):
        assert "migrate" in SERVICES[name]["depends_on"]


def test_nothing_runs_as_root() -> None:
    users = {name: str(service.get("user", "root")).split(":")[0] for name, service in SERVICES.items()}

    assert [name for name, user in users.items() if user in ("root", "0")] == []
    assert re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE) == [SERVICES["api"]["user"]]


def test_the_image_is_built_from_what_was_reviewed() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()

    assert "--require-hashes -r requirements.txt" in DOCKERFILE
    # This one line keeps .env, .git, .venv and .baton out.
    assert ".*" in ignored
