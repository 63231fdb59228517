"""An ERP whose messages are retried for a day, with what it and the record have of them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from activities.redeliver import Redeliver, RedeliverAnswer, RedeliverRequest
from domain.errors import PartnerTrouble
from integrations.http import PartnerHttp
from integrations.messages import MessageInbox
from models.database import Sessions
from models.messaging import MessageRow
from models.order import OrderRow
from record import journal
from tests.activities.story import letters_to
from tests.factories import events_of

DAY = timedelta(days=1)


class Erp:
    def __init__(self, sessions: Sessions, http: PartnerHttp, ask: Callable[..., Any]) -> None:
        self.sessions = sessions
        self.ask = ask
        self.run = Redeliver(sessions, letters_to(sessions, {"erp": MessageInbox(http, DAY)}))

    def announce(self, order_id: str, *milestones: str) -> None:
        with self.sessions.begin() as session:
            for milestone in milestones:
                journal.announce(session, order_id, milestone)

    def redeliver(self) -> RedeliverAnswer:
        return self.run.redeliver_batch(RedeliverRequest("erp"))

    def redeliver_in_vain(self) -> None:
        with pytest.raises(PartnerTrouble):
            self.redeliver()

    def a_day_passes(self) -> None:
        with self.sessions.begin() as session:
            past = {"created_at": MessageRow.created_at - DAY, "redelivered_at": MessageRow.redelivered_at - DAY}
            session.execute(update(MessageRow).values(past))

    def send_again(self, order_id: str, *milestones: str) -> None:
        """Try parked messages again, as the API does for a person."""
        with self.sessions.begin() as session:
            again = {"parked_at": None, "redelivered_at": func.now(), "tries": 0}
            wanted = (
                MessageRow.order_id == order_id,
                MessageRow.milestone.in_(milestones),
                MessageRow.recipient == "erp",
            )
            session.execute(update(MessageRow).where(*wanted).values(again))

    def drop(self, order_id: str, milestone: str) -> None:
        """Drop a parked message, as the API does for a person."""
        self.send_again(order_id, milestone)
        with self.sessions.begin() as session:
            wanted = MessageRow.order_id == order_id, MessageRow.milestone == milestone, MessageRow.recipient == "erp"
            session.execute(update(MessageRow).where(*wanted).values(settled_by="Sun of support"))

    def parked(self) -> list[str]:
        return self._milestones(MessageRow.parked_at.is_not(None))

    def waiting(self) -> list[str]:
        return self._milestones(MessageRow.parked_at.is_(None), MessageRow.sent_at.is_(None))

    def taken(self, order_id: str) -> list[str]:
        return [message["milestone"] for message in self.ask("/erp/messages", order_id=order_id)["messages"]]

    def attention(self, order_id: str) -> str | None:
        with self.sessions() as session:
            return session.get_one(OrderRow, order_id).attention

    def _milestones(self, *where: Any) -> list[str]:
        with self.sessions() as session:
            wanted = select(MessageRow.milestone).where(MessageRow.recipient == "erp", *where)
            return list(session.scalars(wanted.order_by(MessageRow.sequence)))

    def alerts(self, order_id: str) -> list[str]:
        return [event for event in events_of(self.sessions, order_id) if event.startswith("alert")]
