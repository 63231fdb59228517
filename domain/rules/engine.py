"""The package `cel` without its command line, with which it would import a terminal and its colors: 0.2 s of CPU."""

import sys
from types import ModuleType

sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))

import cel  # noqa: E402

__all__ = ["cel"]
