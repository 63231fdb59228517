"""The services of docker-compose.yml: what they run, reach, publish and wait for."""

import importlib.util
import re

import pytest

from settings import Settings
from tests.deploy.compose import COMPOSE, DOCKERFILE, JOBS, LONG_RUNNING, ROOT, SERVICES

TIERS = {
    "postgres": {"record"},
    "temporal-schema": {"record"},
    "temporal": {"record", "engine", "operators"},
    "temporal-namespace": {"engine"},
    "temporal-ui": {"engine", "operators"},
    "migrate": {"record", "engine"},
    "api": {"record", "engine", "public"},
    "console": {"record", "engine", "public"},
    "worker": {"record", "engine", "partners"},
    "simulators": {"public", "partners"},
}


def test_every_service_is_defined() -> None:
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


def test_long_running_services_have_a_health_check_and_restart() -> None:
    for name in LONG_RUNNING:
        assert SERVICES[name]["healthcheck"]["test"][0] == "CMD", name
        assert SERVICES[name]["restart"] == "unless-stopped", name
    for name in JOBS:
        assert SERVICES[name]["restart"].startswith("on-failure"), name


def test_a_service_waits_until_those_it_needs_are_healthy() -> None:
    for name, service in SERVICES.items():
        for needed, how in service.get("depends_on", {}).items():
            wanted = "service_healthy" if needed in LONG_RUNNING else "service_completed_successfully"
            assert how["condition"] == wanted, f"{name} needs {needed}"
    for name in ("api", "worker"):
        assert "migrate" in SERVICES[name]["depends_on"]


def test_each_tier_reaches_only_what_it_needs() -> None:
    # given the networks of each service
    networks = {name: set(service["networks"]) for name, service in SERVICES.items()}

    # then each is in its tiers, and no route leads out of the record and the engine
    assert networks == TIERS
    internal = {name for name, network in COMPOSE["networks"].items() if network.get("internal")}
    assert internal == {"record", "engine"}


def test_ports_are_the_defaults_and_open_to_this_machine_only() -> None:
    # given the published ports
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    # then each is the default port, on loopback
    api, console = (Settings.model_fields[name].default for name in ("api_port", "console_port"))
    assert ports == {
        "api": [f"127.0.0.1:{api}:{api}"],
        "console": [f"127.0.0.1:{console}:{console}"],
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


def test_no_service_may_write_or_grow_without_limit() -> None:
    for name, service in SERVICES.items():
        limits = service["deploy"]["resources"]["limits"]
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "/tmp" in service["tmpfs"], name
        assert set(limits) == {"cpus", "memory", "pids"}, name


def test_nothing_runs_as_root() -> None:
    users = {name: str(service.get("user", "root")).split(":")[0] for name, service in SERVICES.items()}

    assert [name for name, user in users.items() if user in ("root", "0")] == []
    assert re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE) == [SERVICES["api"]["user"]]


def test_data_is_in_named_volumes() -> None:
    mounts = [volume for service in SERVICES.values() for volume in service.get("volumes", [])]
    named = {mount.split(":")[0] for mount in mounts if not mount.startswith("./")}

    assert named == set(COMPOSE["volumes"]) == {"postgres-data", "trace-anchors", "photos"}
