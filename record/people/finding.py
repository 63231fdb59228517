"""Find the orders of a person by id, token, e-mail or phone number."""

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.orm import Session

from domain.people import NUMBER_LENGTH, digits_of, phone_number

# Follow-up orders belong to the same person.
THEIRS = text("""
    WITH RECURSIVE theirs AS (
        SELECT order_id FROM orders
        WHERE customer_id = ANY(:names) OR receiver_token = ANY(:names) OR buyer_token = ANY(:names)
            OR lower(receiver->>'email') = ANY(:lower_names) OR order_id = ANY(:called)
        UNION
        SELECT follow_up_id FROM returns JOIN theirs USING (order_id) WHERE follow_up_id IS NOT NULL)
    SELECT order_id FROM theirs ORDER BY order_id
""")
PHONES = text(r"""
    SELECT order_id, country, receiver->>'phone' AS phone FROM orders
    WHERE right(regexp_replace(receiver->>'phone', '\D', '', 'g'), :length) = ANY(:tails)
""")


def orders_of(session: Session, names: Collection[str]) -> list[str]:
    """Return the orders of a person known by any of these: a customer id, the token of a receiver or buyer, an e-mail,
    or
    a phone number in any form. Scans all orders, so it is slow."""
    known = sorted({name.strip() for name in names} - {""})
    called = _called(session, [name for name in known if len(digits_of(name)) >= NUMBER_LENGTH])
    wanted = {"names": known, "lower_names": [name.lower() for name in known], "called": called}
    return list(session.scalars(THEIRS, wanted))


def _called(session: Session, numbers: Collection[str]) -> list[str]:
    """Return the orders whose receiver has one of these phone numbers; without a country code the receiver's
    applies."""
    tails = [digits_of(number)[-NUMBER_LENGTH:] for number in numbers]
    alike = session.execute(PHONES, {"tails": tails, "length": NUMBER_LENGTH}).all() if tails else []
    return [
        row.order_id
        for row in alike
        if any(phone_number(number, row.country) == phone_number(row.phone, row.country) for number in numbers)
    ]
