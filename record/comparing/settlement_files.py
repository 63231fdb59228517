"""Take settlement files: each once by the hash of its content, batch by batch, so that an interrupted one goes on."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import IO, Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.settlements import NotASettlement, RowKind, SettledAmount
from integrations.settlements.reading import BrokenRow, rows_of
from integrations.settlements.registry import FORMATS
from models.database import Sessions
from models.settlements import SettledAmountRow, SettlementRow
from record.comparing.settlement_differences import compare
from record.orders.payment_claims import FIRST_TO_NAME
from record.recordset import insert_recordset

AT_ONCE = 2_000
"""Rows of a file in one transaction."""
MAX_LINES = 2_000_000
"""Lines of a file: each is a row that is kept."""
READING, COMPARING, DONE = "reading", "comparing", "done"
_INSERT = insert_recordset(
    SettledAmountRow,
    "settlement_id, row_no, part, kind, fee, order_id, order_name, payment, amount_minor, currency, payout_minor,"
    " payout_currency, rate, at, reference, problem",
)
# The index of orders by channel is read once a channel, and not once an order.
_CHANNELS = text("""
    WITH RECURSIVE known AS (
        (SELECT channel FROM orders ORDER BY channel LIMIT 1)
        UNION ALL
        SELECT (SELECT channel FROM orders WHERE channel > known.channel ORDER BY channel LIMIT 1) FROM known
        WHERE known.channel IS NOT NULL)
    SELECT channel FROM known WHERE channel IS NOT NULL
""")
# A payment names its one order, unless several share it; a channel's number may be another channel's as well, so that
# then the payment counts.
_FIND = text(f"""
    SELECT name, order_id, true AS by_payment
    FROM unnest(CAST(:payments AS text[])) AS p (name) CROSS JOIN LATERAL (SELECT coalesce(
        (SELECT order_id FROM payments WHERE reference = name), ({FIRST_TO_NAME.format(reference="name")})) AS order_id
    ) AS owner JOIN orders USING (order_id)
    WHERE channel = ANY(:channels) AND follow_up_of = '' AND NOT shared_payment
    UNION ALL
    SELECT channel_order_id, min(order_id), false
    FROM unnest(CAST(:channels AS text[])) AS c (name) CROSS JOIN unnest(CAST(:orders AS text[])) AS o (name)
    JOIN orders ON channel = c.name AND channel_order_id = o.name
    WHERE follow_up_of = '' GROUP BY 1 HAVING count(*) = 1
""")
Tell = Callable[[int], None]
Numbered = Sequence[tuple[int, list[SettledAmount] | BrokenRow]]


@dataclass(frozen=True, slots=True)
class SettlementFile:
    """A file, the name of its format, where it is from, and who sends it. An empty `channel` looks for its orders in
    all channels."""

    content: IO[bytes]
    format: str
    channel: str
    actor: str


class TakenOtherwise(Exception):
    """The same file was taken as one of another format or channel."""


def take(sessions: Sessions, file: SettlementFile, tell: Tell = lambda rows: None) -> str:
    """Take the file and compare its orders; return its id. Safe to call again, also at once: what was taken stays.

    Raises NotASettlement, and TakenOtherwise.
    """
    settlement_id = _open(sessions, file)
    file.content.seek(0)
    numbered = enumerate(rows_of(file.content, FORMATS[file.format]), 1)
    while batch := list(islice(numbered, AT_ONCE)):
        with sessions.begin() as session:
            _take(session, _lock(session, settlement_id), batch)
        tell(batch[-1][0])
    with sessions.begin() as session:
        row = _lock(session, settlement_id)
        row.state = COMPARING if row.state == READING else row.state
    compare(sessions, settlement_id)
    return settlement_id


def _open(sessions: Sessions, file: SettlementFile) -> str:
    digest, lines = sha256(), 0
    file.content.seek(0)
    while part := file.content.read(1_000_000):
        digest.update(part)
        lines += max(part.count(b"\n"), part.count(b"\r"))
        if lines > MAX_LINES:
            raise NotASettlement(f"a file may have {MAX_LINES:,} lines: split it")
    settlement_id = f"set_{digest.hexdigest()[:32]}"
    about = {"format": file.format, "channel": file.channel}
    with sessions.begin() as session:
        # Nothing is kept of a file that is none of its format.
        if session.get(SettlementRow, settlement_id) is None:
            file.content.seek(0)
            next(rows_of(file.content, FORMATS[file.format]), None)
        new = insert(SettlementRow).values(settlement_id=settlement_id, actor=file.actor, **about)
        session.execute(new.on_conflict_do_nothing())
        row = _lock(session, settlement_id)
        if (row.format, row.channel) != (file.format, file.channel):
            raise TakenOtherwise(f"this file was taken as {row.format} of {row.channel or 'all channels'}")
    return settlement_id


def _lock(session: Session, settlement_id: str) -> SettlementRow:
    return session.scalars(
        select(SettlementRow).where(SettlementRow.settlement_id == settlement_id).with_for_update()
    ).one()


def _take(session: Session, settlement: SettlementRow, batch: Numbered) -> None:
    """Store the rows that were not taken before."""
    new = [(number, found) for number, found in batch if number > settlement.rows]
    if not new:
        return
    by_payment, by_order = _orders(session, settlement.channel, new)
    rows = list[dict[str, Any]]()
    for number, found in new:
        place = {"settlement_id": settlement.settlement_id, "row_no": number}
        if isinstance(found, BrokenRow):
            settlement.broken += 1
            rows.append(place | _columns(None) | {"part": 1, "kind": RowKind.BROKEN, "problem": str(found)[:200]})
            continue
        for part, one in enumerate(found, 1):
            order_id = by_payment.get(one.payment) or by_order.get(one.order)
            rows.append(place | _columns(one) | {"part": part, "kind": one.kind, "order_id": order_id})
    session.execute(_INSERT, {"rows": json.dumps(rows)})
    settlement.rows = new[-1][0]


def _columns(one: SettledAmount | None) -> dict[str, Any]:
    payout = one.payout if one else None
    return {
        "fee": one.fee if one else "",
        "order_name": one.order if one else "",
        "payment": one.payment if one else "",
        "amount_minor": one.amount.minor_units if one else 0,
        "currency": one.amount.currency if one else "",
        "payout_minor": payout.minor_units if payout else None,
        "payout_currency": payout.currency if payout else "",
        "rate": str(one.rate) if one and one.rate is not None else None,
        "at": one.at.isoformat() if one and one.at else None,
        "reference": one.reference if one else "",
        "problem": "" if one is None or one.explained else "the payout is not the amount at its rate",
    }


def _orders(session: Session, channel: str, batch: Numbered) -> tuple[dict[str, str], dict[str, str]]:
    """Return our orders by the payments and by the numbers that these rows name."""
    amounts = [one for _, found in batch if not isinstance(found, BrokenRow) for one in found]
    orders = sorted({one.order for one in amounts} - {""})
    payments = sorted({one.payment for one in amounts} - {""})
    found: tuple[dict[str, str], dict[str, str]] = {}, {}
    channels = [channel] if channel else list(session.scalars(_CHANNELS))
    for row in session.execute(_FIND, {"orders": orders, "payments": payments, "channels": channels}):
        found[0 if row.by_payment else 1][row.name] = row.order_id
    return found
