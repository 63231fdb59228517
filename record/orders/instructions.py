"""Instructions of orders, from remarks and rules of staff, and the selection that each partner gets."""

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
    """Write the instructions read from remarks; those of staff's rules override them."""
    asked = instructions_from(reading).to_json()
    if not asked:
        return
    below = cast(asked, JSONB).op("||")(OrderRow.instructions)
    session.execute(update(OrderRow).where(OrderRow.order_id == order_id).values(instructions=below))
    intents = sorted({one.intent.value for one in reading.instructions})
    journal.append_fact(session, order_id, "order.instructed", "instructed:remarks", {"intents": intents})


def select_instructions(instructions: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return the instructions with these names, as `Instructions.to_json` writes them."""
    return {name: instructions[name] for name in names if name in instructions}
