"""The table of platforms as text: a line for each matter, a column for each platform."""

from collections.abc import Mapping

from integrations.abilities.ability import Abilities, Matter, State

SIGNS = {State.THERE: "yes", State.NOT_BUILT: "not yet", State.NOT_THERE: "-"}


def overview(table: Mapping[str, Abilities], titles: Mapping[str, str]) -> str:
    """Return the table as Markdown, without the details."""
    head = ["", *(titles[name] for name in table)]
    rows = [[matter.value, *(SIGNS[abilities[matter].state] for abilities in table.values())] for matter in Matter]
    return "\n".join(_row(cells) for cells in [head, ["---"] * len(head), *rows])


def details(abilities: Abilities) -> str:
    """Return all that is known of one platform as a Markdown table."""
    rows = [
        [matter.value, abilities[matter].state.value, abilities[matter].what, abilities[matter].known_from]
        for matter in Matter
    ]
    return "\n".join(_row(cells) for cells in [["matter", "Baton", "how", "known from"], ["---"] * 4, *rows])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")
