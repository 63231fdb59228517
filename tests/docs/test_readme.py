"""README.md draws the layers as `.importlinter` enforces them, and its Layout names every package."""

import re

from tests.docs.draw import README, contracts, layers_diagram, listed, with_pictures

TEXT = README.read_text()
LAYOUT = TEXT.partition("## Layout")[2].partition("\n## ")[0]


def test_the_picture_of_the_layers_is_current() -> None:
    assert with_pictures(README) == TEXT, "the contracts have changed: run `python -m tests.docs.draw`"


def test_the_picture_has_every_layer_and_what_a_contract_forbids() -> None:
    # given
    few = contracts()
    few.read_dict({"importlinter:contract:layers": {"layers": "\napi | relay\nworkflows\nactivities"}})

    # when
    picture = layers_diagram(few).splitlines()

    # then
    assert [line.strip() for line in picture[1:]] == [
        "api --> workflows",
        "relay --> workflows",
        "workflows --> activities",
        "api -.-x activities",
        "relay -.-x activities",
    ]


def test_the_layout_has_every_package_that_import_linter_watches() -> None:
    packages = {f"{package}/" for package in listed(contracts(), "importlinter", "root_packages")}

    assert packages - set(re.findall(r"^\| `(\w+/)`", LAYOUT, re.MULTILINE)) == set()


def test_every_folder_of_the_layout_exists_and_every_room_is_listed() -> None:
    for room, rooms in re.findall(r"^\| `(api|record)/` \| .*?: ((?:`\w+/` ?)+)", LAYOUT, re.MULTILINE):
        # when
        listed_rooms = set(re.findall(r"`(\w+)/`", rooms))

        # then
        found = {path.parent.name for path in (README.parent / room).glob("*/__init__.py")}
        assert listed_rooms == found, f"{room}/ in the Layout of README.md"
