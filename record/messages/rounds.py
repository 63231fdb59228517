"""Rounds: send a recipient what waits for it, as many messages of all orders as fit into one call."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from models.database import Sessions
from models.messaging import MessageRow
from record.messages import not_told, outbox, parking
from record.messages.letters import Letter, Letters
from record.set_aside import error_name, is_rows_own

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Round:
    """How many messages were `found` and `taken`, and how many are `settled`: taken, or parked for good.

    `problem` says why one was not taken, `away` why the recipient could not be reached; both are empty otherwise.
    """

    found: int = 0
    taken: int = 0
    settled: int = 0
    problem: str = ""
    away: str = ""

    @property
    def in_vain(self) -> bool:
        return bool(self.found) and not self.settled

    @property
    def is_full(self) -> bool:
        """True if more may wait that can be sent at once."""
        return self.found >= outbox.AT_ONCE and not self.in_vain


class Rounds:
    def __init__(self, sessions: Sessions, letters: Letters) -> None:
        self.sessions = sessions
        self.letters = letters

    def send(self, recipient: str, fresh: bool = False) -> Round:
        """Send the next messages; `fresh`: only those never tried. Park the old and the refused among them."""
        messages, letters, unwritten = self._write(recipient, fresh)
        if not messages:
            return Round()
        delivered = self.letters.hand_over(recipient, letters)
        problems = delivered.problems | unwritten
        with self.sessions.begin() as session:
            if again := outbox.mark_taken(session, delivered.taken):
                not_told.clear_alerts(session, again)
            parking.park_refused(session, recipient, delivered.refused)
            outbox.record_failures(session, recipient, problems)
        if problems:
            self._park_old(recipient, None if delivered.away else [*problems])
        taken = len(delivered.taken)
        problem = next(iter(problems.values()), "")
        return Round(len(messages), taken, taken + len(delivered.refused), problem, delivered.away)

    def any_waits(self, recipient: str) -> bool:
        """Return whether messages wait, after parking those that are behind a parked one."""
        with self.sessions.begin() as session:
            parking.park_behind(session, recipient)
            return outbox.any_waits(session, recipient)

    def _write(self, recipient: str, fresh: bool) -> tuple[Sequence[MessageRow], list[Letter], dict[str, str]]:
        """Return the next messages, their letters, and by order why its letters cannot be written. Other orders are not
        blocked."""
        with self.sessions() as session:
            # Only reads: one round trip a statement, and none for the transaction.
            session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
            messages = outbox.due(session, recipient, fresh)
            try:
                return messages, self.letters.write(session, messages), {}
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
        return messages, letters, unwritten

    def _park_old(self, recipient: str, orders: Sequence[str] | None) -> None:
        """Park old messages: of all orders (None) while the recipient is away, else only of `orders`."""
        give_up_after = self.letters.inboxes[recipient].give_up_after
        more = True
        while more:
            with self.sessions.begin() as session:
                more = parking.park_old(session, recipient, give_up_after, orders)
