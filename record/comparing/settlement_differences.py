"""Compare what settlements say with what was sold, order by order, over all files: fees, reserves, payouts and rates
explain what is paid out; only what they do not explain is a difference.

Differences are those of the partner `channel` in its book `settlements`. Their subjects are our order, our order with
`/refund` or `/rate`, `unknown/` and the file's name of an order, or `transfer/` and a settlement.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row, func, select, text
from sqlalchemy.orm import Session

from domain.money import Money
from domain.settlements import LATE
from domain.statements import Difference, Kind
from models.database import Sessions
from models.settlements import SettledAmountRow, SettlementRow
from record.comparing.differences import keep_differences
from record.comparing.settlement_disputes import tell_disputes

PARTNER, BOOK = "channel", "settlements"
AT_ONCE = 2_000
"""Orders compared in one transaction."""
S = SettledAmountRow

# A file is of whoever collects the order's own payment: what is paid otherwise is not in it, nor are balances of ours.
IN_FILES = """(strpos(m.key, '@') = 0
    OR CASE payment_terms WHEN 'platform' THEN 'platform' ELSE 'gateway' END = coalesce(
    (SELECT kind FROM tenders AS t WHERE t.order_id = m.order_id AND t.reference = split_part(m.key, '@', 2)),
    'gateway'))"""
# A refund that the platform has not settled yet is no difference until it is late.
_SIDES = text(f"""
    WITH wanted AS (SELECT unnest(CAST(:orders AS text[])) AS order_id),
    settled AS (
        SELECT order_id, currency,
            coalesce(sum(amount_minor) FILTER (WHERE kind = 'sale'), 0) AS sold,
            coalesce(-sum(amount_minor) FILTER (WHERE kind = 'refund'), 0) AS back,
            count(*) FILTER (WHERE problem <> '') AS problems
        FROM settled_amounts JOIN wanted USING (order_id)
        WHERE kind IN ('sale', 'refund') GROUP BY order_id, currency),
    booked AS (
        SELECT order_id, currency,
            coalesce(sum(amount_minor) FILTER (WHERE kind = 'captured'), 0) AS sold,
            coalesce(sum(amount_minor) FILTER (WHERE kind = 'refunded'), 0) AS back,
            max(at) FILTER (WHERE kind = 'refunded') AS at
        FROM (
            SELECT m.* FROM money_movements AS m JOIN wanted USING (order_id) JOIN orders USING (order_id)
            WHERE kind IN ('captured', 'refunded') AND NOT starts_with(m.key, 'dispute:') AND {IN_FILES}) AS m
        GROUP BY order_id, currency)
    SELECT order_id, currency, coalesce(booked.sold, 0) AS our_sold, coalesce(settled.sold, 0) AS their_sold,
        coalesce(booked.back, 0) AS our_back, coalesce(settled.back, 0) AS their_back,
        coalesce(settled.problems, 0) AS problems,
        coalesce(booked.at < now() - CAST(:late AS interval), false) AS late
    FROM settled FULL JOIN booked USING (order_id, currency)
""")
_UNKNOWN = text("""
    SELECT name, currency, sum(amount_minor) AS minor
    FROM settled_amounts CROSS JOIN LATERAL (SELECT coalesce(
        nullif(order_name, ''), nullif(payment, ''), 'row ' || row_no) AS name) AS named
    WHERE settlement_id = :settlement_id AND order_id IS NULL AND kind IN ('sale', 'refund', 'dispute')
        AND name > :after
    GROUP BY name, currency ORDER BY name LIMIT :at_once
""")
# A file that names what it transfers adds up to nothing; another one says nothing of it.
_TRANSFER = text("""
    SELECT coalesce(nullif(payout_currency, ''), currency) AS currency,
        sum(coalesce(payout_minor, amount_minor)) AS minor,
        -sum(coalesce(payout_minor, amount_minor)) FILTER (WHERE kind = 'transfer') AS transferred
    FROM settled_amounts WHERE settlement_id = :settlement_id AND kind <> 'broken'
    GROUP BY 1 HAVING count(*) FILTER (WHERE kind = 'transfer') > 0
""")
# What a channel collected since its first file came, and long ago, must be in some file by now.
_MISSING = text(f"""
    SELECT order_id, orders.currency, sum(m.amount_minor) AS minor
    FROM orders JOIN money_movements AS m USING (order_id)
    WHERE channel = :channel AND payment_terms = 'platform' AND m.kind = 'captured' AND order_id > :after AND {IN_FILES}
        AND m.at > (SELECT min(received_at) FROM settlements WHERE channel = :channel)
        AND m.at < now() - CAST(:late AS interval)
        AND NOT EXISTS (SELECT FROM settled_amounts AS s WHERE s.order_id = orders.order_id AND s.kind = 'sale')
    GROUP BY order_id, orders.currency ORDER BY order_id LIMIT :at_once
""")


def compare(sessions: Sessions, settlement_id: str) -> None:
    """Compare the orders of a settlement that was read, and what its channel should have settled; go on where an
    interrupted comparison was."""
    while _compare_batch(sessions, settlement_id):
        pass
    with sessions.begin() as session:
        row = session.scalars(_settlement(settlement_id).with_for_update()).one()
        if row.state != "comparing":
            return
        _compare_unknown(session, settlement_id)
        _compare_transfer(session, settlement_id)
        tell_disputes(session, settlement_id)
        if row.channel:
            _find_missing(session, row.channel)
        row.state, row.done_at = "done", func.now()


def _compare_batch(sessions: Sessions, settlement_id: str) -> bool:
    """Compare the next orders. False if there are none."""
    with sessions.begin() as session:
        row = session.scalars(_settlement(settlement_id).with_for_update()).one()
        if row.state != "comparing":
            return False
        mine = S.settlement_id == settlement_id, S.order_id > row.compared
        orders = session.scalars(select(S.order_id).where(*mine).distinct().order_by(S.order_id).limit(AT_ONCE)).all()
        if not orders:
            return False
        compare_orders(session, [one for one in orders if one])
        row.compared = orders[-1] or ""
        return True


def compare_orders(session: Session, orders: Sequence[str]) -> None:
    """Compare these orders by all settlements, and keep what differs."""
    sides = session.execute(_SIDES, {"orders": list(orders), "late": LATE}).all()
    found = [difference for side in sides for difference in _differ(side)]
    subjects = [subject for one in orders for subject in (one, f"{one}/refund", f"{one}/rate")]
    keep_differences(session, PARTNER, BOOK, subjects, found)


def _differ(side: Row[Any]) -> Iterator[Difference]:
    if side.our_sold != side.their_sold:
        yield _amount(side.order_id, side.our_sold, side.their_sold, side.currency)
    if side.their_back > side.our_back or (side.their_back < side.our_back and side.late):
        yield _amount(f"{side.order_id}/refund", side.our_back, side.their_back, side.currency)
    if side.problems:
        yield Difference(Kind.AMOUNT_DIFFERS, f"{side.order_id}/rate", "", "the payout is not the amount at its rate")


def _compare_unknown(session: Session, settlement_id: str) -> None:
    after = ""
    while rows := session.execute(_UNKNOWN, {"settlement_id": settlement_id, "after": after, "at_once": AT_ONCE}).all():
        found = [
            Difference(Kind.UNKNOWN_HERE, f"unknown/{one.name}", "", _text(int(one.minor), one.currency))
            for one in rows
        ]
        keep_differences(session, PARTNER, BOOK, [one.subject for one in found], found)
        after = rows[-1].name


def _compare_transfer(session: Session, settlement_id: str) -> None:
    subject, found = f"transfer/{settlement_id}", list[Difference]()
    for one in session.execute(_TRANSFER, {"settlement_id": settlement_id}):
        if one.minor:
            explained = int(one.minor) + int(one.transferred)
            found.append(_amount(subject, explained, int(one.transferred), one.currency))
    keep_differences(session, PARTNER, BOOK, [subject], found)


def _find_missing(session: Session, channel: str) -> None:
    after = ""
    asked = {"channel": channel, "late": LATE, "at_once": AT_ONCE}
    while rows := session.execute(_MISSING, asked | {"after": after}).all():
        found = [Difference(Kind.MISSING_THERE, one.order_id, _text(int(one.minor), one.currency), "") for one in rows]
        keep_differences(session, PARTNER, BOOK, [one.subject for one in found], found)
        after = rows[-1].order_id


def _settlement(settlement_id: str) -> Any:
    return select(SettlementRow).where(SettlementRow.settlement_id == settlement_id)


def _amount(subject: str, ours: int, theirs: int, currency: str) -> Difference:
    return Difference(Kind.AMOUNT_DIFFERS, subject, _text(ours, currency), _text(theirs, currency))


def _text(minor: int, currency: str) -> str:
    return f"{Money(minor, currency).text} {currency}"
