"""What the findings of an audit do to an order: reject it, or raise and release holds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from activities import holds
from activities.holds import Hold, OpenHolds, Release
from domain.audit_facts import HOLD, PASS, REJECT, Finding
from models.order import AuditRow
from record import journal
from record.orders.judged_orders import JudgedOrder

MAX_FINDINGS_IN_REASON = 5
TOLD = ("elsewhere", "nothing_to_send", "carried_home", "not_left", "captures", "presale_stock")
"""What the result of an audit says of the order besides its verdict."""


@dataclass(frozen=True)
class AuditResult:
    """`verdict` is pass, hold or reject; `open` are all open holds; `reason` says why it was rejected."""

    verdict: str
    open: OpenHolds = field(default_factory=OpenHolds)
    reason: str = ""
    elsewhere: int = 0
    """Units that the channel shipped itself."""
    nothing_to_send: bool = False
    """True if these are all that was ordered."""
    carried_home: bool = False
    """True if some of these are still to leave the stock of a store of ours."""
    not_left: int = 0
    """How many of them are still to leave the channel's warehouse."""
    captures: str = ""
    """When what the gateway has reserved is captured (domain/payment_terms.py); empty for an order that is paid."""
    allocated: bool = False
    """True if all of it was allocated in the same transaction (activities/at_once.py)."""
    presale_stock: str = ""
    """Whether stock is kept while the balance of a pre-sale is due (domain/presale.py); empty for other orders."""


def plain_result(judged: JudgedOrder) -> AuditResult | None:
    """Return the result of an audit that need not look at holds and gives no gifts; None for the others."""
    rejected = [finding.reason for finding in judged.findings if finding.verdict == REJECT]
    if rejected:
        return AuditResult(REJECT, OpenHolds(), "; ".join(rejected[:MAX_FINDINGS_IN_REASON]))
    held = any(finding.verdict == HOLD for finding in judged.findings)
    return None if held or judged.revision > 1 or judged.staff.gifts else with_facts(judged, AuditResult(PASS))


def may_allocate(judged: JudgedOrder, result: AuditResult) -> bool:
    """True if nothing stands between the audit and its goods: no hold, no capture, and nothing sent elsewhere."""
    plain = result.verdict == PASS and not (result.captures or result.elsewhere or result.presale_stock)
    return bool(judged.round) and judged.revision == 1 and not judged.staff.gifts and plain


def with_facts(judged: JudgedOrder, result: AuditResult) -> AuditResult:
    """Return the result with what the order must know: what the channel shipped itself, and what is to be captured."""
    return replace(result, **{name: getattr(judged.facts, name) for name in TOLD})


def settle_holds(session: Session, judged: JudgedOrder) -> OpenHolds:
    """Raise a hold for each code found, release those of earlier audits that are not found any more, and return what is
    open. The audit is written already."""
    order_id, revision, findings = judged.order_id, judged.revision, judged.findings
    held = _by_code(finding for finding in findings if finding.verdict == HOLD)
    for code, same in held.items():
        hold = _hold(order_id, same, f"{code}:{revision}")
        if not holds.waived(session, order_id, code, hold.reason):
            holds.open_hold(session, hold)
    if revision > 1:
        _cure(session, order_id, set(held))
    return holds.standing(session, order_id) if held or revision > 1 else OpenHolds()


def _by_code(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.code, []).append(finding)
    return found


def _hold(order_id: str, same: Sequence[Finding], key: str) -> Hold:
    """Return one hold for all findings of a code; it is a line's hold if they are all about that line."""
    first, lines = same[0], {finding.line_no for finding in same}
    return Hold(
        order_id,
        first.code,
        "; ".join(finding.reason for finding in same[:MAX_FINDINGS_IN_REASON]),
        first.owner_role,
        key,
        line_no=min(lines) if len(lines) == 1 else 0,
        patience=first.patience_seconds,
        on_expiry=first.on_expiry,
    )


def _cure(session: Session, order_id: str, still: set[str]) -> None:
    """Release holds of earlier audits that this one does not find any more."""
    earlier = session.scalars(select(AuditRow.findings).where(AuditRow.order_id == order_id))
    raised = {one["code"] for findings in earlier for one in findings if one["verdict"] == HOLD}
    for code in set(holds.open_holds(session, order_id)) & raised - still:
        holds.release(session, Release(order_id, code, journal.SYSTEM, "the audit does not find it any more"))
