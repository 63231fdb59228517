"""The invariants of money: captured, paid back, charged by edits, and kept as store credit."""

from collections.abc import Mapping

from iso4217 import Currency

from commands.verify_statuses import CASE_ENDED, UNDONE
from domain.money import minor_digits
from record.orders.payment_claims import FIRST_TO_NAME

MONEY = """
    SELECT order_id || ' ' || currency AS id,
        coalesce(sum(amount_minor) FILTER (WHERE kind IN ('refunded', 'credited', 'moved', 'forfeited')), 0)
            > coalesce(sum(amount_minor) FILTER (WHERE kind = 'captured'), 0) AS wrong
    FROM money_movements GROUP BY order_id, currency"""

# What a person is to pay back at a channel, or a payment is asked for, has not moved yet.
ASKED_FOR_CASE = "EXISTS (SELECT FROM asked_refunds WHERE asked_refunds.return_id = returns.return_id)"

# The money that stays with us: paid for goods that were kept, and fees on goods that came back. Moved money pays for a
# follow-up order, credited money is the customer's to buy with. A refund without a case is for the whole order or for
# canceled lines.
KEPT = """CASE WHEN kind = 'captured' THEN amount_minor
    WHEN kind IN ('refunded', 'credited', 'moved') THEN -amount_minor ELSE 0 END"""

VALUE_KEPT = f"""
    SELECT order_id AS id, NOT under_way AND (kept <> paid - given OR given > paid OR worth > paid) AS wrong,
        under_way AS waiting
    FROM (
        SELECT order_id, sum({KEPT}) AS kept,
            coalesce(sum(amount_minor) FILTER (WHERE kind = 'captured'), 0)
                - coalesce(sum(amount_minor) FILTER (WHERE kind = 'refunded' AND return_id IS NULL), 0) AS paid
        FROM money_movements GROUP BY order_id) AS money
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(value_minor), 0) AS worth, coalesce(sum(value_minor - fee), 0) AS given,
            coalesce(bool_or((status NOT IN ({CASE_ENDED}) OR {ASKED_FOR_CASE}) AND value_minor IS NOT NULL), false)
                AS under_way
        FROM returns CROSS JOIN LATERAL (
            SELECT coalesce(sum(value::bigint), 0) AS fee FROM jsonb_each_text(fees)) AS kept_back
        WHERE returns.order_id = money.order_id) AS cases"""

# Goods given back before they were shipped are refunded by their return case, which may still be under way.
PAID_BACK = f"""
    SELECT order_id AS id, kept > asked AND attention IS NULL AND NOT in_case AS wrong,
        kept > 0 AND attention IS NULL AND (in_case OR asked > 0) AS waiting
    FROM (
        SELECT order_id, attention,
            sum({KEPT}) - coalesce(sum(amount_minor) FILTER (WHERE kind = 'forfeited'), 0) AS kept,
            EXISTS (SELECT FROM returns WHERE returns.order_id = orders.order_id AND status NOT IN ({CASE_ENDED}))
                AS in_case,
            (SELECT coalesce(sum(amount_minor), 0) FROM asked_refunds WHERE asked_refunds.order_id = orders.order_id)
                AS asked
        FROM orders JOIN money_movements USING (order_id) WHERE status IN ({UNDONE}) GROUP BY order_id
    ) AS undone"""

# Events carry amounts as decimals, the ledger of money has minor units.
NOT_HUNDREDTHS = {currency.code: 10 ** minor_digits(currency.code) for currency in Currency if currency.exponent != 2}
UNITS = " ".join(f"WHEN '{code}' THEN {units}" for code, units in NOT_HUNDREDTHS.items())
BOOKED = f"""
    SELECT event_id AS id, missing AND relayed_at IS NOT NULL AS wrong, missing AND relayed_at IS NULL AS waiting
    FROM (
        SELECT event_id, relayed_at, CAST(data->>'amount' AS numeric) * CASE data->>'currency' {UNITS} ELSE 100 END >
            (SELECT coalesce(sum(amount_minor), 0) FROM money_movements
             WHERE money_movements.order_id = whose.order_id AND kind = 'captured' AND currency = data->>'currency')
            AS missing
        FROM partner_events
        CROSS JOIN LATERAL (SELECT coalesce(
            (SELECT order_id FROM payments WHERE reference = subject),
            ({FIRST_TO_NAME.format(reference="subject")})) AS order_id) AS whose
        WHERE type = 'payment.captured' AND partner = 'payments' AND whose.order_id IS NOT NULL
            AND NOT EXISTS (SELECT FROM payment_parts WHERE payment_parts.reference = subject)) AS told"""

CAPTURED_ONCE = """
    SELECT gateway_reference AS id, count(DISTINCT order_id) > 1 AS wrong
    FROM money_movements JOIN orders USING (order_id)
    WHERE kind = 'captured' AND follow_up_of = '' AND NOT shared_payment
    GROUP BY gateway_reference"""

CHARGED = """
    SELECT order_id AS id, charge_minor <> coalesce(to_pay, 0) AS wrong
    FROM orders LEFT JOIN (
        SELECT order_id, sum(amount_minor) AS to_pay FROM payment_links WHERE state = 'open' GROUP BY order_id
    ) AS links USING (order_id)
    WHERE charge_minor <> 0 OR to_pay IS NOT NULL"""

LINK_PAID = """
    SELECT reference AS id, coalesce(paid, 0) <> amount_minor AS wrong
    FROM payment_links LEFT JOIN (
        SELECT split_part(key, '@', 2) AS reference, sum(amount_minor) AS paid
        FROM money_movements WHERE kind = 'captured' GROUP BY 1) AS money USING (reference)
    WHERE state = 'paid'"""

# Each order of a shared payment has captured no more than its part, and the parts are no more than the payment.
PARTS = """
    SELECT part.reference || ' ' || part.order_id AS id,
        coalesce(sum(part.amount_minor) OVER (PARTITION BY part.reference), 0) > coalesce(payments.shared_minor, 0)
            OR coalesce(money.minor, 0) > part.amount_minor AS wrong
    FROM payment_parts AS part JOIN payments USING (reference) LEFT JOIN (
        SELECT order_id, sum(amount_minor) AS minor FROM money_movements
        WHERE kind = 'captured' AND strpos(key, '@') = 0 GROUP BY order_id
    ) AS money ON money.order_id = part.order_id"""

TENDERED = """
    SELECT order_id AS id, tendered_minor <> coalesce(named, 0) AS wrong
    FROM orders LEFT JOIN (SELECT order_id, sum(amount_minor) AS named FROM tenders GROUP BY order_id) AS apart
        USING (order_id)
    WHERE tendered_minor <> 0 OR named IS NOT NULL"""

# Of orders with several payments: their own, each tender and each link. Store credit and moved
# money are of the order as a whole.
BY_PAYMENT = """
    SELECT order_id || ' ' || currency || ' ' || split_part(key, '@', 2) AS id,
        coalesce(sum(amount_minor) FILTER (WHERE kind = 'refunded'), 0)
            > coalesce(sum(amount_minor) FILTER (WHERE kind = 'captured'), 0) AS wrong
    FROM money_movements WHERE order_id IN (SELECT order_id FROM money_movements WHERE strpos(key, '@') > 0)
    GROUP BY order_id, currency, split_part(key, '@', 2)"""

INVOICED = """
    SELECT invoice_id AS id,
        settled_minor <> coalesce(settled, 0) OR coalesce(paid, 0) <> coalesce(captured, 0)
            OR (closed_at IS NULL) <> (settled_minor < amount_minor) AS wrong
    FROM invoices
    LEFT JOIN (
        SELECT invoice_id, sum(CASE kind WHEN 'recovered' THEN -amount_minor ELSE amount_minor END) AS settled,
            sum(amount_minor) FILTER (WHERE kind = 'payment') AS paid
        FROM invoice_entries GROUP BY invoice_id) AS entries USING (invoice_id)
    LEFT JOIN (
        SELECT split_part(key, ':', 3) AS invoice_id, sum(amount_minor) AS captured FROM money_movements
        WHERE kind = 'captured' AND split_part(key, ':', 4) <> '' GROUP BY 1) AS money USING (invoice_id)"""

CASE_PAID = f"""
    SELECT return_id AS id, differs AND ended AS wrong, differs AND NOT ended AS waiting
    FROM returns
    LEFT JOIN (
        SELECT return_id, sum(amount_minor) AS paid FROM money_movements WHERE kind IN ('refunded', 'credited')
        GROUP BY return_id
    ) AS money USING (return_id)
    CROSS JOIN LATERAL (
        SELECT coalesce(refund_minor, 0) <> coalesce(paid, 0) AS differs,
            status IN ({CASE_ENDED}) AND NOT {ASKED_FOR_CASE} AS ended) AS state"""

# An open task has its money set aside; what of it was paid before is booked under keys that begin with its own.
TASKS = """
    SELECT CAST(task_id AS text) AS id,
        coalesce(set_aside, 0) + coalesce((SELECT sum(amount_minor) FROM money_movements AS m
            WHERE m.order_id = refund_tasks.order_id AND split_part(m.key, '@', 2) = split_part(key, '@', 2)
                AND (m.key = refund_tasks.key OR starts_with(m.key, split_part(key, '@', 1) || ':part:'))), 0)
            <> amount_minor OR (done_at IS NULL) <> (set_aside IS NOT NULL) AS wrong
    FROM refund_tasks CROSS JOIN LATERAL (SELECT sum(a.amount_minor) AS set_aside FROM asked_refunds AS a
        WHERE a.key || CASE a.link WHEN '' THEN '' ELSE '@' || a.link END = refund_tasks.key) AS asked"""

# The settlement of late payments asks again for those of which nobody has heard (record/orders/asked_refunds.py).
UNANSWERED = """
    SELECT key || CASE link WHEN '' THEN '' ELSE '@' || link END AS id, asked_at < now() - interval '1 day' AS wrong,
        asked_at >= now() - interval '1 day' AS waiting
    FROM asked_refunds WHERE NOT starts_with(key, 'dispute:') AND NOT EXISTS (
        SELECT FROM refund_tasks WHERE refund_tasks.key = asked_refunds.key
            || CASE link WHEN '' THEN '' ELSE '@' || link END)"""

CREDITS = """
    SELECT coalesce(credit.code, movement.key) AS id,
        (credit.amount_minor, credit.currency, credit.return_id)
            IS DISTINCT FROM (movement.amount_minor, movement.currency, movement.return_id) AS wrong
    FROM store_credits AS credit
    FULL JOIN (SELECT * FROM money_movements WHERE kind = 'credited') AS movement USING (key)
    WHERE credit.issued_by = '' OR credit.code IS NULL"""

BALANCES = """
    SELECT credit_id AS id, spent_minor <> coalesce(moved, 0) AS wrong
    FROM store_credits LEFT JOIN (
        SELECT credit_id, sum(CASE kind WHEN 'spent' THEN amount_minor ELSE -amount_minor END) AS moved
        FROM store_credit_movements GROUP BY credit_id) AS movements USING (credit_id)
    WHERE spent_minor <> 0 OR moved IS NOT NULL"""

# What orders have captured from balances, and paid back to them.
SPENT = """
    SELECT coalesce(spent.key, money.key) AS id,
        (spent.order_id, spent.amount_minor) IS DISTINCT FROM (money.order_id, money.amount_minor) AS wrong
    FROM store_credit_movements AS spent
    FULL JOIN (
        SELECT movement.* FROM tenders JOIN money_movements AS movement USING (order_id)
        WHERE tenders.kind IN ('store_credit', 'gift_card') AND split_part(movement.key, '@', 2) = tenders.reference
    ) AS money USING (key)"""

# Taken money is set aside while it is not decided, booked as refunded when it is lost, and free when it is won.
DISPUTES = """
    SELECT dispute_id AS id,
        coalesce((SELECT sum(amount_minor) FROM asked_refunds WHERE key = 'dispute:' || dispute_id), 0)
            <> CASE outcome WHEN '' THEN taken_minor ELSE 0 END
        OR coalesce((SELECT sum(amount_minor) FROM money_movements AS m
            WHERE m.order_id = disputes.order_id
                AND (m.key = 'dispute:' || dispute_id OR starts_with(m.key, 'dispute:' || dispute_id || '@'))), 0)
            <> CASE outcome WHEN 'lost' THEN taken_minor ELSE 0 END AS wrong
    FROM disputes"""

MONEY_QUERIES: Mapping[str, str] = {
    "no order was refunded more than was captured": MONEY,
    "what is kept of an order's money is the value that did not come back": VALUE_KEPT,
    "undone orders gave all money back, or a person was called": PAID_BACK,
    "every captured payment that the gateway reported is booked": BOOKED,
    "no payment pays for two orders": CAPTURED_ONCE,
    "no order has more of a shared payment than its part, and the parts are no more than all": PARTS,
    "what edits charge is what open payment links are for": CHARGED,
    "what tenders pay of an order's price is the sum of its tenders": TENDERED,
    "no payment paid back more than it paid": BY_PAYMENT,
    "every paid link has its money": LINK_PAID,
    "what was paid of invoices is captured, and nothing else of them": INVOICED,
    "every return case paid back what it says": CASE_PAID,
    "every refund that a person pays is set aside until it is booked": TASKS,
    "every refund that was asked for has its answer within a day": UNANSWERED,
    "money in dispute is set aside, booked when it is lost and free when it is won": DISPUTES,
    "every store credit has its movement of money, and the other way round": CREDITS,
    "what is spent of every balance is the sum of its movements": BALANCES,
    "what orders take from balances is captured for them, and the other way round": SPENT,
}
