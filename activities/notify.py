"""Notify: say to whom the messages of an order were handed. The runs of the recipients send them."""

from dataclasses import dataclass, field

from temporalio import activity

from models.database import Sessions
from record.messages import outbox


@dataclass(frozen=True)
class NotifyRequest:
    order_id: str


@dataclass(frozen=True)
class NotifyAnswer:
    """`handed` says by recipient how many messages its run has, since it has not taken them yet."""

    sent: int = 0
    """Always 0. Recorded histories have this field and the next two from when an order sent its messages itself."""
    waiting: dict[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    handed: dict[str, int] = field(default_factory=dict)


class Notify:
    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions

    @activity.defn
    def notify(self, request: NotifyRequest) -> NotifyAnswer:
        """Read whose runs have messages of the order. They have had them since the milestone was written."""
        with self.sessions() as session:
            # Only reads: one round trip, and none for the transaction.
            session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
            return NotifyAnswer(handed=outbox.not_taken(session, request.order_id))
