"""Figures of a bench, as JSON prints them."""

from dataclasses import asdict, is_dataclass
from typing import Any


def plain(figures: Any) -> Any:
    """Convert figures for JSON: a dataclass, or a dict of them."""
    if isinstance(figures, dict):
        return {name: plain(value) for name, value in figures.items()}
    return asdict(figures) if is_dataclass(figures) and not isinstance(figures, type) else figures
