"""Orders as they were received, their holds and audits, and the log of everything that happened to them."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.editions import EDITION
from domain.status import OrderStatus
from models.base import BY_PAGES, Base, Json, Now, Serial, Timestamp, When
from models.packed import Packed

TAGGED = literal_column("tags <> '[]'", Boolean)
NOT_RELEASED = text("released_at IS NULL")


class OrderRow(Base):
    """One order. Only the column `receiver` names a person; the payload of the channel is kept in `intakes` as well."""

    __tablename__ = "orders"

    order_id: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str]
    channel_order_id: Mapped[str]
    request_hash: Mapped[str]
    content_hash: Mapped[int | None] = mapped_column(BigInteger)
    """Equal for orders with the same customer, goods and address; null for orders of older versions."""
    status: Mapped[str] = mapped_column(server_default=OrderStatus.RECEIVED)
    placed_at: Mapped[Timestamp]
    received_at: Mapped[Now]
    ended_at: Mapped[When]
    customer_id: Mapped[str]
    currency: Mapped[str]
    discount_minor: Mapped[int] = mapped_column(BigInteger)
    shipping_minor: Mapped[int] = mapped_column(BigInteger)
    tax_minor: Mapped[int] = mapped_column(BigInteger)
    grand_total_minor: Mapped[int] = mapped_column(BigInteger)
    edited_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """By how much edits have changed the grand total since the order was placed."""
    charge_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """What edits charge and nobody has paid yet."""
    payment_reference: Mapped[str]
    payment_method: Mapped[str]
    shared_payment: Mapped[bool] = mapped_column(server_default=text("false"))
    """True if its payment covers other orders too, and it has its part of it."""
    payment_terms: Mapped[str] = mapped_column(server_default="")
    """Who collects its money (domain/payment_terms.py), as its last audit found; empty for the payment gateway."""
    collected_minor: Mapped[int | None] = mapped_column(BigInteger)
    """What its channel says that it has collected itself, or null."""
    disputed_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """What of its money banks dispute, or have taken back for good."""
    tendered_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """What its tenders (models/payment.py) pay of the price; 0 if it has none."""
    country: Mapped[str]
    province: Mapped[str]
    receiver: Mapped[dict[str, Any]] = mapped_column(JSONB)
    phone_hash: Mapped[int | None] = mapped_column(BigInteger)
    email_hash: Mapped[int | None] = mapped_column(BigInteger)
    """Keyed hashes of the receiver's phone and e-mail (record/people/contacts.py), by which orders are found."""
    receiver_token: Mapped[str] = mapped_column(server_default="")
    """The channel's opaque token for a receiver whom it masks; the same for the same person and address."""
    repaired_region: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    """Province, city and district as the audit repaired them, if it had to; the channel's own are kept unchanged."""
    pickup_location: Mapped[str] = mapped_column(server_default="")
    """The store where the customer picks it up; empty if it is shipped."""
    buyer_token: Mapped[str] = mapped_column(server_default="")
    """Token of a cross-border buyer's identity number, the same for the same person. The number itself is not kept."""
    buyer_last4: Mapped[str] = mapped_column(server_default="")
    buyer_name: Mapped[str] = mapped_column(server_default="")
    """The real name, masked."""
    import_minor: Mapped[int | None] = mapped_column(BigInteger)
    """The value that counts against the person's import limits; null unless it is a cross-border import."""
    import_claimed: Mapped[bool] = mapped_column(server_default=text("false"))
    """True if the audit found it within the limits, so that it reduces what later orders may import."""
    remarks: Mapped[str]
    merchant_remarks: Mapped[str] = mapped_column(server_default="")
    tags: Mapped[list[str]] = mapped_column(JSONB)
    test: Mapped[bool] = mapped_column(server_default=text("false"))
    instructions: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    """Instructions such as carrier, location, sourcing_policy, priority and merge_window_seconds."""
    units: Mapped[int]
    channel_version: Mapped[str] = mapped_column(server_default="")
    """The channel's version of the order that is stored here; a later version is a larger text. Empty for the plain
    API."""
    version: Mapped[int] = mapped_column(server_default="0")
    """Counts changes of address, lines and instructions, so that a step can tell whether what it read is current."""
    judged_version: Mapped[int | None]
    """The version that the last audit judged; null before the first audit, and for orders of older Batons."""
    language: Mapped[str] = mapped_column(server_default="")
    """The customer's language, or empty if the channel did not say."""
    promised_ship_by: Mapped[When]
    promised_deliver_by: Mapped[When]
    """Promised by the channel, else by our rules, once the order was audited."""
    warn_ship_at: Mapped[When]
    warn_deliver_at: Mapped[When]
    """When to warn that the promise is at risk."""
    due: Mapped[str] = mapped_column(server_default="")
    """What is due next: ship, deliver or nothing."""
    due_at: Mapped[When]
    warn_at: Mapped[When]
    """When the deadline sweep must check the order; null once it has."""
    promise_id: Mapped[str | None]
    """The promise that it carried when it was placed, or null."""
    promise_state: Mapped[str | None]
    """What became of that promise (domain/promising.py), or null."""
    accepted_at: Mapped[When]
    past: Mapped[bool] = mapped_column(server_default=text("false"))
    """True for an order of the past, taken in after its end: no workflow ever ran for it."""
    follow_up_of: Mapped[str] = mapped_column(server_default="")
    """The return whose exchange or reship this order is, or empty. Its money was captured by the original order."""
    attention: Mapped[str | None]
    """Why a person should look, or null."""
    assignee: Mapped[str | None]
    """The name of the key that has taken it, or null."""
    workflow_started_at: Mapped[When]
    edition: Mapped[int] = mapped_column(SmallInteger, server_default=str(EDITION))
    """The edition of the workflow that it begins with (domain/editions.py); 0 for all older ones."""
    relay_after: Mapped[Now]
    """When the relay may (again) try to start the workflow: a lease, so that a crash loses nothing.

    Infinity until the return releases its follow-up order."""

    __table_args__ = (
        UniqueConstraint("channel", "channel_order_id"),
        CheckConstraint("grand_total_minor >= 0", "grand_total_not_negative"),
        Index("ix_orders_not_started", "channel", "relay_after", postgresql_where=text("workflow_started_at IS NULL")),
        Index(
            "ix_orders_in_audit",
            "workflow_started_at",
            postgresql_where=text("status = 'received' AND workflow_started_at IS NOT NULL"),
        ),
        Index("ix_orders_content", "content_hash", "placed_at"),
        Index("ix_orders_status", "status", "order_id"),
        Index("ix_orders_customer", "customer_id", "order_id"),
        Index("ix_orders_customer_placed", "customer_id", "placed_at"),
        Index("ix_orders_imports", "buyer_token", "placed_at", postgresql_where=text("import_minor IS NOT NULL")),
        Index("ix_orders_payment_reference", "payment_reference"),
        Index("ix_orders_channel", "channel", "order_id"),
        Index("ix_orders_to_warn", "warn_at", postgresql_where=text("warn_at IS NOT NULL")),
        Index("ix_orders_placed", "placed_at"),
        Index("ix_orders_phone", "phone_hash", postgresql_where=text("phone_hash IS NOT NULL")),
        Index("ix_orders_email", "email_hash", postgresql_where=text("email_hash IS NOT NULL")),
        Index("ix_orders_province", "province"),
        Index("ix_orders_amount", "currency", "grand_total_minor"),
        Index("ix_orders_attention", "order_id", postgresql_where=text("attention IS NOT NULL")),
        Index("ix_orders_assignee", "assignee", "order_id", postgresql_where=text("assignee IS NOT NULL")),
        Index(
            "ix_orders_tags",
            "tags",
            postgresql_using="gin",
            postgresql_ops={"tags": "jsonb_path_ops"},
            postgresql_where=TAGGED,
        ),
        # Times grow with the rows, so a BRIN index is enough to find a day.
        Index("ix_orders_promised_ship_by", "promised_ship_by", **BY_PAGES),
        Index("ix_orders_promised_deliver_by", "promised_deliver_by", **BY_PAGES),
    )


class OrderLineRow(Base):
    """One line. `withdrawn` counts units that the customer gave back before they shipped, units canceled because they
    were short or lost in transit, and gifts that were short."""

    __tablename__ = "order_lines"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    line_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    sku: Mapped[str]
    title: Mapped[str]
    quantity: Mapped[int]
    unit_price_minor: Mapped[int] = mapped_column(BigInteger)
    discount_minor: Mapped[int] = mapped_column(BigInteger)
    channel_line_id: Mapped[str] = mapped_column(server_default="")
    gift: Mapped[bool] = mapped_column(server_default=text("false"))
    bundle_of: Mapped[str] = mapped_column(server_default="")
    properties: Mapped[list[list[str]]] = mapped_column(JSONB, server_default="[]")
    """Pairs of name and text that the customer chose."""
    withdrawn: Mapped[int] = mapped_column(server_default="0")
    added_by: Mapped[str] = mapped_column(server_default="")
    """The rule that added it as a gift; empty for a line of the channel."""
    canceled: Mapped[int] = mapped_column(server_default="0")
    """Withdrawn units that were canceled and refunded because they were short or lost in transit."""
    elsewhere: Mapped[int] = mapped_column(server_default="0")
    """Units fulfilled elsewhere: the channel shipped them itself, so they are never sent from here."""
    substitute_for: Mapped[str] = mapped_column(server_default="")
    """The ordered SKU that this one replaces because it was short, or empty."""

    __table_args__ = (
        Index("ix_order_lines_sku", "sku"),
        Index("uq_order_lines_added_by", "order_id", "added_by", unique=True, postgresql_where=text("added_by <> ''")),
        CheckConstraint("quantity > 0", "quantity_positive"),
        CheckConstraint("withdrawn BETWEEN 0 AND quantity", "withdrawn_within_quantity"),
        CheckConstraint("elsewhere BETWEEN 0 AND quantity - withdrawn", "elsewhere_within_quantity"),
    )

    @property
    def to_send(self) -> int:
        """Units that we send or have sent: ordered, less those withdrawn and those fulfilled elsewhere."""
        return self.quantity - self.withdrawn - self.elsewhere


class ParcelElsewhereRow(Base):
    """A parcel that the channel shipped itself, as it last said. `key` is the channel's own id of it.

    `lines` are pairs of line number and units. Those that could be taken out of the order count in `order_lines.
    elsewhere`; the others were with a warehouse of ours already, and a person was called.
    """

    __tablename__ = "parcels_elsewhere"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    carrier: Mapped[str]
    waybill: Mapped[str]
    shipped_at: Mapped[When]
    """Null while the channel only says that it ships the goods itself."""
    delivered_at: Mapped[When]
    lines: Mapped[list[list[int]]] = mapped_column(JSONB)
    location_id: Mapped[str] = mapped_column(server_default="")
    """Our store, whose stock the goods were; empty if they were none of ours."""
    sold: Mapped[list[list[int]]] = mapped_column(JSONB, server_default="[]")
    """Which of `lines` were taken from its stock."""
    sold_at: Mapped[When]
    """When that was last done."""
    recorded_at: Mapped[Now]

    __table_args__ = (
        Index("ix_parcels_elsewhere_waybill", "waybill", postgresql_where=text("waybill <> ''")),
        Index("ix_parcels_elsewhere_shipped", "shipped_at", **BY_PAGES),
        Index("ix_parcels_elsewhere_delivered", "delivered_at", **BY_PAGES),
    )


class HoldRow(Base):
    """A reason why an order may not go on. Several may be open at once, but only one for each code and line."""

    __tablename__ = "holds"

    hold_id: Mapped[Serial]
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    line_no: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """The line it is about; 0 is the whole order."""
    code: Mapped[str]
    reason: Mapped[str]
    owner_role: Mapped[str]
    raised_at: Mapped[Now]
    expires_at: Mapped[When]
    on_expiry: Mapped[str] = mapped_column(server_default="")
    """What happens at its expiry: release, cancel (the order) or escalate; empty if it does not expire."""
    escalated_at: Mapped[When]
    released_at: Mapped[When]
    released_by: Mapped[str | None]
    note: Mapped[str | None]

    __table_args__ = (
        Index(
            "uq_holds_open", *("order_id", "code", "line_no"), unique=True, postgresql_where=text("released_at IS NULL")
        ),
        CheckConstraint("on_expiry IN ('', 'release', 'cancel', 'escalate')", "on_expiry"),
        Index("ix_holds_code", "code", postgresql_where=NOT_RELEASED),
    )


class AuditRow(Base):
    """What every audit rule said about an order, and when.

    `findings` are as record/orders/findings.py folds them, and `facts` the inputs of each theme of rules. `parameters`
    is the version of the dated parameters, `rule_set_id` that of the rules of staff, null when none was active.
    """

    __tablename__ = "audits"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    revision: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    at: Mapped[Now]
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    facts: Mapped[dict[str, Any]] = mapped_column(Packed, server_default="{}")
    parameters: Mapped[str] = mapped_column(server_default="")
    rule_set_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("rule_sets.rule_set_id"))


class OrderEventRow(Base):
    """A fact of an order, append-only. By its `key` a repeated step writes it once. Free text goes to EventWordsRow."""

    __tablename__ = "order_events"

    event_id: Mapped[Serial]
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    at: Mapped[Now]
    type: Mapped[str]
    key: Mapped[str]
    actor: Mapped[str]
    data: Mapped[Json]

    __table_args__ = (
        # Also finds an order's facts, which are few enough to be sorted.
        UniqueConstraint("order_id", "key"),
        # For reading from a time on; it costs an order almost nothing.
        Index("ix_order_events_at", "at", **BY_PAGES),
    )


class EventWordsRow(Base):
    """Free text of a fact (domain/fact_words.py), moved here by a trigger and erased with the person.

    The fact keeps the SHA-256 of `salt` and words, which reveals nothing once both are deleted.
    """

    __tablename__ = "event_words"

    event_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    order_id: Mapped[str]
    salt: Mapped[str]
    words: Mapped[Json]

    __table_args__ = (Index("ix_event_words_order", "order_id"),)


class StepResultRow(Base):
    """The first answer of a step. A repeat returns it instead of acting again."""

    __tablename__ = "step_results"

    key: Mapped[str] = mapped_column(primary_key=True)
    result: Mapped[Json]
    at: Mapped[Now]
