"""Cells of CSV files: texts that a spreadsheet would run as a formula are escaped."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""First characters of a cell that make it a formula, or that hide such a character. Source: OWASP, CSV Injection."""


def escape_formula(value: object) -> object:
    """A cell for CSV. A text that would be a formula gets a leading apostrophe, which spreadsheets do not show."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def unescape_formula(text: str) -> str:
    """The text that `escape_formula` was given, for a sheet that is uploaded again."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text
