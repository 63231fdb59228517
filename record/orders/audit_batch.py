"""Audits of a group, gathered in memory and written in one statement."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from domain import milestones
from domain.instructions import instructions_from
from domain.promises import SHIP, PromiseBasis, Promised
from domain.service_levels import service_level
from domain.status import OrderStatus
from models.order import AuditRow
from record import journal
from record.journal import Fact
from record.orders import movements
from record.orders.judged_orders import JudgedOrder, LockedOrder
from record.orders.movements import Movement
from record.orders.promises import deadlines
from record.recordset import at_once, insert_recordset, json_array

# Built once: building a statement costs more than sending it.
_CHANGED = (
    *("judged_version", "payment_terms", "status", "attention", "repaired_region", "tags", "instructions"),
    *("promised_ship_by", "promised_deliver_by", "warn_ship_at", "warn_deliver_at", "due", "due_at", "warn_at"),
)
# Columns that a row does not name stay as they are.
_UPDATE_ORDERS = text(
    f"""
    UPDATE orders SET {", ".join(f"{name} = coalesce(news.{name}, orders.{name})" for name in _CHANGED)},
        accepted_at = CASE WHEN news.status IS NULL THEN orders.accepted_at ELSE now() END
    FROM json_populate_recordset(NULL::orders, :rows) AS news WHERE orders.order_id = news.order_id
""".replace("::", r"\:\:")
)
_INSERT_AUDITS = insert_recordset(AuditRow, "order_id, revision, findings, facts, parameters, rule_set_id")
_WRITE = at_once(
    judged=_UPDATE_ORDERS,
    audited=_INSERT_AUDITS,
    moved=movements.INSERT_MOVEMENTS,
    facts=journal.INSERT_FACTS,
    told=journal.INSERT_MESSAGES,
    answers=journal.INSERT_ANSWERS,
)


@dataclass(slots=True)
class AuditBatch:
    """Audits added one by one and written together."""

    _orders: list[dict[str, Any]] = field(default_factory=list)
    _audits: list[str] = field(default_factory=list)
    _movements: list[Movement] = field(default_factory=list)
    _facts: list[Fact] = field(default_factory=list)
    _messages: list[dict[str, Any]] = field(default_factory=list)
    _answers: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def add(self, judged: JudgedOrder, locked: LockedOrder) -> None:
        """Add the audit: the money that it saw, the repaired address, and what remarks and rules of staff ask for."""
        self._orders.append({"order_id": judged.order_id, "judged_version": judged.version})
        if (terms := judged.facts.terms.stored) != locked.row.payment_terms:
            self._orders[-1]["payment_terms"] = terms
        self._audits.append(judged.audited)
        # What the channel has shipped itself is no news to it, nor to its customer.
        told = milestones.BOOKS if judged.facts.nothing_to_send else None
        self._messages += journal.message_rows(judged.order_id, milestones.RECEIVED, recipients=told)
        if movement := _movement(judged, locked):
            self._movements.append(movement)
            self._facts.append(movement.fact)
            self._orders[-1]["attention"] = movements.late(movement, OrderStatus(locked.row.status)) or None
        self._add_address(judged)
        self._add_instructions(judged, locked)

    def accept(self, locked: LockedOrder) -> None:
        """Accept the order that was added last; one on which work has begun keeps its status."""
        if locked.waits:
            self._orders[-1]["status"] = OrderStatus.ACCEPTED
            self._facts.append(Fact(locked.row.order_id, "order.accepted", "accepted", {}))

    def promise(self, judged: JudgedOrder, locked: LockedOrder) -> None:
        """Promise once when the order that was added last ships and is delivered, as make_promise does."""
        row, news, region = locked.row, self._orders[-1], judged.facts.region
        if row.due or row.ended_at:
            return
        province = region.province if region and region.repaired else row.province
        level = service_level(news.get("tags", row.tags))
        whose = PromiseBasis(row.since, row.channel, level, row.country, province)
        by_channel = Promised(row.promised_ship_by, row.promised_deliver_by)
        moments = deadlines(whose, by_channel, judged.facts.parameters)
        news |= {name: moment.isoformat() for name, moment in moments.items() if moment}
        if moments:
            news |= {"due": SHIP, "due_at": news["promised_ship_by"], "warn_at": news["warn_ship_at"]}

    def answer(self, key: str, answer: Mapping[str, Any]) -> None:
        self._answers[key] = answer

    def write(self, session: Session) -> None:
        """Write all audits. The caller holds the locks of the orders."""
        if self._orders:
            rows = {
                "judged": json.dumps(self._orders),
                "audited": json_array(self._audits),
                "moved": json.dumps([movement.row for movement in self._movements]),
                "facts": journal.fact_rows(self._facts),
                "told": json.dumps(self._messages),
                "answers": journal.answer_rows(self._answers),
            }
            session.execute(_WRITE, rows)

    def _add_address(self, judged: JudgedOrder) -> None:
        region = judged.facts.region
        if region is None or not region.repaired:
            return
        used = {"province": region.province, "city": region.city, "district": region.district}
        self._orders[-1]["repaired_region"] = used
        data = {"written": " ".join(region.written).strip(), "used": " ".join(used.values()).strip()}
        self._facts.append(Fact(judged.order_id, "order.address_repaired", f"address_repaired:{judged.version}", data))

    def _add_instructions(self, judged: JudgedOrder, locked: LockedOrder) -> None:
        """Those of staff's rules override those read from remarks. A tag is added once, in the order of the rules."""
        news, row, staff, remarks = self._orders[-1], locked.row, judged.staff, judged.facts.remarks
        asked = instructions_from(remarks).to_json()
        if asked or staff.instructions:
            news["instructions"] = asked | row.instructions | dict(staff.instructions)
        if asked:
            intents = sorted({one.intent.value for one in remarks.instructions})
            self._facts.append(Fact(judged.order_id, "order.instructed", "instructed:remarks", {"intents": intents}))
        if new := [tag for tag in dict.fromkeys(staff.tags) if tag not in row.tags]:
            news["tags"] = [*row.tags, *new]
            self._facts.append(Fact(judged.order_id, "order.tagged", f"tagged:{' '.join(sorted(new))}", {"tags": new}))


def _movement(judged: JudgedOrder, locked: LockedOrder) -> Movement | None:
    payment, order = judged.facts.payment, judged.facts.order
    # What a channel collects may have no number but the order's.
    reference = order.payment_reference or f"{order.channel}:{order.channel_order_id}"
    # Nothing has moved yet, or it moved by another hand than ours: the books then wait for a person.
    if payment.amount is None or payment.status in ("pending", "refunded"):
        return None
    if payment.status != "captured":
        return Movement(judged.order_id, reference, payment.status, payment.amount)
    if judged.follow_up:
        return None
    return movements.unbooked(judged.order_id, reference, payment.amount, locked.times, locked.booked)
