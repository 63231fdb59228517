"""Notify: say to whom the messages of an order were handed. The runs of the recipients send them."""

from collections import Counter
from dataclasses import dataclass, field

from temporalio import activity

from domain.milestones import RECIPIENTS_OF
from models.database import Sessions, reading
from record.messages import outbox


@dataclass(frozen=True)
class NotifyRequest:
    """`milestones` are those whose messages were written since the last time; empty if the record must say it."""

    order_id: str
    milestones: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class NotifyAnswer:
    """`handed` says by recipient how many messages its run was given: those of the milestones named, or all that the
    recipient has not taken yet."""

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
        """Say whose runs have messages of the order. They have had them since the milestone was written."""
        if request.milestones:
            handed = Counter(recipient for milestone in request.milestones for recipient in RECIPIENTS_OF[milestone])
            return NotifyAnswer(handed=dict(handed))
        with reading(self.sessions) as session:
            return NotifyAnswer(handed=outbox.not_taken(session, request.order_id))
