"""The contracts of .importlinter leave out no room."""

from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONTRACTS = ConfigParser()
CONTRACTS.read(ROOT / ".importlinter")
ROOMS = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}


def names(contract: str, key: str) -> set[str]:
    return set(CONTRACTS[f"importlinter:contract:{contract}"][key].split())


def test_every_room_is_under_the_contracts() -> None:
    assert set(CONTRACTS["importlinter"]["root_packages"].split()) == ROOMS


def test_simulators_import_nothing_of_ours() -> None:
    ours = ROOMS | {"cli", "settings", "worker"}
    assert names("simulators", "forbidden_modules") == ours - {"simulators"}


def test_nothing_but_programs_may_import_programs() -> None:
    assert names("entrances", "source_modules") == ROOMS - {"commands"}
