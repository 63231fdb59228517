"""Alerts for deadlines at risk, claims on carriers, and corrected addresses."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Now, Serial, Timestamp, When

OPEN = text("cleared_at IS NULL")


class DeadlineAlertRow(Base):
    """An order at risk: what is due, by when, and who owns the alert. An order has at most one open alert.

    `due` is ship or deliver. If it is still open at `escalates_at`, it passes to `escalate_to`.
    """

    __tablename__ = "deadline_alerts"

    alert_id: Mapped[Serial]
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    due: Mapped[str]
    due_at: Mapped[Timestamp]
    owner: Mapped[str]
    raised_at: Mapped[Now]
    escalate_to: Mapped[str] = mapped_column(server_default="")
    escalates_at: Mapped[When]
    escalated_at: Mapped[When]
    cleared_at: Mapped[When]

    __table_args__ = (
        Index("uq_deadline_alerts_open", "order_id", unique=True, postgresql_where=OPEN),
        Index("ix_deadline_alerts_at_risk", "due_at", "order_id", postgresql_where=OPEN),
        Index(
            "ix_deadline_alerts_to_escalate",
            "escalates_at",
            postgresql_where=text("cleared_at IS NULL AND escalates_at IS NOT NULL"),
        ),
    )


class CarrierClaimRow(Base):
    """A claim on a carrier, at most one for each fulfillment order. `kind` is lost, damaged or silent; the amount is
    what the customer paid for the goods. `status` is open, paid, refused or withdrawn (the parcel turned up).

    `remedy` is what the customer got instead, reship or refund, or empty while that is not decided.
    """

    __tablename__ = "carrier_claims"

    claim_id: Mapped[Serial]
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    fulfillment_order_id: Mapped[str] = mapped_column(ForeignKey("fulfillment_orders.fulfillment_order_id"))
    shipment_id: Mapped[str] = mapped_column(ForeignKey("shipments.shipment_id"))
    kind: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="open")
    remedy: Mapped[str] = mapped_column(server_default="")
    decided_by: Mapped[str] = mapped_column(server_default="")
    opened_at: Mapped[Now]
    closed_at: Mapped[When]

    __table_args__ = (
        UniqueConstraint("fulfillment_order_id"),
        CheckConstraint("kind IN ('lost', 'damaged', 'silent')", "kind"),
        CheckConstraint("status IN ('open', 'paid', 'refused', 'withdrawn')", "status"),
        Index("ix_carrier_claims_status", "status", "claim_id"),
        Index("ix_carrier_claims_order", "order_id"),
    )


class AddressCorrectionRow(Base):
    """A new address for parcels in transit. `address` names a person and is emptied once the carrier has answered;
    `answer` is empty until then, else accepted or refused."""

    __tablename__ = "address_corrections"

    correction_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    address: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    answer: Mapped[str] = mapped_column(server_default="")
    reason: Mapped[str] = mapped_column(server_default="")
    asked_by: Mapped[str]
    asked_at: Mapped[Now]
    answered_at: Mapped[When]

    __table_args__ = (Index("ix_address_corrections_order", "order_id"),)
