"""Rules of staff: sets that never change once they are saved, the log of what was done with them, and trials."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json, Now, Serial


class RuleSetRow(Base):
    """One version of the rules; only its status changes. At most one is active."""

    __tablename__ = "rule_sets"

    rule_set_id: Mapped[Serial]
    made_from: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("rule_sets.rule_set_id"))
    status: Mapped[str] = mapped_column(server_default="draft")
    note: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[Now]

    __table_args__ = (
        CheckConstraint("status IN ('draft', 'tried', 'active', 'retired')", "status"),
        Index("uq_rule_sets_active", "status", unique=True, postgresql_where=text("status = 'active'")),
    )


class RuleRow(Base):
    """One rule of a set; rules are asked in the order of `position`, from 1. `scope` may have channels, starts and
    ends."""

    __tablename__ = "rules"

    rule_set_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("rule_sets.rule_set_id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    name: Mapped[str]
    expression: Mapped[str]
    action: Mapped[Json]
    scope: Mapped[Json]

    __table_args__ = (UniqueConstraint("rule_set_id", "name"),)


class RuleSetLogRow(Base):
    """Who did what with a set, and when: append-only."""

    __tablename__ = "rule_set_log"

    log_id: Mapped[Serial]
    rule_set_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("rule_sets.rule_set_id"))
    at: Mapped[Now]
    actor: Mapped[str]
    what: Mapped[str]
    data: Mapped[Json]

    __table_args__ = (Index("ix_rule_set_log_rule_set", "rule_set_id", "log_id"),)


class RuleTrialRow(Base):
    """The effect that a set would have had on past orders; `result` is the API's answer."""

    __tablename__ = "rule_trials"

    trial_id: Mapped[Serial]
    rule_set_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("rule_sets.rule_set_id"))
    at: Mapped[Now]
    actor: Mapped[str]
    result: Mapped[dict[str, Any]] = mapped_column(JSONB)

    __table_args__ = (Index("ix_rule_trials_rule_set", "rule_set_id", "trial_id"),)
