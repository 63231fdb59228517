"""What every step writes beside its effect, in the same transaction: facts, messages to send, and its own answer."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, Text, any_, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.milestones import RECIPIENTS_OF, message_id
from domain.status import ORDER, OrderStatus, advance, is_final
from models.base import table
from models.messaging import MessageRow
from models.order import OrderEventRow, OrderRow, StepResultRow
from record.recordset import insert_recordset

SYSTEM = "baton"


class Fact(NamedTuple):
    """Something that happened to an order, known once by (order_id, key)."""

    order_id: str
    type: str
    key: str
    data: Mapping[str, Any]


# Every step says these, so they are built once: building one costs more than sending it.
_EVENTS, _MESSAGES, _RESULTS = table(OrderEventRow), table(MessageRow), table(StepResultRow)
_APPEND_FACT = insert(_EVENTS).on_conflict_do_nothing().inline()
_ANNOUNCE = insert(_MESSAGES).on_conflict_do_nothing().inline()
_REMEMBER = insert(_RESULTS).inline()
_EARLIER_ANSWER = select(_RESULTS.c.result).where(_RESULTS.c.key == bindparam("key"))
_EARLIER_ANSWERS = select(_RESULTS.c.key, _RESULTS.c.result).where(
    _RESULTS.c.key == any_(bindparam("keys", type_=ARRAY(Text)))
)
INSERT_FACTS = insert_recordset(OrderEventRow, "order_id, type, key, actor, data", conflict="order_id, key")
INSERT_ANSWERS = insert_recordset(StepResultRow, "key, result")


def earlier_answer(session: Session, key: str) -> dict[str, Any] | None:
    """What the step with this key answered before, or None when it is the first time."""
    known: dict[str, Any] | None = session.scalar(_EARLIER_ANSWER, {"key": key})
    return known


def earlier_answers(session: Session, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What the steps with these keys answered before, by key; those that are new are absent."""
    return {row.key: row.result for row in session.execute(_EARLIER_ANSWERS, {"keys": list(keys)})}


def remember(session: Session, key: str, result: Mapping[str, Any]) -> None:
    """Keep a step's answer. Of two that run at once one is rolled back here, tries again and reads the other's."""
    session.execute(_REMEMBER, {"key": key, "result": dict(result)})


def answer_rows(results: Mapping[str, Mapping[str, Any]]) -> str:
    """The answers of many steps, by key, as INSERT_ANSWERS takes them."""
    return json.dumps([{"key": key, "result": result} for key, result in results.items()])


def append_fact(
    session: Session, order_id: str, event: str, key: str, data: Mapping[str, Any] | None = None, actor: str = SYSTEM
) -> None:
    """Append a fact to the order's log, once for each key."""
    fact = {"order_id": order_id, "type": event, "key": key, "actor": actor, "data": dict(data or {})}
    session.execute(_APPEND_FACT, fact)


def append_facts(session: Session, facts: Sequence[Fact], actor: str = SYSTEM) -> None:
    """Append facts of many orders to their logs in one statement, in this sequence and each once."""
    if facts:
        session.execute(INSERT_FACTS, {"rows": fact_rows(facts, actor)})


def fact_rows(facts: Sequence[Fact], actor: str = SYSTEM) -> str:
    """Facts as INSERT_FACTS takes them."""
    return json.dumps([fact._asdict() | {"actor": actor} for fact in facts])


def announce(
    session: Session,
    order_id: str,
    milestone: str,
    data: Mapping[str, Any] | None = None,
    subject: str = "",
    secrets: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Write a message to each recipient of the milestone; the notify step sends them. `secrets` are for one recipient
    and nobody else."""
    rows = [
        {
            "message_id": message_id(order_id, milestone, recipient, subject),
            "order_id": order_id,
            "recipient": recipient,
            "milestone": milestone,
            "data": {**(data or {}), **(secrets or {}).get(recipient, {})},
        }
        for recipient in RECIPIENTS_OF[milestone]
    ]
    session.execute(_ANNOUNCE, rows)


def lock_order(session: Session, order_id: str) -> None:
    """Hold the order: who also holds quotas, stock or places in the queue asks for it first."""
    session.execute(select(OrderRow.order_id).where(OrderRow.order_id == order_id).with_for_update())


def advance_order(session: Session, order_id: str, to: OrderStatus) -> bool:
    """Move the order along its axis; False when it is there already. Raises NotAllowed."""
    now = session.scalar(select(OrderRow.status).where(OrderRow.order_id == order_id).with_for_update())
    if now == to:
        return False
    advance(ORDER, OrderStatus(now or ""), to)
    ended = {"ended_at": func.now()} if is_final(ORDER, to) else {}
    session.execute(update(OrderRow).where(OrderRow.order_id == order_id).values(status=to, **ended))
    return True
