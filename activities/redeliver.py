"""Redeliver: send a recipient the messages that it did not take at once, or that a person sends again.

The messages of all orders go together, open or not: a recipient that is away gets one call at a time, not one from each
order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from temporalio import activity

from domain.errors import PartnerTrouble
from models.database import Sessions
from record.messages import not_told, outbox
from record.messages.letters import Letter, Letters
from record.set_aside import error_name, is_rows_own

log = structlog.get_logger()


@dataclass(frozen=True)
class RedeliverRequest:
    recipient: str


@dataclass(frozen=True)
class RedeliverAnswer:
    """How many messages were taken; `more` if others wait."""

    taken: int = 0
    more: bool = False


class Redeliver:
    def __init__(self, sessions: Sessions, letters: Letters) -> None:
        self.sessions = sessions
        self.letters = letters

    @activity.defn(no_thread_cancel_exception=True)
    def redeliver_batch(self, request: RedeliverRequest) -> RedeliverAnswer:
        """Send as many messages as fit into one call. A message is parked when it was not taken for as long as the
        recipient's policy says, and at once when it is refused for good.

        Raises PartnerTrouble if nothing was taken and something still waits.
        """
        recipient = request.recipient
        letters, unwritten = self._write(recipient)
        delivered = self.letters.hand_over(recipient, letters)
        delivered.problems |= unwritten
        with self.sessions.begin() as session:
            outbox.mark_taken(session, delivered.taken)
            not_told.clear_alerts(session, [letter.message_id for letter in delivered.taken])
            outbox.park_refused(session, recipient, delivered.refused)
            outbox.record_failures(session, recipient, delivered.problems)
        if letters or unwritten:
            self._park_old(recipient, None if delivered.away else [*delivered.problems])
        else:
            with self.sessions.begin() as session:
                outbox.park_stuck(session, recipient)
        with self.sessions() as session:
            more = bool(outbox.left_to(session, recipient))
        if more and (letters or unwritten) and not (delivered.taken or delivered.refused):
            raise PartnerTrouble(delivered.away or next(iter(delivered.problems.values())))
        return RedeliverAnswer(len(delivered.taken), more)

    def _write(self, recipient: str) -> tuple[list[Letter], dict[str, str]]:
        """Return the next letters, and by order why its letters cannot be written. Other orders are not blocked."""
        with self.sessions() as session:
            messages = outbox.left_to(session, recipient)
        try:
            with self.sessions.begin() as session:
                return self.letters.write(session, messages), {}
        except Exception as trouble:
            if not is_rows_own(trouble):
                raise
        letters, unwritten = list[Letter](), dict[str, str]()
        for order_id in dict.fromkeys(message.order_id for message in messages):
            try:
                with self.sessions.begin() as session:
                    letters += self.letters.write(session, [one for one in messages if one.order_id == order_id])
            except Exception as trouble:
                if not is_rows_own(trouble):
                    raise
                unwritten[order_id] = f"cannot be written: {error_name(trouble)}"
                log.error("letter_not_written", recipient=recipient, order_id=order_id, error=error_name(trouble))
        return letters, unwritten

    def _park_old(self, recipient: str, orders: Sequence[str] | None) -> None:
        """Park old messages: of all orders (None) while the recipient is away, else only of `orders`."""
        give_up_after = self.letters.inboxes[recipient].give_up_after
        more = orders is None or bool(orders)
        while more:
            with self.sessions.begin() as session:
                more = outbox.park_old(session, recipient, give_up_after, orders)
