"""Who is told of milestones: the ERP, the CRM, the channel and the customer's inbox take messages the same way."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from domain.errors import MessageRefused, PartnerTrouble
from integrations.http import PartnerHttp

LEFT_OUT = "it was not among those that the recipient took"
ONE_BY_ONE_SECONDS = 30.0
"""So long the messages of a batch that was refused are handed over one by one; the rest is for the next time."""

Message = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Handover:
    """The ids of what the recipient took, and by order why it did not take the next message of that order.

    Of one order nothing counts as taken that comes after a message which was not.
    """

    taken: frozenset[str] = frozenset()
    problems: Mapping[str, str] = field(default_factory=dict)


class MessageInbox:
    """One recipient, and for how long it is tried before a person is called."""

    def __init__(self, http: PartnerHttp, give_up_after: timedelta = timedelta(days=3)) -> None:
        self.give_up_after = give_up_after
        self._http = http

    def deliver(self, messages: Sequence[Message]) -> Handover:
        """Hand over messages, those of an order oldest first.

        A message may be handed over again: by its `message_id` the partner takes it once. Raises PartnerTrouble, also
        when the partner has enough to do or is left alone (integrations/circuit.py).
        """
        if not messages:
            return Handover()
        try:
            return _judged(messages, self._hand_over(messages))
        except MessageRefused:
            # One that cannot be taken must keep no other waiting.
            return self._one_by_one(messages)

    def _one_by_one(self, messages: Sequence[Message]) -> Handover:
        until, taken, problems = time.monotonic() + ONE_BY_ONE_SECONDS, set[str](), dict[str, str]()
        for message in messages:
            if time.monotonic() > until:
                break
            if (order_id := _order_of(message)) in problems:
                continue
            try:
                handover = _judged([message], self._hand_over([message]))
            except MessageRefused as refused:
                problems[order_id] = f"refused: {refused}"
            except PartnerTrouble:
                if not taken and not problems:
                    raise
                break
            else:
                taken |= handover.taken
                problems |= handover.problems
        return Handover(frozenset(taken), problems)

    def _hand_over(self, messages: Sequence[Message]) -> Collection[str]:
        # Each message carries its own id, so a new key for the batch is harmless, and one that the partner took in part
        # does not get its first answer forever.
        answer = self._http.post("/messages", {"messages": messages}, uuid4().hex, refusal=MessageRefused)
        return answer.texts("accepted")


def _judged(messages: Sequence[Message], accepted: Collection[str]) -> Handover:
    said, taken, problems = set(accepted), set[str](), dict[str, str]()
    for message in messages:
        order_id, message_id = _order_of(message), str(message["message_id"])
        if message_id in said and order_id not in problems:
            taken.add(message_id)
        else:
            problems[order_id] = LEFT_OUT
    return Handover(frozenset(taken), problems)


def _order_of(message: Message) -> str:
    return str(message.get("order_id", ""))
