"""What people write about goods and places that cannot be: named by its field, so that they find it."""


class Mistake(ValueError):
    """`field` is a path such as `parts[0].sku`; the message is in the words of the trade."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class IdUsedBefore(Exception):
    """What people wrote has an id that came before with something else."""
