"""What an order's remarks and the rules of staff ask for, kept on its row and told to those who can do it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import cast, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from domain.instructions import instructions_from
from domain.remarks.intents import RemarkReading
from models.order import OrderRow
from record import journal

FOR_WAREHOUSE = ("urgent", "gift_wrap", "gift_message")
FOR_CARRIER = ("deliver_on", "deliver_days", "deliver_between", "leave_at_door", "no_locker", "call_first", "no_call")


def keep_remarks(session: Session, order_id: str, reading: RemarkReading) -> None:
    """Write down what was understood. What rules of staff have set stands above it."""
    asked = instructions_from(reading).to_json()
    if not asked:
        return
    below = cast(asked, JSONB).op("||")(OrderRow.instructions)
    session.execute(update(OrderRow).where(OrderRow.order_id == order_id).values(instructions=below))
    intents = sorted({one.intent.value for one in reading.instructions})
    journal.append_fact(session, order_id, "order.instructed", "instructed:remarks", {"intents": intents})


def some_of(instructions: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Those that a partner can carry out, as `Instructions.to_json` writes them."""
    return {name: instructions[name] for name in names if name in instructions}
