"""docs/running.md lists every setting with its default, every service of the compose file and every metric."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from settings import Partner, Settings
from tests.docs.words import in_words

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "running.md").read_text()
LISTED = dict(re.findall(r"^\| `(BATON_\w+)` \| (.+?) \|", TEXT, re.MULTILINE))


def settings_of(model: type[BaseModel], prefix: str = "BATON_") -> Iterator[tuple[str, str]]:
    """Every environment variable with its default, in the words of the page; the seven partners share one entry."""
    for name, field in model.model_fields.items():
        kind, variable = field.annotation, f"{prefix}{name.upper()}"
        if kind is Partner:
            yield from settings_of(Partner, "BATON_WMS__")
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from settings_of(kind, f"{variable}__")
        else:
            yield variable, as_listed(field.default)


def as_listed(default: Any) -> str:
    if default is PydanticUndefined:
        return "needed"
    if isinstance(default, timedelta):
        return in_words(default)
    return "none" if default is None else f"`{str(default).lower() if isinstance(default, bool) else default}`"


def test_every_setting_is_listed_with_its_default_and_no_other() -> None:
    assert dict(settings_of(Settings)) == LISTED


def test_every_partner_is_named() -> None:
    partners = [name for name, field in Settings.model_fields.items() if field.annotation is Partner]

    assert [name for name in partners if f"`{name.upper()}`" not in TEXT] == []


def test_every_service_of_the_compose_file_is_listed() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

    listed = TEXT.partition("## One machine")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", listed, re.MULTILINE)) == set(services)


def test_every_metric_is_listed() -> None:
    paths = "api/metrics.py", "embedded/watch.py", "integrations/circuit_metrics.py", "relay/isolation.py"
    metrics = {name for path in paths for name in re.findall(r'"(baton_\w+)"', (ROOT / path).read_text())}

    assert metrics == set(re.findall(r"^\| `(baton_\w+)` \|", TEXT, re.MULTILINE))
