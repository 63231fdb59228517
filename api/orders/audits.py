"""Audits of an order: every check, with the facts that it looked at; and another one, if somebody asks."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter
from sqlalchemy import select

from api.access import Caller
from api.dependencies import HoldReleaser, Reader, WithServices
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED, Problem
from api.idempotency import OnceRoute
from api.inputs import PathId
from api.masking import visible_facts
from api.openapi import responses
from api.orders import examples
from api.orders.view import find_order
from api.schemas import Answer
from domain.audit_rules import theme_of
from domain.status import OrderStatus
from models.order import AuditRow
from record.orders.findings import unfold
from record.orders.re_audit import ask_audit

router = APIRouter(tags=["orders"], route_class=OnceRoute)


class CheckAnswer(Answer):
    """One check. A `line_no` of 0 is the whole order. `facts` are what it looked at, without personal data and, for a
    channel's key, without counts over other channels' orders."""

    rule: str
    version: str
    verdict: str
    code: str
    reason: str
    line_no: int
    owner_role: str
    patience_seconds: int
    on_expiry: str
    facts: dict[str, Any]


class AuditAnswer(Answer):
    """One audit. `parameters` is the version of the limits, rates and lists that it used."""

    revision: int
    at: datetime
    parameters: str
    checks: list[CheckAnswer]


class AuditAsked(Answer):
    """The order is audited again within a second or two."""

    order_id: str
    answer: Literal["asked"]


class AuditsAnswer(Answer):
    order_id: str
    audits: list[AuditAnswer]


@router.get(
    "/orders/{order_id}/audit",
    summary="Every check of an order",
    responses=responses({200: ("All audits, the first one first", examples.AUDITS)}, FORBIDDEN, NOT_FOUND),
)
def read_audit(order_id: PathId, caller: Reader, services: WithServices) -> AuditsAnswer:
    """An order is audited again whenever something may have cured a hold: each time is a further revision."""
    audits = select(AuditRow).where(AuditRow.order_id == order_id).order_by(AuditRow.revision)
    with services.sessions() as session:
        find_order(session, order_id, caller)
        return AuditsAnswer(order_id=order_id, audits=[_audit(row, caller) for row in session.scalars(audits)])


@router.post(
    "/orders/{order_id}/re-audit",
    summary="Audit an order again",
    responses=responses({200: ("It is audited again", examples.RE_AUDIT)}, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED),
)
def audit_again(order_id: PathId, caller: HoldReleaser, services: WithServices) -> AuditAsked:
    """For an order under review, after a rule, a limit or a product was changed: what is in force now judges it, and
    what no longer holds it is released. Safe to repeat."""
    with services.sessions.begin() as session:
        order = find_order(session, order_id, caller)
        if order.past or order.status != OrderStatus.UNDER_REVIEW:
            raise Problem(REFUSED, f"the order is {order.status}: only one under review is audited again")
        ask_audit(session, order, caller.name)
        return AuditAsked(order_id=order_id, answer="asked")


def _audit(row: AuditRow, caller: Caller) -> AuditAnswer:
    checks = [_check(finding, row.facts, caller) for finding in unfold(row.findings)]
    return AuditAnswer(revision=row.revision, at=row.at, parameters=row.parameters, checks=checks)


def _check(finding: dict[str, Any], facts: dict[str, Any], caller: Caller) -> CheckAnswer:
    # Findings are stored without empty fields.
    looked_at = facts.get(theme_of(finding["rule"]), {}) | finding.get("facts", {})
    empty = {"version": "", "owner_role": "", "line_no": 0, "patience_seconds": 0, "on_expiry": ""}
    return CheckAnswer(**empty | finding | {"facts": visible_facts(caller, looked_at)})
