"""Redeliver: the run of a recipient, which tells it what it did not take at once, and what a person sends again.

It carries the messages of all orders together, whether or not they are still open: a partner that is away is asked by
one call at a time and not by each order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from temporalio import activity

from activities.telling import not_told, outbox
from activities.telling.letters import Letters
from domain.errors import PartnerTrouble
from models.database import Sessions


@dataclass(frozen=True)
class RedeliverRequest:
    recipient: str


@dataclass(frozen=True)
class RedeliverAnswer:
    """How many messages were taken. `more` says that others wait."""

    taken: int = 0
    more: bool = False


class Redeliver:
    def __init__(self, sessions: Sessions, letters: Letters) -> None:
        self.sessions = sessions
        self.letters = letters

    @activity.defn(no_thread_cancel_exception=True)
    def redeliver_batch(self, request: RedeliverRequest) -> RedeliverAnswer:
        """One call with as many as fit. What is not taken for as long as the recipient's policy says is parked, and at
        once what it refuses for good.

        Raises PartnerTrouble when nothing was taken and something still waits.
        """
        recipient = request.recipient
        with self.sessions.begin() as session:
            letters = self.letters.write(session, outbox.left_to(session, recipient))
        delivered = self.letters.hand_over(recipient, letters)
        with self.sessions.begin() as session:
            outbox.mark_taken(session, delivered.taken)
            not_told.taken(session, [letter.message_id for letter in delivered.taken])
            outbox.park_refused(session, recipient, delivered.refused)
            outbox.tried_in_vain(session, recipient, delivered.problems)
        if letters:
            self._park_old(recipient, None if delivered.away else [*delivered.problems])
        else:
            with self.sessions.begin() as session:
                outbox.park_stuck(session, recipient)
        with self.sessions() as session:
            more = bool(outbox.left_to(session, recipient))
        if more and letters and not (delivered.taken or delivered.refused):
            raise PartnerTrouble(delivered.away or next(iter(delivered.problems.values())))
        return RedeliverAnswer(len(delivered.taken), more)

    def _park_old(self, recipient: str, orders: Sequence[str] | None) -> None:
        """While the recipient as a whole is away, what is old waits for a person; else only what it does not want."""
        give_up_after = self.letters.inboxes[recipient].give_up_after
        more = orders is None or bool(orders)
        while more:
            with self.sessions.begin() as session:
                more = outbox.park_old(session, recipient, give_up_after, orders)
