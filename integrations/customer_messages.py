"""Tells customers by the way of each message: each adapter gets its own, and each order's come in their order."""

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta

from domain.contents.ways import INBOX
from domain.errors import PartnerTrouble
from integrations.messages import Handover, Inbox, Message, order_of

TURN_SECONDS = 15.0
"""After this time no further adapter is called, so that the step ends before its limit."""
WAY = "way"
"""The field of a message that names its way; without it the message goes to the inbox."""


class CustomerMessages:
    """One recipient, told through several adapters. A way that has no adapter is the code of why there is none, by
    which the message is refused for good."""

    def __init__(self, adapters: Mapping[str, Inbox]) -> None:
        self._adapters = adapters

    @property
    def give_up_after(self) -> timedelta:
        return max(adapter.give_up_after for adapter in self._adapters.values())

    def deliver(self, messages: Sequence[Message]) -> Handover:
        """Deliver messages; those of one order must come oldest first. Raises PartnerTrouble if an adapter's partner is
        away and no other message was settled."""
        taken, problems, refused = set[str](), dict[str, str](), dict[str, str]()
        away: PartnerTrouble | None = None
        waiting, until = list(messages), time.monotonic() + TURN_SECONDS
        while waiting:
            turns, waiting = _split(waiting)
            for way, batch in turns.items():
                if time.monotonic() > until:
                    waiting = []
                    break
                try:
                    handover = self._hand(way, batch)
                except PartnerTrouble as trouble:
                    away = away or trouble
                    handover = Handover(problems={order_of(message): str(trouble) for message in batch})
                taken |= handover.taken
                problems |= handover.problems
                refused |= handover.refused
                stuck = {order_of(message) for message in batch if message["message_id"] not in handover.taken}
                waiting = [message for message in waiting if order_of(message) not in stuck]
        if away and not taken and not refused:
            raise away
        return Handover(frozenset(taken), problems, refused)

    def _hand(self, way: str, batch: Sequence[Message]) -> Handover:
        adapter = self._adapters.get(way)
        if adapter is None:
            return Handover(refused={order_of(message): way for message in batch})
        return adapter.deliver([{name: value for name, value in one.items() if name != WAY} for one in batch])


def _split(messages: Sequence[Message]) -> tuple[dict[str, list[Message]], list[Message]]:
    """What can go now, by way, and the rest: an order's messages up to the first that goes another way."""
    turns, rest, way_of, behind = dict[str, list[Message]](), list[Message](), dict[str, str](), set[str]()
    for message in messages:
        order_id, way = order_of(message), str(message.get(WAY, INBOX))
        if order_id in behind or way_of.setdefault(order_id, way) != way:
            behind.add(order_id)
            rest.append(message)
        else:
            turns.setdefault(way, []).append(message)
    return turns, rest
