"""How often a process searches its memory for reference cycles."""

import gc


def collect_rarely() -> None:
    """Search after 50,000 new objects instead of 700, before the modules are imported: what they make stays, and the
    searches would take a fifth of the start. Steps and requests leave few cycles."""
    gc.set_threshold(50_000, 20, 100)
