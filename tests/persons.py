"""The columns of text in which a person may be named, found by metadata.

`FREE_TEXT` are those in which somebody may write, each with a value that names a person. `CODES` are all others, with
the reason why they name nobody. A new column of text belongs in one of the two.
"""

import re
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from sqlalchemy import ARRAY, LargeBinary, String, text
from sqlalchemy.dialects.postgresql import JSONB

import models
from domain.fact_words import WORDS
from models.base import Base
from models.database import Sessions
from models.packed import Packed

ZHUGE = re.compile(r"Zhuge[\w-]+")
TEXT = String | JSONB | ARRAY | LargeBinary | Packed
WORD = "CAST(:word AS text)"
_THERE = "jsonb_build_object({})".format(
    ", ".join(f"'{name}', {WORD}" for name in ("reason", "note", "name", "code", "remark", "sender"))
)
_PHOTOS = f"'photos', jsonb_build_array({WORD}), 'grade', {WORD}"
_LINE = f"jsonb_build_array(jsonb_build_object('sku', 'LAMP', 'quantity', 1, {_PHOTOS}))"
_BOX = f"jsonb_build_array(jsonb_build_object('weight_grams', 1, 'packaging', {WORD}))"

PLAIN = """
    orders.receiver_token orders.buyer_token orders.buyer_last4 orders.buyer_name orders.remarks
    orders.merchant_remarks orders.attention orders.province orders.customer_id order_lines.title holds.reason
    holds.note intakes.reason intakes.field missing_orders.detail fulfillment_orders.reason
    stock_movements.reason returns.reason returns.refusal returns.attention address_corrections.reason
    messages.last_error deliveries.body deliveries.answer deliveries.problem store_credits.customer_id
    credit_claims.customer_id invoices.customer_id
    buyer_blocks.reason idempotency_keys.key order_edits.reason notes.words
"""
FREE_TEXT = {
    **dict.fromkeys(PLAIN.split(), WORD),
    "orders.receiver": f"receiver || jsonb_build_object('name', {WORD})",
    "orders.repaired_region": f"jsonb_build_object('district', {WORD})",
    "orders.tags": f"jsonb_build_array({WORD})",
    "orders.instructions": f"jsonb_build_object('gift_message', {WORD}, 'invoice_title', {WORD},"
    f" 'invoice_tax_number', {WORD})",
    "order_lines.properties": f"jsonb_build_array(jsonb_build_array('engraving', {WORD}))",
    "audits.facts": f"jsonb_build_object('address', jsonb_build_object('written', {WORD}))",
    "audits.findings": f"jsonb_build_array(jsonb_build_object('rule', 'r', 'verdict', 'hold', 'code', 'REGION',"
    f" 'reason', {WORD}, 'facts', jsonb_build_object('written', {WORD})))",
    "sourcing_decisions.excluded": f"jsonb_build_object('HANGZHOU', {WORD})",
    "step_results.result": f"jsonb_build_object('verdict', 'reject', 'open', '{{}}'::jsonb, 'reason', {WORD})",
    "kept_histories.happenings": f"jsonb_build_array(jsonb_build_object('name', 'pick', 'failure', {WORD}))",
    "intakes.raw": f"convert_to({WORD}, 'UTF8')",
    "intakes.headers": f"jsonb_build_object('from', {WORD})",
    "intakes.wanted": f"jsonb_build_array(jsonb_build_object('order_id', {WORD}))",
    "partner_events.data": f"data || {_THERE} || jsonb_build_object('lines', {_LINE}, 'parcels', {_BOX})",
    "fulfillment_orders.parcels": _BOX,
    "returns.evidence": f"ARRAY[{WORD}]",
    "returned_goods.photos": f"ARRAY[{WORD}]",
    "notes.attachments": f"ARRAY[{WORD}]",
    "returns.tags": f"jsonb_build_array({WORD})",
    "address_corrections.address": f"jsonb_build_object('name', {WORD})",
    **dict.fromkeys(("order_edits.wanted", "order_edits.was"), f"jsonb_build_object('remarks', {WORD})"),
    "messages.data": f"jsonb_build_object('reason', {WORD}, 'note', {WORD})",
    "idempotency_keys.body": f'\'{{"order_id": "\' || (SELECT order_id FROM orders LIMIT 1) || \'", "x": "\' || {WORD}'
    " || '\"}'",
}
"""For each column in which a person may be named, an SQL expression that puts :word there."""
ROWS = {"stock_movements": "WHERE order_id IS NOT NULL"}
"""The rows to plant in, where only some of a table are about an order."""
LOGGED = f"""
    INSERT INTO order_events (order_id, type, key, actor, data)
    SELECT order_id, 'order.noted', 'noted', 'lin',
        jsonb_build_object({", ".join(f"'{name}', {WORD}" for name in WORDS)}) FROM orders
"""
"""Adds a fact with words; they are stored beside the log, in `event_words`."""

_BY_REASON = {
    "the log of facts: words are set apart from it when they are written": "order_events.data",
    "set apart from facts, and planted with them": "event_words.words event_words.salt",
    "known by what the person is called, and planted with it": """
        buyer_blocks.subject partner_differences.subject credit_accounts.customer_id""",
    "hashes of what is erased, which are emptied or say nothing by themselves": """
        orders.request_hash intakes.digest merges.merge_key remittances.request_hash
        messages.digest fulfillment_orders.pickup_code_hash
        idempotency_keys.fingerprint api_keys.key_hash bulks.request_key bulks.fingerprint event_seals.hash
        promises.region
        trace_leaves.hash trace_roots.root
        trace_roots.previous trace_roots.signature""",
    "a key of a fact, step or movement: ids and codes of ours": """
        order_events.key step_results.key money_movements.key store_credits.key store_credit_movements.key
        asked_refunds.key
        refund_tasks.key invoice_entries.key captures.subject
        messages.message_id messages.same_as
        deliveries.message_id set_asides.subject histories_due.subject kept_histories.workflow_id""",
    "a person of ours or a partner by its name, who is no customer": """
        order_events.actor stock_movements.actor holds.released_by holds.owner_role buyer_blocks.set_by
        address_corrections.asked_by order_edits.actor returns.decided_by carrier_claims.decided_by messages.settled_by
        erasures_due.asked_by deadline_alerts.owner deadline_alerts.escalate_to parameters.set_by parameters.source
        return_reasons.set_by rule_sets.created_by rule_set_log.actor rule_trials.actor stock_counts.counted_by
        track_links.revoked_by orders.assignee returns.assignee notes.actor notes.mentions bulks.actor
        store_credits.issued_by bulks.canceled_by
        exports.created_by refund_tasks.done_by settlements.actor disputes.evidence_by
        credit_accounts.set_by invoice_entries.actor remittances.actor
        subscriptions.created_by api_keys.name partner_events.partner partner_differences.partner promises.holder
        statement_entries.partner stock_exceptions.partner messages.recipient idempotency_keys.holder""",
    "a number that a channel, partner or we gave to an order, parcel, payment, case or event": """
        *.promise_id
        *.order_id *.event_id *.shipment_id *.fulfillment_order_id *.return_id *.subscription_id *.intake_id
        *.merge_id *.purchase_order_id orders.channel_order_id orders.channel_version orders.payment_reference
        payments.reference payment_links.reference tenders.reference payment_parts.reference store_credits.credit_id
        store_credit_movements.credit_id asked_refunds.link
        authorizations.reference *.invoice_id *.remittance_id
        orders.follow_up_of returns.follow_up_id order_lines.channel_line_id intakes.channel_order_id
        missing_orders.channel_order_id fulfillment_orders.wms_reference money_movements.gateway_reference
        partner_events.subject statement_entries.subject shipments.waybill returns.waybill returns.case_id
        photos.case_id photos.photo_id
        channel_uploads.waybill shipment_parcels.sscc address_corrections.correction_id store_credits.code
        goods_receipts.receipt_id stock_counts.count_id stock_differences.count_id warehouse_counts.count_id
        order_edits.edit_id hashed_contacts.last_order_id *.bulk_id bulks.key_id bulk_items.subject_id
        *.export_id exports.key_id
        disputes.payment_reference *.dispute_id
        refund_tasks.reference *.settlement_id settlements.compared settled_amounts.order_name settled_amounts.payment
        settled_amounts.reference
        parcels_elsewhere.key parcels_elsewhere.waybill subscriptions.key_id api_keys.key_id erasures_due.pseudonym""",
    "what staff do with many orders at once: words of theirs are gone when that has ended, filters name nobody": """
        bulks.parameters bulks.filter bulks.command bulk_items.code bulk_items.detail""",
    "lists that are kept: filters that may name a person are refused, and a problem is a code": """
        exports.list exports.filter exports.format exports.cron exports.zone exports.name exports.target
        export_runs.file export_runs.problem export_runs.workflow_run""",
    "a platform's settlement file: payers are not read, and a row that cannot be read is not quoted": """
        settlements.format settled_amounts.fee settled_amounts.payout_currency settled_amounts.problem
        refund_tasks.why disputes.reason_code disputes.stage disputes.outcome""",
    "the places of towns, regions and postal areas of whole countries": "geo_points.* postal_areas.*",
    "a carrier's remittance: waybills, and codes of what differs": "remittances.differences",
    "goods, which are nobody's": """
        promises.units promises.assignments promises.answer
        *.sku *.location_id buffers.buffer_id buffers.goods_class invoices.units captures.units cash_collections.units
        product_parts.bundle_sku product_parts.part_sku product_substitutes.substitute_sku
        order_lines.bundle_of order_lines.substitute_for order_lines.added_by return_lines.replacement_sku
        products.title products.hs_code products.dangerous_goods_class products.goods_class products.channels
        products.return_exclusion channel_listings.channel_sku returned_goods.disposition returned_goods.grade
        stock_exceptions.code stock_exceptions.detail stock_alerts.kind stock_counts.reason stock_counts.lines
        stock_counts.differences stock_differences.kind stock_differences.reason warehouse_counts.kind
        purchase_orders.status channel_uploads.lines parcels_elsewhere.lines parcels_elsewhere.sold
        backorders.proposals sourcing_decisions.assignments
        sourcing_decisions.scores sourcing_decisions.inputs sourcing_decisions.reason""",
    "a status, code, currency, country or carrier out of a list": """
        order_edits.source order_edits.fields order_edits.refused_field order_edits.refusal payment_links.url
        *.channel *.currency *.status *.kind *.type *.milestone *.state *.carrier orders.payment_method orders.country
        authorizations.capture captures.refusal
        orders.payment_terms tenders.method promises.pickup_location orders.promise_state
        orders.language orders.due orders.pickup_location deadline_alerts.due holds.code holds.on_expiry
        returns.reason_code returns.goods returns.refund_to returns.remedy returns.tracking returns.attention_code
        returns.fees carrier_claims.remedy address_corrections.answer shipments.tracking_status shipments.service
        shipments.cost_currency bookings.asked bookings.refusals bookings.offers sourcing_decisions.policy
        sourcing_decisions.solved sourcing_decisions.parameters audits.parameters intakes.translator intakes.source
        missing_orders.reason missing_orders.outcome partner_differences.book partner_differences.ours
        partner_differences.theirs statement_entries.book set_asides.reason idempotency_keys.media_type
        lead_times.region""",
    "the shop's own settings, staff's rules and what they are tried on": """
        channel_accounts.* channel_pulls.* channel_pushes.* channel_listings.last_error locations.* parameters.name
        parameters.value return_reasons.code return_reasons.meaning return_reasons.fault rule_sets.note
        rule_set_log.what rule_set_log.data rule_trials.result rules.* subscriptions.* api_keys.role
        api_keys.location""",
}
CODES = {pattern: reason for reason, patterns in _BY_REASON.items() for pattern in patterns.split()}


def columns_of_text() -> list[str]:
    for module in iter_modules(models.__path__):
        if module.name != "migrations":
            import_module(f"models.{module.name}")
    return [
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, TEXT)
    ]


def why_not_personal(column: str) -> str:
    """Return the reason why a column names nobody, or an empty text if there is none."""
    table, name = column.split(".")
    return next((CODES[key] for key in (column, f"*.{name}", f"{table}.*") if key in CODES), "")


def plant_words(sessions: Sessions) -> Iterator[str]:
    """Name a person in every column of `FREE_TEXT`, in existing rows, by a word of its own each; yield the words."""
    for number, (column, value) in enumerate(FREE_TEXT.items()):
        table, name = column.split(".")
        word = f"Zhuge{number}Liang"
        with sessions.begin() as session:
            planted = f"UPDATE {table} SET {name} = {value} {ROWS.get(table, '')}".replace("::", r"\:\:")
            done = session.execute(text(planted), {"word": word})
            # A table without rows would prove nothing.
            assert done.rowcount, column  # type: ignore[attr-defined]
        yield word
    with sessions.begin() as session:
        session.execute(text(LOGGED), {"word": "Zhuge-in-a-fact"})
        session.execute(text("UPDATE buyer_blocks SET subject = (SELECT receiver_token FROM orders)"))
        session.execute(text("UPDATE credit_accounts SET customer_id = (SELECT customer_id FROM orders)"))
    yield "Zhuge-in-a-fact"


def find_words(sessions: Sessions) -> set[str]:
    """Return the planted words that are still in any row of any table."""
    with sessions() as session:
        tables = session.scalars(text("SELECT relname FROM pg_stat_user_tables")).all()
        rows = [row for table in tables for row in session.scalars(text(f"SELECT t::text FROM {table} t"))]
        rows += session.scalars(text("SELECT convert_from(raw, 'UTF8') FROM intakes")).all()
    return {word for row in rows for word in ZHUGE.findall(row)}
