from tests.running import quick, silent

__all__ = ["quick", "silent"]
