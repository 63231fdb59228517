"""Draws a status table, so that the pages in docs/ show what the code does."""

from collections.abc import Mapping

from domain.status import Status, is_final


def state_diagram(table: Mapping[Status, frozenset[Status]]) -> str:
    """The table as a Mermaid state diagram. It starts at the first status and ends at the final ones."""
    first = next(iter(table))
    follows: list[str] = [f"{now} --> {to}" for now, allowed in table.items() for to in table if to in allowed]
    ends: list[str] = [f"{status} --> [*]" for status in table if is_final(table, status)]
    return "\n    ".join(["stateDiagram-v2", f"[*] --> {first}", *follows, *ends])
