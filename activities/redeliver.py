"""Redeliver: send a recipient its messages, those of all orders together, open or not.

A call goes on for as long as something comes, so that a busy hour costs one step a minute. A recipient that is away
gets one call at a time, not one from each order.
"""

from dataclasses import dataclass

from temporalio import activity

from activities.patience import Patience
from domain.errors import PartnerTrouble
from models.database import Sessions
from record.messages.letters import Letters
from record.messages.rounds import Rounds

LINGERING = Patience(look_again=0.75, give_up=15.0, end=60.0, retry=30.0)
"""A message is told within a second, and a call ends well before its limit (workflows/activity_options.py)."""


@dataclass(frozen=True)
class RedeliverRequest:
    recipient: str


@dataclass(frozen=True)
class RedeliverAnswer:
    """How many messages were taken; `more` if others wait or may come soon. `problem` says why one was not taken."""

    taken: int = 0
    more: bool = False
    problem: str = ""


class Redeliver:
    def __init__(self, sessions: Sessions, letters: Letters, patience: Patience | None = None) -> None:
        self.rounds = Rounds(sessions, letters)
        self.patience = patience or Patience()

    @activity.defn(no_thread_cancel_exception=True)
    def redeliver_batch(self, request: RedeliverRequest) -> RedeliverAnswer:
        """Send what waits and what comes meanwhile. What is not taken is tried again after a while, and does not delay
        what is new; when it was tried for as long as the recipient's policy says, it is parked.

        Raises PartnerTrouble if the recipient is away and nothing was taken.
        """
        recipient, patience = request.recipient, self.patience
        began = last = patience.now()
        taken, problem, retry_at = 0, "", began
        while True:
            sent = self.rounds.send(recipient, fresh=patience.now() < retry_at)
            taken, problem = taken + sent.taken, sent.problem or problem
            if sent.away:
                return self._answer_of_one_away(recipient, taken, sent.away)
            now = patience.now()
            if sent.found:
                last = now
            if sent.in_vain:
                retry_at = now + patience.retry
            is_quiet, is_over = now - last >= patience.give_up, now - began >= patience.end
            if is_over or is_quiet:
                more = self.rounds.any_waits(recipient)
                if is_over or not more:
                    return RedeliverAnswer(taken, more or not is_quiet, problem if more else "")
            if not (sent.is_full or patience.pause()):
                return RedeliverAnswer(taken, True, problem)

    def _answer_of_one_away(self, recipient: str, taken: int, why: str) -> RedeliverAnswer:
        """Return what was taken before. If nothing was, raise PartnerTrouble, so that Temporal tries again later."""
        if not self.rounds.any_waits(recipient):
            return RedeliverAnswer(taken)
        if not taken:
            raise PartnerTrouble(why)
        return RedeliverAnswer(taken, True, why)
