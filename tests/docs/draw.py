"""Draw the pictures that come from code: `python -m tests.docs.draw`, after a status table or a contract has changed.

The status tables go into docs/order-lifecycle.md, the layers of `.importlinter` into README.md.
"""

import re
from configparser import ConfigParser
from itertools import pairwise
from pathlib import Path

from domain.drawing import state_diagram
from domain.status import FULFILLMENT, ORDER, RETURN

ROOT = Path(__file__).parents[2]
LIFECYCLE = ROOT / "docs" / "order-lifecycle.md"
README = ROOT / "README.md"


def contracts() -> ConfigParser:
    parser = ConfigParser()
    parser.read(ROOT / ".importlinter")
    return parser


def layers_diagram(contracts: ConfigParser) -> str:
    """The layers as a Mermaid flowchart: an arrow to the next layer down, a crossed one where a contract forbids it."""
    layers = [re.split(r"\s*[|:]\s*", line) for line in listed(contracts, "importlinter:contract:layers", "layers")]
    packages = {package for layer in layers for package in layer}
    allowed = [f"{upper} --> {lower}" for above, below in pairwise(layers) for upper in above for lower in below]
    forbidden = [
        f"{importer} -.-x {imported}"
        for section in contracts.sections()
        if contracts.get(section, "type", fallback="") == "forbidden"
        for importer in listed(contracts, section, "source_modules")
        for imported in listed(contracts, section, "forbidden_modules")
        if {importer, imported} <= packages
    ]
    return "\n".join(["flowchart TB", *(f"    {arrow}" for arrow in allowed + forbidden)])


def listed(contracts: ConfigParser, section: str, option: str) -> list[str]:
    return [line for line in contracts.get(section, option).split("\n") if line and not line.startswith("#")]


PICTURES = {
    LIFECYCLE: {
        "domain/status.py: ORDER": state_diagram(ORDER),
        "domain/status.py: FULFILLMENT": state_diagram(FULFILLMENT),
        "domain/status.py: RETURN": state_diagram(RETURN),
    },
    README: {".importlinter": layers_diagram(contracts())},
}


def with_pictures(page: Path) -> str:
    """The text of the page with each picture as it must be today. A comment before a picture names its source."""
    text = page.read_text()
    for source, picture in PICTURES[page].items():
        block = re.compile(rf"(<!-- drawn from {re.escape(source)} -->\n```mermaid\n).*?(```)", re.DOTALL)
        text, found = block.subn(rf"\g<1>{picture}\n\g<2>", text)
        if found != 1:
            raise ValueError(f"{page.name} has {found} pictures drawn from {source}")
    return text


if __name__ == "__main__":
    for page in PICTURES:
        page.write_text(with_pictures(page))
