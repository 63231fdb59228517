"""Errors in what people enter about goods and places, each with its field."""


class Mistake(ValueError):
    """`field` is a path such as `parts[0].sku`; the message is in the words of the trade."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class IdUsedBefore(Exception):
    """The id was used before with other content."""
