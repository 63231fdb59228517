"""Cells of CSV files: texts that a spreadsheet would run as a formula are escaped."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""First characters of a cell that make it a formula, or that hide such a character; some spreadsheets take the wide
ones of Chinese keyboards for the narrow ones. Source: OWASP, CSV Injection."""


def is_formula(text: str) -> bool:
    """True if a spreadsheet may take the text for a formula."""
    return text.startswith(FORMULA)


def escape_formula(value: object) -> object:
    """A cell for CSV. A text that would be a formula gets a leading apostrophe, which spreadsheets do not show."""
    return f"'{value}" if isinstance(value, str) and is_formula(value) else value


def unescape_formula(text: str) -> str:
    """The text that `escape_formula` was given, for a sheet that is uploaded again."""
    return text[1:] if text.startswith("'") and is_formula(text[1:]) else text
