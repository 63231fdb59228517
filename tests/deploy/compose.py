"""The files of a deployment, read for the tests: docker-compose.yml, Dockerfile and .env.example."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()

LONG_RUNNING = {"postgres", "temporal", "temporal-ui", "api", "console", "worker", "simulators"}
JOBS = {"temporal-schema", "temporal-namespace", "migrate"}
BATON = {"migrate", "api", "console", "worker"}


def secret_files(service: str) -> set[str]:
    """The names of the files that a service finds in /run/secrets."""
    given = SERVICES[service].get("secrets", [])
    return {one if isinstance(one, str) else one["target"] for one in given}


def secret_sources(service: str) -> set[str]:
    """The names of the secrets that a service is given, as the compose file defines them."""
    given = SERVICES[service].get("secrets", [])
    return {one if isinstance(one, str) else one["source"] for one in given}


def processes(service: str) -> int:
    command = SERVICES[service]["command"]
    return int(command[command.index("--processes") + 1])


def setting_names(model: type[BaseModel], prefix: str = "BATON_", *, required: bool = False) -> Iterator[str]:
    """Yield the environment variables of a settings class, nested ones with two underscores."""
    for name, field in model.model_fields.items():
        if required and not field.is_required():
            continue
        variable = f"{prefix}{name.upper()}"
        # Of an optional one either the whole is given, as JSON, or its fields.
        models = [kind for kind in (field.annotation, *get_args(field.annotation)) if _is_model(kind)]
        for kind in models:
            yield from setting_names(kind, f"{variable}__", required=required)
        if models != [field.annotation]:
            yield variable


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
