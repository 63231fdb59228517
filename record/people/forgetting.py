"""The statements that erase a person: one for each place that may name them, run in one transaction.

A test plants a person in every column that takes text, and has for each column that is not emptied the reason why it
names nobody (tests/persons.py).
"""

# Earlier shipments of a parcel that was booked anew are in the log only.
_SHIPMENTS = """
    SELECT shipment_id FROM fulfillment_orders WHERE order_id = ANY(:orders)
    UNION SELECT data->>'shipment_id' FROM order_events WHERE order_id = ANY(:orders) AND data ? 'shipment_id'
"""
_RETURNS = "SELECT return_id FROM returns WHERE order_id = ANY(:orders)"
# Tracking services for all carriers know the waybill only.
_SUBJECTS = f"""
    SELECT channel || '/' || channel_order_id FROM orders WHERE order_id = ANY(:orders)
    UNION SELECT payment_reference FROM orders WHERE order_id = ANY(:orders)
    UNION SELECT fulfillment_order_id FROM fulfillment_orders WHERE order_id = ANY(:orders)
    UNION {_SHIPMENTS}
    UNION SELECT waybill FROM shipments WHERE shipment_id IN ({_SHIPMENTS})
    UNION SELECT waybill FROM returns WHERE order_id = ANY(:orders)
    UNION {_RETURNS}
"""
# Fields with codes, ids and figures. All other fields of partners are removed, whatever their name.
_PLAIN = """
    fulfillment_order_id location_id return_id shipment_id waybill status occurred_at signed accepted payment_reference
    currency amount refund_key case_id channel channel_order_id kind reason_code refund_to carrier formerly version
"""
_WITHOUT = "(SELECT jsonb_agg({row} - ARRAY[{names}]) FROM jsonb_array_elements({rows}) AS {row})"
_LINES = _WITHOUT.format(row="line", names="'photos', 'grade'", rows="data->'lines'")
_PARCELS = _WITHOUT.format(row="parcel", names="'packaging'", rows="data->'parcels'")
_OWN_PARCELS = _WITHOUT.format(row="parcel", names="'packaging'", rows="parcels")


def _gone(*columns: str) -> str:
    """Return assignments that replace every text that is not empty by `erased`."""
    return ", ".join(f"{column} = CASE WHEN {column} <> '' THEN 'erased' ELSE {column} END" for column in columns)


# Facts in the log are codes, so that their hashes stay true (docs/decisions/ids-only.md).
FORGET = (
    """
    INSERT INTO order_events (order_id, type, key, actor, data)
    SELECT order_id, 'person.erased', 'person.erased:' || :pseudonym, :by, jsonb_build_object('pseudonym', :pseudonym)
    FROM unnest(CAST(:orders AS text[])) AS order_id
    """,
    "DELETE FROM event_words WHERE order_id = ANY(:orders)",
    """
    UPDATE intakes SET raw = '', headers = '{}', wanted = '[]', reason = NULL, field = NULL
    WHERE order_id = ANY(:orders)
        OR (channel, channel_order_id) IN (SELECT channel, channel_order_id FROM orders WHERE order_id = ANY(:orders))
    """,
    # What could not be read belongs to no order, but may be an early form of theirs.
    """
    UPDATE intakes SET raw = '', headers = '{}', reason = NULL, field = NULL
    WHERE order_id IS NULL AND status = 'rejected' AND EXISTS (
        SELECT FROM unnest(CAST(:reached AS text[])) AS word WHERE position(convert_to(word, 'UTF8') IN raw) > 0)
    """,
    """
    UPDATE missing_orders SET detail = ''
    WHERE (channel, channel_order_id) IN (SELECT channel, channel_order_id FROM orders WHERE order_id = ANY(:orders))
    """,
    # The same request again is worked again, and finds that it was done or that the order has ended.
    """
    DELETE FROM idempotency_keys WHERE EXISTS (
        SELECT FROM unnest(CAST(:orders AS text[]) || CAST(:reached AS text[]) || CAST(:names AS text[])) AS word
        WHERE position(word IN coalesce(body, '')) > 0 OR position(word IN key) > 0)
    """,
    f"""
    UPDATE partner_events SET data = coalesce((
            SELECT jsonb_object_agg(name, value) FROM jsonb_each(data) AS told (name, value)
            WHERE name = ANY (ARRAY[{", ".join(f"'{name}'" for name in _PLAIN.split())}])), '{{}}')
        || CASE WHEN data ? 'reason' THEN '{{"reason": "erased"}}'::jsonb ELSE '{{}}' END
        || CASE WHEN jsonb_typeof(data->'lines') = 'array'
            THEN jsonb_build_object('lines', coalesce({_LINES}, '[]')) ELSE '{{}}' END
        || CASE WHEN jsonb_typeof(data->'parcels') = 'array'
            THEN jsonb_build_object('parcels', coalesce({_PARCELS}, '[]')) ELSE '{{}}' END
    WHERE subject IN ({_SUBJECTS})
    """,
    f"""
    UPDATE fulfillment_orders SET {_gone("reason")},
        parcels = CASE WHEN jsonb_typeof(parcels) = 'array' THEN coalesce({_OWN_PARCELS}, '[]') ELSE parcels END
    WHERE order_id = ANY(:orders)
    """,
    """
    UPDATE merges SET merge_key = 'erased-' || merge_id
    WHERE merge_id IN (SELECT merge_id FROM fulfillment_orders WHERE order_id = ANY(:orders))
    """,
    """
    UPDATE step_results SET result = result || '{"reason": ""}' WHERE result ? 'reason' AND key = ANY(ARRAY(
        SELECT order_id || ':audit:' || revision FROM audits WHERE order_id = ANY(:orders)))
    """,
    """
    UPDATE audits SET facts = '{}', findings = coalesce((
        SELECT jsonb_agg(finding || '{"reason": "erased", "facts": {}}')
        FROM jsonb_array_elements(findings) AS finding), '[]')
    WHERE order_id = ANY(:orders)
    """,
    "UPDATE sourcing_decisions SET excluded = '{}' WHERE order_id = ANY(:orders)",
    f"UPDATE holds SET {_gone('reason', 'note')} WHERE order_id = ANY(:orders)",
    f"UPDATE stock_movements SET {_gone('reason')} WHERE order_id = ANY(:orders) AND kind <> 'transferred'",
    """
    UPDATE kept_histories SET happenings = coalesce((
        SELECT jsonb_agg(happening || '{"failure": ""}') FROM jsonb_array_elements(happenings) AS happening), '[]')
    WHERE order_id = ANY(:orders) AND jsonb_typeof(happenings) = 'array'
    """,
    """
    UPDATE order_lines SET properties = '[]', title = coalesce(
        (SELECT title FROM products WHERE products.sku = order_lines.sku), order_lines.sku)
    WHERE order_id = ANY(:orders)
    """,
    f"UPDATE returned_goods SET photos = '{{}}' WHERE return_id IN ({_RETURNS})",
    f"""
    UPDATE returns SET reason = 'erased', evidence = '{{}}', tags = '[]', {_gone("refusal", "attention")}
    WHERE order_id = ANY(:orders)
    """,
    # The relay removes the file, and then the row.
    "UPDATE photos SET erased_at = now() WHERE order_id = ANY(:orders)",
    "UPDATE address_corrections SET address = '{}', reason = '' WHERE order_id = ANY(:orders)",
    f"UPDATE order_edits SET wanted = '{{}}', was = '{{}}', {_gone('reason')} WHERE order_id = ANY(:orders)",
    f"UPDATE notes SET attachments = '{{}}', {_gone('words')} WHERE order_id = ANY(:orders)",
    """
    UPDATE messages SET last_error = NULL, data = data - ARRAY['reason', 'note', 'detail']
    WHERE order_id = ANY(:orders)
    """,
    "UPDATE deliveries SET body = '', answer = '', problem = NULL WHERE order_id = ANY(:orders)",
    """
    UPDATE store_credits SET customer_id = :pseudonym
    WHERE order_id = ANY(:orders) OR (order_id IS NULL AND customer_id = ANY(:names))
    """,
    "UPDATE credit_claims SET customer_id = :pseudonym WHERE order_id = ANY(:orders)",
    "UPDATE invoices SET customer_id = :pseudonym WHERE order_id = ANY(:orders)",
    # What the CRM says of a customer's points is about the customer.
    """
    UPDATE partner_differences SET subject = :pseudonym || '/' || difference_id
    WHERE book = 'points' AND subject IN (SELECT customer_id FROM orders WHERE order_id = ANY(:orders))
    """,
    "UPDATE buyer_blocks SET subject = :pseudonym, reason = 'erased' WHERE subject = ANY(:names)",
    # A province that is none was typed.
    f"""
    UPDATE orders SET customer_id = :pseudonym, receiver = '{{}}', receiver_token = '', repaired_region = '{{}}',
        buyer_token = '', buyer_last4 = '', buyer_name = '', remarks = '', merchant_remarks = '', content_hash = NULL,
        phone_hash = NULL, email_hash = NULL, request_hash = :pseudonym, tags = '[]', {_gone("attention")},
        province = CASE WHEN province = ANY(:provinces) THEN province
            WHEN repaired_region->>'province' = ANY(:provinces) THEN repaired_region->>'province' ELSE '' END,
        instructions = instructions - ARRAY['gift_message', 'invoice_title', 'invoice_tax_number']
    WHERE order_id = ANY(:orders)
    """,
    # The limit goes with the customer's last order. Locked first, so that the second of two last orders sees it.
    "SELECT customer_id FROM credit_accounts WHERE customer_id = ANY(:names) ORDER BY customer_id FOR UPDATE",
    """
    DELETE FROM credit_accounts AS a WHERE customer_id = ANY(:names)
        AND NOT EXISTS (SELECT FROM orders AS o WHERE o.customer_id = a.customer_id)
    """,
)
