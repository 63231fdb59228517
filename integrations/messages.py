"""Delivers milestone messages; the ERP, the CRM, the channel and the customer's inbox share one protocol."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol
from uuid import uuid4

from domain.errors import MessageRefused, PartnerTrouble
from integrations.http import PartnerHttp

NOT_ACCEPTED = "it was not among those that the recipient took"
ONE_BY_ONE_SECONDS = 30.0
"""Time limit for delivering a refused batch message by message; the rest waits for the next run."""
BATCH_SECONDS = 10.0
"""The same for recipients that take no batches. Short, since what was sent and not recorded is sent again."""

Message = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Handover:
    """Ids of the messages taken, and by order id why its next message was not; `refused` has the codes of those that no
    retry would help.

    Once a message of an order is not taken, no later message of that order counts as taken.
    """

    taken: frozenset[str] = frozenset()
    problems: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


class Inbox(Protocol):
    """What delivers messages to one recipient. `give_up_after` is how long a message is retried before a person is
    called."""

    @property
    def give_up_after(self) -> timedelta: ...

    def deliver(self, messages: Sequence[Message]) -> Handover: ...


class MessageInbox:
    """A recipient that takes messages by HTTP, in batches."""

    def __init__(self, http: PartnerHttp, give_up_after: timedelta = timedelta(days=3)) -> None:
        self.give_up_after = give_up_after
        self._http = http

    def deliver(self, messages: Sequence[Message]) -> Handover:
        """Deliver messages; those of one order must come oldest first.

        Safe to repeat: the partner takes each `message_id` once. Raises PartnerTrouble, also while the circuit admits
        no calls (integrations/circuit.py).
        """
        if not messages:
            return Handover()
        try:
            return _handover(messages, self._post(messages))
        except MessageRefused:
            # One bad message must not hold up the others.
            return self._one_by_one(messages)

    def _one_by_one(self, messages: Sequence[Message]) -> Handover:
        until, taken, problems = time.monotonic() + ONE_BY_ONE_SECONDS, set[str](), dict[str, str]()
        for message in messages:
            if time.monotonic() > until:
                break
            if (order_id := order_of(message)) in problems:
                continue
            try:
                handover = _handover([message], self._post([message]))
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

    def _post(self, messages: Sequence[Message]) -> Collection[str]:
        # A new key each time: with the old one, a batch taken in part would get its first answer forever. Repeating is
        # harmless, since each message carries its own id.
        answer = self._http.post("/messages", {"messages": messages}, uuid4().hex, refusal=MessageRefused)
        return answer.texts("accepted")


def _handover(messages: Sequence[Message], accepted: Collection[str]) -> Handover:
    accepted_ids, taken, problems = set(accepted), set[str](), dict[str, str]()
    for message in messages:
        order_id, message_id = order_of(message), str(message["message_id"])
        if message_id in accepted_ids and order_id not in problems:
            taken.add(message_id)
        else:
            problems[order_id] = NOT_ACCEPTED
    return Handover(frozenset(taken), problems)


def one_by_one(messages: Sequence[Message], send: Callable[[Message], str]) -> Handover:
    """Deliver messages one after the other for at most BATCH_SECONDS; the rest waits for the next run.

    `send` returns why the message was not taken, or an empty text. It raises MessageRefused for a message that is
    never taken, which holds up only its own order, and PartnerTrouble if none is taken now.
    """
    until = time.monotonic() + BATCH_SECONDS
    taken, problems, refused = set[str](), dict[str, str](), dict[str, str]()
    for message in messages:
        if time.monotonic() > until:
            break
        if (order_id := order_of(message)) in problems or order_id in refused:
            continue
        try:
            problem = send(message)
        except MessageRefused as no:
            refused[order_id] = no.code
        except PartnerTrouble:
            if not (taken or problems or refused):
                raise
            break
        else:
            if problem:
                problems[order_id] = problem
            else:
                taken.add(str(message["message_id"]))
    return Handover(frozenset(taken), problems, refused)


def order_of(message: Message) -> str:
    return str(message.get("order_id", ""))
