"""Offer goods that came back uncalled to a return case before the order sends them again."""

from temporalio import workflow


class Offers:
    """The order offers; a waiting case (workflows/withdrawals.py) takes the goods or leaves them to the order."""

    def __init__(self) -> None:
        self.awaited = False
        """True while a case waits for parcels that could not be stopped."""
        self.open: list[str] = []
        """Names of the fulfillment orders whose goods are offered."""
        self.all_taken = False
        """True if the order has nothing to send after the last case that took goods."""
        self._taken: set[str] = set()

    async def offer(self, name: str) -> bool:
        """Offer the goods of a fulfillment order. True if a case takes all that the order still had to send."""
        if not self.awaited:
            return False
        self.open.append(name)
        await workflow.wait_condition(lambda: name not in self.open)
        return name in self._taken

    def answer(self, *, taken: bool) -> None:
        """Take all open offers, or leave them to the order."""
        if taken:
            self._taken.update(self.open)
        self.open.clear()
