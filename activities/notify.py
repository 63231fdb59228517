"""Notify: send the messages of one order to customer, channel, ERP and CRM, beside its steps."""

from dataclasses import dataclass, field

from temporalio import activity

from domain.milestones import RECIPIENTS
from models.database import Sessions
from record.messages import outbox
from record.messages.letters import Letters


@dataclass(frozen=True)
class NotifyRequest:
    order_id: str


@dataclass(frozen=True)
class NotifyAnswer:
    """How many messages were taken. `left` says by recipient why others are left to its run, or parked."""

    sent: int
    waiting: dict[str, str] = field(default_factory=dict)
    """Always empty; recorded histories have it from when messages waited in the order itself."""
    left: dict[str, str] = field(default_factory=dict)


class Notify:
    def __init__(self, sessions: Sessions, letters: Letters) -> None:
        self.sessions = sessions
        self.letters = letters

    @activity.defn(no_thread_cancel_exception=True)
    def notify(self, request: NotifyRequest) -> NotifyAnswer:
        """Send the order's fresh messages, oldest first to each recipient, once.

        A message that its recipient does not take, and all that follow it, are left to the recipient's run
        (activities/redeliver.py), so that none overtakes another. Other recipients are not delayed. A message that is
        refused for good is parked for a person.
        """
        with self.sessions.begin() as session:
            unsent = outbox.unsent(session, request.order_id)
            recipients = [
                name for name in RECIPIENTS if name in unsent and not any(row.left_at for row in unsent[name])
            ]
            letters = self.letters.write(session, [message for name in recipients for message in unsent[name]])
        delivered = {
            name: self.letters.hand_over(name, [one for one in letters if one.to == name]) for name in recipients
        }
        taken = [letter for one in delivered.values() for letter in one.taken]
        left = {name: problem for name, one in delivered.items() for problem in one.problems.values()}
        with self.sessions.begin() as session:
            outbox.mark_taken(session, taken)
            for recipient, messages in unsent.items():
                if any(message.parked_at for message in messages):
                    outbox.park_behind(session, request.order_id, recipient)
                elif recipient in left or recipient not in delivered:
                    outbox.leave(session, request.order_id, recipient, left.get(recipient))
            for recipient, one in delivered.items():
                outbox.park_refused(session, recipient, one.refused)
        return NotifyAnswer(len(taken), left=left)
