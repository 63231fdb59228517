"""The rows that wait to be carried. They are leased, so that what a crash leaves behind is taken again."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, TextClause, text

from domain.ids import order_workflow_id, return_workflow_id
from domain.money_alerts import CANCEL_REFUSED
from models.database import Sessions, autocommit, reading
from models.prepared import prepared
from record.orders.alerts import call_to
from record.orders.payment_claims import FIRST_TO_NAME
from relay.order_queue import BATCH
from workflows.messages import PartnerEvent

MARK_ORDERS = prepared("""
    UPDATE orders SET workflow_started_at = now() WHERE order_id = ANY(ARRAY(
        SELECT order_id FROM orders WHERE order_id = ANY(:done) ORDER BY order_id FOR NO KEY UPDATE))
""")

MIN_RETRIES_IN_BATCH = 10
"""Places in a batch of webhooks for those that were tried before, however many new ones there are."""
_ORDER = "o.order_id, o.channel, o.channel_order_id, o.customer_id, o.edition, o.ended_at"
# New webhooks never queue behind retries, nor retries behind new ones. All are leased for half a minute. One about the
# work of orders stands there once for each of them.
TAKE_EVENTS = prepared(f"""
    WITH fresh AS MATERIALIZED (
        SELECT partner, event_id FROM partner_events
        WHERE relayed_at IS NULL AND least(tries, 1) = 0 AND relay_after <= now()
        ORDER BY relay_after, sequence LIMIT :batch FOR UPDATE SKIP LOCKED
    ), again AS MATERIALIZED (
        SELECT partner, event_id FROM partner_events
        WHERE relayed_at IS NULL AND least(tries, 1) = 1 AND relay_after <= now()
        ORDER BY relay_after, sequence LIMIT greatest(:batch - (SELECT count(*) FROM fresh), {MIN_RETRIES_IN_BATCH})
        FOR UPDATE SKIP LOCKED
    ), taken AS (
        UPDATE partner_events SET tries = tries + 1, relay_after = now() + interval '30 seconds'
        WHERE (partner, event_id) IN (SELECT partner, event_id FROM fresh UNION ALL SELECT partner, event_id FROM again)
        RETURNING partner, event_id, sequence, type, subject, data->>'case_id' AS event_case, tries,
            extract(epoch FROM now() - received_at) AS age)
    SELECT taken.*, NULL AS case_id, work.*
    FROM taken LEFT JOIN LATERAL (
        SELECT f.fulfillment_order_id AS target, {_ORDER} FROM fulfillment_orders f JOIN orders o USING (order_id)
        WHERE split_part(taken.type, '.', 1) IN ('fulfillment_order', 'shipment')
            AND (f.fulfillment_order_id = taken.subject OR f.shipment_id = taken.subject)) AS work ON true
""")
# A webhook may come before its order, parcel or payment: it is tried again after pauses that grow to 30 seconds. One
# that still has none after 10 tries waits a twentieth of its age, so that many of them cost little.
PUT_OFF = text("""
    UPDATE partner_events SET relay_after = now() + greatest(
        least(interval '30 seconds', interval '0.1 seconds' * power(2, least(tries - 1, 10))),
        CASE WHEN unknown AND tries > 10 THEN (now() - received_at) / 20 ELSE interval '0' END)
    FROM unnest(CAST(:partners AS text[]), CAST(:event_ids AS text[]), CAST(:unknown AS boolean[]))
        AS late (late_partner, late_event, unknown)
    WHERE partner = late_partner AND event_id = late_event AND relayed_at IS NULL AND isfinite(relay_after)
""")
MARK_EVENTS = prepared("""
    UPDATE partner_events SET relayed_at = now()
    FROM unnest(CAST(:partners AS text[]), CAST(:event_ids AS text[])) AS told (told_partner, told_event)
    WHERE partner = told_partner AND event_id = told_event
""")

# Each query finds the targets of many subjects at once; `key` is the subject as the webhook named it.
# A service that tracks parcels for all carriers knows only the waybill.
FIND_WAYBILL = prepared(f"""
    SELECT s.waybill AS key, f.fulfillment_order_id AS target, NULL AS case_id, {_ORDER}
    FROM shipments s JOIN fulfillment_orders f USING (shipment_id) JOIN orders o USING (order_id)
    WHERE s.waybill = ANY(:keys)
""")
FIND_RETURN = prepared(f"""
    SELECT r.return_id AS key, r.return_id AS target, r.case_id, {_ORDER}
    FROM returns r JOIN orders o USING (order_id) WHERE r.return_id = ANY(:keys)
""")
# A payment belongs to one order, even before it is bound: other orders that name it get no signal. A check may name the
# order itself.
_OWNER = f"""
    FROM unnest(CAST(:keys AS text[])) AS wanted(key)
    JOIN orders o ON o.order_id = coalesce(
        (SELECT p.order_id FROM payments p WHERE p.reference = wanted.key),
        ({FIRST_TO_NAME.format(reference="wanted.key")}),
        wanted.key)
    WHERE o.workflow_started_at IS NOT NULL"""
# The other orders of a shared payment, each of which has its part.
_SHARERS = f"""
    SELECT part.reference, o.order_id, NULL, {_ORDER} FROM payment_parts part JOIN orders o USING (order_id)
    WHERE part.reference = ANY(:keys) AND o.workflow_started_at IS NOT NULL
        AND o.order_id <> (SELECT p.order_id FROM payments p WHERE p.reference = part.reference)"""
FIND_PAYMENT = prepared(
    f"SELECT wanted.key, o.order_id AS target, NULL AS case_id, {_ORDER} {_OWNER} UNION ALL {_SHARERS}"
)
# A refund may be about money of the payment that has moved to follow-up orders.
FIND_REFUND = prepared(f"""
    SELECT wanted.key, o.order_id AS target, NULL AS case_id, {_ORDER} {_OWNER}
    UNION ALL {_SHARERS}
    UNION ALL
    SELECT o.payment_reference, o.order_id, NULL, {_ORDER} FROM orders o
    WHERE o.payment_reference = ANY(:keys) AND o.follow_up_of <> '' AND o.workflow_started_at IS NOT NULL
""")
FIND_ORDER = prepared(f"""
    SELECT wanted.key, o.order_id AS target, NULL AS case_id, {_ORDER}
    FROM unnest(CAST(:keys AS text[])) AS wanted(key)
    JOIN orders o ON o.channel = split_part(wanted.key, '/', 1)
        AND o.channel_order_id = substr(wanted.key, strpos(wanted.key, '/') + 1)
    WHERE o.workflow_started_at IS NOT NULL
""")
FIND = {
    "waybill": FIND_WAYBILL,
    "return": FIND_RETURN,
    "payment": FIND_PAYMENT,
    "dispute": FIND_PAYMENT,
    "refund": FIND_REFUND,
}
FOUND_ALREADY = ("fulfillment_order", "shipment")
"""Kinds of webhooks whose orders are found while they are taken."""
REQUEST = "return.requested"
REFUSED, ENDED = "refused", "ended"
CANCEL, EDIT = "order.cancel_requested", "order.edit_asked"
CANCEL_ANSWERED = text("""
    INSERT INTO order_events (order_id, type, key, actor, data)
    VALUES (:order_id, 'order.cancel_answered', 'cancel_answered', 'baton', CAST(:data AS jsonb))
    ON CONFLICT DO NOTHING
""")
# An order that ended without delivery has nothing to cancel.
COMPLETED = text("SELECT order_id FROM orders WHERE order_id = :order_id AND status = 'completed'")


@dataclass(frozen=True)
class Waiting:
    """A stored webhook and the order it is about."""

    event: PartnerEvent
    sequence: int
    order: Row[Any]
    case_id: str | None

    @property
    def key(self) -> tuple[str, str]:
        return self.event.partner, self.event.event_id

    @property
    def asks_for_return(self) -> bool:
        return self.event.type == REQUEST

    @property
    def asks_for_cancel(self) -> bool:
        return self.event.type == CANCEL

    @property
    def asks_for_edit(self) -> bool:
        return self.event.type == EDIT

    @property
    def workflow_id(self) -> str:
        channel, channel_order_id = self.order.channel, self.order.channel_order_id
        if self.case_id is None:
            return order_workflow_id(channel, channel_order_id)
        return return_workflow_id(channel, channel_order_id, self.case_id)


class Rows:
    """Every method is one short transaction."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions

    def take(self, which: TextClause) -> Sequence[Row[Any]]:
        with autocommit(self.sessions) as session:
            return session.execute(which, {"batch": BATCH}).all()

    def mark_started(self, orders: Iterable[str]) -> None:
        with autocommit(self.sessions) as session:
            session.execute(MARK_ORDERS, {"done": list(orders)})

    def mark_carried(self, rows: Sequence[Row[Any]]) -> None:
        """Mark by primary key: any other search would read more rows each day."""
        keys = {"partners": [row.partner for row in rows], "event_ids": [row.event_id for row in rows]}
        with autocommit(self.sessions) as session:
            session.execute(MARK_EVENTS, keys)

    def put_off(self, rows: Sequence[Row[Any]], unknown: set[int]) -> None:
        """Try these rows later. Those with a sequence number in `unknown` have no order, parcel or payment yet."""
        values = {
            "partners": [row.partner for row in rows],
            "event_ids": [row.event_id for row in rows],
            "unknown": [row.sequence in unknown for row in rows],
        }
        with autocommit(self.sessions) as session:
            session.execute(PUT_OFF, values)

    def call_a_person(self, order_id: str, code: str, reason: str, about: str) -> None:
        with self.sessions.begin() as session:
            call_to(session, order_id, code, reason, about)

    def keep_cancel_answer(self, order_id: str, answer: str, detail: str) -> None:
        """Log the answer to a channel's cancellation, and call a person if the order can no longer be canceled."""
        with self.sessions.begin() as session:
            data = json.dumps({"answer": answer, "detail": detail})
            session.execute(CANCEL_ANSWERED, {"order_id": order_id, "data": data})
            if answer == REFUSED:
                reason = f"the channel canceled the order: {detail}"
                call_to(session, order_id, CANCEL_REFUSED, reason, REFUSED)
            elif answer == ENDED and session.execute(COMPLETED, {"order_id": order_id}).first():
                call_to(session, order_id, CANCEL_REFUSED, detail, ENDED)

    def take_events(self) -> tuple[list[Row[Any]], list[Waiting]]:
        """Lease a batch of webhooks; return each once, and those about the work of orders with each order."""
        taken = self.take(TAKE_EVENTS)
        return list({row.sequence: row for row in taken}.values()), [_waiting(row, row) for row in taken if row.target]

    def find(self, rows: Sequence[Row[Any]]) -> list[Waiting]:
        """Return those of other kinds whose order is there; the others stay waiting."""
        found: list[Waiting] = []
        by_kind: dict[str, list[Row[Any]]] = {}
        for row in rows:
            if (kind := _kind(row)) not in FOUND_ALREADY:
                by_kind.setdefault(kind, []).append(row)
        if not by_kind:
            return []
        with reading(self.sessions) as session:
            for kind, same_kind in by_kind.items():
                keys = list({row.subject for row in same_kind})
                targets = session.execute(FIND.get(kind, FIND_ORDER), {"keys": keys})
                # Several orders may share a parcel: the event goes to each of them.
                found += [_waiting(row, target) for target in targets for row in same_kind if row.subject == target.key]
        return found


def key_of(event: Row[Any] | PartnerEvent) -> str:
    """Return the subject under which a webhook is set aside: `partner/event_id`."""
    return f"{event.partner}/{event.event_id}"


def _kind(row: Row[Any]) -> str:
    return REQUEST if row.type == REQUEST else str(row.type).partition(".")[0]


def _waiting(row: Row[Any], order: Row[Any]) -> Waiting:
    case_id = row.event_case if row.type == REQUEST else order.case_id
    return Waiting(PartnerEvent(row.partner, row.event_id, row.type, order.target), row.sequence, order, case_id)
