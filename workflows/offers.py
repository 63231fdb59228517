"""Goods that are back although nobody called them back: offered to the return case that waits for them first."""

from temporalio import workflow


class Offers:
    """The order offers; the case that waits (workflows/withdrawals.py) takes them, or leaves them to the order."""

    def __init__(self) -> None:
        self.wanted = False
        """Whether a case waits for parcels that could not be stopped."""
        self.open: list[str] = []
        """The fulfillment orders whose goods are offered."""
        self.nothing_left = False
        """Whether the last case that took something left nothing to send."""
        self._taken: set[str] = set()

    async def taken(self, name: str) -> bool:
        """Offer the goods of a fulfillment order. True when a case takes all that the order still had to send."""
        if not self.wanted:
            return False
        self.open.append(name)
        await workflow.wait_condition(lambda: name not in self.open)
        return name in self._taken

    def answer(self, *, taken: bool) -> None:
        if taken:
            self._taken.update(self.open)
        self.open.clear()
