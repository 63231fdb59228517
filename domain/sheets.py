"""Texts in sheets: what a spreadsheet would take for a formula is told as text."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a cell begins that a spreadsheet computes, or that hides such a beginning. Source: OWASP, CSV Injection."""


def escape_formula(value: object) -> object:
    """A cell for CSV: a text that would be a formula gets an apostrophe before it, which spreadsheets do not show."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def unescape_formula(text: str) -> str:
    """What `escape_formula` was given, when such a sheet comes back."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text
