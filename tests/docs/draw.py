"""Draw the status tables into docs/order-lifecycle.md anew: `python -m tests.docs.draw`, after a table was changed."""

import re
from pathlib import Path

from domain.drawing import state_diagram
from domain.status import FULFILLMENT, ORDER, RETURN

PAGE = Path(__file__).parents[2] / "docs" / "order-lifecycle.md"
DRAWINGS = {
    "ORDER": state_diagram(ORDER),
    "FULFILLMENT": state_diagram(FULFILLMENT),
    "RETURN": state_diagram(RETURN),
}


def drawn(page: str) -> str:
    """The page with each drawing as it must be today. A drawing stands behind a comment that names its table."""
    for table, drawing in DRAWINGS.items():
        block = re.compile(rf"(<!-- drawn from domain/status\.py: {table} -->\n```mermaid\n).*?(```)", re.DOTALL)
        page, found = block.subn(rf"\g<1>{drawing}\n\g<2>", page)
        if found != 1:
            raise ValueError(f"{PAGE.name} has {found} drawings of {table}")
    return page


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text()))
