"""Write docs/channels.md from the table of platforms: `python -m tests.docs.channels`, after the table has changed."""

from integrations.abilities.drawing import details, overview
from integrations.abilities.table import TABLE, TITLES
from tests.docs.draw import ROOT

PAGE = ROOT / "docs" / "channels.md"
HEAD = """# Channels

What Baton does with each platform, made from `integrations/abilities` by `python -m tests.docs.channels`.

- **yes** is built and passes the stories of `tests/channels/test_conformance.py`, or is read from its orders.
- **not yet** is known to exist and not built.
- **-** is not there, as the paper named below says.

A fact without a paper is from memory: check it against the platform before you rely on it.

"""
TAIL = """
## Others

Every other channel speaks [Baton's own format](partners.md) in all directions: the translator `plain`. A till is `pos`,
a file `file`. Pinduoduo, Kuaishou, Xiaohongshu, TikTok Shop, eBay, Lazada and Shopee have no translator yet;
[the recipe](recipes.md#add-a-channel) adds one.
"""


def written() -> str:
    parts = [f"\n## {TITLES[name]}\n\n{details(abilities)}\n" for name, abilities in TABLE.items()]
    return HEAD + overview(TABLE, TITLES) + "\n" + "".join(parts) + TAIL


if __name__ == "__main__":
    PAGE.write_text(written())
