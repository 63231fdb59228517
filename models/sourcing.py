"""Sourcing decisions, and learned lead times."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json, Now, Serial, Timestamp
from models.packed import Packed


class SourcingDecisionRow(Base):
    """The decision of one round of an order's allocation, with all its inputs. It holds no personal data.

    domain/sourcing/record.py writes `scores`, `excluded` and `inputs`; a trial decides again on `inputs`. `hours` is
    the expected time until delivery, and `late` means that it may exceed the promise.
    """

    __tablename__ = "sourcing_decisions"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    at: Mapped[Now]
    policy: Mapped[str]
    solved: Mapped[str]
    """The solver: fast or exact."""
    reason: Mapped[str]
    cost_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    hours: Mapped[float]
    late: Mapped[bool]
    assignments: Mapped[Json]
    scores: Mapped[list[dict[str, Any]]] = mapped_column(Packed)
    excluded: Mapped[dict[str, str]] = mapped_column(JSONB)
    inputs: Mapped[dict[str, Any]] = mapped_column(Packed)
    parameters: Mapped[str]
    """The version of the dated parameters: weights, policies, carriers and rates."""
    lead_times: Mapped[int] = mapped_column(BigInteger)
    """The version of the lead times; 0 means the published ones."""
    rule_set_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("rule_sets.rule_set_id"))

    __table_args__ = (Index("ix_sourcing_decisions_at", "at"),)


class LeadTimeModelRow(Base):
    """One learning run: a version, from shipments delivered since a moment."""

    __tablename__ = "lead_time_models"

    version: Mapped[Serial]
    learned_at: Mapped[Now]
    since: Mapped[Timestamp]
    shipments: Mapped[int]


class LeadTimeRow(Base):
    """Learned hours from handover to delivery: from a location to a region, by carrier ('': any) and by ISO weekday of
    the handover in UTC (0: any)."""

    __tablename__ = "lead_times"

    version: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("lead_time_models.version", ondelete="CASCADE"), primary_key=True
    )
    location_id: Mapped[str] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(primary_key=True)
    carrier: Mapped[str] = mapped_column(primary_key=True)
    weekday: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    shipments: Mapped[int]
    hours: Mapped[float]
    spread: Mapped[float]

    __table_args__ = (CheckConstraint("weekday BETWEEN 0 AND 7", "weekday"),)
