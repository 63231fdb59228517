"""What a step writes beside its effect, in the same transaction: facts, messages to send and its own answer."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, Text, any_, bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.milestones import RECIPIENTS_OF, message_id
from domain.status import ORDER, OrderStatus, advance
from models.base import table
from models.messaging import MessageRow
from models.order import OrderEventRow, OrderRow, StepResultRow
from models.prepared import prepared
from record.recordset import insert_recordset

SYSTEM = "baton"


class Fact(NamedTuple):
    """An event of an order, unique by (order_id, key)."""

    order_id: str
    type: str
    key: str
    data: Mapping[str, Any]
    actor: str = SYSTEM


# Built once: building a statement costs more than sending it, and every step sends these.
_EVENTS, _RESULTS = table(OrderEventRow), table(StepResultRow)
_APPEND_FACT = prepared(insert(_EVENTS).on_conflict_do_nothing().inline())
_REMEMBER = prepared(insert(_RESULTS).inline())
_EARLIER_ANSWER = prepared(select(_RESULTS.c.result).where(_RESULTS.c.key == bindparam("key")))
_EARLIER_ANSWERS = prepared(
    select(_RESULTS.c.key, _RESULTS.c.result).where(_RESULTS.c.key == any_(bindparam("keys", type_=ARRAY(Text))))
)
_LOCKED_STATUS = prepared(
    select(OrderRow.status).where(OrderRow.order_id == bindparam("order_id", type_=Text)).with_for_update()
)
INSERT_FACTS = insert_recordset(OrderEventRow, "order_id, type, key, actor, data", conflict="order_id, key")
INSERT_ANSWERS = insert_recordset(StepResultRow, "key, result")
INSERT_MESSAGES = insert_recordset(
    MessageRow, "message_id, order_id, recipient, milestone, data", conflict="message_id"
)


def earlier_answer(session: Session, key: str) -> dict[str, Any] | None:
    """Return the answer that the step with this key gave before, or None the first time."""
    known: dict[str, Any] | None = session.scalar(_EARLIER_ANSWER, {"key": key})
    return known


def earlier_answers(session: Session, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return earlier answers by key; keys of steps not taken yet are absent."""
    return {row.key: row.result for row in session.execute(_EARLIER_ANSWERS, {"keys": list(keys)})}


def remember(session: Session, key: str, result: Mapping[str, Any]) -> None:
    """Store a step's answer. Of two concurrent runs one fails here on the unique key, retries and reads the other's."""
    session.execute(_REMEMBER, {"key": key, "result": dict(result)})


def answer_rows(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the answers, by key, as the `:rows` of INSERT_ANSWERS."""
    return json.dumps([{"key": key, "result": result} for key, result in results.items()])


def append_fact(
    session: Session, order_id: str, event: str, key: str, data: Mapping[str, Any] | None = None, actor: str = SYSTEM
) -> None:
    """Append a fact to the order's log, once per key."""
    fact = {"order_id": order_id, "type": event, "key": key, "actor": actor, "data": dict(data or {})}
    session.execute(_APPEND_FACT, fact)


def append_facts(session: Session, facts: Sequence[Fact]) -> None:
    """Append facts of many orders to their logs in one statement, in this sequence and once per key."""
    if facts:
        session.execute(INSERT_FACTS, {"rows": fact_rows(facts)})


def fact_rows(facts: Sequence[Fact]) -> str:
    """Return the facts as the `:rows` of INSERT_FACTS."""
    return json.dumps([fact._asdict() for fact in facts])


def announce(
    session: Session,
    order_id: str,
    milestone: str,
    data: Mapping[str, Any] | None = None,
    subject: str = "",
    secrets: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Write a message to each recipient of the milestone; the runs of the recipients send them.

    `secrets` are fields for one recipient only, by recipient."""
    write_messages(session, message_rows(order_id, milestone, data, subject, secrets))


def message_rows(
    order_id: str,
    milestone: str,
    data: Mapping[str, Any] | None = None,
    subject: str = "",
    secrets: Mapping[str, Mapping[str, Any]] | None = None,
    recipients: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """Return the messages of a milestone, as `write_messages` takes them; to these `recipients` if given."""
    return [
        {
            "message_id": message_id(order_id, milestone, recipient, subject),
            "order_id": order_id,
            "recipient": recipient,
            "milestone": milestone,
            "data": {**(data or {}), **(secrets or {}).get(recipient, {})},
        }
        for recipient in (RECIPIENTS_OF[milestone] if recipients is None else recipients)
    ]


def write_messages(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write messages of any orders in one statement, in this sequence and each once."""
    if rows:
        session.execute(INSERT_MESSAGES, {"rows": json.dumps(rows)})


def lock_order(session: Session, order_id: str) -> None:
    """Lock the order. Take this lock before those of quotas, stock and backorders."""
    session.execute(select(OrderRow.order_id).where(OrderRow.order_id == order_id).with_for_update())


def may_advance(session: Session, order_id: str, to: OrderStatus) -> bool:
    """Lock the order, and say whether its status is still to be set; False when it has it already. Raises NotAllowed
    for a transition that is not allowed."""
    now = session.scalar(_LOCKED_STATUS, {"order_id": order_id})
    if now == to:
        return False
    advance(ORDER, OrderStatus(now or ""), to)
    return True
